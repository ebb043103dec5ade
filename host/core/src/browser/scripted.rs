//! A tab that answers as a test says, for the loops above the port: no browser, no page, and time stands still
//! until everything waits.

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

use super::calls::{ActionOptions, OpenPage, PageId, PointerOptions, Size, Target};
use super::context::{ContextOptions, HttpCredentials};
use super::locator::{Locator, Part};
use super::port::network::{RequestKey, TabNetwork};
use super::port::{
    BrowserError, BrowserInfo, Browsers, Context, Emulation, Gesture, Input, KeyAction, Lease, LoadState,
    MouseAction, Navigation, PageScripts, PageWorld, PointerBurst, Ran, Settled, Shot, SiteData, Tab,
    TabError, TabState, Wanted, Watcher,
};
use super::scripted_world::Still;
use super::session::{BaselineScope, Browser, BrowserOptions};
use crate::budget::{Allowance, Budget};
use crate::cassette::NoTape;
use crate::clock::SystemClock;
use crate::fakes::{FakeArtifacts, FakeBaselines};
use crate::ledger::Ledger;
use crate::progress::{Cancel, Progress};

/// What a tab does when the injected script is called.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// The script answers this.
    Reply(Value),
    /// The call fails, after a while.
    Fails(Duration, TabError),
    /// Nothing comes in the time that the caller has.
    Hangs,
}

/// What a tab was asked to do.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Asked {
    /// The script's request.
    Perform(Value),
    /// Does this at a point.
    Pointer(Gesture),
    /// Goes there.
    Navigate(String),
    /// Uses the keyboard.
    Keyboard(KeyAction),
    /// Uses the mouse.
    Mouse(MouseAction),
}

/// A tab by script.
#[derive(Debug)]
pub(super) struct ScriptedTab {
    pub(super) state: watch::Sender<TabState>,
    pub(super) answers: Mutex<VecDeque<Answer>>,
    pub(super) settled: Mutex<VecDeque<Settled>>,
    pub(super) navigations: Mutex<VecDeque<Result<Navigation, TabError>>>,
    pub(super) asked: Mutex<Vec<Asked>>,
}

/// A run's browser with one scripted page.
pub(super) struct Rig {
    pub(super) browser: Browser,
    pub(super) tab: Arc<ScriptedTab>,
    pub(super) page: PageId,
}

impl Rig {
    /// A run with so much time left.
    pub(super) async fn with_time(left: Duration) -> Self {
        let tab = Arc::new(ScriptedTab::new());
        let ledger = Ledger::new(
            Budget::new(Allowance::default()),
            Progress::new(left, &Cancel::new()),
            Arc::new(FakeArtifacts::default()),
            Box::new(NoTape),
            Arc::new(SystemClock::new()),
        );
        let options = BrowserOptions {
            base_url: Some("http://shop.test/".parse().expect("an address")),
            action_timeout: Duration::from_secs(5),
            expect_timeout: Duration::from_secs(5),
            test_id_attributes: vec!["data-testid".to_owned()],
            baselines: BaselineScope::default(),
            records_har: false,
            screencast: false,
            wanted: Wanted::default(),
        };
        let browser = Browser::new(
            Arc::new(One(tab.clone())),
            Arc::new(FakeBaselines::default()),
            Arc::new(ledger),
            options,
        );
        let page = browser.open_page(&OpenPage {}).await.expect("a page");
        Self { browser, tab, page }
    }

    pub(super) async fn new() -> Self {
        Self::with_time(Duration::from_secs(60)).await
    }

    pub(super) fn button(&self) -> Target {
        let selector = "button".to_owned();
        Target {
            page: self.page,
            locator: Locator::new(Part::Css { selector }),
        }
    }
}

/// An answer that is done.
pub(super) fn done(value: &Value) -> Answer {
    Answer::Reply(json!({"status": "done", "value": value}))
}

/// An answer that the pointer may come.
pub(super) fn point() -> Answer {
    Answer::Reply(json!({"status": "point", "x": 1, "y": 2, "token": 7}))
}

pub(super) fn replaced() -> Answer {
    Answer::Fails(Duration::from_millis(100), TabError::DocumentReplaced)
}

pub(super) fn blocked(by: &str) -> Settled {
    Settled::Blocked { by: by.to_owned() }
}

pub(super) fn one_click(timeout_ms: u32) -> PointerOptions {
    PointerOptions {
        timeout_ms: Some(timeout_ms),
        click_count: 1,
        ..PointerOptions::default()
    }
}

pub(super) fn within(timeout_ms: u32) -> ActionOptions {
    ActionOptions {
        timeout_ms: Some(timeout_ms),
        force: false,
    }
}

impl ScriptedTab {
    fn new() -> Self {
        let state = TabState {
            documents: 1,
            loader: "first".to_owned(),
            url: "http://shop.test/first".to_owned(),
            status: 200,
            reached: LoadState::Load,
            ..TabState::default()
        };
        Self {
            state: watch::channel(state).0,
            answers: Mutex::default(),
            settled: Mutex::default(),
            navigations: Mutex::default(),
            asked: Mutex::default(),
        }
    }

    pub(super) fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.answers
            .lock()
            .expect("no test panics with it")
            .extend(answers);
    }

    pub(super) fn settle(&self, settled: impl IntoIterator<Item = Settled>) {
        self.settled
            .lock()
            .expect("no test panics with it")
            .extend(settled);
    }

    pub(super) fn navigate_to(&self, navigation: Result<Navigation, TabError>) {
        self.navigations
            .lock()
            .expect("no test panics with it")
            .push_back(navigation);
    }

    /// The page becomes this, after a while.
    pub(super) fn becomes(
        self: &Arc<Self>,
        after_ms: u64,
        change: impl FnOnce(&mut TabState) + Send + 'static,
    ) {
        let tab = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(after_ms)).await;
            tab.state.send_modify(change);
        });
    }

    /// The requests of the script so far.
    pub(super) fn requests(&self) -> Vec<Value> {
        let request = |asked| match asked {
            Asked::Perform(request) => Some(request),
            _ => None,
        };
        self.asked().into_iter().filter_map(request).collect()
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no test panics with it").clone()
    }

    fn note(&self, asked: Asked) {
        self.asked.lock().expect("no test panics with it").push(asked);
    }
}

