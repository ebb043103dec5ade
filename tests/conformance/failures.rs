//! What goes wrong is told with the right blame and in time: elements that never become ready, pages that
//! block or crash, a browser that is killed.

use flowguard_core::browser::calls::{ClosePage, Count, OpenPage, Target};
use flowguard_core::browser::context::ContextOptions;
use flowguard_core::browser::expectation::Expectation;
use flowguard_core::browser::locator::{Locator, Part, TextMatch};
use flowguard_core::browser::{Browsers, PageId, Wanted};
use flowguard_core::failure::Code;
use flowguard_core::timeline::PageEvent;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::stage::{Stage, Unwatched, expected, run_on};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_action_that_cannot_be_done_says_why() {
    let stage = Stage::showing(
        "<button id=hidden style='display: none'>x</button><button id=off disabled>x</button>
         <button id=under>x</button><div id=over style='position: fixed; inset: 0'></div>
         <i></i><i></i>",
    )
    .await;
    let cases = [
        (
            "#none",
            Code::Timeout,
            "css \"#none\" was not ready within 300 ms: waiting for css \"#none\": no element matches",
        ),
        (
            "#hidden",
            Code::Timeout,
            "css \"#hidden\" was not ready within 300 ms: element is not visible",
        ),
        (
            "#off",
            Code::Timeout,
            "css \"#off\" was not ready within 300 ms: element is not enabled",
        ),
        (
            "#under",
            Code::Timeout,
            "css \"#under\" was not ready within 300 ms: <div id=\"over\"> intercepts pointer events",
        ),
    ];
    for (selector, code, message) in cases {
        let began = Instant::now();
        let failure = stage.click_within(selector, 300).await.expect_err(selector);
        assert_eq!((failure.code, failure.message.as_str()), (code, message));
        assert!(!failure.call_log.is_empty(), "{selector} has a log");
        assert!(
            began.elapsed() < Duration::from_millis(1_500),
            "{selector} took {:?}",
            began.elapsed()
        );
    }
    let several = stage.click("i").await.expect_err("two match");
    assert_eq!(several.code, Code::AmbiguousLocator);
    let malformed = stage.click("p[").await.expect_err("no selector");
    assert_eq!(malformed.code, Code::InvalidArgument);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_assertion_that_does_not_hold_shows_what_was_there() {
    let stage = Stage::showing("<h1>Total: 12</h1>").await;
    let failure = stage
        .expect(
            "h1",
            Expectation::HasText {
                text: expected("Total: 13"),
            },
            200,
        )
        .await;
    let failure = failure.expect_err("it says something else");
    assert_eq!(failure.code, Code::AssertionFailed);
    assert!(
        failure.message.contains("Total: 12") && failure.message.contains("Total: 13"),
        "{}",
        failure.message
    );
    let titles: Vec<&str> = failure
        .evidence
        .iter()
        .map(|evidence| evidence.title.as_str())
        .collect();
    assert_eq!(titles, ["expected", "received", "aria"]);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_assertion_looks_once_however_short_its_time_is() {
    let stage = Stage::showing(
        "<button onclick='const end = Date.now() + 1500; while (Date.now() < end);'>Go</button><p>here</p>",
    )
    .await;
    stage.click("button").await.expect("it is clicked");
    let began = Instant::now();
    stage
        .expect("p", Expectation::Visible, 0)
        .await
        .expect("it is seen");
    stage
        .expect("p", Expectation::Hidden, 0)
        .await
        .expect_err("it is looked once");
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_blocks_its_main_thread_is_told_in_time() {
    let stage = Stage::showing("<button onclick='for (;;) {}'>Go</button><p>here</p>").await;
    let began = Instant::now();
    let blocked = stage
        .click_within("button", 1_000)
        .await
        .expect_err("it never answers");
    assert_eq!(
        (blocked.code, blocked.message.as_str()),
        (Code::Timeout, "the page did not answer: its main thread is busy")
    );
    assert!(
        began.elapsed() < Duration::from_millis(3_500),
        "{:?}",
        began.elapsed()
    );
    let began = Instant::now();
    let blocked = stage
        .expect("p", Expectation::Visible, 500)
        .await
        .expect_err("it never answers");
    assert_eq!(blocked.code, Code::Timeout);
    // An assertion's first look has the usual 5 s, however short its time is.
    assert!(
        began.elapsed() < Duration::from_millis(8_500),
        "{:?}",
        began.elapsed()
    );
    let began = Instant::now();
    stage.browser.release().await;
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "the lease ends all the same: {:?}",
        began.elapsed()
    );
    assert_eq!(stage.inspector().await.contexts().await, 0);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_crashes_is_lost_and_told() {
    let stage = Stage::showing("<p>here</p>").await;
    let waiting = stage.expect("#never", Expectation::Visible, 20_000);
    let crash = async {
        let mut inspector = stage.inspector().await;
        inspector.crash(&stage.site.url("/")).await;
    };
    let began = Instant::now();
    let (waited, ()) = tokio::join!(waiting, crash);
    let lost = waited.expect_err("its page crashed");
    assert_eq!(
        (lost.code, lost.message.as_str()),
        (Code::PageLost, "the page crashed")
    );
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let later = stage.text("p").await.expect_err("the page is gone");
    assert_eq!(later.code, Code::PageLost);
    assert!(stage.events().contains(&PageEvent::Crashed));
    let other = open(&stage).await;
    let close = ClosePage { page: other };
    stage
        .browser
        .close_page(&close)
        .await
        .expect("another page of the run works");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_that_is_killed_is_unavailable_at_once_and_another_is_started() {
    let stage = Stage::showing("<p>here</p>").await;
    let process = stage.inspector().await.process().await;
    let waiting = stage.expect("#never", Expectation::Visible, 20_000);
    let kill = async {
        let process = rustix::process::Pid::from_raw(process).expect("a process");
        rustix::process::kill_process(process, rustix::process::Signal::KILL).expect("it is ours");
        Instant::now()
    };
    let (waited, killed) = tokio::join!(waiting, kill);
    let lost = waited.expect_err("its browser is gone");
    assert_eq!(lost.code, Code::Unavailable);
    assert!(
        lost.message.starts_with("the browser is gone"),
        "{}",
        lost.message
    );
    assert!(
        killed.elapsed() < Duration::from_secs(1),
        "{:?}",
        killed.elapsed()
    );
    let later = stage.text("p").await.expect_err("its browser is gone");
    assert_eq!(later.code, Code::Unavailable);
    let more = stage
        .browser
        .open_page(&OpenPage {})
        .await
        .expect_err("the lease is lost");
    assert_eq!(more.code, Code::Unavailable);

    let (next, _ledger) = run_on(&stage.browsers, &stage.site);
    next.open_page(&OpenPage {})
        .await
        .expect("the next run gets a new browser");
    assert_ne!(stage.inspector().await.process().await, process);
    next.release().await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leases_that_begin_together_after_a_loss_share_one_new_browser() {
    let stage = Stage::open().await;
    let process = stage.inspector().await.process().await;
    let process = rustix::process::Pid::from_raw(process).expect("a process");
    rustix::process::kill_process(process, rustix::process::Signal::KILL).expect("it is ours");
    let told = stage
        .expect("#never", Expectation::Visible, 20_000)
        .await
        .expect_err("its browser is gone");
    assert_eq!(told.code, Code::Unavailable);
    let wanted = Wanted::default();
    let lease = || stage.browsers.lease(&wanted, Arc::new(Unwatched));
    let (one, other) = tokio::join!(lease(), lease());
    let (one, other) = (one.expect("a lease"), other.expect("a lease"));
    let options = ContextOptions::default();
    let (first, second) = tokio::join!(one.new_context(&options), other.new_context(&options));
    let _both = (first.expect("a context"), second.expect("a context"));
    assert_eq!(stage.inspector().await.contexts().await, 2);
    one.release().await;
    other.release().await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_is_closed_ends_what_waits_for_it() {
    let stage = Stage::showing("<p>here</p>").await;
    let waiting = stage.expect("#never", Expectation::Visible, 20_000);
    let close = async {
        let mut inspector = stage.inspector().await;
        inspector.close(&stage.site.url("/")).await;
    };
    let (waited, ()) = tokio::join!(waiting, close);
    let lost = waited.expect_err("its page is closed");
    assert_eq!(
        (lost.code, lost.message.as_str()),
        (Code::PageLost, "the page was closed by the browser or by itself")
    );
    let later = stage.click("p").await.expect_err("the page is gone");
    assert_eq!(later.code, Code::PageLost);
    stage.close().await;
}

async fn open(stage: &Stage) -> PageId {
    stage.browser.open_page(&OpenPage {}).await.expect("a page")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_is_nested_too_deep_to_be_read_is_no_fault_of_the_platform() {
    let stage = Stage::showing(
        "<button>near</button><script>
         let inner = document.createElement('div');
         for (let n = 0; n < 20000; n++) {
           const around = document.createElement('div');
           around.append(inner);
           inner = around;
         }
         inner.hidden = true;
         document.body.append(inner);</script>",
    )
    .await;
    let call = Count {
        target: Target {
            page: stage.page,
            locator: Locator::new(Part::Text {
                text: TextMatch::Substring {
                    value: "near".to_owned(),
                },
            }),
        },
    };
    let refused = stage.browser.count(&call).await.expect_err("it is too deep");
    assert_eq!(refused.code, Code::WrongElement);
    assert!(refused.message.contains("nested too deep"), "{}", refused.message);
    stage.click("button").await.expect("what needs no walk is done");
    stage.close().await;
}
