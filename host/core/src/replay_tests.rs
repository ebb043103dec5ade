//! A replay's promises: what is answered, what is done again, and where a flow leaves its recording.

use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::artifact::Digest;
use crate::cassette::{CASSETTE_VERSION, CONTRACT_VERSION, ClockKind, End, Header, RecordedCall, Recording};
use crate::failure::{Code, Failure};
use crate::replay::{Asked, Divergence, Found, Replay};
use crate::resume::{Fingerprint, Resumable};
use crate::verdict::Verdict;

fn raw(value: &Value) -> Box<RawValue> {
    RawValue::from_string(value.to_string()).expect("JSON")
}

fn call(n: u32, op: &str, args: &Value) -> RecordedCall {
    RecordedCall {
        n,
        source: "flow".to_owned(),
        op: op.to_owned(),
        title: format!("{op} {args}"),
        args: raw(args),
        local: matches!(op, "log" | "assert"),
        at_us: u64::from(n),
        took_us: 1,
        ok: Some(raw(&json!(n))),
        err: None,
        faults: Vec::new(),
    }
}

fn recording(calls: Vec<RecordedCall>, end: Option<(Verdict, bool)>) -> Recording {
    Recording {
        header: Header {
            cassette: CASSETTE_VERSION,
            contract: CONTRACT_VERSION.to_owned(),
            run: "r".to_owned(),
            attempt: 1,
            flow: "f".to_owned(),
            component: Digest::of(b"c"),
            file: "f.wasm".to_owned(),
            source: None,
            base_url: String::new(),
            params: Vec::new(),
            timeout_ms: 1_000,
            assertions: Vec::new(),
            seed: 1,
            told: None,
        },
        calls,
        wall: vec![10, 20],
        monotonic: Vec::new(),
        late_faults: Vec::new(),
        end: end.map(|(verdict, cut)| End {
            verdict,
            took_us: 9,
            cut,
        }),
    }
}

fn three() -> Vec<RecordedCall> {
    vec![
        call(1, "open", &json!({})),
        call(2, "log", &json!({"message": "a"})),
        call(3, "click", &json!({"x": 0.1})),
    ]
}

fn passed() -> Option<(Verdict, bool)> {
    Some((Verdict::Passed, false))
}

fn timed_out() -> Verdict {
    Verdict::Errored {
        blame: crate::failure::Blame::Flow,
        failure: Failure::new(Code::Cancelled, "out of time"),
        backtrace: Vec::new(),
    }
}

/// Makes a call; `true` where its answer is the recorded one with this number.
fn made(replay: &Replay, n: u32, op: &'static str, args: &Value) -> Option<u32> {
    let (args, title) = (raw(args), format!("{op} {args}"));
    let asked = Asked {
        n,
        source: "flow",
        op,
        title: &title,
        args: &args,
        local: matches!(op, "log" | "assert"),
    };
    match replay.find(&asked) {
        Found::Recorded(call) => Some(call.n),
        Found::Nothing => Some(0),
        Found::Unanswered | Found::Over => None,
    }
}

#[test]
fn the_same_calls_get_the_recorded_answers_and_the_verdict_stands() {
    let replay = Replay::new(recording(three(), passed()), true);
    assert_eq!(made(&replay, 1, "open", &json!({})), Some(1));
    assert_eq!(made(&replay, 2, "log", &json!({"message": "a"})), Some(2));
    assert_eq!(made(&replay, 3, "click", &json!({"x": 0.1})), Some(3));
    assert_eq!(replay.conclude(Verdict::Passed, false), Verdict::Passed);
    assert_eq!(replay.divergence(), None);
}

