//! No browser: for a replay, which is answered from its recording and must never reach one.

use async_trait::async_trait;
use std::sync::Arc;

use flowguard_core::browser::{BrowserError, Browsers, Lease, Wanted, Watcher};

/// Browsers of which none is ever leased.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoBrowsers;

#[async_trait]
impl Browsers for NoBrowsers {
    async fn lease(
        &self,
        _wanted: &Wanted,
        _watcher: Arc<dyn Watcher>,
    ) -> Result<Arc<dyn Lease>, BrowserError> {
        let why = "a replay has none, its recording answers; please report this".to_owned();
        Err(BrowserError::Unfit(why))
    }
}
