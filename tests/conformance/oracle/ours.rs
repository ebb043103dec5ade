//! Our side of a case: the host's own calls, as a flow makes them behind the gate. Here are the lane and its page;
//! the calls are one file a subject, below. It judges nothing.

mod act;
mod look;
mod options;
mod page;

use flowguard_backends::browser::LocalBrowsers;
use flowguard_core::browser::calls::{
    ClosePage, ContextId, CreateContext, Goto, OpenPage, OpenPageIn, Target,
};
use flowguard_core::browser::context::ContextOptions;
use flowguard_core::browser::locator::Locator;
use flowguard_core::browser::{Browser, LoadState, PageId};
use flowguard_core::failure::Failure;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

use super::case::Case;
use super::verdict::Verdict;
use crate::inspector::Inspector;
use crate::site::Site;
use crate::stage::{Terms, run_with};
use options::data;

/// One lane: a run's browser, and its one page.
pub(super) struct Ours {
    browsers: Arc<LocalBrowsers>,
    browser: Browser,
    inspector: Inspector,
    page: Option<PageId>,
    /// What the inspector knows the page as.
    target: String,
    test_ids: Vec<String>,
    /// The context whose pages have a touch screen, once one was needed.
    touch: Option<ContextId>,
}

impl Ours {
    pub(super) async fn open(browsers: &Arc<LocalBrowsers>, site: &Site) -> Self {
        let test_ids = vec!["data-testid".to_owned()];
        Self {
            browsers: browsers.clone(),
            browser: a_run(browsers, site, &test_ids),
            inspector: Inspector::connect(&browsers.address().await.expect("it runs")).await,
            page: None,
            target: String::new(),
            test_ids,
            touch: None,
        }
    }

    pub(super) async fn close(self) {
        self.browser.release().await;
    }

    /// What the case comes to; its page is loaded first where it is to be.
    pub(super) async fn answer(&mut self, case: &Case, site: &Site, load: bool) -> Verdict {
        if (load || self.test_ids != case.test_ids)
            && let Err(failure) = self.load(case, site).await
        {
            return Verdict {
                outcome: "not loaded".to_owned(),
                message: failure.message,
                ..Verdict::default()
            };
        }
        for step in &case.first {
            if let Err(failure) = self.act(step).await {
                return Verdict {
                    outcome: "not begun".to_owned(),
                    message: failure.message,
                    ..Verdict::default()
                };
            }
        }
        let mut verdict = Verdict::of(self.act(case).await);
        if let Some(after) = &case.after {
            if self.target.is_empty() {
                self.target = self.target_at(&site.url(&format!("/{}", case.page))).await;
            }
            verdict.state = self.inspector.evaluate_in(&self.target, after).await;
        }
        verdict
    }

    async fn load(&mut self, case: &Case, site: &Site) -> Result<(), Failure> {
        if let Some(page) = self.page.take() {
            self.browser.close_page(&ClosePage { page }).await?;
        }
        if self.test_ids != case.test_ids {
            self.browser.release().await;
            self.test_ids.clone_from(&case.test_ids);
            self.browser = a_run(&self.browsers, site, &case.test_ids);
            self.touch = None;
        }
        let page = self.open_page(case.touch).await?;
        self.page = Some(page);
        let goto = Goto {
            page,
            url: site.url(&format!("/{}", case.page)),
            wait_until: match case.until.as_str() {
                "commit" => LoadState::Commit,
                "domcontentloaded" => LoadState::DomContentLoaded,
                _ => LoadState::Load,
            },
            timeout_ms: Some(20_000),
        };
        self.browser.goto(&goto).await?;
        // A page that has just begun may not be known under its address yet.
        self.target = match goto.wait_until {
            LoadState::Commit => String::new(),
            _ => self.target_at(&goto.url).await,
        };
        Ok(())
    }

    async fn target_at(&mut self, url: &str) -> String {
        let targets = self.inspector.targets_at(url).await;
        targets.first().expect("the page is where it went").clone()
    }

    async fn open_page(&mut self, touch: bool) -> Result<PageId, Failure> {
        if !touch {
            return self.browser.open_page(&OpenPage {}).await;
        }
        let context = match self.touch {
            Some(context) => context,
            None => {
                let options = ContextOptions {
                    has_touch: true,
                    ..ContextOptions::default()
                };
                self.browser.create_context(&CreateContext { options }).await?
            }
        };
        self.touch = Some(context);
        self.browser.open_page_in(&OpenPageIn { context }).await
    }

    async fn act(&self, case: &Case) -> Result<Value, Failure> {
        let page = self.page.expect("a page is loaded");
        let Some(find) = &case.find else {
            return self.act_on_page(page, case).await;
        };
        self.act_on(target(page, find)?, case).await
    }

    async fn act_on(&self, target: Target, case: &Case) -> Result<Value, Failure> {
        if let Some(acted) = self.act_on_element(&target, case).await {
            return acted.map(|()| Value::Null);
        }
        self.look_at(target, case).await
    }
}

fn target(page: PageId, find: &Value) -> Result<Target, Failure> {
    let locator: Locator = data(find)?;
    locator.check()?;
    Ok(Target { page, locator })
}

/// A run that lasts for all cases.
fn a_run(browsers: &Arc<LocalBrowsers>, site: &Site, test_ids: &[String]) -> Browser {
    let terms = Terms {
        time: Duration::from_secs(1_200),
        test_id_attributes: test_ids.to_vec(),
        ..Terms::default()
    };
    run_with(browsers, site, terms).0
}
