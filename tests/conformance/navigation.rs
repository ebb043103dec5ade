//! Documents that come and go: by goto, by links and forms, by redirects, late, never, and in the middle of an
//! action.

use flowguard_core::browser::LoadState;
use flowguard_core::browser::calls::{
    GoThrough, KeyboardUse, MouseUse, PageTitle, Position, Press, Probe, Reload, UseKeyboard, UseMouse,
    WaitForLoadState, WaitForUrl,
};
use flowguard_core::browser::expectation::Expectation;
use flowguard_core::browser::port::MouseButton;
use flowguard_core::failure::Code;
use std::time::{Duration, Instant};

use crate::site::Answer;
use crate::stage::{Stage, expected, keys};

const SOON: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn goto_tells_address_and_status_after_redirects() {
    let stage = Stage::open().await;
    stage.site.page("/end", "<p>end</p>");
    stage
        .site
        .put("/moved", Answer::Redirect("/end?from=moved".to_owned()));
    stage
        .site
        .put("/gone", Answer::Status(404, "<p>gone</p>".to_owned()));
    let moved = stage.goto("/moved").await.expect("it loads");
    assert_eq!(
        (moved.url, moved.status),
        (stage.site.url("/end?from=moved"), 200)
    );
    let gone = stage
        .goto("/gone")
        .await
        .expect("a page that is missing is a page");
    assert_eq!((gone.url, gone.status), (stage.site.url("/gone"), 404));
    let blank = stage.goto("about:blank").await.expect("it loads");
    assert_eq!((blank.url.as_str(), blank.status), ("about:blank", 0));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_sends_the_browser_on_is_waited_for_where_it_ends() {
    let stage = Stage::open().await;
    stage
        .site
        .page("/first", "<script>location.replace('/second')</script>");
    stage
        .site
        .page("/second", "<script>document.location.href = '/third'</script>");
    stage.site.page("/third", "<p>third</p>");
    let response = stage.goto("/first").await.expect("it loads");
    assert_eq!((response.url, response.status), (stage.site.url("/third"), 200));
    assert_eq!(stage.text("p").await.as_deref(), Ok("third"));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn goto_within_the_document_is_done_at_once() {
    let stage = Stage::showing("<p id=part>part</p><script>window.kept = 1</script>").await;
    let response = stage.goto("/start#part").await.expect("it moves there");
    assert_eq!(response.url, stage.site.url("/start#part"));
    let kept = stage
        .inspector()
        .await
        .evaluate(&stage.site.url("/"), "window.kept")
        .await;
    assert_eq!(kept, 1);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_loaded_is_told_with_its_cause() {
    let stage = Stage::showing("<p>here</p>").await;
    stage.site.put("/order.bin", Answer::Download);
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        format!("http://{}/", listener.local_addr().expect("an address"))
    };
    let refused = stage.goto(&nobody).await.expect_err("nobody listens");
    assert_eq!(refused.code, Code::NavigationFailed);
    assert_eq!(
        refused.message,
        format!(
            "{nobody} could not be loaded: net::ERR_CONNECTION_REFUSED: nothing listens there; is the application running?"
        )
    );
    let download = stage.goto("/order.bin").await.expect_err("a file is no page");
    assert_eq!(download.code, Code::NavigationFailed);
    assert!(
        download.message.contains("net::ERR_ABORTED"),
        "{}",
        download.message
    );
    stage.goto("/start").await.expect("the page goes on");
    assert_eq!(stage.text("p").await.as_deref(), Ok("here"));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_that_never_ends_is_told_and_the_page_can_be_used() {
    let stage = Stage::open().await;
    stage.site.put("/never", Answer::Never);
    stage.site.page("/half", "<p>half</p><img src=/never>");
    let slow = stage
        .goto_until("/half", LoadState::Load, 700)
        .await
        .expect_err("an image is missing");
    assert_eq!(slow.code, Code::Timeout);
    let expected = format!(
        "{} did not load within 700 ms: waited for load, the page is at dom-content-loaded",
        stage.site.url("/half")
    );
    assert_eq!(slow.message, expected);
    assert_eq!(stage.text("p").await.as_deref(), Ok("half"));
    stage
        .goto_until("/half", LoadState::DomContentLoaded, 5_000)
        .await
        .expect("the text is there");
    let wait = WaitForLoadState {
        page: stage.page,
        state: LoadState::Load,
        timeout_ms: Some(300),
    };
    let slow = stage
        .browser
        .wait_for_load_state(&wait)
        .await
        .expect_err("an image is missing");
    assert_eq!(
        slow.message,
        "the page did not load within 300 ms: waited for load, the page is at dom-content-loaded"
    );
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_that_never_comes_leaves_the_present_one_in_use() {
    let stage = Stage::showing("<p>here</p><a href=/never>go</a>").await;
    stage.site.put("/never", Answer::Never);
    let slow = stage
        .goto_until("/never", LoadState::Commit, 500)
        .await
        .expect_err("nothing comes");
    assert_eq!(slow.code, Code::Timeout);
    let began = Instant::now();
    assert_eq!(stage.text("p").await.as_deref(), Ok("here"));
    assert!(
        began.elapsed() < SOON,
        "the present page answers at once: {:?}",
        began.elapsed()
    );
    stage
        .click_within("a", 1_000)
        .await
        .expect("the click is done, whatever comes of it");
    let visible = stage.expect("p", Expectation::Visible, 300).await;
    let missing = visible.expect_err("the browser answers nothing for the page that is about to go");
    assert_eq!(
        (missing.code, missing.message.as_str()),
        (
            Code::Timeout,
            "the next page did not come: a navigation has begun and its server has not answered"
        )
    );
    stage
        .goto("/start")
        .await
        .expect("another navigation takes its place");
    let began = Instant::now();
    assert_eq!(stage.text("p").await.as_deref(), Ok("here"));
    assert!(
        began.elapsed() < SOON,
        "the new page answers at once: {:?}",
        began.elapsed()
    );
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_follows_a_click_that_navigates_is_done_on_the_next_page() {
    let stage = Stage::open().await;
    let late = |n: u32| {
        let page = format!("<!doctype html><p>page {n}</p><a href=/{}>on</a>", n + 1);
        Answer::Late(Duration::from_millis(60), page)
    };
    for n in 1..=8 {
        stage.site.put(&format!("/{n}"), late(n));
    }
    stage.goto("/1").await.expect("it loads");
    for n in 2..=8 {
        stage.click("a").await.expect("the link is clicked");
        assert_eq!(stage.url().await, stage.site.url(&format!("/{n}")));
        assert_eq!(stage.text("p").await, Ok(format!("page {n}")));
    }
    assert_eq!(stage.url().await, stage.site.url("/8"));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn enter_in_a_form_leads_to_its_answer() {
    let stage = Stage::showing("<form action=/found><input name=q></form><p>start</p>").await;
    stage.site.put(
        "/found",
        Answer::Late(Duration::from_millis(100), "<p>found</p>".to_owned()),
    );
    stage.fill("input", "lamp").await.expect("it is filled");
    let enter = Press {
        target: stage.target("input"),
        key: "Enter".to_owned(),
        options: keys(5_000),
    };
    stage.browser.press(&enter).await.expect("it is pressed");
    assert_eq!(stage.text("p").await.as_deref(), Ok("found"));
    assert_eq!(stage.url().await, stage.site.url("/found?q=lamp"));
    stage.close().await;
}

/// The browser may acknowledge a key or a click before the page has said that it asks for another document.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_key_or_a_place_on_the_page_begins_is_always_waited_for() {
    let stage = Stage::open().await;
    let form =
        "<form action=/found><input name=q><button style='position:fixed;top:0;left:0'>Find</button></form>";
    let focus = "<script>document.forms[0].q.focus()</script>";
    stage.site.page("/form", &format!("{form}{focus}"));
    let found = Answer::Late(Duration::from_millis(20), "<p>found</p>".to_owned());
    stage.site.put("/found", found);
    for round in 0..30 {
        stage.goto("/form").await.expect("it loads");
        match round % 3 {
            0 => {
                let click = UseMouse {
                    page: stage.page,
                    action: MouseUse::Click {
                        at: Position { x: 10.0, y: 10.0 },
                        button: MouseButton::Left,
                        click_count: 1,
                        delay_ms: None,
                    },
                };
                stage.browser.mouse(&click).await.expect("it is clicked");
            }
            1 => {
                let keys = UseKeyboard {
                    page: stage.page,
                    action: KeyboardUse::Press {
                        key: "Enter".to_owned(),
                        delay_ms: None,
                    },
                };
                stage.browser.keyboard(&keys).await.expect("it is pressed");
            }
            _ => {
                let enter = Press {
                    target: stage.target("input"),
                    key: "Enter".to_owned(),
                    options: keys(5_000),
                };
                stage.browser.press(&enter).await.expect("it is pressed");
            }
        }
        assert_eq!(stage.url().await, stage.site.url("/found?q="), "round {round}");
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_action_that_waits_goes_on_in_a_new_document() {
    let stage = Stage::showing("<script>setTimeout(() => { location.href = '/next' }, 300)</script>").await;
    stage.site.page(
        "/next",
        "<button onclick=\"this.textContent = 'clicked'\">Go</button>",
    );
    stage.click("button").await.expect("the button of the next page");
    assert_eq!(stage.text("button").await.as_deref(), Ok("clicked"));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_downloads_or_answers_nothing_leaves_the_page_in_use() {
    let stage = Stage::open().await;
    stage.site.put("/order.bin", Answer::Download);
    stage.site.put("/nothing", Answer::Status(204, String::new()));
    stage.site.put("/never", Answer::Never);
    let links = "<a id=file href=/order.bin>file</a><a id=nothing href=/nothing>nothing</a><p>here</p>";
    stage.site.page("/loaded", links);
    stage.site.page("/loading", &format!("{links}<img src=/never>"));
    for (page, link) in [
        ("/loaded", "#file"),
        ("/loaded", "#nothing"),
        ("/loading", "#file"),
        ("/loading", "#nothing"),
    ] {
        stage
            .goto_until(page, LoadState::DomContentLoaded, 5_000)
            .await
            .expect("it loads");
        let began = Instant::now();
        stage.click(link).await.expect("it is clicked");
        assert_eq!(stage.text("p").await.as_deref(), Ok("here"), "{page} {link}");
        assert!(
            began.elapsed() < SOON,
            "{page} {link} held the page up: {:?}",
            began.elapsed()
        );
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_are_waited_for_also_where_a_script_changes_them() {
    let stage = Stage::showing(
        "<button onclick=\"setTimeout(() => history.pushState(0, '', '/pushed?a=1'), 150)\">Go</button>",
    )
    .await;
    stage.click("button").await.expect("it is clicked");
    let wait = |url: &str, timeout_ms| WaitForUrl {
        page: stage.page,
        url: expected(url),
        timeout_ms: Some(timeout_ms),
    };
    stage
        .browser
        .wait_for_url(&wait("/pushed?a=1", 5_000))
        .await
        .expect("it changes");
    assert_eq!(stage.url().await, stage.site.url("/pushed?a=1"));
    let never = stage
        .browser
        .wait_for_url(&wait("/other", 200))
        .await
        .expect_err("it does not");
    assert_eq!(never.code, Code::Timeout);
    assert!(
        never.message.contains(&stage.site.url("/pushed?a=1")),
        "{}",
        never.message
    );
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reload_and_back_wait_for_the_document() {
    let stage = Stage::showing("<p>start</p><script>document.querySelector('p').append(performance.getEntriesByType('navigation')[0].type)</script>").await;
    stage.site.page("/second", "<p>second</p>");
    let back = GoThrough {
        forward: false,
        page: stage.page,
        wait_until: LoadState::Load,
        timeout_ms: Some(5_000),
    };
    let reload = Reload {
        page: stage.page,
        wait_until: LoadState::Load,
        timeout_ms: Some(5_000),
    };
    let reloaded = stage.browser.reload(&reload).await.expect("it loads again");
    assert_eq!((reloaded.url, reloaded.status), (stage.site.url("/start"), 200));
    assert_eq!(stage.text("p").await.as_deref(), Ok("startreload"));
    stage.goto("/second").await.expect("it loads");
    let first = stage
        .browser
        .go_through(&back)
        .await
        .expect("there is an earlier page");
    assert_eq!(first.url, stage.site.url("/start"));
    assert!(stage.text("p").await.expect("a text").starts_with("start"));
    stage.goto("/start#here").await.expect("it moves there");
    let within = stage
        .browser
        .go_through(&back)
        .await
        .expect("there is an earlier entry");
    assert_eq!(within.url, stage.site.url("/start"));
    stage
        .browser
        .go_through(&back)
        .await
        .expect("the blank page is the first");
    let none = stage
        .browser
        .go_through(&back)
        .await
        .expect_err("there is no earlier page");
    assert_eq!(none.code, Code::InvalidArgument);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn back_also_finds_a_page_that_the_browser_kept_whole() {
    let stage = Stage::showing("<p>first</p><input>").await;
    stage.site.page("/second", "<p>second</p>");
    stage.fill("input", "typed").await.expect("it is filled");
    stage.goto("/second").await.expect("it loads");
    let back = UseKeyboard {
        page: stage.page,
        action: KeyboardUse::Press {
            key: "Alt+ArrowLeft".to_owned(),
            delay_ms: None,
        },
    };
    stage.browser.keyboard(&back).await.expect("a key is pressed");
    let back = GoThrough {
        forward: false,
        page: stage.page,
        wait_until: LoadState::Load,
        timeout_ms: Some(5_000),
    };
    stage
        .browser
        .go_through(&back)
        .await
        .expect("there is an earlier page");
    assert_eq!(stage.text("p").await.as_deref(), Ok("first"));
    stage.fill("input", "again").await.expect("it can be filled");
    let title = PageTitle { page: stage.page };
    assert_eq!(stage.browser.page_title(&title).await.as_deref(), Ok("start"));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probe_tells_the_status_without_leaving_the_page() {
    let stage = Stage::showing("<p>here</p>").await;
    stage
        .site
        .put("/gone", Answer::Status(410, "<p>gone</p>".to_owned()));
    stage.site.put("/moved", Answer::Redirect("/start".to_owned()));
    stage.site.put("/never", Answer::Never);
    let probe = |url: &str| Probe {
        page: stage.page,
        url: url.to_owned(),
        timeout_ms: Some(500),
    };
    assert_eq!(stage.browser.probe(&probe("/start")).await, Ok(200));
    assert_eq!(stage.browser.probe(&probe("/gone")).await, Ok(410));
    assert_eq!(stage.browser.probe(&probe("/moved")).await, Ok(200));
    let never = stage
        .browser
        .probe(&probe("/never"))
        .await
        .expect_err("nothing comes");
    assert_eq!(never.code, Code::NavigationFailed);
    assert_eq!(
        never.message,
        format!(
            "{} did not answer: nothing within 500 ms",
            stage.site.url("/never")
        )
    );
    assert_eq!(stage.text("p").await.as_deref(), Ok("here"));
    stage.close().await;
}
