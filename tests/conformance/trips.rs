//! What each action costs on the wire: commands sent, and ways there and back that were waited for. Each has a
//! ceiling, so that one more message is a decision and not an accident, and none costs more than Playwright's.

use std::time::Duration;

use flowguard_backends::browser::{LocalBrowsers, LocalOptions};
use flowguard_core::browser::Browser;
use flowguard_core::browser::calls::{
    AllTexts, Area, BoundingBox, Choice, ClosePage, Count, ElementState, Fill, Focus, GoThrough, Hover,
    IsInState, KeyboardUse, OpenPage, PageTitle, PageUrl, Press, Read, ReadOutline, Reading, Reload,
    RunBatch, SelectOption, SetChecked, SetViewport, ShotOptions, Size, Step, TakeScreenshot, Target,
    UseKeyboard,
};
use flowguard_core::browser::expectation::Expectation;
use flowguard_core::browser::locator::Part;
use flowguard_core::browser::port::LoadState;
use flowguard_core::failure::Failure;
use flowguard_tests::{Playwright, Traffic, Wire};
use serde_json::json;
use std::sync::Arc;

use crate::site::Site;
use crate::stage::{Stage, action, css, keys, local_browsers, pointer, run_on};

/// Long enough that commands which are not awaited are sent before the first answer is there, also on a machine
/// that is busy.
const DELAY: Duration = Duration::from_millis(40);
const FORM: &str = "<input id=name><input id=box type=checkbox><input id=other type=checkbox>
    <select><option>a</option><option>b</option></select><div contenteditable>old</div>
    <button type=button>Go</button><a href='/next'>Next</a><p>text</p><i onmouseover='this.textContent = 1'>menu</i>";

/// A stage on a wire.
struct Counted {
    wire: Wire,
    stage: Stage,
    /// What has been counted, by its name.
    costs: Vec<(&'static str, Traffic)>,
    over: Vec<String>,
    // The program that starts the browser is in it.
    _folder: tempfile::TempDir,
}

impl Counted {
    async fn open() -> Self {
        let wire = Wire::start(DELAY).await;
        let folder = tempfile::tempdir().expect("a folder");
        let chromium = local_browsers().executable().expect("a browser");
        let browsers = Arc::new(LocalBrowsers::new(LocalOptions {
            executable: Some(wire.in_front_of(&chromium, folder.path())),
            ..LocalOptions::default()
        }));
        browsers.warm_up().await.expect("it starts");
        let site = Site::start().await;
        site.page("/start", FORM);
        site.page("/next", "<h1>Next</h1>");
        let (browser, ledger) = run_on(&browsers, &site);
        wire.take();
        let page = browser.open_page(&OpenPage {}).await.expect("a page");
        let stage = Stage {
            site,
            browsers,
            browser,
            ledger,
            page,
        };
        let mut counted = Self {
            wire,
            stage,
            costs: Vec::new(),
            over: Vec::new(),
            _folder: folder,
        };
        counted.judge("open the first page", (14, 4));
        counted
    }

    fn browser(&self) -> &Browser {
        &self.stage.browser
    }

    /// Compares what has passed with the most messages and round trips that it may cost.
    fn judge(&mut self, what: &'static str, (messages, round_trips): (usize, usize)) {
        let passed = self.wire.take();
        if passed.commands.len() > messages || passed.round_trips > round_trips {
            let most = format!("at most {messages} messages and {round_trips} round trips");
            self.over.push(format!(
                "{what}: {}, {most}: {:?}",
                shown(&passed),
                passed.commands
            ));
        }
        self.costs.push((what, passed));
    }

