//! Our side of a case: the host's own calls, as a flow makes them behind the gate.

use flowguard_backends::browser::LocalBrowsers;
use flowguard_core::browser::calls::{
    ActionOptions, AllTexts, Choice, Click, ClosePage, Count, ElementState, Expect, ExpectOptions,
    ExpectPage, Fill, Focus, Goto, Hover, IsInState, KeyboardUse, OpenPage, PageTitle, PointerOptions, Press,
    Read, Reading, SelectOption, SetChecked, Target, UseKeyboard,
};
use flowguard_core::browser::locator::{Locator, Part};
use flowguard_core::browser::{Browser, LoadState, PageId};
use flowguard_core::failure::{Code, Failure};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

use super::case::Case;
use super::verdict::Verdict;
use crate::inspector::Inspector;
use crate::site::Site;
use crate::stage::{Terms, run_with};

/// As many elements are told apart where a case counts.
const NAMED: u32 = 12;

/// One lane: a run's browser, and its one page.
pub(super) struct Ours {
    browsers: Arc<LocalBrowsers>,
    browser: Browser,
    inspector: Inspector,
    page: Option<PageId>,
    /// What the inspector knows the page as.
    target: String,
    test_ids: Vec<String>,
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
        let mut verdict = Verdict::of(self.act(case).await);
        if let Some(after) = &case.after {
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
        }
        let page = self.browser.open_page(&OpenPage {}).await?;
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
        let targets = self.inspector.targets_at(&goto.url).await;
        self.target
            .clone_from(targets.first().expect("the page is where it went"));
        Ok(())
    }

    async fn act(&self, case: &Case) -> Result<Value, Failure> {
        let page = self.page.expect("a page is loaded");
        let Some(find) = &case.find else {
            return self.act_on_page(page, case).await;
        };
        let locator: Locator = data(find)?;
        locator.check()?;
        self.act_on(&Target { page, locator }, case).await
    }

    async fn act_on_page(&self, page: PageId, case: &Case) -> Result<Value, Failure> {
        match case.kind() {
            "expect" => {
                let (what, options) = (data(&case.action["expectation"])?, expecting(case)?);
                let call = ExpectPage { page, what, options };
                self.browser.expect_page(&call).await.map(|_| Value::Null)
            }
            "title" => self
                .browser
                .page_title(&PageTitle { page })
                .await
                .map(Value::from),
            "press" => {
                let action = KeyboardUse::Press {
                    key: text(case, "key"),
                    delay_ms: None,
                };
                let call = UseKeyboard { page, action };
                self.browser.keyboard(&call).await.map(|()| Value::Null)
            }
            other => panic!("{case}: nothing on a page is called {other}"),
        }
    }

    async fn act_on(&self, target: &Target, case: &Case) -> Result<Value, Failure> {
        let target = target.clone();
        let nothing = |()| Value::Null;
        match case.kind() {
            "click" => {
                let call = Click {
                    target,
                    options: pointing(case)?,
                };
                self.browser.click(&call).await.map(nothing)
            }
            "hover" => {
                let call = Hover {
                    target,
                    options: pointing(case)?,
                };
                self.browser.hover(&call).await.map(nothing)
            }
            "setChecked" => {
                let checked = case.action["checked"] == true;
                let call = SetChecked {
                    target,
                    checked,
                    options: pointing(case)?,
                };
                self.browser.set_checked(&call).await.map(nothing)
            }
            "fill" => {
                let call = Fill {
                    target,
                    value: text(case, "value"),
                    options: acting(case)?,
                };
                self.browser.fill(&call).await.map(nothing)
            }
            "press" => {
                let call = Press {
                    target,
                    key: text(case, "key"),
                    options: with(Map::new(), json!({"timeout_ms": timeout(case)}))?,
                };
                self.browser.press(&call).await.map(nothing)
            }
            "focus" => {
                let call = Focus {
                    target,
                    options: acting(case)?,
                };
                self.browser.focus(&call).await.map(nothing)
            }
            "select" => {
                let choices: Vec<Choice> = data(&case.action["choices"])?;
                let call = SelectOption {
                    target,
                    choices,
                    options: acting(case)?,
                };
                self.browser
                    .select_option(&call)
                    .await
                    .map(|values| json!(values))
            }
            "expect" => {
                let (what, options) = (data(&case.action["expectation"])?, expecting(case)?);
                let call = Expect {
                    target,
                    what,
                    options,
                };
                self.browser.expect(&call).await.map(|_| Value::Null)
            }
            "count" => self.tell_apart(target, case).await,
            "tell" => self.tell(target, case).await,
            "isVisible" => self
                .browser
                .is_in_state(&IsInState {
                    target,
                    state: ElementState::Visible,
                    timeout_ms: None,
                })
                .await
                .map(Value::from),
            "allInnerTexts" => {
                let texts = self
                    .browser
                    .all_texts(&AllTexts {
                        target,
                        rendered: true,
                    })
                    .await;
                texts.map(|texts| json!(texts))
            }
            "read" => self
                .read(target, data(&case.action)?, case)
                .await
                .map(|read| json!(read)),
            other => panic!("{case}: nothing on an element is called {other}"),
        }
    }

    /// How many, and which: the ids of the first ones, or their texts.
    async fn tell_apart(&self, target: Target, case: &Case) -> Result<Value, Failure> {
        let count = self
            .browser
            .count(&Count {
                target: target.clone(),
            })
            .await?;
        let mut elements = Vec::new();
        for index in 0..count.min(NAMED) {
            let index = i32::try_from(index).expect("a small number");
            let one = Target {
                page: target.page,
                locator: target.locator.then(Part::Nth { index }),
            };
            let id = Reading::Attribute {
                name: "id".to_owned(),
            };
            let name = match self.read(one.clone(), id, case).await? {
                Some(id) => Some(id),
                None => self.read(one, Reading::TextContent, case).await?,
            };
            elements.push(name);
        }
        Ok(json!({"count": count, "elements": elements}))
    }

    /// The texts of all, and the ids of the first and the last: enough to know which, in few calls.
    async fn tell(&self, target: Target, case: &Case) -> Result<Value, Failure> {
        let all = AllTexts {
            rendered: true,
            target: target.clone(),
        };
        let texts = self.browser.all_texts(&all).await?;
        let mut ids = Vec::new();
        for index in [0, -1].into_iter().filter(|_| !texts.is_empty()) {
            let locator = target.locator.then(Part::Nth { index });
            let id = Reading::Attribute {
                name: "id".to_owned(),
            };
            ids.push(
                self.read(
                    Target {
                        page: target.page,
                        locator,
                    },
                    id,
                    case,
                )
                .await?,
            );
        }
        Ok(json!({"texts": texts, "ids": ids}))
    }

    async fn read(&self, target: Target, reading: Reading, case: &Case) -> Result<Option<String>, Failure> {
        let call = Read {
            target,
            reading,
            timeout_ms: Some(timeout(case)),
        };
        self.browser.read(&call).await
    }
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

