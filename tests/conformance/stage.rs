//! One run's browser with a real ledger, on a site of its own: what the tests of navigation, dialogs and
//! failures act with.

use flowguard_backends::browser::{LocalBrowsers, LocalOptions};
use flowguard_core::baseline::Baselines;
use flowguard_core::browser::calls::{
    ActionOptions, Click, Expect, ExpectOptions, Fill, Goto, KeyOptions, OpenPage, PageUrl, PointerOptions,
    Read, Reading, Response, Target,
};
use flowguard_core::browser::expectation::{Expectation, ExpectedText};
use flowguard_core::browser::locator::{Locator, Part};
use flowguard_core::browser::{
    BaselineScope, Browser, BrowserOptions, Browsers, LoadState, PageId, Tab, Wanted, Watcher,
};
use flowguard_core::budget::{Allowance, Budget};
use flowguard_core::cassette::NoTape;
use flowguard_core::clock::SystemClock;
use flowguard_core::failure::Failure;
use flowguard_core::fakes::{FakeArtifacts, FakeBaselines};
use flowguard_core::ledger::Ledger;
use flowguard_core::progress::{Cancel, Progress};
use flowguard_core::timeline::PageEvent;
use std::sync::Arc;
use std::time::Duration;

use crate::inspector::Inspector;
use crate::site::Site;

/// Hears nothing.
pub(crate) struct Unwatched;

impl Watcher for Unwatched {
    fn page_event(&self, _page: u32, _what: PageEvent) {}

    fn popup(&self, _opener: Option<PageId>, _tab: Arc<dyn Tab>) -> Option<PageId> {
        None
    }
}

/// The browsers of this machine.
pub(crate) fn local_browsers() -> LocalBrowsers {
    browsers_with(LocalOptions::default())
}

/// The browsers of this machine, so started.
pub(crate) fn browsers_with(options: LocalOptions) -> LocalBrowsers {
    LocalBrowsers::new(LocalOptions {
        search_path: std::env::var_os("PATH").unwrap_or_default(),
        ..options
    })
}

/// A site, a browser, and one page open in it.
pub(crate) struct Stage {
    pub(crate) site: Site,
    pub(crate) browsers: Arc<LocalBrowsers>,
    pub(crate) browser: Browser,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) page: PageId,
}

impl Stage {
    pub(crate) async fn open() -> Self {
        Self::open_with(Terms::default()).await
    }

    /// A stage on whose network a HAR is kept.
    pub(crate) async fn recording() -> Self {
        let terms = Terms {
            records_har: true,
            ..Terms::default()
        };
        Self::open_with(terms).await
    }

    async fn open_with(terms: Terms) -> Self {
        Self::open_on(local_browsers(), terms).await
    }

    /// A stage in these browsers.
    pub(crate) async fn open_on(browsers: LocalBrowsers, terms: Terms) -> Self {
        let site = Site::start().await;
        let browsers = Arc::new(browsers);
        let (browser, ledger) = run_with(&browsers, &site, terms);
        let page = browser.open_page(&OpenPage {}).await.expect("a page");
        Self {
            site,
            browsers,
            browser,
            ledger,
            page,
        }
    }

    /// A stage whose page shows this.
    pub(crate) async fn showing(body: &str) -> Self {
        let stage = Self::open().await;
        stage.site.page("/start", body);
        stage.goto("/start").await.expect("the start page loads");
        stage
    }

    pub(crate) async fn close(self) {
        self.browser.release().await;
        self.browsers.shut_down().await;
    }

    pub(crate) async fn inspector(&self) -> Inspector {
        Inspector::connect(&self.browsers.address().await.expect("it runs")).await
    }

    pub(crate) async fn goto(&self, url: &str) -> Result<Response, Failure> {
        self.goto_until(url, LoadState::Load, 10_000).await
    }

    pub(crate) async fn goto_until(
        &self,
        url: &str,
        wait_until: LoadState,
        timeout_ms: u32,
    ) -> Result<Response, Failure> {
        let call = Goto {
            page: self.page,
            url: url.to_owned(),
            wait_until,
            timeout_ms: Some(timeout_ms),
        };
        self.browser.goto(&call).await
    }

    pub(crate) async fn click(&self, selector: &str) -> Result<(), Failure> {
        self.click_within(selector, 5_000).await
    }

    pub(crate) async fn click_within(&self, selector: &str, timeout_ms: u32) -> Result<(), Failure> {
        let call = Click {
            target: self.target(selector),
            options: pointer(timeout_ms),
        };
        self.browser.click(&call).await
    }