    /// Has Playwright do the same in the same browser on the same wire.
    #[expect(clippy::print_stdout, reason = "the table, seen with --nocapture")]
    async fn beside_playwright(&mut self) {
        let address = self.stage.browsers.address().await.expect("it runs");
        let mut playwright = Playwright::connect(&address).await;
        let url = self.stage.site.url("/start");
        playwright.order(&json!({"do": "open"})).await;
        self.wire.take();
        println!(
            "{:<28}{:>16}{:>16}",
            "messages / round trips", "FlowGuard", "Playwright"
        );
        for action in playwright
            .order(&json!({"do": "actions"}))
            .await
            .as_array()
            .expect("names")
        {
            playwright
                .order(&json!({"do": "act", "name": action, "url": url}))
                .await;
            let theirs = self.wire.take();
            let ours = self.costs.iter().find(|(name, _)| action == name);
            let (name, ours) = ours.expect("both do the same");
            println!("{name:<28}{:>16}{:>16}", shown(ours), shown(&theirs));
            if ours.commands.len() > theirs.commands.len() || ours.round_trips > theirs.round_trips {
                self.over.push(format!(
                    "{name}: {} against Playwright's {}",
                    shown(ours),
                    shown(&theirs)
                ));
            }
        }
        playwright.end().await;
    }
}

fn shown(traffic: &Traffic) -> String {
    format!("{} / {}", traffic.commands.len(), traffic.round_trips)
}

/// Does it and judges what it cost.
macro_rules! costs {
    ($counted:ident, $what:literal, $most:expr, $work:expr) => {{
        let done: Result<_, Failure> = $work.await;
        done.expect($what);
        $counted.judge($what, $most);
    }};
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_of_another_process_is_asked_for_once() {
    let mut counted = Counted::open().await;
    let site = &counted.stage.site;
    site.page("/inside", "<p>inside</p>");
    let frame = site.elsewhere("/inside");
    site.page("/framed", &format!("<iframe src='{frame}'></iframe>"));
    counted.stage.goto("/framed").await.expect("it loads");
    let inside = Part::Css {
        selector: "p".to_owned(),
    };
    let read = Read {
        target: Target {
            page: counted.stage.page,
            locator: css("iframe").then(Part::Frame).then(inside),
        },
        reading: Reading::TextContent,
        timeout_ms: Some(5_000),
    };
    counted.wire.take();
    let c = &mut counted;
    costs!(c, "read in a frame", (4, 4), c.browser().read(&read));
    costs!(c, "read there again", (2, 2), c.browser().read(&read));
    assert!(c.over.is_empty(), "{:#?}", c.over);
    counted.stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_action_costs_more_messages_than_its_ceiling() {
    let mut counted = Counted::open().await;
    let c = &mut counted;
    let page = c.stage.page;
    let until = LoadState::Load;

    costs!(c, "goto", (1, 1), c.stage.goto("/start"));
    costs!(c, "fill", (1, 1), c.stage.fill("#name", "Ada"));
    costs!(c, "fill with nothing", (1, 1), c.stage.fill("#name", ""));
    costs!(
        c,
        "fill an editable element",
        (2, 2),
        c.stage.fill("[contenteditable]", "rich")
    );
    costs!(c, "click", (5, 2), c.stage.click("button"));
    let mut double = pointer(5_000);
    double.click_count = 2;
    let target = c.stage.target("button");
    let double = flowguard_core::browser::calls::Click {
        target,
        options: double,
    };
    costs!(c, "double click", (7, 2), c.browser().click(&double));
    let hover = Hover {
        target: c.stage.target("i"),
        options: pointer(5_000),
    };
    costs!(c, "hover", (3, 2), c.browser().hover(&hover));
    costs!(c, "hover where the mouse is", (3, 2), c.browser().hover(&hover));
    let check = |checked| SetChecked {
        target: c.stage.target("#box"),
        checked,
        options: pointer(5_000),
    };
    let (on, off) = (check(true), check(false));
    costs!(c, "check", (5, 2), c.browser().set_checked(&on));
    costs!(c, "check what is checked", (1, 1), c.browser().set_checked(&on));
    costs!(c, "uncheck", (5, 2), c.browser().set_checked(&off));
    let select = SelectOption {
        target: c.stage.target("select"),
        choices: vec![Choice::Label { text: "b".to_owned() }],
        options: action(5_000),
    };
    costs!(c, "select", (1, 1), c.browser().select_option(&select));
    let focus = Focus {
        target: c.stage.target("#name"),
        options: action(5_000),
    };
    costs!(c, "focus", (1, 1), c.browser().focus(&focus));
    let press = Press {
        target: c.stage.target("#name"),
        key: "a".to_owned(),
        options: keys(5_000),
    };
    // The last message asks the page whether it leaves: the browser acknowledges a key before that is known.
    costs!(c, "press", (4, 3), c.browser().press(&press));
    let press = UseKeyboard {
        page,
        action: KeyboardUse::Press {
            key: "Control+a".to_owned(),
            delay_ms: None,
        },
    };
    costs!(
        c,
        "press a chord on the page",
        (5, 2),
        c.browser().keyboard(&press)
    );

    let fill = |selector: &str| {
        Step::Fill(Fill {
            target: c.stage.target(selector),
            value: "batched".to_owned(),
            options: action(5_000),
        })
    };
    let check = |selector: &str| {
        Step::SetChecked(SetChecked {
            target: c.stage.target(selector),
            ..on.clone()
        })
    };
    let select = Step::SelectOption(select);
    let steps = vec![fill("#name"), select.clone(), fill("#name")];
    let in_page = RunBatch { steps };
    let steps = vec![
        fill("#name"),
        check("#box"),
        check("#other"),
        select,
        fill("#name"),
    ];
    let form = RunBatch { steps };
    costs!(
        c,
        "a batch without the pointer",
        (1, 1),
        c.browser().run_batch(&in_page, None)
    );
    costs!(
        c,
        "a batch with two boxes",
        (9, 3),
        c.browser().run_batch(&form, None)
    );

    costs!(
        c,
        "expect",
        (1, 1),
        c.stage.expect("p", Expectation::Visible, 5_000)
    );
    costs!(c, "text", (1, 1), c.stage.text("p"));
    let target = c.stage.target("p");
    costs!(
        c,
        "count",
        (1, 1),
        c.browser().count(&Count {
            target: target.clone()
        })
    );
    costs!(
        c,
        "is visible",
        (1, 1),
        c.browser().is_in_state(&IsInState {
            target: target.clone(),
            state: ElementState::Visible,
            timeout_ms: None
        })
    );
    costs!(
        c,
        "all texts",
        (1, 1),
        c.browser().all_texts(&AllTexts {
            target: target.clone(),
            rendered: true
        })
    );
    costs!(
        c,
        "box",
        (1, 1),
        c.browser().bounding_box(&BoundingBox {
            target,
            timeout_ms: None
        })
    );
    costs!(c, "title", (1, 1), c.browser().page_title(&PageTitle { page }));
    costs!(c, "address", (0, 0), c.browser().page_url(&PageUrl { page }));
    costs!(c, "outline", (1, 1), c.browser().outline(&ReadOutline { page }));
    let size = Size {
        width: 800,
        height: 600,
    };
    costs!(
        c,
        "viewport",
        (1, 1),
        c.browser().set_viewport(&SetViewport { page, size })
    );
    // Made ready, taken, put back.
    let shot = |selector: Option<&str>, area| TakeScreenshot {
        page,
        locator: selector.map(css),
        shot: ShotOptions {
            area,
            ..ShotOptions::default()
        },
    };
    costs!(
        c,
        "screenshot",
        (3, 3),
        c.browser().screenshot(&shot(None, Area::Viewport))
    );
    costs!(
        c,
        "screenshot of the whole page",
        (3, 3),
        c.browser().screenshot(&shot(None, Area::FullPage))
    );
    costs!(
        c,
        "screenshot of an element",
        (4, 4),
        c.browser().screenshot(&shot(Some("p"), Area::Viewport))
    );

    costs!(c, "click that navigates", (5, 2), c.stage.click("a"));
    costs!(
        c,
        "expect on the next page",
        (1, 1),
        c.stage.expect_text("h1", "Next")
    );
    let back = GoThrough {
        page,
        forward: false,
        wait_until: until,
        timeout_ms: None,
    };
    costs!(c, "go back", (2, 2), c.browser().go_through(&back));
    let reload = Reload {
        page,
        wait_until: until,
        timeout_ms: None,
    };
    costs!(c, "reload", (1, 1), c.browser().reload(&reload));
    costs!(
        c,
        "open another page",
        (12, 2),
        c.browser().open_page(&OpenPage {})
    );
    costs!(
        c,
        "close a page",
        (1, 1),
        c.browser().close_page(&ClosePage { page })
    );

    counted.stage.browser.release().await;
    flowguard_tests::install_playwright().await;
    counted.beside_playwright().await;
    assert!(counted.over.is_empty(), "{}", counted.over.join("\n"));
    counted.stage.close().await;
}
