//! The document as a whole: its markup, read and replaced.

use serde_json::json;

use super::range::{check_text, invalid};
use super::{How, typed};
use crate::browser::calls::{ReadContent, SetContent};
use crate::browser::port::LoadState;
use crate::browser::session::{Browser, timeout};
use crate::failure::{Code, Failure};
use crate::limits::MAX_TEXT_BYTES;

impl Browser {
    /// Shows this markup instead of a document that is loaded, and waits.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where it is too long or the state is `network-idle`, [`Code::Timeout`] where
    /// what it needs does not load in time.
    pub async fn set_content(&self, call: &SetContent) -> Result<(), Failure> {
        check_text("a document", &call.html)?;
        if call.wait_until == LoadState::NetworkIdle {
            let why = "a document that is set is waited for until load: network-idle belongs to a navigation";
            return Err(invalid(why.to_owned()));
        }
        let wait = timeout(call.timeout_ms, self.options.action_timeout)?;
        let mut job = self.job(call.page, None, wait, How::default())?;
        let action = json!({"kind": "setContent", "html": call.html, "until": call.wait_until.name()});
        job.perform_done(&action).await.map(|_| ())
    }

    /// Reads the document's markup.
    ///
    /// # Errors
    /// [`Code::OverBudget`] where it is too long.
    pub async fn content(&self, call: &ReadContent) -> Result<String, Failure> {
        let mut job = self.job(call.page, None, self.options.action_timeout, How::default())?;
        let action = json!({"kind": "content", "limit": MAX_TEXT_BYTES});
        let content: Option<String> = typed(job.perform_done(&action).await?)?;
        content.ok_or_else(|| {
            let message = format!("the document's markup has more than {MAX_TEXT_BYTES} bytes");
            Failure::new(Code::OverBudget, message)
        })
    }
}
