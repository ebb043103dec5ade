//! The commands that each action costs on the wire, ours beside Playwright's, on the same page.
#![expect(clippy::print_stdout, reason = "a program for people at a terminal")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::local;
use super::playwright::Theirs;
use flowguard_core::browser::calls::{
    Choice, Click, Count, Expect, Fill, Goto, Hover, ImageFormat, OpenPage, PointerOptions, Press, Read,
    Reading, SelectOption, SetChecked, TakeScreenshot, Target,
};
use flowguard_core::browser::expectation::Expectation;
use flowguard_core::browser::locator::{Locator, Part, TextMatch};
use flowguard_core::browser::port::LoadState;
use flowguard_core::browser::{Browser, BrowserOptions, PageId};
use flowguard_core::budget::{Allowance, Budget};
use flowguard_core::cassette::NoTape;
use flowguard_core::clock::SystemClock;
use flowguard_core::failure::Failure;
use flowguard_core::fakes::FakeArtifacts;
use flowguard_core::gate::Ledger;
use flowguard_core::progress::{Cancel, Progress};
use flowguard_tests::{Traffic, Wire};
use serde_json::json;

/// Long enough that a burst is seen as one.
const DELAY: Duration = Duration::from_millis(20);
const ACTIONS: [&str; 11] = [
    "goto",
    "fill",
    "select",
    "check",
    "hover",
    "press",
    "click",
    "expect",
    "text",
    "count",
    "screenshot",
];

/// Prints the table.
pub(crate) async fn compare(chromium: &Path, address: &str) {
    let wire = Wire::start(DELAY).await;
    let folder = tempfile::tempdir().expect("a folder");
    let browsers = Arc::new(local(Some(wire.in_front_of(chromium, folder.path()))));
    browsers.warm_up().await.expect("it starts");
    let (browser, page) = {
        wire.take();
        let browser = browser(browsers.clone());
        let page = browser.open_page(&OpenPage {}).await.expect("a page");
        (browser, page)
    };
    let mut ours = vec![("open a page", wire.take())];
    for action in ACTIONS {
        act(&browser, page, action, address).await.expect(action);
        ours.push((action, wire.take()));
    }
    browser.release().await;

    let end = browsers.address().await.expect("it runs");
    let mut theirs = Theirs::connect(&end).await;
    wire.take();
    theirs.order(&json!({"do": "open"})).await;
    let mut others = vec![wire.take()];
    for action in ACTIONS {
        theirs
            .order(&json!({"do": "act", "name": action, "url": address}))
            .await;
        others.push(wire.take());
    }
    theirs.end().await;
    browsers.shut_down().await;

    println!("\n{:<20}{:>22}{:>22}", "on the wire", "FlowGuard", "Playwright");
    for ((action, ours), theirs) in ours.into_iter().zip(others) {
        println!("{action:<20}{:>22}{:>22}", shown(&ours), shown(&theirs));
    }
    println!("messages sent / round trips / events heard");
}

fn shown(traffic: &Traffic) -> String {
    let Traffic {
        commands,
        events,
        round_trips,
        ..
    } = traffic;
    format!("{} / {round_trips} / {}", commands.len(), events.len())
}

fn browser(browsers: Arc<flowguard_backends::browser::LocalBrowsers>) -> Browser {
    let ledger = Ledger::new(
        Budget::new(Allowance::default()),
        Progress::new(Duration::from_secs(120), &Cancel::new()),
        Arc::new(FakeArtifacts::default()),
        Box::new(NoTape),
        Arc::new(SystemClock::new()),
    );
    let options = BrowserOptions {
        base_url: None,
        action_timeout: Duration::from_secs(5),
        expect_timeout: Duration::from_secs(5),
        test_id_attributes: vec!["data-testid".to_owned()],
    };
    Browser::new(browsers, Arc::new(ledger), options)
}

/// The actions of `tests/oracle/bench.mjs`, by their names there.
async fn act(browser: &Browser, page: PageId, action: &str, address: &str) -> Result<(), Failure> {
    let label = |value: &str| Target {
        page,
        locator: Locator::new(Part::Label { text: text(value) }),
    };
    let css = |selector: &str| Target {
        page,
        locator: Locator::new(Part::Css {
            selector: selector.to_owned(),
        }),
    };
    let pointer = || PointerOptions {
        click_count: 1,
        ..PointerOptions::default()
    };
    match action {
        "goto" => {
            let call = Goto {
                page,
                url: address.to_owned(),
                wait_until: LoadState::Load,
                timeout_ms: None,
            };
            browser.goto(&call).await.map(drop)
        }
        "fill" => {
            let (target, value) = (label("First name"), "Ada".to_owned());
            let options = Default::default();
            browser
                .fill(&Fill {
                    target,
                    value,
                    options,
                })
                .await
        }
        "select" => {
            let text = "United Kingdom".to_owned();
            let call = SelectOption {
                target: label("Country"),
                choices: vec![Choice::Label { text }],
                options: Default::default(),
            };
            browser.select_option(&call).await.map(drop)
        }
        "check" => {
            let (target, options) = (label("Newsletter"), pointer());
            let checked = true;
            browser
                .set_checked(&SetChecked {
                    target,
                    checked,
                    options,
                })
                .await
        }
        "hover" => {
            let (target, options) = (label("Last name"), pointer());
            browser.hover(&Hover { target, options }).await
        }
        "press" => {
            let (target, key) = (label("City"), "a".to_owned());
            let options = Default::default();
            browser.press(&Press { target, key, options }).await
        }
        "click" => {
            let (target, options) = (css("button"), pointer());
            browser.click(&Click { target, options }).await
        }
        "expect" => {
            let call = Expect {
                target: css("[role=status]"),
                what: Expectation::HasText {
                    text: text("Thank you, Ada"),
                },
                options: Default::default(),
            };
            browser.expect(&call).await.map(drop)
        }
        "text" => {
            let call = Read {
                target: css("[role=status]"),
                reading: Reading::TextContent,
                timeout_ms: None,
            };
            browser.read(&call).await.map(drop)
        }
        "count" => browser.count(&Count { target: css("input") }).await.map(drop),
        _ => {
            let call = TakeScreenshot {
                page,
                locator: None,
                name: String::new(),
                full_page: false,
                format: ImageFormat::Png,
                timeout_ms: None,
            };
            browser.screenshot(&call).await.map(drop)
        }
    }
}

fn text(value: &str) -> TextMatch {
    TextMatch::Substring {
        value: value.to_owned(),
    }
}
