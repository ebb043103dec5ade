//! `retries`: a part of the flow, tried until it holds.

use wasmtime::component::Resource;

use super::{Failed, RetryHandle};
use crate::bindings::retries::{self, Ending, Next, RetryOptions};
use crate::state::HostState;
use flowguard_core::retries::{EndAttempt, StartRetry};

impl retries::Host for HostState {}

impl retries::HostRetry for HostState {
    async fn start(&mut self, title: String, options: RetryOptions) -> Result<Resource<RetryHandle>, Failed> {
        let run = self.run()?;
        let RetryOptions {
            timeout,
            intervals,
            soft,
        } = options;
        let call = StartRetry {
            title,
            timeout_ms: timeout,
            intervals_ms: intervals,
            soft,
        };
        let (retries, call) = (&run.retries, &call);
        let retry = run
            .gate
            .call_and_redo(
                call,
                |step| async move { retries.start(call, step) },
                |step, answer| retries.start_again(call, step, answer),
            )
            .await?;
        Ok(self.table.push(RetryHandle(retry))?)
    }

    async fn end_attempt(&mut self, retry: Resource<RetryHandle>, ending: Ending) -> Result<Next, Failed> {
        let RetryHandle(retry) = *self.table.get(&retry)?;
        let run = self.run()?;
        let call = EndAttempt {
            retry,
            ending: ending.into(),
        };
        let (retries, call) = (&run.retries, &call);
        let redo = |_, answer: &_| retries.end_attempt_again(call, answer);
        let answer = run
            .gate
            .call_and_redo(call, |_| retries.end_attempt(call), redo)
            .await?;
        Ok(answer.value.into())
    }

    async fn drop(&mut self, retry: Resource<RetryHandle>) -> wasmtime::Result<()> {
        let RetryHandle(retry) = self.table.delete(retry)?;
        if let Ok(run) = self.run() {
            // One that has ended stays as it is.
            run.retries.abandon(retry);
        }
        Ok(())
    }
}
