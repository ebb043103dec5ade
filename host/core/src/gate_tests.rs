//! The gate's promises, one test each, with a scripted tape and a call that counts its work.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::budget::{Allowance, Budget};
use crate::cassette::{Recorded, Tape};
use crate::clock::SystemClock;
use crate::failure::{Code, Failure};
use crate::fakes::FakeArtifacts;
use crate::flow::Needs;
use crate::gate::{Call, Gate, Ledger, Soft};
use crate::grant::{Ask, Policy};
use crate::progress::{Cancel, Progress};
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

/// A tape that keeps its lines, and in a replay answers every call with this.
#[derive(Clone, Default)]
struct Memory {
    lines: Arc<Mutex<Vec<String>>>,
    answer: Option<String>,
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

    fn answer(&self, _n: u32, _op: &str, _args: &RawValue) -> Option<Recorded> {
        let answer = self.answer.clone()?;
        Some(Ok(RawValue::from_string(answer).expect("JSON")))
    }
}

struct Bench {
    gate: Gate,
    tape: Memory,
    worked: AtomicU32,
}

impl Bench {
    fn new(tape: Memory, calls: u32) -> Self {
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
async fn in_a_replay_the_tape_answers_and_no_work_is_done() {
    let tape = Memory {
        answer: Some(r#"{"value":42}"#.into()),
        ..Memory::default()
    };
    let bench = Bench::new(tape, 10);
    let replayed = bench.press("mine", answer(1)).await.expect("answered");
    assert_eq!((replayed.value, bench.worked()), (42, 0));
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
