//! Whose a page is: its number in a run, and the run's watcher. A page may be made before a run takes it, and
//! until then what it does is told to nobody.

use std::sync::{Arc, OnceLock};

use flowguard_core::browser::{PageId, Watcher};
use flowguard_core::timeline::PageEvent;

/// Bytes of an address in the timeline.
pub(super) const MAX_URL: usize = 2_048;

/// The owner of one page, once there is one.
#[derive(Default)]
pub(super) struct Owner(OnceLock<(PageId, Arc<dyn Watcher>)>);

impl Owner {
    /// The page is taken. The first owner stays.
    pub(super) fn take(&self, page: PageId, watcher: Arc<dyn Watcher>) {
        let _ = self.0.set((page, watcher));
    }

    /// Its number, once it is taken.
    pub(super) fn page(&self) -> Option<PageId> {
        self.0.get().map(|(page, _)| *page)
    }

    /// Tells the run.
    pub(super) fn tell(&self, what: PageEvent) {
        if let Some((page, watcher)) = self.0.get() {
            watcher.page_event(*page, what);
        }
    }
}
