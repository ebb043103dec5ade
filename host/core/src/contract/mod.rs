//! What every back end of a storage port must do: one function a rule, called by the tests of each back end.
//!
//! A rule takes the port and nothing else, works in a scope of its own (a tenant that nobody else has), and so
//! may run beside others on a store that is shared. A back end lists no rules: it names a function that opens
//! it, and the macro makes a test of each rule.
//!
//! ```text
//! async fn store() -> (MyStore, Cleanup) { … }
//!
//! flowguard_core::store_contract!(store);
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a rule that does not hold ends the test that called it"
)]

pub mod artifacts;
pub mod audit;
pub mod buckets;
pub mod cloud_recordings;
pub mod cloud_sessions;
pub mod components;
pub mod counters;
pub mod documents;
pub mod queries;
pub mod room;
pub mod runs;
pub mod swaps;
pub mod vaults;
pub mod vision_cache;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::clock::{Clock, SystemClock};
use crate::storage::store::Store;
use crate::storage::vault::{Entropy, MasterKey, Vault};
use crate::storage::{
    Audit, BucketId, BucketLimits, Buckets, Components, Retention, Runs, TenantId, VisionCache,
};

/// The rules of [`crate::storage::store::Store`] and of all that stands on it, as tests of the back end that `$open`
/// answers: an `async fn() -> (impl Store, impl Sized)`, whose second part lives as long as the test.
#[macro_export]
macro_rules! store_contract {
    ($open:path) => {
        $crate::contract_cases! { $open, store; documents:
            a_document_is_read_back_whole,
            a_document_is_inserted_once,
            one_of_many_inserts_wins,
            a_replacement_needs_the_revision,
            a_removal_needs_the_revision,
            a_document_becomes_what_is_decided,
            what_has_expired_is_gone_and_makes_room,
            names_of_any_shape_are_apart,
            texts_of_any_shape_are_kept,
            documents_of_others_are_apart,
            a_unique_index_refuses_a_second,
            a_sweep_frees_what_has_expired_and_nothing_else,
            tenants_are_listed,
            a_large_document_fits,
        }
        $crate::contract_cases! { $open, store; queries:
            a_query_is_exact,
            a_query_sorts_by_bytes,
            a_query_sorts_by_moments_and_then_by_id,
            a_query_lies_between_its_bounds,
            a_query_leaves_out_what_is_sealed,
            a_collection_is_gone_through_page_by_page,
            a_total_counts_what_has_not_expired,
        }
        $crate::contract_cases! { $open, store; vaults:
            what_is_sealed_is_opened_at_its_place_only,
            a_changed_byte_is_damage,
            another_master_key_is_told_by_name,
            a_former_master_key_still_reads,
            a_rotation_loses_nothing,
            a_key_goes_an_hour_after_another_took_its_place,
            an_erased_tenant_cannot_be_read_by_anybody,
            no_plain_text_reaches_the_store,
        }
        $crate::contract_cases! { $open, vision_cache; vision_cache:
            an_answer_is_found_again_and_counted,
            another_question_is_another_answer,
            no_two_questions_meet_at_an_edge,
            an_answer_expires,
            the_first_answer_stays,
        }
        $crate::contract_cases! { $open, buckets; buckets:
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
        $crate::contract_cases! { $open, buckets; counters:
            a_missing_counter_begins_at_zero,
            a_counter_reads_as_decimal_text,
            a_counter_goes_on_from_text_that_was_set,
            a_counter_stops_at_its_range,
            what_is_no_counter_is_refused_and_kept,
            a_counter_keeps_its_expiry,
            an_expired_counter_begins_anew,
        }
        $crate::contract_cases! { $open, buckets; swaps:
            a_swap_needs_what_it_expects,
            a_swap_from_nothing_needs_nothing,
            a_swap_to_nothing_removes,
            a_swap_keeps_no_expiry,
            an_expired_value_swaps_as_absent,
            one_of_many_swaps_wins,
        }
        $crate::contract_cases! { $open, buckets; room:
            keys_are_limited,
            bytes_are_limited,
            every_write_is_limited,
            a_refused_write_changes_nothing,
            what_expired_makes_room,
            what_shrinks_is_never_refused,
            each_bucket_has_its_own_room,
        }
        $crate::contract_cases! { $open, runs; runs:
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
        $crate::contract_cases! { $open, audit; audit:
            the_last_entries_come_oldest_first,
            entries_of_a_millisecond_stay_in_their_order,
            entries_that_are_alike_are_all_kept,
        }
        $crate::contract_cases! { $open, store; cloud_sessions:
            a_session_is_noted_changed_and_removed,
            what_a_later_release_notes_stays,
            an_installation_keeps_its_first_name,
            many_sessions_are_all_noted,
        }
        $crate::contract_cases! { $open, store; cloud_recordings:
            a_recording_is_kept_until_it_expires,
            a_recording_is_its_tenants_and_the_first_stays,
        }
        $crate::contract_cases! { $open, components; components:
            a_component_has_the_content_that_was_put_last,
            a_component_that_was_removed_is_gone,
            many_components_are_all_there,
        }
    };
}

/// What holds of replacements at the same time; `$open` as for [`crate::store_contract`]. A server that reads a document and
/// writes it in two steps cannot keep them, whatever the back end does: FerretDB with SQLite is one.
#[macro_export]
macro_rules! simultaneous_contract {
    ($open:path) => {
        $crate::contract_cases! { $open, store; documents:
            one_of_many_replacements_wins,
        }
        $crate::contract_cases! { $open, vision_cache; vision_cache:
            no_hit_is_lost,
        }
        $crate::contract_cases! { $open, buckets; counters:
            no_increment_is_lost,
        }
    };
}

/// The rules of [`crate::artifact::Artifacts`], as tests; `$open` as for [`crate::store_contract`].
#[macro_export]
macro_rules! artifacts_contract {
    ($open:path) => {
        $crate::contract_cases! { $open, itself; artifacts:
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
    ($open:path, $subject:ident; $topic:ident: $($rule:ident),* $(,)?) => {$(
        #[tokio::test]
        async fn $rule() {
            let (backend, _kept) = $open().await;
            let subject = $crate::contract::$subject(backend);
            $crate::contract::$topic::$rule(&subject).await;
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

/// The back end as it is.
pub fn itself<T>(backend: T) -> T {
    backend
}

/// The back end as what stands on it takes it.
pub fn store(backend: impl Store + 'static) -> Arc<dyn Store> {
    Arc::new(backend)
}

/// Buckets on a back end.
pub fn buckets(backend: impl Store + 'static) -> Buckets {
    let store = store(backend);
    Buckets::new(store.clone(), Arc::new(vault(&store)))
}

/// Runs on a back end.
pub fn runs(backend: impl Store + 'static) -> Runs {
    let store = store(backend);
    Runs::new(store.clone(), Arc::new(vault(&store)), Retention::default())
}

/// The audit on a back end.
pub fn audit(backend: impl Store + 'static) -> Audit {
    Audit::new(store(backend))
}

/// Registered components on a back end.
pub fn components(backend: impl Store + 'static) -> Components {
    Components::new(store(backend))
}

/// The vision cache on a back end.
pub fn vision_cache(backend: impl Store + 'static) -> VisionCache {
    let store = store(backend);
    VisionCache::new(store.clone(), Arc::new(vault(&store)))
}

/// A vault on a store, with a master key that everybody knows.
pub fn vault(store: &Arc<dyn Store>) -> Vault {
    vault_with(store, MasterKey::new(&[7; 32]), Vec::new())
}

fn vault_with(store: &Arc<dyn Store>, master: MasterKey, former: Vec<MasterKey>) -> Vault {
    let clock = Arc::new(SystemClock::new());
    Vault::new(store.clone(), master, former, Arc::new(Counted::default()), clock)
}

/// A vault of a host so much later.
fn later_vault(store: &Arc<dyn Store>, ahead: Duration) -> Vault {
    let clock = Arc::new(Ahead(SystemClock::new(), ahead));
    let master = MasterKey::new(&[7; 32]);
    Vault::new(
        store.clone(),
        master,
        Vec::new(),
        Arc::new(Counted::default()),
        clock,
    )
}

/// A clock that is ahead.
#[derive(Debug)]
struct Ahead(SystemClock, Duration);

impl Clock for Ahead {
    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    fn wall(&self) -> Duration {
        self.0.wall() + self.1
    }
}

/// Bytes that are never the same again, and that nobody would call random.
#[derive(Debug, Default)]
pub struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), String> {
        static PROCESS: AtomicU64 = AtomicU64::new(0);
        let count = (
            self.0.fetch_add(1, Ordering::Relaxed),
            PROCESS.fetch_add(1, Ordering::Relaxed),
        );
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_nanos();
        let seed = format!("{count:?} {since} {}", std::process::id());
        blake3::Hasher::new()
            .update(seed.as_bytes())
            .finalize_xof()
            .fill(bytes);
        Ok(())
    }
}

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
            include_str!("documents.rs"),
            include_str!("queries.rs"),
            include_str!("room.rs"),
            include_str!("runs.rs"),
            include_str!("swaps.rs"),
            include_str!("vaults.rs"),
            include_str!("vision_cache.rs"),
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
        assert!(count > 80, "rules were found: {count}");
    }
}