#[test]
fn the_first_other_call_is_told_and_no_later_one_is_answered() {
    let replay = Replay::new(recording(three(), passed()), true);
    assert_eq!(made(&replay, 1, "fill", &json!({"value": "b"})), None);
    assert_eq!(made(&replay, 2, "open", &json!({})), None);
    let told = replay.divergence().expect("diverged").to_string();
    assert_eq!(told, r#"call 1: expected open {}, got fill {"value":"b"}"#);
    assert!(!replay.conclude(Verdict::Passed, true).passed());
}

#[test]
fn other_arguments_under_the_same_title_are_shown() {
    let mut recorded = three();
    recorded[0].title = "click".to_owned();
    recorded[0].op = "click".to_owned();
    let replay = Replay::new(recording(recorded, passed()), true);
    let args = raw(&json!({"force": true}));
    let asked = Asked {
        n: 1,
        source: "flow",
        op: "click",
        title: "click",
        args: &args,
        local: false,
    };
    assert!(matches!(replay.find(&asked), Found::Over));
    let told = replay.divergence().expect("diverged").to_string();
    assert_eq!(
        told,
        r#"call 1: expected click with {}, got click with {"force":true}"#
    );
}

#[test]
fn a_number_that_lost_its_last_digit_on_the_way_is_the_same() {
    let replay = Replay::new(
        recording(vec![call(1, "click", &json!({"x": 0.3}))], passed()),
        true,
    );
    assert_eq!(made(&replay, 1, "click", &json!({"x": 0.1 + 0.2})), Some(1));
    let replay = Replay::new(
        recording(vec![call(1, "click", &json!({"x": 0.3}))], passed()),
        true,
    );
    assert_eq!(made(&replay, 1, "click", &json!({"x": 0.300_000_1})), None);
}

#[test]
fn calls_that_are_missing_or_too_many_are_divergences() {
    let replay = Replay::new(recording(three(), passed()), true);
    made(&replay, 1, "open", &json!({}));
    let verdict = replay.conclude(Verdict::Passed, false);
    let missing = Divergence::TooFew {
        n: 2,
        expected: r#"log {"message":"a"}"#.to_owned(),
        missing: 2,
    };
    assert_eq!((verdict.passed(), replay.divergence()), (false, Some(missing)));

    let replay = Replay::new(recording(Vec::new(), passed()), true);
    assert_eq!(made(&replay, 1, "open", &json!({})), None);
    assert!(matches!(
        replay.divergence(),
        Some(Divergence::OneMore { n: 1, .. })
    ));
}

#[test]
fn the_same_calls_with_another_verdict_are_a_divergence() {
    let replay = Replay::new(recording(Vec::new(), passed()), true);
    assert!(!replay.conclude(timed_out(), false).passed());
    assert!(matches!(
        replay.divergence(),
        Some(Divergence::OtherVerdict { .. })
    ));
}

#[test]
fn a_changed_flow_is_free_in_what_reaches_nothing_outside() {
    let replay = Replay::new(recording(three(), passed()), false);
    assert_eq!(made(&replay, 1, "log", &json!({"message": "new"})), Some(0));
    assert_eq!(made(&replay, 2, "open", &json!({})), Some(1));
    // The recorded line of the log is left out.
    assert_eq!(made(&replay, 3, "click", &json!({"x": 0.1})), Some(3));
    assert_eq!(made(&replay, 4, "log", &json!({"message": "later"})), Some(0));
    assert_eq!(replay.conclude(Verdict::Passed, false), Verdict::Passed);
}

#[test]
fn a_changed_flow_has_its_own_verdict() {
    let replay = Replay::new(recording(Vec::new(), Some((timed_out(), false))), false);
    assert_eq!(replay.conclude(Verdict::Passed, false), Verdict::Passed);
    assert_eq!(replay.divergence(), None);
}

#[tokio::test(start_paused = true)]
async fn where_the_recording_was_cut_off_the_flow_is_stopped_with_the_recorded_verdict() {
    let replay = Replay::new(recording(three(), Some((timed_out(), true))), true);
    made(&replay, 1, "open", &json!({}));
    made(&replay, 2, "log", &json!({"message": "a"}));
    let early = tokio::time::timeout(std::time::Duration::from_secs(60), replay.stopped()).await;
    assert!(early.is_err(), "there is one more call on the recording");
    made(&replay, 3, "click", &json!({"x": 0.1}));
    replay.stopped().await;
    assert_eq!(replay.conclude(Verdict::Passed, true), timed_out());
    assert_eq!(replay.divergence(), None);
}

#[tokio::test]
async fn a_call_after_the_cut_stops_the_flow_and_is_no_divergence() {
    let replay = Replay::new(recording(Vec::new(), None), true);
    assert_eq!(made(&replay, 1, "open", &json!({})), None);
    replay.stopped().await;
    let verdict = replay.conclude(Verdict::Passed, true);
    assert_eq!(verdict.blame(), Some(crate::failure::Blame::Platform));
    assert_eq!(replay.divergence(), None);
}

#[test]
fn clocks_answer_in_order_and_then_stand_still() {
    let replay = Replay::new(recording(Vec::new(), passed()), true);
    let wall: Vec<_> = (0..3).map(|_| replay.reading(ClockKind::Wall)).collect();
    assert_eq!(wall, [Some(10), Some(20), Some(20)]);
    assert_eq!(replay.reading(ClockKind::Monotonic), None);
}

#[test]
fn what_comes_out_differently_the_second_time_is_told() {
    let replay = Replay::new(recording(three(), passed()), true);
    let recorded = call(2, "log", &json!({}));
    replay.compare(&recorded, "log", &Ok(json!(2)));
    assert_eq!(replay.divergence(), None);
    replay.compare(&recorded, "log", &Err(Failure::new(Code::Denied, "no")));
    let told = replay.divergence().expect("diverged").to_string();
    assert_eq!(
        told,
        "call 2, log: the recorded answer was 2, now it is denied: no"
    );
}

#[test]
fn a_call_that_an_assertion_waited_in_when_it_was_cut_off_is_never_answered() {
    let mut assert = call(1, "assert", &json!({}));
    assert.err = Some(Failure::new(Code::FlowError, "its time was over"));
    let replay = Replay::new(
        recording(vec![assert, call(3, "open", &json!({}))], passed()),
        true,
    );
    assert_eq!(made(&replay, 1, "assert", &json!({})), Some(1));
    let args = raw(&json!({}));
    let inside = Asked {
        n: 2,
        source: "content",
        op: "probe",
        title: "probe",
        args: &args,
        local: false,
    };
    assert!(matches!(replay.find(&inside), Found::Unanswered));
    assert_eq!(made(&replay, 3, "open", &json!({})), Some(3));
}

/// From which call on a flow may go on.
fn from(touched: u32, failed: Option<u32>) -> Resumable {
    Resumable {
        pages: Fingerprint::default(),
        touched,
        failed,
    }
}

#[test]
fn a_changed_flow_goes_on_by_itself_after_the_last_call_that_touched_a_page() {
    let replay = Replay::resuming(recording(three(), None), &from(1, Some(3)));
    assert!(matches!(ask(&replay, 1, "open", &json!({})), Answered::Recorded));
    assert!(matches!(
        ask(&replay, 2, "log", &json!({"message": "b"})),
        Answered::Done
    ));
    assert_eq!(replay.went_live(), None);
    // Another one than was recorded.
    assert!(matches!(
        ask(&replay, 3, "click", &json!({"x": 0.2})),
        Answered::Done
    ));
    let live = replay.went_live().expect("it goes on");
    assert_eq!((live.n, live.title.as_str()), (3, "click {\"x\":0.2}"));
    assert!(matches!(ask(&replay, 4, "open", &json!({})), Answered::Done));
    assert_eq!(
        replay.reading(ClockKind::Wall),
        None,
        "its clocks are the host's again"
    );
}

#[test]
fn a_call_that_failed_is_made_again_although_it_is_the_same() {
    let replay = Replay::resuming(recording(three(), None), &from(1, Some(3)));
    ask(&replay, 1, "open", &json!({}));
    ask(&replay, 2, "log", &json!({"message": "a"}));
    assert!(matches!(
        ask(&replay, 3, "click", &json!({"x": 0.1})),
        Answered::Done
    ));
    assert!(replay.went_live().is_some());
}

#[test]
fn a_flow_that_is_other_before_a_page_was_touched_is_refused() {
    let replay = Replay::resuming(recording(three(), None), &from(3, None));
    assert!(matches!(ask(&replay, 1, "goto", &json!({})), Answered::Nothing));
    let refusal = replay.refusal().expect("it is refused").to_string();
    assert_eq!(
        refusal,
        "the flow is different at call 1: expected open {}, got goto {}; call 3, click {\"x\":0.1}, has touched the page after that"
    );
    assert_eq!(replay.went_live(), None);
}

#[test]
fn a_flow_that_makes_all_recorded_calls_and_more_goes_on() {
    let cut = Some((timed_out(), true));
    let replay = Replay::resuming(recording(three(), cut), &from(3, None));
    for (n, op, args) in [(1, "open", json!({})), (3, "click", json!({"x": 0.1}))] {
        assert!(matches!(ask(&replay, n, op, &args), Answered::Recorded));
    }
    assert!(matches!(
        ask(&replay, 4, "click", &json!({"x": 0.3})),
        Answered::Done
    ));
    assert!(replay.went_live().is_some());
}

#[tokio::test]
async fn a_flow_that_was_given_a_stand_in_does_not_go_on_with_it() {
    let mut calls = three();
    calls[0].ok = Some(raw(&json!([{"name": "sid", "value": "redacted-secret-1"}])));
    let replay = Replay::resuming(recording(calls, None), &from(0, None));
    assert!(matches!(ask(&replay, 1, "open", &json!({})), Answered::Recorded));
    let args = raw(&json!({}));
    let asked = Asked {
        n: 1,
        source: "flow",
        op: "open",
        title: "open",
        args: &args,
        local: false,
    };
    let cookies = replay.play(
        &replay.recording().calls[0],
        &asked,
        Ok(()),
        async || Ok(Value::Null),
        |_| (),
    );
    cookies.await.expect("it is answered");
    assert!(matches!(
        ask(&replay, 3, "click", &json!({"x": 0.2})),
        Answered::Nothing
    ));
    let refusal = replay.refusal().expect("it is refused").to_string();
    assert_eq!(
        refusal,
        "call 1, open {}, answered a secret, which is not recorded"
    );
}

enum Answered {
    Recorded,
    /// It is done now.
    Done,
    Nothing,
}

fn ask(replay: &Replay, n: u32, op: &'static str, args: &Value) -> Answered {
    let title = format!("{op} {args}");
    let args = raw(args);
    let found = replay.find(&Asked {
        n,
        source: "flow",
        op,
        title: &title,
        args: &args,
        local: op == "log",
    });
    match found {
        Found::Recorded(_) => Answered::Recorded,
        Found::Nothing => Answered::Done,
        Found::Unanswered | Found::Over => Answered::Nothing,
    }
}
