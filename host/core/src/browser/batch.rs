//! Several things done to a page in one go: each as it is done by itself, but the script is asked ahead for what
//! comes next, so that runs of steps share a round trip. What is asked ahead is what the step would ask itself.

use serde_json::Value;
use std::collections::VecDeque;

use super::calls::{PageId, RunBatch, Step};
use super::job::Job;
use super::session::Browser;
use crate::budget::Charge;
use crate::failure::{Code, Failure};
use crate::limits::{MAX_BATCH_STEPS, MAX_TEXT_BYTES};
use crate::timeline::{StepId, StepOutcome};

/// A batch that is under way.
pub(super) struct Ahead {
    page: PageId,
    /// What the steps after the present one will ask for, as far as that can be known.
    requests: Vec<Value>,
    /// What was asked ahead and is answered already, in order.
    answered: VecDeque<(Value, Value)>,
}

impl Browser {
    /// Does the steps, each shown below `shown`, until one fails.
    ///
    /// # Errors
    /// As the step that failed; the message says which one it is. [`Code::InvalidArgument`] where there are
    /// too many, or they are not all for one page.
    pub async fn run_batch(&self, call: &RunBatch, shown: Option<StepId>) -> Result<(), Failure> {
        check(&call.steps)?;
        for _ in &call.steps {
            self.ledger.budget.charge(Charge::Call)?;
        }
        let done = self.steps(&call.steps, shown).await;
        self.ahead().take();
        done
    }

    /// Shows the steps of a batch that a replay has answered as they were shown when they were done.
    pub fn show_batch(&self, call: &RunBatch, shown: Option<StepId>, result: &Result<(), Failure>) {
        let charge = |_| self.ledger.budget.charge(Charge::Call);
        if check(&call.steps).is_err() || call.steps.iter().try_for_each(charge).is_err() {
            return;
        }
        let done = match result {
            Ok(()) => call.steps.len(),
            Err(failure) => {
                let failed = |(index, step)| {
                    failure
                        .message
                        .starts_with(&format!("{}: ", place(index, &call.steps, step)))
                };
                match call.steps.iter().enumerate().position(failed) {
                    Some(index) => index + 1,
                    // It was refused as a whole.
                    None => return,
                }
            }
        };
        for (index, step) in call.steps.iter().take(done).enumerate() {
            let now = self.ledger.now();
            let row = self
                .ledger
                .timeline
                .begin_below(shown, step.op(), step.title(), now);
            let outcome = match result {
                Err(failure) if index + 1 == done => {
                    let prefix = format!("{}: ", place(index, &call.steps, step));
                    let message = failure.message.trim_start_matches(&prefix).to_owned();
                    StepOutcome::Failed(Failure {
                        message,
                        ..failure.clone()
                    })
                }
                _ => StepOutcome::Passed,
            };
            self.ledger.timeline.end(row, now, outcome);
        }
    }

    async fn steps(&self, steps: &[Step], shown: Option<StepId>) -> Result<(), Failure> {
        for (index, step) in steps.iter().enumerate() {
            self.foresee(step, &steps[index + 1..])?;
            let (timeline, began) = (&self.ledger.timeline, self.ledger.now());
            let row = timeline.begin_below(shown, step.op(), step.title(), began);
            let done = self.step(step).await;
            let outcome = match &done {
                Ok(()) => StepOutcome::Passed,
                Err(failure) => StepOutcome::Failed(failure.clone()),
            };
            timeline.end(row, self.ledger.now(), outcome);
            done.map_err(|failure| {
                let message = format!("{}: {}", place(index, steps, step), failure.message);
                Failure { message, ..failure }
            })?;
        }
        Ok(())
    }

    async fn step(&self, step: &Step) -> Result<(), Failure> {
        match step {
            Step::Click(call) => self.click(call).await,
            Step::Hover(call) => self.hover(call).await,
            Step::SetChecked(call) => self.set_checked(call).await,
            Step::Fill(call) => self.fill(call).await,
            Step::Press(call) => self.press(call).await,
            Step::Focus(call) => self.focus(call).await,
            Step::SelectOption(call) => self.select_option(call).await.map(drop),
            Step::Expect(call) => self.expect(call).await.map(drop),
        }
    }

