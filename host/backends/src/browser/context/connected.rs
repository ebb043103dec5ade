//! A connection to a browser, with what is known of it: one of this machine or in a cloud.

use chromiumoxide::cdp::browser_protocol::browser::GetVersionParams;
use std::sync::Arc;

use super::ready::Ready;
use super::targets::Targets;
use crate::browser::connection::cdp::Cdp;
use flowguard_core::browser::BrowserInfo;

/// A connection to a browser.
#[derive(Clone)]
pub(in crate::browser) struct Connected {
    pub(in crate::browser) cdp: Cdp,
    pub(in crate::browser) targets: Arc<Targets>,
    pub(in crate::browser) ready: Arc<Ready>,
    pub(in crate::browser) info: BrowserInfo,
}

impl Connected {
    /// Connects; whether a context with a page is kept ready for the next run.
    pub(in crate::browser) async fn to(address: &str, keeps_ready: bool) -> Result<Self, String> {
        let cdp = Cdp::connect(address).await?;
        let version = cdp.send(&GetVersionParams::default());
        let targets = Targets::watch(&cdp).await.map_err(|error| error.to_string())?;
        let product = version.answer().await.map_err(|error| error.to_string())?.product;
        Ok(Self {
            ready: Ready::new(&cdp, &targets, keeps_ready),
            cdp,
            targets,
            info: BrowserInfo::local(product),
        })
    }
}
