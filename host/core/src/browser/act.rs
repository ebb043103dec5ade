//! Readings, call by call: what the injected script is asked for, and what is done with its answer. Actions
//! are one file a subject, below.

mod content;
mod devices;
mod element;
mod files;
mod pointer;
mod range;
mod secret;
mod text;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::calls::{
    AllTexts, BoundingBox, Count, ElementState, IsInState, Outline, PageTitle, Read, ReadOutline, Reading,
    Rect, WaitFor,
};
use super::job::How;
use super::session::Browser;
use crate::failure::{Code, Failure};

impl Browser {
    /// How many match now.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the locator is malformed.
    pub async fn count(&self, call: &Count) -> Result<u32, Failure> {
        let mut job = self.action_job(&call.target, None, false)?;
        typed(job.perform_done(&json!({"kind": "count"})).await?)
    }

    /// Whether the element is in the state.
    ///
    /// # Errors
    /// [`Code::AmbiguousLocator`] where several match, [`Code::Timeout`] where none comes and the state needs
    /// one.
    pub async fn is_in_state(&self, call: &IsInState) -> Result<bool, Failure> {
        let mut job = self.action_job(&call.target, call.timeout_ms, false)?;
        if call.state.needs_an_element() {
            let action = json!({"kind": "read", "what": "state", "state": call.state});
            return typed(job.perform_done(&action).await?);
        }
        let visible: bool = typed(job.perform_done(&json!({"kind": "isVisible"})).await?)?;
        Ok(visible == (call.state == ElementState::Visible))
    }

    /// Waits until the element is in the document, out of it, visible or hidden.
    ///
    /// # Errors
    /// [`Code::Timeout`] where it never is, [`Code::AmbiguousLocator`] where several match.
    pub async fn wait_for(&self, call: &WaitFor) -> Result<(), Failure> {
        let mut job = self.action_job(&call.target, call.timeout_ms, false)?;
        let action = json!({"kind": "waitFor", "state": call.state});
        job.perform_done(&action).await.map(|_| ())
    }

    /// Reads a text, a value or an attribute.
    ///
    /// # Errors
    /// [`Code::Timeout`] where the element never comes.
    pub async fn read(&self, call: &Read) -> Result<Option<String>, Failure> {
        let mut action = json!({"kind": "read", "what": call.reading.name()});
        if let Reading::Attribute { name } = &call.reading {
            action["name"] = json!(name);
        }
        let mut job = self.action_job(&call.target, call.timeout_ms, false)?;
        typed(job.perform_done(&action).await?)
    }

    /// Reads the texts of all elements that match now.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the locator is malformed.
    pub async fn all_texts(&self, call: &AllTexts) -> Result<Vec<String>, Failure> {
        let mut job = self.action_job(&call.target, None, false)?;
        let kind = if call.rendered {
            "allInnerTexts"
        } else {
            "allTextContents"
        };
        typed(job.perform_done(&json!({"kind": kind})).await?)
    }

    /// Reads the box.
    ///
    /// # Errors
    /// [`Code::Timeout`] where the element never comes.
    pub async fn bounding_box(&self, call: &BoundingBox) -> Result<Option<Rect>, Failure> {
        let mut job = self.action_job(&call.target, call.timeout_ms, false)?;
        typed(
            job.perform_done(&json!({"kind": "read", "what": "boundingBox"}))
                .await?,
        )
    }

    /// Reads the title.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the page is closed.
    pub async fn page_title(&self, call: &PageTitle) -> Result<String, Failure> {
        let mut job = self.job(call.page, None, self.options.action_timeout, How::default())?;
        typed(job.perform_done(&json!({"kind": "title"})).await?)
    }

    /// Reads links, images and text.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the page is closed.
    pub async fn outline(&self, call: &ReadOutline) -> Result<Outline, Failure> {
        let mut job = self.job(call.page, None, self.options.action_timeout, How::default())?;
        typed(job.perform_done(&json!({"kind": "outline"})).await?)
    }
}

pub(super) fn typed<T: DeserializeOwned>(value: Value) -> Result<T, Failure> {
    serde_json::from_value(value).map_err(|error| {
        Failure::new(
            Code::Internal,
            format!("the injected script's value cannot be read: {error}"),
        )
    })
}
