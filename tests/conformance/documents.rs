//! Documents that are strange: frames of other origins, scripts that send what is no text, content that is
//! replaced all the time.

use flowguard_core::browser::LoadState;
use flowguard_core::browser::calls::{Click, GoThrough, Target};
use flowguard_core::browser::locator::{Locator, Part};
use flowguard_core::failure::Code;
use flowguard_core::timeline::PageEvent;

use crate::stage::{Stage, css, pointer};

fn in_frame(selector: &str) -> Locator {
    let inner = Part::Css {
        selector: selector.to_owned(),
    };
    css("iframe").then(Part::Frame).then(inner)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_whose_sandbox_lets_no_script_run_is_refused_with_its_reason() {
    let stage = Stage::open().await;
    stage.site.page("/pay", "<button>Pay</button>");
    stage.site.page(
        "/start",
        &format!("<iframe sandbox src='{}'></iframe>", stage.site.elsewhere("/pay")),
    );
    stage.goto("/start").await.expect("it loads");
    let target = Target {
        page: stage.page,
        locator: in_frame("button"),
    };
    let refused = stage
        .browser
        .click(&Click {
            target,
            options: pointer(2_000),
        })
        .await;
    let refused = refused.expect_err("no script waits in it");
    assert_eq!(refused.code, Code::WrongElement, "{}", refused.message);
    assert!(refused.message.contains("<iframe"), "{}", refused.message);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_text_on_the_console_does_not_end_the_connection() {
    let stage = Stage::showing(
        "<script>console.log('a\\ud800b'); console.error('after', {x: 1}); setTimeout(() => { throw new Error('broken') })</script><p>here</p>",
    )
    .await;
    assert_eq!(stage.text("p").await.as_deref(), Ok("here"));
    let events = stage.events();
    let is_after = |event: &PageEvent| matches!(event, PageEvent::Console { level, text, .. } if level == "error" && text.starts_with("after"));
    assert!(events.iter().any(is_after), "{events:?}");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_that_navigates_does_not_hold_the_page_up() {
    let stage = Stage::open().await;
    stage.site.page("/inner", "<a href=/inner2>on</a>");
    stage.site.page("/inner2", "<p>inner 2</p>");
    stage
        .site
        .page("/start", "<iframe src=/inner></iframe><p>outer</p>");
    stage.goto("/start").await.expect("it loads");
    let target = Target {
        page: stage.page,
        locator: in_frame("a"),
    };
    stage
        .browser
        .click(&Click {
            target,
            options: pointer(5_000),
        })
        .await
        .expect("it is clicked");
    assert_eq!(stage.text("p").await.as_deref(), Ok("outer"));
    let call = flowguard_core::browser::calls::Read {
        target: Target {
            page: stage.page,
            locator: in_frame("p"),
        },
        reading: flowguard_core::browser::calls::Reading::TextContent,
        timeout_ms: Some(5_000),
    };
    assert_eq!(stage.browser.read(&call).await, Ok(Some("inner 2".to_owned())));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_written_by_hand_keeps_the_page_in_use() {
    let stage = Stage::showing(
        "<button onclick=\"document.open(); document.write('<p>written</p>'); document.close()\">Go</button>",
    )
    .await;
    stage.click("button").await.expect("it is clicked");
    assert_eq!(stage.text("p").await.as_deref(), Ok("written"));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_title_that_is_no_text_does_not_hold_the_history_up() {
    let stage = Stage::showing("<p>first</p><script>document.title = 'a\\ud800b'</script>").await;
    stage.site.page("/second", "<p>second</p>");
    stage.goto("/second").await.expect("it loads");
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
    stage.close().await;
}
