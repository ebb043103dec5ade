//! Actions and readings, call by call: what the injected script is asked for, and what is done
//! with its answer.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::calls::{
    AllInnerTexts, BoundingBox, Click, Count, Fill, Focus, Hover, IsVisible, Outline, PageTitle, Press,
    PressOnPage, Read, ReadOutline, Reading, Rect, SelectOption, SetChecked,
};
use super::chord::parse_chord;
use super::job::{How, Pointed};
use super::reply::Reply;
use super::session::{Browser, done, tab_failure};
use crate::failure::{Code, Failure};
use crate::limits::MAX_TEXT_BYTES;

impl Browser {
    /// Clicks.
    ///
    /// # Errors
    /// [`Code::Timeout`] where the element never becomes ready.
    pub async fn click(&self, call: &Click) -> Result<(), Failure> {
        if !(1..=3).contains(&call.options.click_count) {
            let message = format!("a click count is 1 to 3: {}", call.options.click_count);
            return Err(Failure::new(Code::InvalidArgument, message));
        }
        let action = call.action();
        let mut job = self.pointer_job(&call.target, &call.options)?;
        job.point_and(&action, &call.options, call.options.click_count)
            .await?;
        job.settle_navigation().await
    }

    /// Moves the mouse there.
    ///
    /// # Errors
    /// [`Code::Timeout`] where the element never becomes ready.
    pub async fn hover(&self, call: &Hover) -> Result<(), Failure> {
        let action = call.action();
        self.pointer_job(&call.target, &call.options)?
            .point_and(&action, &call.options, 0)
            .await
            .map(|_| ())
    }

    /// Checks or unchecks, and makes sure.
    ///
    /// # Errors
    /// [`Code::Timeout`] where the element never becomes ready, [`Code::WrongElement`] where it cannot be
    /// checked.
    pub async fn set_checked(&self, call: &SetChecked) -> Result<(), Failure> {
        let action = call.action();
        let verify = json!({"kind": "verifyChecked", "checked": call.checked});
        let mut job = self.pointer_job(&call.target, &call.options)?;
        let Pointed::Landed(verified) = job.point_then(&action, &call.options, 1, Some(&verify)).await?
        else {
            return Ok(());
        };
        job.settle_navigation().await?;
        job.done_after(verified, &verify).await.map(|_| ())
    }

    /// Sets a text.
    ///
    /// # Errors
    /// [`Code::Timeout`] where the element never becomes ready, [`Code::WrongElement`] where it takes no text.
    pub async fn fill(&self, call: &Fill) -> Result<(), Failure> {
        check_text("a text to fill in", &call.value)?;
        let action = call.action();
        let mut job = self.action_job(&call.target, call.options.timeout_ms, call.options.force)?;
        match job.perform(&action).await? {
            Reply::NeedsInsertText => {
                let tab = self.tab(call.target.page)?;
                tab.insert_text(&call.value).await.map_err(tab_failure)
            }
            other => done(other, "fill").map(|_| ()),
        }
    }

    /// Focuses the element and presses a key.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where there is no such key, [`Code::Timeout`] where there is no element.
    pub async fn press(&self, call: &Press) -> Result<(), Failure> {
        let chord = parse_chord(&call.key)?;
        let mut job = self.action_job(&call.target, call.options.timeout_ms, call.options.force)?;
        job.perform_done(&json!({"kind": "focus"})).await?;
        self.tab(call.target.page)?
            .press(&chord)
            .await
            .map_err(tab_failure)?;
        job.settle_navigation().await
    }

    /// Presses a key on whatever has the focus.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where there is no such key.
    pub async fn press_on_page(&self, call: &PressOnPage) -> Result<(), Failure> {
        let chord = parse_chord(&call.key)?;
        self.settled(call.page, self.options.action_timeout).await?;
        self.tab(call.page)?.press(&chord).await.map_err(tab_failure)?;
        self.settled(call.page, self.options.action_timeout).await
    }

    /// Focuses the element.
    ///
    /// # Errors
    /// [`Code::Timeout`] where there is none.
    pub async fn focus(&self, call: &Focus) -> Result<(), Failure> {
        let mut job = self.action_job(&call.target, call.options.timeout_ms, call.options.force)?;
        job.perform_done(&json!({"kind": "focus"})).await.map(|_| ())
    }

    /// Selects options; the values selected.
    ///
    /// # Errors
    /// [`Code::Timeout`] where an option never comes, [`Code::WrongElement`] where it is no `select`.
    pub async fn select_option(&self, call: &SelectOption) -> Result<Vec<String>, Failure> {
        let action = call.action();
        let mut job = self.action_job(&call.target, call.options.timeout_ms, call.options.force)?;
        typed(job.perform_done(&action).await?)
    }

    /// How many match now.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the locator is malformed.
    pub async fn count(&self, call: &Count) -> Result<u32, Failure> {
        let mut job = self.action_job(&call.target, None, false)?;
        typed(job.perform_done(&json!({"kind": "count"})).await?)
    }

    /// Whether the element is visible now.
    ///
    /// # Errors
    /// [`Code::AmbiguousLocator`] where several match.
    pub async fn is_visible(&self, call: &IsVisible) -> Result<bool, Failure> {
        let mut job = self.action_job(&call.target, None, false)?;
        typed(job.perform_done(&json!({"kind": "isVisible"})).await?)
    }

    /// Reads a text, a value or an attribute.
    ///
    /// # Errors
    /// [`Code::Timeout`] where the element never comes.
    pub async fn read(&self, call: &Read) -> Result<Option<String>, Failure> {
        let mut action = json!({"kind": "read"});
        match &call.reading {
            Reading::TextContent => action["what"] = json!("textContent"),
            Reading::InputValue => action["what"] = json!("inputValue"),
            Reading::Attribute { name } => {
                action["what"] = json!("attribute");
                action["name"] = json!(name);
            }
        }
        let mut job = self.action_job(&call.target, call.timeout_ms, false)?;
        typed(job.perform_done(&action).await?)
    }

    /// Reads the rendered texts of all elements that match now.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the locator is malformed.
    pub async fn all_inner_texts(&self, call: &AllInnerTexts) -> Result<Vec<String>, Failure> {
        let mut job = self.action_job(&call.target, None, false)?;
        typed(job.perform_done(&json!({"kind": "allInnerTexts"})).await?)
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

fn check_text(what: &str, text: &str) -> Result<(), Failure> {
    if text.len() > MAX_TEXT_BYTES {
        let message = format!("{what} may have {MAX_TEXT_BYTES} bytes: {}", text.len());
        return Err(Failure::new(Code::InvalidArgument, message));
    }
    Ok(())
}