/// The case's own data as the call takes it; what a guest could not even say is refused.
fn data<T: DeserializeOwned>(value: &Value) -> Result<T, Failure> {
    serde_json::from_value(value.clone())
        .map_err(|error| Failure::new(Code::Internal, format!("not the host's data: {error}: {value}")))
}

fn text(case: &Case, name: &str) -> String {
    case.action[name].as_str().expect("a text").to_owned()
}

fn timeout(case: &Case) -> u32 {
    u32::try_from(case.timeout_ms).expect("a time")
}

fn pointing(case: &Case) -> Result<PointerOptions, Failure> {
    let mut options = Map::new();
    for name in ["position", "button"] {
        options.extend(
            case.action
                .get(name)
                .map(|value| (name.to_owned(), value.clone())),
        );
    }
    let clicks = case.action.get("clicks").cloned().unwrap_or(json!(1));
    options.insert("click_count".to_owned(), clicks);
    if let Some(Value::Array(keys)) = case.action.get("modifiers") {
        let holds = |name: &str| keys.contains(&json!(name));
        let held = json!({
            "alt": holds("Alt"), "control": holds("Control"), "meta": holds("Meta"), "shift": holds("Shift"),
        });
        options.insert("modifiers".to_owned(), held);
    }
    with(
        options,
        json!({"timeout_ms": timeout(case), "force": case.force, "trial": case.trial}),
    )
}

fn acting(case: &Case) -> Result<ActionOptions, Failure> {
    with(
        Map::new(),
        json!({"timeout_ms": timeout(case), "force": case.force}),
    )
}

fn expecting(case: &Case) -> Result<ExpectOptions, Failure> {
    let negated = case.action["negated"] == true;
    with(
        Map::new(),
        json!({"timeout_ms": timeout(case), "negated": negated,
               "use_inner_text": case.action["expectation"]["useInnerText"] == true}),
    )
}

/// The options of a call: what it does by itself, but for these fields.
fn with<T: Default + Serialize + DeserializeOwned>(
    fields: Map<String, Value>,
    more: Value,
) -> Result<T, Failure> {
    let mut options = json!(T::default());
    let all = options.as_object_mut().expect("options have fields");
    all.extend(fields);
    let Value::Object(more) = more else {
        unreachable!("fields are an object")
    };
    all.extend(more);
    data(&options)
}
