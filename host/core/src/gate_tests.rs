//! The gate's promises, one test each, with a scripted tape and a call that counts its work.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Serialize;

use crate::budget::{Allowance, Budget};
use crate::cassette::{Recording, Tape};
use crate::clock::SystemClock;
use crate::failure::{Code, Failure};
use crate::fakes::FakeArtifacts;
use crate::flow::Needs;
use crate::gate::{Call, Gate, Soft};
use crate::grant::{Ask, Policy};
use crate::ledger::Ledger;
use crate::progress::{Cancel, Progress};
use crate::replay::{Divergence, Replay};
use crate::timeline::StepOutcome;

#[derive(Serialize)]
struct Press {
    bucket: String,
}

impl Call for Press {
    const OP: &'static str = "test.press";
    type Answer = Soft<u32>;

    fn title(&self) -> String {
        format!("press {}", self.bucket)
    }

    fn ask(&self) -> Ask<'_> {
        Ask::Bucket(&self.bucket)
    }

    fn soft_failure(answer: &Self::Answer) -> Option<&Failure> {
        answer.failure.as_ref()
    }
}

/// A tape that keeps its lines.
#[derive(Clone, Default)]
struct Memory {
    lines: Arc<Mutex<Vec<String>>>,
    broken: bool,
}

impl Tape for Memory {
    fn append(&self, line: &[u8]) -> std::io::Result<()> {
        if self.broken {
            return Err(std::io::Error::other("disk full"));
        }
        self.lines
            .lock()
            .expect("lines")
            .push(String::from_utf8(line.to_vec()).expect("text"));
        Ok(())
    }
}

struct Bench {
    gate: Gate,
    tape: Memory,
    worked: AtomicU32,
}

/// One press, with these arguments and this answer.
fn recording(args: &str, ok: &str) -> Recording {
    let header = serde_json::json!({
        "cassette": 3, "contract": "0.1.0", "run": "r", "attempt": 1, "flow": "f", "component": "c",
        "file": "f.wasm", "base_url": "", "params": [], "timeout_ms": 1, "assertions": [], "seed": 1,
    });
    let call = format!(
        r#"{{"n":1,"source":"flow","op":"test.press","title":"t","args":{args},"at_us":0,"took_us":1,"ok":{ok}}}"#
    );
    Recording {
        header: serde_json::from_value(header).expect("a header"),
        calls: vec![serde_json::from_str(&call).expect("a call")],
        wall: Vec::new(),
        monotonic: Vec::new(),
        late_faults: Vec::new(),
        end: None,
    }
}

impl Bench {
    fn new(tape: Memory, calls: u32) -> Self {
        Self::over(tape, calls, None)
    }

    fn replaying(replay: Arc<Replay>) -> Self {
        Self::over(Memory::default(), 10, Some(replay))
    }

    fn over(tape: Memory, calls: u32, replay: Option<Arc<Replay>>) -> Self {
        let progress = Progress::new(Duration::from_secs(5), &Cancel::new());
        let budget = Budget::new(Allowance {
            calls,
            ..Allowance::default()
        });
        let clock = Arc::new(SystemClock::new());
        let ledger = Ledger::new(
            budget,
            progress,
            Arc::new(FakeArtifacts::default()),
            Box::new(tape.clone()),
            clock,
        );
        let ledger = match replay {
            None => ledger,
            Some(replay) => ledger.replaying(replay),
        };
        let needs = Needs {
            buckets: vec!["mine".into()],
            ..Needs::default()
        };
        let gate = Gate::new(Arc::new(ledger), Policy::permissive().grant(&needs, None));
        Self {
            gate,
            tape,
            worked: AtomicU32::new(0),
        }
    }

    async fn press(&self, bucket: &str, result: Result<Soft<u32>, Failure>) -> Result<Soft<u32>, Failure> {
        let work = async {
            self.worked.fetch_add(1, Ordering::Relaxed);
            result
        };
        self.gate
            .call(
                &Press {
                    bucket: bucket.into(),
                },
                work,
            )
            .await
    }

    fn worked(&self) -> u32 {
        self.worked.load(Ordering::Relaxed)
    }

    fn lines(&self) -> Vec<serde_json::Value> {
        let lines = self.tape.lines.lock().expect("lines");
        lines
            .iter()
            .map(|line| serde_json::from_str(line).expect("one JSON value a line"))
            .collect()
    }
}

fn answer(value: u32) -> Result<Soft<u32>, Failure> {
    Ok(Soft { value, failure: None })
}

#[tokio::test]
async fn a_denied_call_does_no_work_and_costs_nothing_and_is_recorded() {
    let bench = Bench::new(Memory::default(), 10);
    let refused = bench.press("theirs", answer(1)).await.expect_err("denied");
    assert_eq!((refused.code, refused.call), (Code::Denied, Some(1)));
    assert_eq!((bench.worked(), bench.gate.ledger().budget.calls()), (0, 0));
    assert_eq!(bench.lines()[0]["err"]["code"], "denied");
    let steps = bench.gate.ledger().timeline.history().steps;
    assert!(matches!(&steps[0].outcome, StepOutcome::Failed(f) if f.code == Code::Denied));
}

#[tokio::test]
async fn a_spent_budget_stops_the_call_before_its_work() {
    let bench = Bench::new(Memory::default(), 1);
    assert!(bench.press("mine", answer(1)).await.is_ok());
    let refused = bench.press("mine", answer(2)).await.expect_err("spent");
    assert_eq!((refused.code, bench.worked()), (Code::OverBudget, 1));
}

