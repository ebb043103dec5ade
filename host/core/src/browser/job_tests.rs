//! The loops around the injected script, with a scripted tab: when they go round, when they stop, what they say.

use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

use super::calls::{Click, Expect, ExpectOptions, Fill, Hover, Read, Reading, SetChecked};
use super::expectation::Expectation;
use super::port::{Gesture, KeyAction, Settled, TabError};
use super::scripted::{Answer, Asked, Rig, blocked, done, one_click, point, replaced, within};
use crate::failure::{Code, Failure};

async fn click(rig: &Rig, timeout_ms: u32) -> Result<(), Failure> {
    let target = rig.button();
    rig.browser
        .click(&Click {
            target,
            options: one_click(timeout_ms),
        })
        .await
}

async fn text(rig: &Rig, timeout_ms: u32) -> Result<Option<String>, Failure> {
    let reading = Reading::TextContent;
    let read = Read {
        target: rig.button(),
        reading,
        timeout_ms: Some(timeout_ms),
    };
    rig.browser.read(&read).await
}

#[tokio::test(start_paused = true)]
async fn a_replaced_document_is_begun_anew_with_the_time_that_is_left() {
    let rig = Rig::new().await;
    rig.tab.answer([replaced(), replaced(), done(&json!("Pay"))]);
    assert_eq!(text(&rig, 1_000).await, Ok(Some("Pay".to_owned())));
    let times: Vec<Value> = rig
        .tab
        .requests()
        .iter()
        .map(|request| request["timeout"].clone())
        .collect();
    assert_eq!(times, [1_000, 900, 800]);
}

#[tokio::test(start_paused = true)]
async fn documents_that_are_replaced_for_ever_end_with_the_time() {
    let rig = Rig::new().await;
    rig.tab.answer(std::iter::repeat_with(replaced).take(100));
    let began = Instant::now();
    let failure = text(&rig, 450).await.expect_err("no document stays");
    assert_eq!(failure.code, Code::Timeout);
    assert_eq!(
        failure.message,
        "the document was replaced again and again until the time was over"
    );
    assert_eq!(began.elapsed(), Duration::from_millis(500));
    assert_eq!(
        failure.call_log,
        ["the document was replaced; starting again on the new one"; 4]
    );
}

