//! What gets in the way of actions: a banner, a sign-up box. Where a page has handlers, the injected script
//! looks for their overlays in the same call that does the action, and says which one it has found.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

use crate::browser::PageId;
use crate::browser::calls::{AddLocatorHandler, ExpectOptions, HandlerId, RemoveLocatorHandler, Target};
use crate::browser::expectation::Expectation;
use crate::browser::job::How;
use crate::browser::keys::parse_chord;
use crate::browser::port::{Click, Gesture, KeyAction, Modifiers};
use crate::browser::session::Browser;
use crate::failure::{Code, Failure};
use crate::limits::{MAX_OVERLAY_HANDLERS, MAX_REMEDIES};

/// One thing to do about an overlay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "do")]
pub enum Remedy {
    /// Clicks the element.
    Click {
        /// Which.
        target: Target,
    },
    /// Presses a key on whatever has the focus.
    Press {
        /// The key or chord.
        key: String,
    },
}

/// The handlers of a run's pages.
#[derive(Debug, Default)]
pub(in crate::browser) struct Overlays(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    numbered: HandlerId,
    of_page: HashMap<PageId, Vec<Handler>>,
}

/// What is done about one overlay.
#[derive(Clone, Debug)]
pub(in crate::browser) struct Handler {
    id: HandlerId,
    pub(in crate::browser) overlay: Target,
    pub(in crate::browser) remedies: Vec<Remedy>,
    left: Option<u32>,
    pub(in crate::browser) no_wait_after: bool,
}

impl Overlays {
    /// What the injected script looks for besides; nothing where the page has no handlers.
    pub(in crate::browser) fn to_look_for(&self, page: PageId) -> Option<Value> {
        let state = self.lock();
        let handlers = state.of_page.get(&page)?;
        let each = handlers.iter().filter(|handler| handler.left != Some(0));
        let looks: Vec<Value> = each
            .map(|handler| json!({"id": handler.id, "locator": handler.overlay.locator}))
            .collect();
        (!looks.is_empty()).then_some(Value::Array(looks))
    }

    /// The handler whose overlay was found, used once more; none where it was taken back meanwhile.
    pub(in crate::browser) fn take(&self, page: PageId, id: HandlerId) -> Option<Handler> {
        let mut state = self.lock();
        let handlers = state.of_page.get_mut(&page)?;
        let handler = handlers.iter_mut().find(|handler| handler.id == id)?;
        if let Some(left) = &mut handler.left {
            *left = left.saturating_sub(1);
        }
        Some(handler.clone())
    }

    fn add(&self, call: &AddLocatorHandler) -> Result<HandlerId, Failure> {
        let mut state = self.lock();
        let id = state.numbered + 1;
        let handlers = state.of_page.entry(call.page).or_default();
        if handlers.len() >= MAX_OVERLAY_HANDLERS {
            let message = format!("a page has at most {MAX_OVERLAY_HANDLERS} locator handlers: remove one");
            return Err(Failure::new(Code::OverBudget, message));
        }
        handlers.push(Handler {
            id,
            overlay: call.overlay.clone(),
            remedies: call.remedies.clone(),
            left: call.times,
            no_wait_after: call.no_wait_after,
        });
        state.numbered = id;
        Ok(id)
    }

    fn remove(&self, call: &RemoveLocatorHandler) -> bool {
        let mut state = self.lock();
        let Some(handlers) = state.of_page.get_mut(&call.page) else {
            return false;
        };
        let before = handlers.len();
        handlers.retain(|handler| handler.id != call.handler);
        handlers.len() < before
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Browser {
    /// Says what is done about an overlay; the handler's number.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where a locator is malformed or of another page, or a key is none.
    pub async fn add_locator_handler(&self, call: &AddLocatorHandler) -> Result<HandlerId, Failure> {
        self.tab(call.page)?;
        check(call)?;
        self.overlays.add(call)
    }

    /// Takes a handler back.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where there is none of this number.
    pub async fn remove_locator_handler(&self, call: &RemoveLocatorHandler) -> Result<(), Failure> {
        match self.overlays.remove(call) {
            true => Ok(()),
            false => {
                let message = format!("the page has no locator handler {}", call.handler);
                Err(Failure::new(Code::InvalidArgument, message))
            }
        }
    }
}

impl Browser {
    /// Does what a handler says, within this time, and waits until its overlay is hidden. Boxed, as an action
    /// does this and this does actions.
    pub(in crate::browser) fn remedy<'a>(
        &'a self,
        handler: &'a Handler,
        wait: Duration,
    ) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>> {
        let deadline = Instant::now() + wait;
        let left = move || deadline.saturating_duration_since(Instant::now());
        let done = async move {
            for remedy in &handler.remedies {
                self.do_remedy(handler.overlay.page, remedy, left()).await?;
            }
            if handler.no_wait_after {
                return Ok(());
            }
            let Target { page, locator } = &handler.overlay;
            let mut job = self.job(*page, Some(locator), left(), How::within_handler())?;
            let options = ExpectOptions::default();
            job.expect(&Expectation::Hidden, &options)
                .await
                .map_err(still_there)
        };
        Box::pin(async move {
            done.await.map_err(|failure| Failure {
                message: format!("the handler of {}: {}", handler.overlay.locator, failure.message),
                ..failure
            })
        })
    }

    async fn do_remedy(&self, page: PageId, remedy: &Remedy, wait: Duration) -> Result<(), Failure> {
        match remedy {
            Remedy::Click { target } => {
                let action = json!({"kind": "pointer", "guard": "click"});
                let mut job = self.job(page, Some(&target.locator), wait, How::within_handler())?;
                job.point_and(&action, Gesture::Click(Click::ONCE), Modifiers::default())
                    .await?;
                job.settle_navigation().await
            }
            Remedy::Press { key } => {
                let press = KeyAction::Press {
                    chord: parse_chord(key)?,
                    delay: Duration::ZERO,
                };
                self.use_keyboard(page, &press).await?;
                self.settled(page, wait).await
            }
        }
    }
}

/// An overlay that stays is waited for in vain; no assertion of the flow's has failed.
fn still_there(failure: Failure) -> Failure {
    match failure.code {
        Code::AssertionFailed => Failure {
            code: Code::Timeout,
            ..failure
        },
        _ => failure,
    }
}

fn check(call: &AddLocatorHandler) -> Result<(), Failure> {
    let wrong = |message: String| Err(Failure::new(Code::InvalidArgument, message));
    if !(1..=MAX_REMEDIES).contains(&call.remedies.len()) {
        return wrong(format!(
            "a locator handler does 1 to {MAX_REMEDIES} things: {}",
            call.remedies.len()
        ));
    }
    if call.times == Some(0) {
        return wrong("a locator handler runs 1 time or more".to_owned());
    }
    let mut targets = vec![&call.overlay];
    for remedy in &call.remedies {
        match remedy {
            Remedy::Click { target } => targets.push(target),
            Remedy::Press { key } => {
                parse_chord(key)?;
            }
        }
    }
    for target in targets {
        target.locator.check()?;
        if target.page != call.page {
            return wrong(format!("{} is of another page than the handler", target.locator));
        }
    }
    Ok(())
}
