//! Actions, assertions and readings: one call of the injected script does the finding, the waiting and the
//! checking. The loops here go round only where a document was replaced or the pointer was intercepted.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

use super::calls::{
    AllInnerTexts, BoundingBox, Click, Count, Expect, ExpectOptions, ExpectPage, Fill, Focus, Hover,
    IsVisible, Outline, PageId, PageTitle, PointerOptions, Press, PressOnPage, Read, ReadOutline, Reading,
    Rect, SelectOption, SetChecked, Target,
};
use super::expectation::Expectation;
use super::locator::{Locator, TextMatch};
use super::port::{Chord, Modifiers, PointerBurst, Settled, Shot, TabError};
use super::reply::{Reply, script_error};
use super::session::{Browser, done, tab_failure, timeout};
use crate::failure::{Code, Failure};
use crate::gate::Soft;
use crate::limits::{MAX_SCREENSHOT_AREA, MAX_SCREENSHOT_SIDE, MAX_TEXT_BYTES};

/// How long the host waits beyond the time that it gave the page, before it calls the page unresponsive.
const GRACE: Duration = Duration::from_millis(1_000);

/// What one call of the script is told besides the action.
#[derive(Clone, Copy, Default)]
struct How {
    force: bool,
    trial: bool,
}

/// One thing to do in a page, within one time.
struct Job<'a> {
    browser: &'a Browser,
    page: PageId,
    locator: Option<&'a Locator>,
    deadline: Instant,
    wait: Duration,
    how: How,
    log: Vec<String>,
    /// Counts interceptions: each attempt scrolls to another place.
    attempt: u32,
}

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
        let action = json!({"kind": "pointer", "guard": "click", "position": call.options.position});
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
        let action = json!({"kind": "pointer", "guard": "hover", "position": call.options.position});
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
        let action =
            json!({"kind": "setChecked", "checked": call.checked, "position": call.options.position});
        let mut job = self.pointer_job(&call.target, &call.options)?;
        if !job.point_and(&action, &call.options, 1).await? || call.options.trial {
            return Ok(());
        }
        job.settle_navigation().await?;
        job.perform_done(&json!({"kind": "verifyChecked", "checked": call.checked}))
            .await
            .map(|_| ())
    }

    /// Sets a text.
    ///
    /// # Errors
    /// [`Code::Timeout`] where the element never becomes ready, [`Code::WrongElement`] where it takes no text.
    pub async fn fill(&self, call: &Fill) -> Result<(), Failure> {
        check_text("a text to fill in", &call.value)?;
        let action = json!({"kind": "fill", "value": call.value});
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
        let action = json!({"kind": "select", "choices": call.choices});
        let mut job = self.action_job(&call.target, call.options.timeout_ms, call.options.force)?;
        typed(job.perform_done(&action).await?)
    }

    /// Asserts on elements.
    ///
    /// # Errors
    /// [`Code::AssertionFailed`], unless the assertion is soft.
    pub async fn expect(&self, call: &Expect) -> Result<Soft<()>, Failure> {
        let wait = self.expect_time(&call.options)?;
        let mut job = self.job(call.target.page, Some(&call.target.locator), wait, How::default())?;
        let outcome = job.expect(&call.what, call.options.negated).await;
        Soft::of(explained(outcome, &call.options), call.options.soft)
    }

    /// Asserts on a page.
    ///
    /// # Errors
    /// [`Code::AssertionFailed`], unless the assertion is soft.
    pub async fn expect_page(&self, call: &ExpectPage) -> Result<Soft<()>, Failure> {
        let wait = self.expect_time(&call.options)?;
        let outcome = self
            .expect_of_page(call.page, &call.what, call.options.negated, wait)
            .await;
        Soft::of(explained(outcome, &call.options), call.options.soft)
    }

    pub(super) async fn expect_of_page(
        &self,
        page: PageId,
        what: &Expectation,
        negated: bool,
        wait: Duration,
    ) -> Result<(), Failure> {
        let what = self.with_base(what);
        self.job(page, None, wait, How::default())?
            .expect(&what, negated)
            .await
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

    pub(super) async fn clip_of(&self, target: &Target, timeout_ms: Option<u32>) -> Result<Shot, Failure> {
        let mut job = self.action_job(target, timeout_ms, false)?;
        let clip: Rect = typed(job.perform_done(&json!({"kind": "clip"})).await?)?;
        let sides = clip.width.max(clip.height);
        if !(sides <= MAX_SCREENSHOT_SIDE && clip.width * clip.height <= MAX_SCREENSHOT_AREA) {
            let message = format!(
                "{} is too large for a screenshot: {:.0} × {:.0} pixels",
                target.locator, clip.width, clip.height
            );
            return Err(Failure::new(Code::OverBudget, message));
        }
        Ok(Shot::Clip {
            x: clip.x,
            y: clip.y,
            width: clip.width,
            height: clip.height,
        })
    }

    /// An address that begins with `/` is meant below the base URL, also where it is compared.
    fn with_base(&self, what: &Expectation) -> Expectation {
        let (Expectation::HasUrl { text }, Some(base)) = (what, &self.options.base_url) else {
            return what.clone();
        };
        let absolute = |value: &str| match value.starts_with('/') {
            true => base.join(value).map_or_else(|_| value.to_owned(), String::from),
            false => value.to_owned(),
        };
        let text = match text {
            TextMatch::Substring { value } if value.starts_with('/') => TextMatch::Exact {
                value: absolute(value),
            },
            TextMatch::Exact { value } => TextMatch::Exact {
                value: absolute(value),
            },
            other => other.clone(),
        };
        Expectation::HasUrl { text }
    }

    fn expect_time(&self, options: &ExpectOptions) -> Result<Duration, Failure> {
        timeout(options.timeout_ms, self.options.expect_timeout)
    }

    fn pointer_job<'a>(&'a self, target: &'a Target, options: &PointerOptions) -> Result<Job<'a>, Failure> {
        let wait = timeout(options.timeout_ms, self.options.action_timeout)?;
        self.job(
            target.page,
            Some(&target.locator),
            wait,
            How {
                force: options.force,
                trial: options.trial,
            },
        )
    }

    fn action_job<'a>(
        &'a self,
        target: &'a Target,
        timeout_ms: Option<u32>,
        force: bool,
    ) -> Result<Job<'a>, Failure> {
        let wait = timeout(timeout_ms, self.options.action_timeout)?;
        self.job(
            target.page,
            Some(&target.locator),
            wait,
            How { force, trial: false },
        )
    }

    fn job<'a>(
        &'a self,
        page: PageId,
        locator: Option<&'a Locator>,
        wait: Duration,
        how: How,
    ) -> Result<Job<'a>, Failure> {
        if let Some(locator) = locator {
            locator.check()?;
        }
        let wait = self.ledger.progress.allowance(wait);
        let deadline = Instant::now() + wait;
        Ok(Job {
            browser: self,
            page,
            locator,
            deadline,
            wait,
            how,
            log: Vec::new(),
            attempt: 0,
        })
    }
}