#[tokio::test(start_paused = true)]
async fn an_intercepted_click_is_tried_at_another_place() {
    let rig = Rig::new().await;
    rig.tab.answer([point(), point(), point()]);
    rig.tab.settle([blocked("<div>"), Settled::None, Settled::Hit]);
    click(&rig, 1_000).await.expect("the third lands");
    let places: Vec<Value> = rig
        .tab
        .requests()
        .iter()
        .map(|request| request["scroll"].clone())
        .collect();
    assert_eq!(places, [0, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_click_that_is_always_intercepted_names_what_is_in_its_way() {
    let rig = Rig::new().await;
    let late = json!({"status": "timeout", "reason": "<b> intercepts pointer events", "log": ["waiting"]});
    rig.tab.answer([point(), Answer::Reply(late)]);
    rig.tab.settle([blocked("<div>")]);
    let failure = click(&rig, 300).await.expect_err("it never lands");
    assert_eq!(failure.code, Code::Timeout);
    let message = "css \"button\" was not ready within 300 ms: <b> intercepts pointer events";
    assert_eq!(failure.message, message);
    assert_eq!(failure.call_log, ["<div> intercepts pointer events", "waiting"]);
}

#[tokio::test(start_paused = true)]
async fn a_hover_needs_no_event_where_the_mouse_is_already() {
    let rig = Rig::new().await;
    rig.tab.answer([point()]);
    rig.tab.settle([Settled::None]);
    let hover = Hover {
        target: rig.button(),
        options: one_click(300),
    };
    rig.browser.hover(&hover).await.expect("it is there");
    assert_eq!(rig.tab.asked().last(), Some(&Asked::Pointer(Gesture::Hover)));
}

#[tokio::test(start_paused = true)]
async fn a_page_that_does_not_answer_is_told_a_second_after_its_time() {
    let rig = Rig::new().await;
    let began = Instant::now();
    let failure = text(&rig, 700).await.expect_err("nothing comes");
    assert_eq!(
        (failure.code, began.elapsed()),
        (Code::Timeout, Duration::from_millis(1_700))
    );
    assert_eq!(
        failure.message,
        "the page did not answer: its main thread is busy"
    );
    rig.tab.answer([point()]);
    let began = Instant::now();
    let failure = click(&rig, 700).await.expect_err("the mouse is not answered");
    assert_eq!(
        (failure.code, began.elapsed()),
        (Code::Timeout, Duration::from_millis(1_700))
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_answers_before_the_run_ends() {
    let rig = Rig::with_time(Duration::from_millis(1_000)).await;
    rig.tab.answer([done(&json!("Pay"))]);
    text(&rig, 5_000).await.expect("a text");
    assert_eq!(rig.tab.requests()[0]["timeout"], 750, "the margin is left");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_done_to_a_page_that_is_about_to_go() {
    let rig = Rig::new().await;
    rig.tab.state.send_modify(|state| state.navigating = true);
    rig.tab.becomes(400, |state| state.navigating = false);
    rig.tab.answer([done(&json!("Pay"))]);
    text(&rig, 1_000).await.expect("a text");
    assert_eq!(
        rig.tab.requests()[0]["timeout"],
        600,
        "asked after the navigation"
    );
}

#[tokio::test(start_paused = true)]
async fn a_navigation_that_does_not_end_is_told_as_such() {
    let rig = Rig::new().await;
    rig.tab.state.send_modify(|state| state.navigating = true);
    let failure = text(&rig, 1_000)
        .await
        .expect_err("the browser holds everything back");
    assert_eq!(failure.code, Code::Timeout);
    assert!(
        failure.message.starts_with("the next page did not come"),
        "{}",
        failure.message
    );
    rig.tab.answer([done(&json!("Pay"))]);
    text(&rig, 1_000)
        .await
        .expect("where it does answer, that is taken");
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_lost_ends_every_wait() {
    let cases = [
        (TabError::Crashed, Code::PageLost),
        (TabError::Closed, Code::PageLost),
        (TabError::BrowserLost("killed".to_owned()), Code::Unavailable),
    ];
    for (gone, code) in cases {
        let rig = Rig::new().await;
        rig.tab.state.send_modify(|state| state.navigating = true);
        rig.tab.becomes(100, move |state| state.gone = Some(gone));
        let began = Instant::now();
        let failure = text(&rig, 5_000).await.expect_err("the page is gone");
        assert_eq!(
            (failure.code, began.elapsed()),
            (code, Duration::from_millis(100))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_click_that_closes_its_page_is_done_and_one_that_crashes_it_is_not() {
    for (gone, lost) in [
        (TabError::Closed, None),
        (TabError::Crashed, Some(Code::PageLost)),
    ] {
        let rig = Rig::new().await;
        rig.tab.answer([point()]);
        rig.tab.settle([Settled::Hit]);
        rig.tab.becomes(5, |state| state.navigating = true);
        rig.tab.becomes(50, move |state| state.gone = Some(gone));
        assert_eq!(click(&rig, 1_000).await.err().map(|failure| failure.code), lost);
    }
}

#[tokio::test(start_paused = true)]
async fn a_box_is_verified_after_its_click_and_left_alone_where_it_is_right() {
    let rig = Rig::new().await;
    let call = SetChecked {
        target: rig.button(),
        checked: true,
        options: one_click(1_000),
    };
    rig.tab.answer([done(&Value::Null)]);
    rig.browser
        .set_checked(&call)
        .await
        .expect("it is checked already");
    assert_eq!(rig.tab.asked().len(), 1, "nothing was clicked");

    let stuck = json!({"status": "error", "code": "wrong-element", "message": "did not change its state"});
    rig.tab.answer([point(), Answer::Reply(stuck)]);
    rig.tab.settle([Settled::Hit]);
    let failure = rig
        .browser
        .set_checked(&call)
        .await
        .expect_err("it stays as it is");
    assert_eq!(
        (failure.code, failure.message.as_str()),
        (Code::WrongElement, "did not change its state")
    );
    let kinds: Vec<Value> = rig
        .tab
        .requests()
        .iter()
        .map(|r| r["action"]["kind"].clone())
        .collect();
    assert_eq!(kinds, ["setChecked", "setChecked", "verifyChecked"]);
}

#[tokio::test(start_paused = true)]
async fn text_that_the_browser_must_type_is_typed() {
    let rig = Rig::new().await;
    rig.tab
        .answer([Answer::Reply(json!({"status": "needsInsertText"}))]);
    let value = "new".to_owned();
    let fill = Fill {
        target: rig.button(),
        value,
        options: within(1_000),
    };
    rig.browser.fill(&fill).await.expect("it is filled");
    assert_eq!(
        rig.tab.asked().last(),
        Some(&Asked::Keyboard(KeyAction::Insert("new".to_owned())))
    );
}

#[tokio::test(start_paused = true)]
async fn an_assertion_that_does_not_hold_is_soft_only_where_the_flow_says_so() {
    let failed = json!({"status": "failed", "received": "hidden", "expected": "visible", "log": ["looked"]});
    for soft in [false, true] {
        let rig = Rig::new().await;
        rig.tab.answer([Answer::Reply(failed.clone())]);
        let options = ExpectOptions {
            soft,
            timeout_ms: Some(200),
            message: "it pays".to_owned(),
            ..ExpectOptions::default()
        };
        let call = Expect {
            target: rig.button(),
            what: Expectation::Visible,
            options,
        };
        let failure = match rig.browser.expect(&call).await {
            Ok(answer) if soft => answer.failure.expect("it did not hold"),
            Err(failure) if !soft => failure,
            other => panic!("soft is {soft}: {other:?}"),
        };
        let message = "it pays: expected css \"button\" to be visible, received hidden (within 200 ms)";
        assert_eq!(
            (failure.code, failure.message.as_str()),
            (Code::AssertionFailed, message)
        );
        assert_eq!(failure.call_log, ["looked"]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_none_is_our_own_fault() {
    let rig = Rig::new().await;
    rig.tab
        .answer([Answer::Reply(json!({"status": "surprise"})), point()]);
    for _ in 0..2 {
        let failure = text(&rig, 1_000).await.expect_err("no answer to a reading");
        assert_eq!(failure.code, Code::Internal);
    }
    let failure = text(&rig, 600_001).await.expect_err("too long");
    assert_eq!(failure.code, Code::InvalidArgument);
}
