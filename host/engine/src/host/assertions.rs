//! `assertions`: the flow's own comparisons, and custom assertions.

use wasmtime::component::Resource;

use super::{Failed, PageHandle};
use crate::bindings::assertions::{self, CallOptions, Check};
use crate::bindings::types::Verdict;
use crate::state::HostState;
use flowguard_core::assertions::{CallAssertion, Report, judged, report};

impl assertions::Host for HostState {
    async fn report(&mut self, check: Check) -> Result<(), Failed> {
        let run = self.run()?;
        let Check {
            title,
            passed,
            expected,
            received,
            soft,
        } = check;
        let call = Report {
            title,
            passed,
            expected,
            received,
            soft,
        };
        run.gate.call(&call, async { report(&call) }).await?;
        Ok(())
    }

    async fn call(
        &mut self,
        name: String,
        page: Resource<PageHandle>,
        params: String,
        options: CallOptions,
    ) -> Result<Verdict, Failed> {
        let PageHandle(page) = *self.table.get(&page)?;
        let run = self.run()?;
        let CallOptions { soft, timeout } = options;
        let call = CallAssertion {
            name,
            page,
            params,
            soft,
            timeout_ms: timeout,
        };
        let call = &call;
        let check = |step| async move {
            let verdict = run.assertions.check(run, call, step).await?;
            judged(call, verdict)
        };
        Ok(run.gate.call_in_step(call, check).await?.value.into())
    }
}