impl Job<'_> {
    /// Calls the script until it has answered on a document that stayed.
    async fn perform(&mut self, action: &Value) -> Result<Reply, Failure> {
        loop {
            self.browser.settled(self.page, self.remaining()).await?;
            let remaining = self.remaining();
            let request = json!({
                "locator": self.locator,
                "action": action,
                "timeout": u64::try_from(remaining.as_millis()).unwrap_or(u64::MAX),
                "force": self.how.force,
                "trial": self.how.trial,
                "scroll": self.attempt,
                "testIdAttributes": self.browser.options.test_id_attributes,
            });
            let tab = self.browser.tab(self.page)?;
            let answer = match tab.perform(&request, remaining + GRACE).await {
                Ok(answer) => answer,
                Err(TabError::DocumentReplaced) if self.remaining() > Duration::ZERO => {
                    self.log
                        .push("the document was replaced; starting again on the new one".to_owned());
                    continue;
                }
                Err(error) => return Err(self.with_log(tab_failure(error))),
            };
            let reply = serde_json::from_value(answer).map_err(|error| {
                Failure::new(
                    Code::Internal,
                    format!("the injected script's answer cannot be read: {error}"),
                )
            })?;
            return self.judged(reply);
        }
    }

    /// Turns the answers that are failures into failures.
    fn judged(&mut self, reply: Reply) -> Result<Reply, Failure> {
        match reply {
            Reply::Timeout { reason, log } => {
                self.log.extend(log);
                Err(self.timed_out(&reason))
            }
            Reply::Error {
                code,
                message,
                evidence,
                log,
            } => {
                self.log.extend(log);
                Err(script_error(
                    &code,
                    message,
                    evidence,
                    std::mem::take(&mut self.log),
                ))
            }
            other => Ok(other),
        }
    }

    async fn perform_done(&mut self, action: &Value) -> Result<Value, Failure> {
        done(self.perform(action).await?, "an action")
    }

    /// Points at the element and clicks it so often (0 only moves there), until the events land in it.
    /// False where nothing was to be done.
    async fn point_and(
        &mut self,
        action: &Value,
        options: &PointerOptions,
        clicks: u32,
    ) -> Result<bool, Failure> {
        loop {
            let (x, y, token) = match self.perform(action).await? {
                Reply::Point { x, y, token } => (x, y, token),
                other => return done(other, "a pointer action").map(|_| false),
            };
            let burst = PointerBurst {
                x,
                y,
                clicks,
                button: options.button,
                modifiers: options.modifiers,
                token,
            };
            let tab = self.browser.tab(self.page)?;
            let settled = tokio::time::timeout(self.remaining() + GRACE, tab.pointer(&burst)).await;
            match settled
                .unwrap_or(Err(TabError::Unresponsive))
                .map_err(tab_failure)?
            {
                Settled::Hit => return Ok(true),
                // Without a guard nobody looks where the events land; a mouse that is there already does not move.
                Settled::None if self.how.force || clicks == 0 => return Ok(true),
                Settled::Blocked { by } => self.intercepted(&format!("{by} intercepts pointer events"))?,
                Settled::None => self.intercepted("the pointer's events did not arrive")?,
            }
        }
    }

    fn intercepted(&mut self, reason: &str) -> Result<(), Failure> {
        self.attempt += 1;
        self.log.push(reason.to_owned());
        if self.remaining() == Duration::ZERO {
            Err(self.timed_out(reason))
        } else {
            Ok(())
        }
    }

    async fn expect(&mut self, what: &Expectation, negated: bool) -> Result<(), Failure> {
        let action = json!({"kind": "expect", "expectation": what, "negated": negated});
        match self.perform(&action).await? {
            Reply::Failed {
                received,
                expected,
                log,
                aria,
            } => {
                self.log.extend(log);
                let subject = self
                    .locator
                    .map_or_else(|| "the page".to_owned(), ToString::to_string);
                let not = if negated { "not " } else { "" };
                let message = format!(
                    "expected {subject} {not}to {what}, received {received} (within {} ms)",
                    self.wait.as_millis()
                );
                let mut failure = Failure::new(Code::AssertionFailed, message)
                    .with_log(std::mem::take(&mut self.log))
                    .with_evidence("expected", expected)
                    .with_evidence("received", received);
                if let Some(aria) = aria {
                    failure = failure.with_evidence("aria", aria);
                }
                Err(failure)
            }
            other => done(other, "an assertion").map(|_| ()),
        }
    }

    /// Waits for the navigation that the action began, if it did, to be committed or given up.
    async fn settle_navigation(&self) -> Result<(), Failure> {
        match self.browser.settled(self.page, self.remaining()).await {
            // The page closed itself, or was closed, because of the click: that is what was clicked for.
            Err(failure) if failure.code == Code::PageLost && failure.message.contains("closed") => Ok(()),
            other => other,
        }
    }

    fn timed_out(&mut self, reason: &str) -> Failure {
        let subject = self
            .locator
            .map_or_else(|| "the page".to_owned(), ToString::to_string);
        let message = format!(
            "{subject} was not ready within {} ms: {reason}",
            self.wait.as_millis()
        );
        Failure::new(Code::Timeout, message).with_log(std::mem::take(&mut self.log))
    }

    fn with_log(&mut self, failure: Failure) -> Failure {
        failure.with_log(std::mem::take(&mut self.log))
    }

    fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