    pub(crate) async fn fill(&self, selector: &str, value: &str) -> Result<(), Failure> {
        let call = Fill {
            target: self.target(selector),
            value: value.to_owned(),
            options: action(5_000),
        };
        self.browser.fill(&call).await
    }

    /// The text of an element.
    pub(crate) async fn text(&self, selector: &str) -> Result<String, Failure> {
        let call = Read {
            target: self.target(selector),
            reading: Reading::TextContent,
            timeout_ms: Some(5_000),
        };
        self.browser.read(&call).await.map(Option::unwrap_or_default)
    }

    /// Expects the whole text of an element.
    pub(crate) async fn expect_text(&self, selector: &str, text: &str) -> Result<(), Failure> {
        self.expect(selector, Expectation::HasText { text: expected(text) }, 5_000)
            .await
    }

    pub(crate) async fn expect(
        &self,
        selector: &str,
        what: Expectation,
        timeout_ms: u32,
    ) -> Result<(), Failure> {
        let call = Expect {
            target: self.target(selector),
            what,
            options: expecting(timeout_ms),
        };
        self.browser.expect(&call).await.map(|_| ())
    }

    pub(crate) async fn url(&self) -> String {
        let call = PageUrl { page: self.page };
        self.browser.page_url(&call).await.expect("an address")
    }

    /// What the page did, in order.
    pub(crate) fn events(&self) -> Vec<PageEvent> {
        self.ledger
            .timeline
            .history()
            .events
            .into_iter()
            .map(|event| event.what)
            .collect()
    }

    pub(crate) fn target(&self, selector: &str) -> Target {
        Target {
            page: self.page,
            locator: css(selector),
        }
    }
}

/// Another run on the same browsers.
pub(crate) fn run_on(browsers: &Arc<LocalBrowsers>, site: &Site) -> (Browser, Arc<Ledger>) {
    run_with(browsers, site, Terms::default())
}

/// What a run is held to.
pub(crate) struct Terms {
    pub(crate) time: Duration,
    pub(crate) test_id_attributes: Vec<String>,
    pub(crate) baselines: Arc<dyn Baselines>,
    pub(crate) scope: BaselineScope,
    pub(crate) records_har: bool,
    pub(crate) wanted: Wanted,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(60),
            test_id_attributes: vec!["data-testid".to_owned()],
            baselines: Arc::new(FakeBaselines::default()),
            scope: BaselineScope::default(),
            records_har: false,
            wanted: Wanted::default(),
        }
    }
}

/// Another run on the same browsers, on these terms.
pub(crate) fn run_with<B: Browsers + 'static>(
    browsers: &Arc<B>,
    site: &Site,
    Terms {
        time,
        test_id_attributes,
        baselines,
        scope,
        records_har,
        wanted,
    }: Terms,
) -> (Browser, Arc<Ledger>) {
    let ledger = Arc::new(Ledger::new(
        Budget::new(Allowance::default()),
        Progress::new(time, &Cancel::new()),
        Arc::new(FakeArtifacts::default()),
        Box::new(NoTape),
        Arc::new(SystemClock::new()),
    ));
    let options = BrowserOptions {
        base_url: Some(site.url("/").parse().expect("an address")),
        action_timeout: Duration::from_secs(5),
        expect_timeout: Duration::from_secs(5),
        test_id_attributes,
        baselines: scope,
        records_har,
        screencast: false,
        wanted,
    };
    (
        Browser::new(browsers.clone(), baselines, ledger.clone(), options),
        ledger,
    )
}

pub(crate) fn css(selector: &str) -> Locator {
    Locator::new(Part::Css {
        selector: selector.to_owned(),
    })
}

pub(crate) fn expected(text: &str) -> ExpectedText {
    ExpectedText::Text {
        value: text.to_owned(),
    }
}

pub(crate) fn pointer(timeout_ms: u32) -> PointerOptions {
    PointerOptions {
        timeout_ms: Some(timeout_ms),
        click_count: 1,
        ..PointerOptions::default()
    }
}

pub(crate) fn keys(timeout_ms: u32) -> KeyOptions {
    KeyOptions {
        timeout_ms: Some(timeout_ms),
        delay_ms: None,
    }
}

pub(crate) fn action(timeout_ms: u32) -> ActionOptions {
    ActionOptions {
        timeout_ms: Some(timeout_ms),
        force: false,
    }
}

pub(crate) fn expecting(timeout_ms: u32) -> ExpectOptions {
    ExpectOptions {
        timeout_ms: Some(timeout_ms),
        ..ExpectOptions::default()
    }
}
