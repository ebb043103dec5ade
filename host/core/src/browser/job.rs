//! One thing to do in a page within one time: a call of the injected script, made again where the document
//! was replaced or the pointer was intercepted. All other waiting is done in the page.

use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

use super::calls::{ExpectOptions, HandlerId, PageId, PointerOptions, Target};
use super::expectation::Expectation;
use super::locator::Locator;
use super::port::{Gesture, Modifiers, Outcome, PointerBurst, Ran, Script, Settled, Subject, Tab, TabError};
use super::reply::{Reply, script_error};
use super::session::{Browser, done, tab_failure, timeout};
use crate::failure::{Code, Failure};
use crate::limits::{DEFAULT_EXPECT_TIMEOUT, MAX_SCRIPT_ELEMENTS};

/// How long the host waits beyond the time that it gave the page, before it calls the page unresponsive.
const GRACE: Duration = Duration::from_millis(1_000);

/// How long an assertion's first look may take, however short its time is: a look that was not made shows nothing.
const FIRST_LOOK: Duration = DEFAULT_EXPECT_TIMEOUT;

/// What one call of the script is told besides the action.
#[derive(Clone, Copy, Default)]
pub(super) struct How {
    force: bool,
    trial: bool,
    /// Whether it is done about an overlay: handlers are not nested.
    within_handler: bool,
}

/// What a pointer action came to.
#[derive(Debug, PartialEq)]
pub(super) enum Pointed {
    /// There was nothing to do.
    Needless,
    /// Its events landed; the answer of what the script did next, where it did.
    Landed(Option<Value>),
}

impl How {
    /// Without looking for overlays.
    pub(super) fn within_handler() -> Self {
        Self {
            within_handler: true,
            ..Self::default()
        }
    }
}

/// One thing to do in a page, within one time.
pub(super) struct Job<'a> {
    browser: &'a Browser,
    page: PageId,
    locator: Option<&'a Locator>,
    deadline: Instant,
    /// When the first answer is given up; never before the deadline.
    patience: Instant,
    wait: Duration,
    how: How,
    log: Vec<String>,
    /// Counts interceptions: each attempt scrolls to another place.
    attempt: u32,
}

impl Browser {
    pub(super) fn pointer_job<'a>(
        &'a self,
        target: &'a Target,
        options: &PointerOptions,
    ) -> Result<Job<'a>, Failure> {
        let wait = timeout(options.timeout_ms, self.options.action_timeout)?;
        self.job(
            target.page,
            Some(&target.locator),
            wait,
            How {
                force: options.force,
                trial: options.trial,
                ..How::default()
            },
        )
    }

    pub(super) fn action_job<'a>(
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
            How {
                force,
                ..How::default()
            },
        )
    }

    pub(super) fn job<'a>(
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
            patience: deadline,
            wait,
            how,
            log: Vec::new(),
            attempt: 0,
        })
    }
}

impl<'a> Job<'a> {
    /// Calls the script until it has answered on a document that stayed.
    pub(super) async fn perform(&mut self, action: &Value) -> Result<Reply, Failure> {
        if let Some(answer) = self.browser.foreseen(|| self.request(action)) {
            return self.judged(answer);
        }
        loop {
            self.browser.settled(self.page, self.patience()).await?;
            let tab = self.browser.tab(self.page)?;
            let answer = match self.ask(&*tab, action).await {
                Ok(answer) => answer,
                Err(TabError::DocumentReplaced) if self.patience() > Duration::ZERO => {
                    self.log
                        .push("the document was replaced; starting again on the new one".to_owned());
                    continue;
                }
                Err(TabError::Unresponsive) if tab.state().borrow().navigating => {
                    return Err(self.with_log(next_document_missing()));
                }
                Err(error) => return Err(self.with_log(tab_failure(error))),
            };
            match self.judged(answer)? {
                Reply::Overlay { id } => self.clear_overlay(id).await?,
                reply => return Ok(reply),
            }
        }
    }

    /// What a batch asks ahead; nothing while an overlay is cleared.
    fn ahead(&self) -> Vec<Value> {
        match self.how.within_handler {
            true => Vec::new(),
            false => self.browser.requests_ahead(self.page),
        }
    }

