//! Retries: what is tried again, for how long, and what that does to the verdict. Time is the test's own.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::assertions::{Report, report};
use crate::budget::{Allowance, Budget};
use crate::cassette::NoTape;
use crate::clock::SystemClock;
use crate::failure::{Code, Failure};
use crate::fakes::FakeArtifacts;
use crate::flow::Needs;
use crate::gate::Gate;
use crate::grant::Policy;
use crate::ledger::Ledger;
use crate::progress::{Cancel, Progress};
use crate::retries::{EndAttempt, Ending, Next, Retries, StartRetry};
use crate::timeline::{StepId, StepOutcome};

struct Rig {
    gate: Gate,
    retries: Retries,
}

impl Rig {
    fn new() -> Self {
        let ledger = Arc::new(Ledger::new(
            Budget::new(Allowance::default()),
            Progress::new(Duration::from_secs(60), &Cancel::new()),
            Arc::new(FakeArtifacts::default()),
            Box::new(NoTape),
            Arc::new(SystemClock::new()),
        ));
        Self {
            gate: Gate::new(
                ledger.clone(),
                Policy::permissive().grant(&Needs::default(), None),
            ),
            retries: Retries::new(ledger),
        }
    }

    fn ledger(&self) -> &Ledger {
        self.gate.ledger()
    }

    async fn start(&self, timeout_ms: u32, soft: bool) -> StepId {
        let call = StartRetry {
            title: "the total".into(),
            timeout_ms: Some(timeout_ms),
            intervals_ms: vec![],
            soft,
        };
        let begin = |step| async move { self.retries.start(&call_of(timeout_ms, soft), step) };
        self.gate.call_in_step(&call, begin).await.expect("it begins")
    }

    async fn end(&self, retry: StepId, ending: Ending) -> Result<Next, Failure> {
        let call = EndAttempt { retry, ending };
        let answer = self.gate.call(&call, self.retries.end_attempt(&call)).await?;
        Ok(answer.value)
    }

    /// A comparison of the flow's own that does not hold.
    async fn check(&self, soft: bool) -> Failure {
        let call = Report {
            title: "total".into(),
            passed: false,
            expected: "3".into(),
            received: "2".into(),
            soft,
        };
        let answer = self.gate.call(&call, async { report(&call) }).await;
        answer
            .err()
            .unwrap_or_else(|| Failure::new(Code::Internal, "soft"))
    }

    fn outcomes(&self) -> Vec<(Cow<'static, str>, &'static str)> {
        let steps = self.ledger().timeline.history().steps;
        let named = steps.into_iter().map(|step| {
            let outcome = match step.outcome {
                StepOutcome::Running => "running",
                StepOutcome::Passed => "passed",
                StepOutcome::Retried(_) => "retried",
                StepOutcome::FailedSoftly(_) => "failed softly",
                StepOutcome::Failed(_) => "failed",
            };
            (step.op, outcome)
        });
        named.collect()
    }
}

fn call_of(timeout_ms: u32, soft: bool) -> StartRetry {
    StartRetry {
        title: "the total".into(),
        timeout_ms: Some(timeout_ms),
        intervals_ms: vec![],
        soft,
    }
}

#[tokio::test(start_paused = true)]
async fn what_passes_at_last_fails_nothing_and_is_shown_as_attempts() {
    let rig = Rig::new();
    let began = tokio::time::Instant::now();
    let retry = rig.start(5_000, false).await;
    let failure = rig.check(false).await;
    assert_eq!(rig.end(retry, Ending::Failed(failure)).await, Ok(Next::TryAgain));
    rig.check(true).await;
    assert_eq!(
        rig.end(retry, Ending::Passed).await,
        Ok(Next::TryAgain),
        "a soft failure is tried again too"
    );
    assert_eq!(rig.end(retry, Ending::Passed).await, Ok(Next::GoOn));
    assert_eq!(began.elapsed(), Duration::from_millis(350), "100 ms, then 250");
    assert!(
        rig.ledger().faults().soft.is_empty(),
        "the soft failure is taken back"
    );
    let expected = [
        ("retry", "passed"),
        ("retry.attempt", "retried"),
        ("check", "failed"),
        ("retry.attempt", "retried"),
        ("check", "failed softly"),
        ("retry.attempt", "passed"),
    ];
    assert_eq!(
        rig.outcomes(),
        expected.map(|(op, outcome)| (Cow::from(op), outcome))
    );
}