#[async_trait]
impl Tab for ScriptedTab {
    fn state(&self) -> watch::Receiver<TabState> {
        self.state.subscribe()
    }

    async fn navigate(&self, url: &str) -> Result<Navigation, TabError> {
        self.note(Asked::Navigate(url.to_owned()));
        let next = self
            .navigations
            .lock()
            .expect("no test panics with it")
            .pop_front();
        match next {
            Some(navigation) => navigation,
            None => std::future::pending().await,
        }
    }

    async fn reload(&self) -> Result<(), TabError> {
        Ok(())
    }

    /// There is an entry where the test has put a navigation.
    async fn go(&self, _entries: i64) -> Result<bool, TabError> {
        let next = self
            .navigations
            .lock()
            .expect("no test panics with it")
            .pop_front();
        Ok(next.is_some())
    }

    async fn bring_to_front(&self) -> Result<(), TabError> {
        Ok(())
    }

    async fn perform(&self, request: &Value, wait: Duration) -> Result<Value, TabError> {
        self.note(Asked::Perform(request.clone()));
        let next = self.answers.lock().expect("no test panics with it").pop_front();
        match next.unwrap_or(Answer::Hangs) {
            Answer::Reply(reply) => Ok(reply),
            Answer::Fails(after, error) => {
                tokio::time::sleep(after).await;
                Err(error)
            }
            Answer::Hangs => {
                tokio::time::sleep(wait).await;
                Err(TabError::Unresponsive)
            }
        }
    }

    /// The steps after a burst are answered as calls of their own would be.
    async fn run(
        &self,
        burst: Option<&PointerBurst>,
        steps: &[Value],
        wait: Duration,
    ) -> Result<Ran, TabError> {
        let mut settled = None;
        if let Some(burst) = burst {
            self.note(Asked::Pointer(burst.gesture));
            settled = self.settled.lock().expect("no test panics with it").pop_front();
            if settled.is_none() {
                tokio::time::sleep(wait).await;
                return Err(TabError::Unresponsive);
            }
            // Long enough for something to happen meanwhile.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let mut replies = Vec::new();
        if settled.is_none() || settled == Some(Settled::Hit) {
            for step in steps {
                let reply = self.perform(step, wait).await?;
                let is_done = reply["status"] == "done";
                replies.push(reply);
                if !is_done {
                    break;
                }
            }
        }
        Ok(Ran { settled, replies })
    }

    fn input(&self) -> &dyn Input {
        self
    }

    async fn screenshot(&self, _shot: &Shot) -> Result<Bytes, TabError> {
        Err(TabError::Closed)
    }

    async fn set_viewport(&self, _size: Size) -> Result<(), TabError> {
        Ok(())
    }

    async fn probe(&self, _url: &str) -> Result<Result<u16, String>, TabError> {
        std::future::pending().await
    }

    fn world(&self) -> &dyn PageWorld {
        &Still
    }

    fn scripts(&self) -> &dyn PageScripts {
        &Still
    }

    fn network(&self) -> &dyn TabNetwork {
        self
    }

    async fn close(&self) -> Result<(), TabError> {
        Ok(())
    }
}

#[async_trait]
impl Input for ScriptedTab {
    async fn mouse(&self, action: &MouseAction) -> Result<(), TabError> {
        self.note(Asked::Mouse(*action));
        Ok(())
    }

    async fn keyboard(&self, action: &KeyAction) -> Result<(), TabError> {
        self.note(Asked::Keyboard(action.clone()));
        Ok(())
    }

    async fn tap(&self, _x: f64, _y: f64) -> Result<(), TabError> {
        Ok(())
    }
}

#[async_trait]
impl TabNetwork for ScriptedTab {
    async fn intercept(&self, _on: bool) -> Result<(), TabError> {
        Ok(())
    }

    async fn response_body(&self, _key: &RequestKey) -> Result<Bytes, TabError> {
        Err(TabError::Closed)
    }
}

/// Leases of the one scripted tab.
struct One(Arc<ScriptedTab>);

#[async_trait]
impl Browsers for One {
    async fn lease(
        &self,
        _wanted: &Wanted,
        _watcher: Arc<dyn Watcher>,
    ) -> Result<Arc<dyn Lease>, BrowserError> {
        Ok(Arc::new(One(self.0.clone())))
    }
}

#[async_trait]
impl Lease for One {
    fn info(&self) -> BrowserInfo {
        BrowserInfo {
            place: "test".to_owned(),
            ..BrowserInfo::local("Scripted/1".to_owned())
        }
    }

    async fn new_context(&self, _options: &ContextOptions) -> Result<Arc<dyn Context>, BrowserError> {
        Ok(Arc::new(One(self.0.clone())))
    }

    async fn release(&self) {}
}

#[async_trait]
impl Context for One {
    async fn open_tab(&self, _page: PageId) -> Result<Arc<dyn Tab>, BrowserError> {
        Ok(self.0.clone())
    }

    fn emulation(&self) -> &dyn Emulation {
        &Still
    }

    fn set_http_credentials(&self, _credentials: Option<HttpCredentials>) {}

    fn site_data(&self) -> &dyn SiteData {
        &Still
    }

    async fn close(&self) {}
}
