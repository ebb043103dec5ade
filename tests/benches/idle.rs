//! Browsers that never come: runs wait for them, so that what a waiting run costs can be read.

use async_trait::async_trait;
use std::sync::Arc;
use tokio::sync::watch;

use flowguard_core::browser::{BrowserError, Browsers, Lease, Watcher};

pub(crate) struct NoBrowserYet {
    waiting: watch::Sender<usize>,
}

impl Default for NoBrowserYet {
    fn default() -> Self {
        Self {
            waiting: watch::channel(0).0,
        }
    }
}

impl NoBrowserYet {
    /// Ends when so many runs are waiting.
    pub(crate) async fn wait_for(&self, runs: usize) {
        let mut waiting = self.waiting.subscribe();
        let _ = waiting.wait_for(|now| *now >= runs).await;
    }
}

#[async_trait]
impl Browsers for NoBrowserYet {
    async fn lease(
        &self,
        _wanted: &flowguard_core::browser::Wanted,
        _watcher: Arc<dyn Watcher>,
    ) -> Result<Arc<dyn Lease>, BrowserError> {
        self.waiting.send_modify(|waiting| *waiting += 1);
        std::future::pending().await
    }
}
