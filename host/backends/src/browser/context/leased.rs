//! The contexts of one lease, which end with it.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::CdpContext;
use flowguard_core::browser::Context;

/// The contexts that were made for a run. Those that it has dropped are gone already.
#[derive(Default)]
pub(in crate::browser) struct LeasedContexts(Mutex<Vec<Weak<CdpContext>>>);

impl LeasedContexts {
    /// This one ends with the lease.
    pub(in crate::browser) fn add(&self, context: &Arc<CdpContext>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|context| context.strong_count() > 0);
        all.push(Arc::downgrade(context));
    }

    /// Closes those that are there.
    pub(in crate::browser) async fn close(&self) {
        let all = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for context in all.iter().filter_map(Weak::upgrade) {
            context.close().await;
        }
    }
}
