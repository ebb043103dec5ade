//! What the open pages of a run show, for [`crate::resume`]: address, document and accessibility tree. It reads,
//! waits for nothing, and is no call of the flow's.

use async_trait::async_trait;
use serde_json::json;

use super::job::How;
use super::reply::Reply;
use super::session::Browser;
use super::{PageId, Tab, TabError};
use crate::limits::FINGERPRINT_TIMEOUT;
use crate::resume::{Fingerprint, Looks, PageLook};

#[async_trait]
impl Looks for Browser {
    async fn fingerprint(&self) -> Option<Fingerprint> {
        let mut pages = Vec::new();
        for (page, tab) in self.open_tabs() {
            if tab.state().borrow().gone != Some(TabError::Closed) {
                pages.push(self.look_of(page, &*tab).await?);
            }
        }
        Some(Fingerprint { pages })
    }
}

impl Browser {
    async fn look_of(&self, page: PageId, tab: &dyn Tab) -> Option<PageLook> {
        let job = self.job(page, None, FINGERPRINT_TIMEOUT, How::default()).ok()?;
        let request = job.request(&json!({"kind": "ariaSnapshot"}));
        let reply = tab.perform(&request, FINGERPRINT_TIMEOUT).await.ok()?;
        let Ok(Reply::Done { value }) = serde_json::from_value(reply) else {
            return None;
        };
        let state = tab.state().borrow().clone();
        Some(PageLook {
            page,
            url: state.url,
            document: state.loader,
            tree: value.as_str()?.to_owned(),
        })
    }
}
