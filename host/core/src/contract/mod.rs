//! What every back end of a storage port must do: one function a rule, called by the tests of each back end.
//!
//! A rule takes the port and nothing else, works in a scope of its own (a tenant that nobody else has), and so
//! may run beside others on a store that is shared. A back end lists no rules: it names a function that opens
//! it, and the macro makes a test of each rule.
//!
//! ```text
//! async fn store() -> (MyStore, Cleanup) { … }
//!
//! mod buckets {
//!     flowguard_core::buckets_contract!(super::store);
//! }
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a rule that does not hold ends the test that called it"
)]

pub mod artifacts;
pub mod buckets;
pub mod counters;
pub mod room;
pub mod runs;
pub mod swaps;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::storage::{BucketId, BucketLimits, TenantId};

/// The rules of [`crate::storage::Buckets`], as tests of the back end that `$open` answers:
/// an `async fn() -> (impl Buckets, impl Sized)`, whose second part lives as long as the test.
#[macro_export]
macro_rules! buckets_contract {
    ($open:path) => {
        $crate::contract_cases! { $open; buckets:
            a_missing_key_has_no_value,
            a_value_is_read_back_byte_for_byte,
            the_largest_value_fits,
            setting_again_replaces_value_and_expiry,
            a_value_is_gone_at_its_expiry,
            an_expiry_beyond_all_time_never_comes,
            deleting_tells_whether_there_was_a_value,
            keys_of_any_shape_are_apart,
            buckets_of_others_are_apart,
            a_list_is_in_the_order_of_bytes,
            a_prefix_is_taken_literally,
            a_prefix_of_every_character_finds_its_keys,
            pages_of_any_size_hold_every_key_once,
            a_cursor_outlives_its_key,
            a_cursor_outside_the_prefix_is_harmless,
        }
        $crate::contract_cases! { $open; counters:
            a_missing_counter_begins_at_zero,
            a_counter_reads_as_decimal_text,
            a_counter_goes_on_from_text_that_was_set,
            a_counter_stops_at_its_range,
            what_is_no_counter_is_refused_and_kept,
            a_counter_keeps_its_expiry,
            an_expired_counter_begins_anew,
            no_increment_is_lost,
        }
        $crate::contract_cases! { $open; swaps:
            a_swap_needs_what_it_expects,
            a_swap_from_nothing_needs_nothing,
            a_swap_to_nothing_removes,
            a_swap_keeps_no_expiry,
            an_expired_value_swaps_as_absent,
            one_of_many_swaps_wins,
        }
        $crate::contract_cases! { $open; room:
            keys_are_limited,
            bytes_are_limited,
            every_write_is_limited,
            a_refused_write_changes_nothing,
            what_expired_makes_room,
            what_shrinks_is_never_refused,
            each_bucket_has_its_own_room,
        }
    };
}

/// The rules of [`crate::storage::Runs`], as tests; `$open` as for [`crate::buckets_contract`].
#[macro_export]
macro_rules! runs_contract {
    ($open:path) => {
        $crate::contract_cases! { $open; runs:
            a_run_is_read_back_whole,
            an_unknown_run_is_none,
            a_run_is_saved_once,
            one_of_many_saves_wins,
            recent_runs_come_newest_first,
            recent_runs_are_of_one_flow_where_it_is_named,
            runs_of_other_tenants_are_apart,
            ids_are_completed_in_order,
            a_prefix_of_an_id_is_taken_literally,
            a_newer_record_is_refused,
        }
    };
}

/// The rules of [`crate::artifact::Artifacts`], as tests; `$open` as for [`crate::buckets_contract`].
#[macro_export]
macro_rules! artifacts_contract {
    ($open:path) => {
        $crate::contract_cases! { $open; artifacts:
            bytes_are_read_back,
            no_bytes_are_an_artifact_too,
            the_largest_attachment_fits,
            the_same_bytes_are_one_artifact,
            a_missing_artifact_is_told_by_its_digest,
            many_writers_of_the_same_bytes_succeed,
            too_many_bytes_are_refused,
            what_was_written_since_stays,
            what_was_written_before_expires,
            many_may_expire_at_once,
        }
    };
}

/// A test for each rule.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_cases {
    ($open:path; $topic:ident: $($rule:ident),* $(,)?) => {$(
        #[tokio::test]
        async fn $rule() {
            let (backend, _kept) = $open().await;
            $crate::contract::$topic::$rule(&backend).await;
        }
    )*};
}

/// A time of day that rules begin at. A back end may forget what has expired at any call that names a later
/// time, so no rule expects such a value back at an earlier one.
const NOW: u64 = 1_800_000_000_000;

/// Room that no rule but those of [`room`] comes near.
const AMPLE: BucketLimits = BucketLimits {
    keys: 10_000,
    bytes: 64 << 20,
};

/// A tenant that no other rule, process or earlier run of the tests has.
fn fresh_tenant() -> TenantId {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("t{:x}-{:x}-{count:x}", since.as_nanos(), std::process::id());
    TenantId::parse(&name).expect("hexadecimal digits and dashes")
}

/// A bucket of a tenant of its own.
fn fresh_bucket() -> BucketId {
    BucketId {
        tenant: fresh_tenant(),
        component: "shop".to_owned(),
        name: "carts".to_owned(),
    }
}

/// Waits for all of them at once, and answers in their order.
async fn all<T>(futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<_> = futures
        .into_iter()
        .map(|future| (Box::pin(future), None))
        .collect();
    poll_fn(|context| {
        for (future, answer) in &mut waiting {
            if answer.is_none()
                && let Poll::Ready(ready) = Pin::new(future).poll(context)
            {
                *answer = Some(ready);
            }
        }
        match waiting.iter().all(|(_, answer)| answer.is_some()) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
    waiting.into_iter().filter_map(|(_, answer)| answer).collect()
}

#[cfg(test)]
mod tests {
    /// A rule that no macro names would be called by nobody, and nobody would notice.
    #[test]
    fn every_rule_is_listed() {
        let listed = include_str!("mod.rs");
        let rooms = [
            include_str!("artifacts.rs"),
            include_str!("buckets.rs"),
            include_str!("counters.rs"),
            include_str!("room.rs"),
            include_str!("runs.rs"),
            include_str!("swaps.rs"),
        ];
        let mut count = 0;
        for line in rooms.iter().flat_map(|room| room.lines()) {
            if let Some(rest) = line.strip_prefix("pub async fn ") {
                let rule = rest.split('(').next().unwrap();
                assert!(
                    listed.contains(&format!("            {rule},\n")),
                    "{rule} is not listed"
                );
                count += 1;
            }
        }
        assert!(count > 40, "rules were found: {count}");
    }
}