    /// Calls the script once, also for what a batch asks ahead.
    async fn ask(&self, tab: &dyn Tab, action: &Value) -> Result<Value, TabError> {
        let request = self.request(action);
        let ahead = self.ahead();
        if ahead.is_empty() {
            return tab.perform(&request, self.patience() + GRACE).await;
        }
        let wait = self.patience() + times(&ahead) + GRACE;
        let steps: Vec<Value> = std::iter::once(request).chain(ahead).collect();
        let mut replies = tab.run(None, &steps, wait).await?.replies.into_iter();
        // None where the document was about to go before the first: it is asked again on the next.
        let answer = replies.next().ok_or(TabError::DocumentReplaced)?;
        self.browser.answered_ahead(replies.collect());
        Ok(answer)
    }

    /// Does what the flow has said about an overlay. The action is tried again then.
    async fn clear_overlay(&mut self, handler: HandlerId) -> Result<(), Failure> {
        let Some(handler) = self.browser.overlays.take(self.page, handler) else {
            return Ok(());
        };
        self.log
            .push(format!("{} shows: its handler is run", handler.overlay.locator));
        let done = self.browser.remedy(&handler, self.remaining()).await;
        done.map_err(|failure| self.with_log(failure))
    }

    /// What the script is asked for, with the time that is left.
    pub(super) fn request(&self, action: &Value) -> Value {
        let mut request = json!({
            "locator": self.locator,
            "action": action,
            "timeout": u64::try_from(self.remaining().as_millis()).unwrap_or(u64::MAX),
            "force": self.how.force,
            "trial": self.how.trial,
            "scroll": self.attempt,
            "testIdAttributes": self.browser.options.test_id_attributes,
        });
        if !self.how.within_handler
            && let Some(overlays) = self.browser.overlays.to_look_for(self.page)
        {
            request["overlays"] = overlays;
        }
        request
    }

