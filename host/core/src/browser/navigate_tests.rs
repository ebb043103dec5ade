//! Loading documents, with a scripted tab: what counts as arrived, and what is said where nothing arrives.

use std::time::Duration;
use tokio::time::Instant;

use super::calls::{GoThrough, Goto, Response, WaitForUrl};
use super::expectation::ExpectedText;
use super::port::{LoadState, Navigation, TabError, TabState};
use super::scripted::{Answer, Rig};
use crate::failure::{Code, Failure};

async fn goto(rig: &Rig, wait_until: LoadState) -> Result<Response, Failure> {
    let url = "/next".to_owned();
    let call = Goto {
        page: rig.page,
        url,
        wait_until,
        timeout_ms: Some(1_000),
    };
    rig.browser.goto(&call).await
}

/// A document that this load has made, as far as this.
fn document(loader: &'static str, reached: LoadState) -> impl FnOnce(&mut TabState) {
    move |state| {
        state.documents += 1;
        state.loader = loader.to_owned();
        state.url = format!("http://shop.test/{loader}");
        state.reached = reached;
        state.navigating = false;
    }
}

#[tokio::test(start_paused = true)]
async fn goto_waits_for_its_own_document_and_as_far_as_asked() {
    let rig = Rig::new().await;
    rig.tab.navigate_to(Ok(Navigation::Document("next".to_owned())));
    rig.tab.becomes(100, document("next", LoadState::Commit));
    rig.tab
        .becomes(200, |state| state.reached = LoadState::DomContentLoaded);
    rig.tab.becomes(300, |state| state.reached = LoadState::Load);
    let began = Instant::now();
    let response = goto(&rig, LoadState::DomContentLoaded).await.expect("it loads");
    assert_eq!(began.elapsed(), Duration::from_millis(200));
    assert_eq!(response.url, "http://shop.test/next");
}

#[tokio::test(start_paused = true)]
async fn goto_is_done_where_a_script_has_sent_the_browser_on() {
    let rig = Rig::new().await;
    rig.tab.navigate_to(Ok(Navigation::Document("next".to_owned())));
    rig.tab.becomes(50, document("next", LoadState::Commit));
    rig.tab.becomes(60, |state| state.navigating = true);
    rig.tab.becomes(70, |state| state.reached = LoadState::Load);
    rig.tab.becomes(200, document("last", LoadState::Load));
    let response = goto(&rig, LoadState::Load).await.expect("it loads");
    assert_eq!(response.url, "http://shop.test/last");
}

#[tokio::test(start_paused = true)]
async fn goto_within_the_document_waits_for_the_new_address_also_where_it_is_the_same() {
    let rig = Rig::new().await;
    rig.tab.navigate_to(Ok(Navigation::Within));
    rig.tab.becomes(30, |state| state.moves += 1);
    let began = Instant::now();
    goto(&rig, LoadState::Load).await.expect("it moves there");
    assert_eq!(began.elapsed(), Duration::from_millis(30));
}

#[tokio::test(start_paused = true)]
async fn goto_that_fails_says_what_to_look_at() {
    let cases = [
        (
            "net::ERR_CONNECTION_REFUSED",
            "net::ERR_CONNECTION_REFUSED: nothing listens there; is the application running?",
        ),
        (
            "net::ERR_NAME_NOT_RESOLVED",
            "net::ERR_NAME_NOT_RESOLVED: the host name is not known; is it spelled right?",
        ),
        ("net::ERR_FAILED", "net::ERR_FAILED"),
    ];
    for (why, said) in cases {
        let rig = Rig::new().await;
        rig.tab.navigate_to(Ok(Navigation::Failed(why.to_owned())));
        let failure = goto(&rig, LoadState::Load).await.expect_err("it fails");
        assert_eq!(failure.code, Code::NavigationFailed);
        assert_eq!(
            failure.message,
            format!("http://shop.test/next could not be loaded: {said}")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn goto_that_takes_too_long_says_how_far_it_came() {
    let rig = Rig::new().await;
    rig.tab.navigate_to(Ok(Navigation::Document("next".to_owned())));
    rig.tab
        .becomes(100, document("next", LoadState::DomContentLoaded));
    let failure = goto(&rig, LoadState::Load).await.expect_err("it does not end");
    assert_eq!(failure.code, Code::Timeout);
    let message = "http://shop.test/next did not load within 1000 ms: waited for load, the page is at dom-content-loaded";
    assert_eq!(failure.message, message);
    let failure = goto(&rig, LoadState::Commit)
        .await
        .expect_err("the server never answers");
    assert_eq!(failure.code, Code::Timeout);
}

#[tokio::test(start_paused = true)]
async fn goto_ends_with_its_page() {
    let rig = Rig::new().await;
    rig.tab.navigate_to(Ok(Navigation::Document("next".to_owned())));
    rig.tab.becomes(100, |state| state.gone = Some(TabError::Crashed));
    let began = Instant::now();
    let failure = goto(&rig, LoadState::Load).await.expect_err("it crashes");
    assert_eq!(
        (failure.code, began.elapsed()),
        (Code::PageLost, Duration::from_millis(100))
    );
}

#[tokio::test(start_paused = true)]
async fn back_needs_an_entry_and_waits_for_what_it_leads_to() {
    let rig = Rig::new().await;
    let call = GoThrough {
        forward: false,
        page: rig.page,
        wait_until: LoadState::Load,
        timeout_ms: Some(1_000),
    };
    let failure = rig
        .browser
        .go_through(&call)
        .await
        .expect_err("there is no entry");
    assert_eq!(failure.code, Code::InvalidArgument);
    rig.tab.navigate_to(Ok(Navigation::Within));
    rig.tab.becomes(10, |state| state.moves += 1);
    rig.browser
        .go_through(&call)
        .await
        .expect("it moves within the document");
    rig.tab.navigate_to(Ok(Navigation::Within));
    rig.tab.becomes(10, document("earlier", LoadState::Load));
    let response = rig.browser.go_through(&call).await.expect("it loads");
    assert_eq!(response.url, "http://shop.test/earlier");
}

#[tokio::test(start_paused = true)]
async fn an_address_that_does_not_come_is_a_timeout() {
    let rig = Rig::new().await;
    let failed =
        serde_json::json!({"status": "failed", "received": "http://shop.test/first", "expected": "x"});
    rig.tab.answer([Answer::Reply(failed)]);
    let url = ExpectedText::Text {
        value: "/paid".to_owned(),
    };
    let call = WaitForUrl {
        page: rig.page,
        url,
        timeout_ms: Some(300),
    };
    let failure = rig
        .browser
        .wait_for_url(&call)
        .await
        .expect_err("it does not change");
    assert_eq!(failure.code, Code::Timeout);
    let compared = &rig.tab.requests()[0]["action"]["expectation"]["text"];
    assert_eq!(
        compared,
        &serde_json::json!({"kind": "text", "value": "http://shop.test/paid"})
    );
}

#[tokio::test(start_paused = true)]
async fn a_load_never_takes_the_rest_of_the_run() {
    let rig = Rig::with_time(Duration::from_millis(1_000)).await;
    let call = Goto {
        page: rig.page,
        url: "/next".to_owned(),
        wait_until: LoadState::Load,
        timeout_ms: None,
    };
    let began = Instant::now();
    let failure = rig.browser.goto(&call).await.expect_err("nothing comes");
    assert_eq!(
        (failure.code, began.elapsed()),
        (Code::Timeout, Duration::from_millis(750))
    );
}