/// Puts the flow's own words before the host's.
fn explained(outcome: Result<(), Failure>, options: &ExpectOptions) -> Result<(), Failure> {
    outcome.map_err(|failure| match options.message.as_str() {
        "" => failure,
        because => Failure {
            message: format!("{because}: {}", failure.message),
            ..failure
        },
    })
}

fn typed<T: DeserializeOwned>(value: Value) -> Result<T, Failure> {
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

/// Reads `Control+Shift+a`. The last part is the key; `+` itself is written `Control++`.
fn parse_chord(text: &str) -> Result<Chord, Failure> {
    let invalid = |why: &str| Failure::new(Code::InvalidArgument, format!("not a key: {text:?}: {why}"));
    if text.is_empty() || text.len() > 64 {
        return Err(invalid(
            "a key has 1 to 64 bytes, for example Enter, a, Control+a",
        ));
    }
    let (held, key) = match text.strip_suffix('+') {
        Some("") => ("", "+"),
        Some(rest) => (
            rest.strip_suffix('+')
                .ok_or_else(|| invalid("no key follows the last +"))?,
            "+",
        ),
        None => text.rsplit_once('+').unwrap_or(("", text)),
    };
    let mut modifiers = Modifiers::default();
    for name in held.split('+').filter(|name| !name.is_empty()) {
        match name {
            "Alt" => modifiers.alt = true,
            "Control" => modifiers.control = true,
            "Meta" => modifiers.meta = true,
            "Shift" => modifiers.shift = true,
            // Control everywhere but on macOS, and the browser runs where the host does.
            "ControlOrMeta" => modifiers.control = true,
            other => return Err(invalid(&format!("{other} is none of Alt, Control, Meta, Shift"))),
        }
    }
    Ok(Chord {
        modifiers,
        key: key.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chords() {
        let held = |text: &str| {
            parse_chord(text).map(|chord| {
                let m = chord.modifiers;
                let names = [(m.alt, 'A'), (m.control, 'C'), (m.meta, 'M'), (m.shift, 'S')];
                let held: String = names
                    .iter()
                    .filter(|(on, _)| *on)
                    .map(|(_, name)| *name)
                    .collect();
                format!("{held}:{}", chord.key)
            })
        };
        let cases = [
            ("Enter", ":Enter"),
            ("Control+a", "C:a"),
            ("Control+Shift+T", "CS:T"),
            ("+", ":+"),
            ("Alt++", "A:+"),
        ];
        for (text, expected) in cases {
            assert_eq!(held(text).as_deref(), Ok(expected), "{text}");
        }
        for text in ["", "Hyper+a", "a+b+", "Control+"] {
            assert_eq!(
                held(text).map_err(|f| f.code),
                Err(Code::InvalidArgument),
                "{text}"
            );
        }
    }
}