    /// Reads an answer, and turns those that are failures into failures.
    fn judged(&mut self, answer: Value) -> Result<Reply, Failure> {
        let reply = serde_json::from_value(answer).map_err(|error| {
            Failure::new(
                Code::Internal,
                format!("the injected script's answer cannot be read: {error}"),
            )
        })?;
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

    pub(super) async fn perform_done(&mut self, action: &Value) -> Result<Value, Failure> {
        done(self.perform(action).await?, "an action")
    }

    /// Points at the element and does this there, until the events land in it.
    pub(super) async fn point_and(
        &mut self,
        action: &Value,
        gesture: Gesture,
        modifiers: Modifiers,
    ) -> Result<(), Failure> {
        self.point_then(action, gesture, modifiers, None)
            .await
            .map(|_| ())
    }

    /// [`Job::point_and`], with an action that the script does right after the events.
    pub(super) async fn point_then(
        &mut self,
        action: &Value,
        gesture: Gesture,
        modifiers: Modifiers,
        next: Option<&Value>,
    ) -> Result<Pointed, Failure> {
        loop {
            let (x, y, token) = match self.perform(action).await? {
                Reply::Point { x, y, token } => (x, y, token),
                other => return done(other, "a pointer action").map(|_| Pointed::Needless),
            };
            let burst = PointerBurst {
                x,
                y,
                gesture,
                modifiers,
                token,
            };
            let ahead = self.ahead();
            let wait = self.remaining() + times(&ahead) + GRACE;
            let next = next.map(|next| self.request(next));
            let steps: Vec<Value> = next.iter().cloned().chain(ahead).collect();
            let tab = self.browser.tab(self.page)?;
            let ran = tab.run(Some(&burst), &steps, wait).await;
            let Ran { settled, replies } = ran.map_err(tab_failure)?;
            let reason = match settled {
                Some(Settled::Hit) => {
                    let mut replies = replies.into_iter();
                    let verified = next.and_then(|_| replies.next());
                    self.browser.answered_ahead(replies.collect());
                    return Ok(Pointed::Landed(verified));
                }
                Some(Settled::Blocked { by }) => format!("{by} intercepts pointer events"),
                // Without a guard nobody looks where the events land; a mouse that is there already does not move.
                Some(Settled::None) | None if self.how.force || gesture == Gesture::Hover => {
                    return Ok(Pointed::Landed(None));
                }
                Some(Settled::None) | None => "the pointer's events did not arrive".to_owned(),
            };
            self.intercepted(&reason)?;
        }
    }

    /// The value of an action that was asked for after a pointer action, where it was answered there; else it
    /// is asked for on the document that came.
    pub(super) async fn done_after(
        &mut self,
        answer: Option<Value>,
        action: &Value,
    ) -> Result<Value, Failure> {
        match answer {
            Some(answer) => match self.judged(answer)? {
                Reply::Overlay { id } => {
                    self.clear_overlay(id).await?;
                    self.perform_done(action).await
                }
                reply => done(reply, "an action"),
            },
            None => self.perform_done(action).await,
        }
    }

    /// Goes on with another element, in the time that is left.
    pub(super) const fn turn_to(&mut self, locator: &'a Locator) {
        self.locator = Some(locator);
        self.attempt = 0;
    }

    /// Does a part of the work that the page has no clock for, in the time that is left.
    pub(super) async fn within<T>(
        &mut self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        match tokio::time::timeout(self.remaining(), work).await {
            Ok(done) => done,
            Err(_) => Err(self.timed_out("the input devices took longer")),
        }
    }

    /// Runs a script of the author, once: on the element, on all elements that match, or in the page where no
    /// locator is. None where the document went meanwhile.
    pub(super) async fn run_script(
        &mut self,
        script: &Script,
        all: bool,
    ) -> Result<Option<Outcome>, Failure> {
        let subject = match (self.locator, all) {
            (None, _) => {
                self.browser.settled(self.page, self.remaining()).await?;
                Subject::Page
            }
            (Some(_), false) => Subject::Element(self.perform_done(&json!({"kind": "hand"})).await?),
            (Some(_), true) => {
                let action = json!({"kind": "handAll", "limit": MAX_SCRIPT_ELEMENTS});
                Subject::Elements(self.perform_done(&action).await?)
            }
        };
        let tab = self.browser.tab(self.page)?;
        // One that is asked again and again has just answered: at the end of its time it may answer once more.
        let grace = if script.is_repeated { GRACE } else { Duration::ZERO };
        let ran = tab
            .scripts()
            .run_script(&subject, script, self.remaining() + grace);
        match ran.await {
            Ok(outcome) => Ok(Some(outcome)),
            Err(TabError::DocumentReplaced) => Ok(None),
            Err(TabError::Unresponsive) => {
                let message = format!("the script did not end within {} ms", self.wait.as_millis());
                Err(self.with_log(Failure::new(Code::Timeout, message)))
            }
            Err(error) => Err(self.with_log(tab_failure(error))),
        }
    }

    /// Lets the page go on for a frame, where there is time left; `reason` is what is waited for.
    pub(super) async fn rest(&mut self, reason: &str) -> Result<(), Failure> {
        if self.remaining() == Duration::ZERO {
            return Err(self.timed_out(reason));
        }
        self.perform_done(&json!({"kind": "rest"})).await.map(|_| ())
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

    /// Looks until the expectation holds or its time is over, and once in any case.
    pub(super) async fn expect(
        &mut self,
        what: &Expectation,
        options: &ExpectOptions,
    ) -> Result<(), Failure> {
        let action = what.action(options)?;
        let first_look = self.browser.ledger.progress.allowance(FIRST_LOOK);
        self.patience = self.deadline.max(Instant::now() + first_look);
        match self.perform(&action).await? {
            Reply::Failed(seen) => {
                self.log.extend(seen.log.iter().cloned());
                let subject = self
                    .locator
                    .map_or_else(|| "the page".to_owned(), ToString::to_string);
                let failure = seen.failure(&subject, what, options.negated, self.wait);
                Err(self.with_log(failure))
            }
            other => done(other, "an assertion").map(|_| ()),
        }
    }

    /// Waits for the navigation that the action began, if it did, to be committed or given up.
    pub(super) async fn settle_navigation(&self) -> Result<(), Failure> {
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

    /// The time that it was given.
    pub(super) const fn time(&self) -> Duration {
        self.wait
    }

    /// How long an answer is waited for.
    fn patience(&self) -> Duration {
        self.patience.saturating_duration_since(Instant::now())
    }

    fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

/// The time that these requests have together.
fn times(requests: &[Value]) -> Duration {
    let time = |request: &Value| request["timeout"].as_u64().unwrap_or_default();
    Duration::from_millis(requests.iter().map(time).sum())
}

/// A page that is about to go answers nothing any more.
fn next_document_missing() -> Failure {
    Failure::new(
        Code::Timeout,
        "the next page did not come: a navigation has begun and its server has not answered",
    )
}
