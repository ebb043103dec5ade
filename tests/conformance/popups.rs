//! Pages that pages open: numbered and kept as a run's own, with the script there from their first line, and
//! bounded.

use flowguard_core::browser::PageId;
use flowguard_core::browser::calls::{ClosePage, Expect, Target};
use flowguard_core::browser::expectation::Expectation;
use flowguard_core::failure::{Code, Failure};
use flowguard_core::limits::MAX_PAGES;
use flowguard_core::timeline::PageEvent;

use crate::stage::{Stage, css, expected, expecting};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_a_page_opens_belongs_to_the_run() {
    let stage = Stage::showing(
        "<a href=/next target=_blank id=link>link</a>
         <a href=/next target=_blank rel=noopener id=apart>apart</a>
         <button onclick=\"window.open('/next')\">script</button>",
    )
    .await;
    stage
        .site
        .page("/next", "<p>next</p><script>console.log('began')</script>");
    for (opens, page) in [("#link", 2), ("#apart", 3), ("button", 4)] {
        stage.click(opens).await.expect("it opens a page");
        expect_text(&stage, page, "next").await.expect("it is there");
    }
    let said = |event: &PageEvent| matches!(event, PageEvent::Console { text, .. } if text == "began");
    assert_eq!(stage.events().iter().filter(|event| said(event)).count(), 3);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_beyond_the_limit_are_closed_and_noted() {
    let stage = Stage::showing(
        "<button onclick='for (let i = 0; i < 40; i++) window.open(\"/next\")'>open</button><p>here</p>",
    )
    .await;
    stage.site.page("/next", "<p>next</p>");
    stage
        .click_within("button", 30_000)
        .await
        .expect("it opens pages");
    assert_eq!(stage.text("p").await.as_deref(), Ok("here"));
    let mut inspector = stage.inspector().await;
    let last = PageId::try_from(MAX_PAGES).expect("a small number");
    expect_text(&stage, last, "next")
        .await
        .expect("the last that has room");
    inspector.pages_come_to(MAX_PAGES).await;
    let beyond = expect_text(&stage, last + 1, "next").await.expect_err("no room");
    assert_eq!(beyond.code, Code::InvalidArgument);
    let closed = stage
        .events()
        .into_iter()
        .filter(|event| *event == PageEvent::PopupClosed);
    assert_eq!(closed.count(), 41 - MAX_PAGES);
    // Room again after one is closed.
    let close = ClosePage { page: last };
    stage.browser.close_page(&close).await.expect("it is closed");
    stage.close().await;
}

async fn expect_text(stage: &Stage, page: PageId, text: &str) -> Result<(), Failure> {
    let call = Expect {
        target: Target {
            page,
            locator: css("p"),
        },
        what: Expectation::HasText { text: expected(text) },
        options: expecting(10_000),
    };
    stage.browser.expect(&call).await.map(|_| ())
}