#[tokio::test]
async fn a_call_is_written_with_its_arguments_and_its_answer() {
    let bench = Bench::new(Memory::default(), 10);
    bench.press("mine", answer(7)).await.expect("answered");
    let line = &bench.lines()[0];
    assert_eq!(line["n"], 1);
    assert_eq!(line["op"], "test.press");
    assert_eq!(line["args"], serde_json::json!({"bucket": "mine"}));
    assert_eq!(line["ok"]["value"], 7);
    assert_eq!(
        bench.gate.ledger().timeline.history().steps[0].title,
        "press mine"
    );
}

#[tokio::test]
async fn in_a_replay_the_recording_answers_and_no_work_is_done() {
    let recorded = recording(r#"{"bucket":"mine"}"#, r#"{"value":42}"#);
    let bench = Bench::replaying(Arc::new(Replay::new(recorded, true)));
    let replayed = bench.press("mine", answer(1)).await.expect("answered");
    assert_eq!((replayed.value, bench.worked()), (42, 0));
}

#[tokio::test(start_paused = true)]
async fn in_a_replay_an_answer_that_the_call_cannot_have_ends_it() {
    let replay = Arc::new(Replay::new(recording(r#"{"bucket":"mine"}"#, "[]"), true));
    let bench = Bench::replaying(replay.clone());
    tokio::select! {
        answered = bench.press("mine", answer(1)) => panic!("{answered:?}"),
        () = replay.stopped() => {}
    }
    assert!(matches!(
        replay.divergence(),
        Some(Divergence::Unreadable { n: 1, .. })
    ));
}

#[tokio::test]
async fn a_refusal_that_was_not_recorded_is_a_divergence() {
    let replay = Arc::new(Replay::new(
        recording(r#"{"bucket":"theirs"}"#, r#"{"value":1}"#),
        true,
    ));
    let bench = Bench::replaying(replay.clone());
    assert!(bench.press("theirs", answer(1)).await.is_err());
    assert!(matches!(
        replay.divergence(),
        Some(Divergence::OtherAnswer { n: 1, .. })
    ));
}

#[tokio::test]
async fn a_soft_failure_lets_the_flow_go_on_and_is_kept_for_the_verdict() {
    let bench = Bench::new(Memory::default(), 10);
    let soft = Soft {
        value: 1,
        failure: Some(Failure::new(Code::AssertionFailed, "no")),
    };
    assert!(bench.press("mine", Ok(soft)).await.is_ok());
    let faults = bench.gate.ledger().faults();
    assert_eq!(faults.soft.iter().map(|f| f.call).collect::<Vec<_>>(), [Some(1)]);
}

#[tokio::test]
async fn a_platform_failure_is_remembered_even_if_the_guest_goes_on() {
    let bench = Bench::new(Memory::default(), 10);
    let _ = bench
        .press("mine", Err(Failure::new(Code::PageLost, "crashed")))
        .await;
    assert!(bench.press("mine", answer(1)).await.is_ok());
    assert_eq!(
        bench.gate.ledger().faults().platform.map(|f| f.code),
        Some(Code::PageLost)
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_ends_with_the_run() {
    let bench = Bench::new(Memory::default(), 10);
    let forever = std::future::pending::<Result<Soft<u32>, Failure>>();
    let ended = bench
        .gate
        .call(
            &Press {
                bucket: "mine".into(),
            },
            forever,
        )
        .await
        .expect_err("ended");
    assert_eq!(ended.code, Code::Cancelled);
}

#[tokio::test]
async fn a_tape_that_breaks_is_told_and_stops_nothing() {
    let bench = Bench::new(
        Memory {
            broken: true,
            ..Memory::default()
        },
        10,
    );
    assert!(bench.press("mine", answer(1)).await.is_ok());
    assert_eq!(bench.gate.ledger().faults().tape.as_deref(), Some("disk full"));
}

/// A text that is typed, and what the page then says.
#[derive(Serialize)]
struct Type {
    text: String,
}

impl Call for Type {
    const OP: &'static str = "test.type";
    type Answer = String;

    fn title(&self) -> String {
        format!("type {}", self.text)
    }

    fn secrets(&self) -> Vec<&str> {
        vec![&self.text]
    }
}

#[tokio::test]
async fn a_secret_is_not_on_the_tape_and_a_replay_gives_it_back_to_the_flow_that_knows_it() {
    let typed = Type {
        text: "hunter2".to_owned(),
    };
    let says = |text: &str| format!("{{\"session_id\":\"{text}\",\"typed\":\"hunter2\"}}");
    let bench = Bench::new(Memory::default(), 10);
    let said = bench
        .gate
        .call(&typed, async { Ok(says("drawn-by-the-page")) })
        .await;
    assert_eq!(
        said.as_deref(),
        Ok(says("drawn-by-the-page").as_str()),
        "the flow gets all of it"
    );
    let failure = Failure::new(Code::AssertionFailed, "there is hunter2, not a teapot");
    bench.gate.ledger().fail(failure.clone());
    let tape = bench.tape.lines.lock().expect("lines").concat();
    assert!(!tape.contains("hunter2") && !tape.contains("drawn"), "{tape}");

    let mut again = recording("{}", "null");
    again.calls = vec![serde_json::from_str(tape.lines().next().expect("a call")).expect("a call")];
    let replay = Arc::new(Replay::new(again, true));
    let bench = Bench::replaying(replay.clone());
    let said = bench.gate.call(&typed, async { Ok(String::new()) }).await;
    let as_recorded = said.expect("it is answered");
    assert!(as_recorded.contains("\"typed\":\"hunter2\""), "{as_recorded}");
    assert!(!as_recorded.contains("drawn"), "{as_recorded}");
    assert_eq!(replay.divergence(), None);
    assert_eq!(bench.tape.lines.lock().expect("lines").len(), 1);
}