#[tokio::test(start_paused = true)]
async fn no_attempt_begins_after_the_time_and_the_last_failure_is_the_retrys() {
    let rig = Rig::new();
    let retry = rig.start(300, false).await;
    let mut attempts = 0;
    let failure = loop {
        attempts += 1;
        let failure = rig.check(false).await;
        match rig.end(retry, Ending::Failed(failure)).await {
            Ok(Next::TryAgain) => {}
            Ok(Next::GoOn) => panic!("it did not hold"),
            Err(failure) => break failure,
        }
    };
    assert_eq!(attempts, 2, "at 0 and 100 ms; the next would be at 350");
    assert_eq!(failure.code, Code::AssertionFailed);
    assert_eq!(
        failure.message,
        "total: expected 3, received 2 (2 attempts in 100 ms)"
    );
    let again = rig.end(retry, Ending::Passed).await.expect_err("it is over");
    assert_eq!(again.code, Code::InvalidArgument);
}

#[tokio::test(start_paused = true)]
async fn what_a_retry_fails_with_names_the_call_that_failed_in_it() {
    let rig = Rig::new();
    let retry = rig.start(0, false).await;
    let inner = rig.check(false).await;
    let ended = rig.end(retry, Ending::Failed(inner.clone())).await;
    assert_eq!(
        ended.map_err(|failure| failure.call),
        Err(inner.call),
        "so that the report finds its step"
    );
    // A number that the guest made up names nothing.
    let made_up = Failure {
        call: Some(99),
        ..Failure::new(Code::AssertionFailed, "no")
    };
    let retry = rig.start(0, false).await;
    let ended = rig.end(retry, Ending::Failed(made_up)).await;
    assert_eq!(ended.map_err(|failure| failure.call), Err(Some(5)));
}

#[tokio::test(start_paused = true)]
async fn a_time_of_nothing_tries_once_and_soft_goes_on() {
    let rig = Rig::new();
    let retry = rig.start(0, true).await;
    let failure = rig.check(false).await;
    assert_eq!(rig.end(retry, Ending::Failed(failure)).await, Ok(Next::GoOn));
    assert_eq!(rig.ledger().faults().soft.len(), 1, "the failure is on record");
}

#[tokio::test(start_paused = true)]
async fn soft_failures_of_the_last_attempt_and_of_before_stay() {
    let rig = Rig::new();
    rig.check(true).await;
    let retry = rig.start(200, false).await;
    rig.check(true).await;
    assert_eq!(rig.end(retry, Ending::Passed).await, Ok(Next::TryAgain));
    rig.check(true).await;
    assert_eq!(rig.end(retry, Ending::Passed).await, Ok(Next::GoOn));
    assert_eq!(
        rig.ledger().faults().soft.len(),
        2,
        "that of before, that of the last attempt"
    );
}

#[tokio::test(start_paused = true)]
async fn what_no_attempt_mends_is_not_tried_again() {
    let denied = Failure::new(Code::Denied, "no");
    let malformed = Failure::new(Code::InvalidArgument, "not a selector");
    let probe = Failure::new(Code::FlowError, "no such field");
    let cases = [
        // A denial that the guest made up is its own error, and tried again.
        (Ending::Failed(denied), true),
        (Ending::Failed(malformed), false),
        (Ending::Failed(probe.clone()), true),
        (Ending::Hopeless(probe), false),
    ];
    for (ending, expected) in cases {
        let rig = Rig::new();
        let retry = rig.start(5_000, false).await;
        let tried = rig.end(retry, ending.clone()).await == Ok(Next::TryAgain);
        assert_eq!(tried, expected, "{ending:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_of_the_platform_ends_the_retry_and_is_not_forgiven() {
    let rig = Rig::new();
    let retry = rig.start(5_000, false).await;
    rig.ledger()
        .platform_fault(Failure::new(Code::PageLost, "the page crashed"));
    let failure = rig.check(false).await;
    let ended = rig.end(retry, Ending::Failed(failure)).await;
    assert_eq!(ended.map_err(|failure| failure.code), Err(Code::AssertionFailed));
    assert!(rig.ledger().faults().platform.is_some());
}

#[test]
fn arguments_out_of_range_are_refused() {
    let rig = Rig::new();
    let refused = |call: StartRetry| rig.retries.start(&call, Some(0)).map_err(|failure| failure.code);
    let good = call_of(100, false);
    for call in [
        StartRetry {
            title: String::new(),
            ..good.clone()
        },
        StartRetry {
            timeout_ms: Some(600_001),
            ..good.clone()
        },
        StartRetry {
            intervals_ms: vec![1; 33],
            ..good.clone()
        },
        StartRetry {
            intervals_ms: vec![600_001],
            ..good
        },
    ] {
        assert_eq!(refused(call), Err(Code::InvalidArgument));
    }
}
