//! What was changed here, written into the store's audit, and counted.

use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};

use flowguard_core::artifact::Digest;
use flowguard_core::limits::MAX_SHOWN_AUDIT;
use flowguard_core::storage::{Audit as Log, AuditEntry, StorageError, TenantId};

/// The log of changes.
pub(super) struct Audit {
    log: Log,
    tenant: TenantId,
    swapped: AtomicU64,
    refused: AtomicU64,
}

/// By which way a change comes. There is one token, so that a name could not be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Via {
    /// A file that was named when the server was started.
    Start,
    /// A request with the token.
    Http,
}

/// Something that was changed, or was to be.
#[derive(Clone, Debug)]
pub(super) struct Change<'a> {
    /// When, in milliseconds since 1970.
    pub(super) at_ms: u64,
    /// `put` or `delete`.
    pub(super) action: &'static str,
    pub(super) via: Via,
    /// The component's name.
    pub(super) component: &'a str,
    /// The content before, if there was one.
    pub(super) before: Option<Digest>,
    /// The content after, if there is one.
    pub(super) after: Option<Digest>,
    /// Why it was refused, if it was.
    pub(super) refused: Option<String>,
}

impl Audit {
    pub(super) const fn on(log: Log, tenant: TenantId) -> Self {
        Self {
            log,
            tenant,
            swapped: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }
    }

    /// Writes a change down.
    ///
    /// # Errors
    /// Where the store does not take it; then the change must not be made.
    pub(super) async fn write(&self, change: Change<'_>) -> Result<(), StorageError> {
        let counter = match change.refused {
            None => &self.swapped,
            Some(_) => &self.refused,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        let via = match change.via {
            Via::Start => "start",
            Via::Http => "http",
        };
        let entry = AuditEntry {
            at_ms: change.at_ms,
            action: change.action.to_owned(),
            via: via.to_owned(),
            component: change.component.to_owned(),
            before: change.before,
            after: change.after,
            refused: change.refused,
        };
        self.log.append(&self.tenant, &entry).await
    }

    /// How many components were changed, and how many changes refused, since the start.
    pub(super) fn counts(&self) -> (u64, u64) {
        (
            self.swapped.load(Ordering::Relaxed),
            self.refused.load(Ordering::Relaxed),
        )
    }

    /// The last entries, oldest first.
    ///
    /// # Errors
    /// Where the store is away.
    pub(super) async fn last(&self) -> Result<Vec<Value>, StorageError> {
        let entries = self.log.last(&self.tenant, MAX_SHOWN_AUDIT).await?;
        let shown = |entry: AuditEntry| {
            json!({
                "at_ms": entry.at_ms,
                "action": entry.action,
                "via": entry.via,
                "component": entry.component,
                "before": entry.before,
                "after": entry.after,
                "refused": entry.refused,
            })
        };
        Ok(entries.into_iter().map(shown).collect())
    }
}
