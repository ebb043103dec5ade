//! Batches with a scripted tab: what is asked ahead, what is not, and where they stop.

use serde_json::{Value, json};

use super::calls::{Click, Fill, KeyOptions, Press, RunBatch, Step};
use super::port::{Gesture, Settled};
use super::scripted::{Answer, Asked, Rig, done, one_click, point, replaced, within};
use crate::failure::Code;

fn fill(rig: &Rig, value: &str) -> Step {
    Step::Fill(Fill {
        target: rig.button(),
        value: value.to_owned(),
        options: within(1_000),
    })
}

fn click(rig: &Rig) -> Step {
    Step::Click(Click {
        target: rig.button(),
        options: one_click(1_000),
    })
}

fn press(rig: &Rig) -> Step {
    Step::Press(Press {
        target: rig.button(),
        key: "Enter".to_owned(),
        options: KeyOptions::default(),
    })
}

/// What was asked of the script, in order.
fn kinds(rig: &Rig) -> Vec<Value> {
    let requests = rig.tab.requests();
    requests
        .iter()
        .map(|request| request["action"]["kind"].clone())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn each_step_is_done_once_and_in_order() {
    let rig = Rig::new().await;
    let steps = vec![
        fill(&rig, "a"),
        click(&rig),
        fill(&rig, "b"),
        press(&rig),
        fill(&rig, "c"),
    ];
    rig.tab.settle([Settled::Hit]);
    let ok = || done(&Value::Null);
    rig.tab.answer([ok(), point(), ok(), ok(), ok()]);
    rig.browser
        .run_batch(&RunBatch { steps }, None)
        .await
        .expect("all are done");
    assert_eq!(kinds(&rig), ["fill", "pointer", "fill", "focus", "fill"]);
    assert!(
        matches!(rig.tab.asked()[2], Asked::Pointer(Gesture::Click(click)) if click.count == 1),
        "the mouse follows its point"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_says_which_step_and_ends_the_batch() {
    let rig = Rig::new().await;
    let steps = vec![fill(&rig, "a"), fill(&rig, "b"), fill(&rig, "c")];
    let late = json!({"status": "timeout", "reason": "element is not enabled"});
    rig.tab.answer([done(&Value::Null), Answer::Reply(late)]);
    let failure = rig
        .browser
        .run_batch(&RunBatch { steps }, None)
        .await
        .expect_err("the second");
    assert_eq!(failure.code, Code::Timeout);
    let message = "step 2 of 3, fill css \"button\" with \"b\": css \"button\" was not ready within 1000 ms: \
                   element is not enabled";
    assert_eq!(failure.message, message);
    assert_eq!(kinds(&rig), ["fill", "fill"]);
}

#[tokio::test(start_paused = true)]
async fn a_replaced_document_is_begun_anew_with_all_that_is_left() {
    let rig = Rig::new().await;
    let steps = vec![fill(&rig, "a"), fill(&rig, "b")];
    rig.tab
        .answer([replaced(), done(&Value::Null), done(&Value::Null)]);
    rig.browser
        .run_batch(&RunBatch { steps }, None)
        .await
        .expect("both");
    assert_eq!(kinds(&rig), ["fill", "fill", "fill"]);
}

#[tokio::test(start_paused = true)]
async fn too_many_steps_are_refused_before_the_first() {
    let rig = Rig::new().await;
    let steps = vec![click(&rig); 101];
    let failure = rig
        .browser
        .run_batch(&RunBatch { steps }, None)
        .await
        .expect_err("too many");
    assert_eq!(failure.code, Code::InvalidArgument);
    assert_eq!(kinds(&rig), Vec::<Value>::new());
}