    /// Notes what the steps after this one will ask for. A key goes to whatever has the focus, so nothing is
    /// asked ahead of it.
    fn foresee(&self, present: &Step, later: &[Step]) -> Result<(), Failure> {
        let presses = |step: &Step| matches!(step, Step::Press(_));
        let known = match later.iter().position(presses) {
            _ if presses(present) => &[],
            Some(press) => &later[..=press],
            None => later,
        };
        let request = |step| Ok(self.job_of(step)?.request(&step.action()?));
        let requests = known.iter().map(request).collect::<Result<_, Failure>>()?;
        let mut ahead = self.ahead();
        let answered = ahead.take().map(|ahead| ahead.answered).unwrap_or_default();
        let page = present.page();
        *ahead = Some(Ahead {
            page,
            requests,
            answered,
        });
        Ok(())
    }

    fn job_of<'a>(&'a self, step: &'a Step) -> Result<Job<'a>, Failure> {
        match step {
            Step::Click(call) => self.pointer_job(&call.target, &call.options),
            Step::Hover(call) => self.pointer_job(&call.target, &call.options),
            Step::SetChecked(call) => self.pointer_job(&call.target, &call.options),
            Step::Fill(call) => self.action_job(&call.target, call.options.timeout_ms, call.options.force),
            Step::Press(call) => self.action_job(&call.target, call.options.timeout_ms, false),
            Step::Focus(call) => self.action_job(&call.target, call.options.timeout_ms, call.options.force),
            Step::SelectOption(call) => {
                self.action_job(&call.target, call.options.timeout_ms, call.options.force)
            }
            Step::Expect(call) => self.expect_job(call),
        }
    }

    /// What the script may be asked for after what is asked for now.
    pub(super) fn requests_ahead(&self, page: PageId) -> Vec<Value> {
        let ahead = self.ahead();
        let is_free = |ahead: &&Ahead| ahead.page == page && ahead.answered.is_empty();
        let here = ahead.as_ref().filter(is_free);
        here.map(|ahead| ahead.requests.clone()).unwrap_or_default()
    }

    /// Keeps answers to [`Browser::requests_ahead`].
    pub(super) fn answered_ahead(&self, answers: Vec<Value>) {
        if let Some(ahead) = self.ahead().as_mut() {
            ahead.answered = ahead.requests.iter().cloned().zip(answers).collect();
        }
    }

    /// The answer to a request that was asked ahead. The time that is left may be another one now.
    pub(super) fn foreseen(&self, request: impl FnOnce() -> Value) -> Option<Value> {
        let mut ahead = self.ahead();
        let (asked, answer) = ahead.as_mut()?.answered.pop_front()?;
        let request = request();
        let same = |key: &str| asked.get(key) == request.get(key);
        if same("action") && same("locator") {
            return Some(answer);
        }
        ahead.as_mut()?.answered.push_front((asked, answer));
        None
    }
}

/// Which step it is, for a message.
fn place(index: usize, steps: &[Step], step: &Step) -> String {
    format!("step {} of {}, {}", index + 1, steps.len(), step.title())
}

fn check(steps: &[Step]) -> Result<(), Failure> {
    let invalid = |message: String| Err(Failure::new(Code::InvalidArgument, message));
    if steps.len() > MAX_BATCH_STEPS {
        return invalid(format!(
            "a batch may have {MAX_BATCH_STEPS} steps: {}",
            steps.len()
        ));
    }
    if steps.windows(2).any(|pair| pair[0].page() != pair[1].page()) {
        return invalid("the steps of a batch are all for one page".to_owned());
    }
    if steps
        .iter()
        .any(|step| matches!(step, Step::Expect(call) if call.options.soft))
    {
        return invalid("an assertion of a batch is not soft: make it after the batch".to_owned());
    }
    let text = |step: &Step| match step {
        Step::Fill(call) => call.value.len(),
        _ => 0,
    };
    let bytes: usize = steps.iter().map(text).sum();
    if bytes > MAX_TEXT_BYTES {
        return invalid(format!(
            "the texts of a batch may have {MAX_TEXT_BYTES} bytes together: {bytes}"
        ));
    }
    Ok(())
}
