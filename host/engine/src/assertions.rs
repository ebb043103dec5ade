//! Custom assertions: components that a flow calls by name. Each call gets a store of its own and a grant of
//! its own, and sees the one page that it was given.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::call::{self, Stopped};
use crate::config::Engine;
use crate::describe::describe_assertion;
use crate::guest_world::{self, GuestOutput};
use crate::limits::set_clocks;
use crate::load::AssertionComponent;
use crate::state::{self, RunState};
use flowguard_core::artifact::Digest;
use flowguard_core::assertions::{AssertionVerdict, CallAssertion};
use flowguard_core::clock::Clock;
use flowguard_core::failure::{Code, Failure};
use flowguard_core::flow::AssertionDescription;
use flowguard_core::limits;
use flowguard_core::timeline::StepId;

/// The custom assertions of a host, by name.
pub(crate) struct Assertions {
    engine: Engine,
    clock: Arc<dyn Clock>,
    by_name: HashMap<String, (Arc<AssertionComponent>, AssertionDescription)>,
}

impl Assertions {
    /// The custom assertions that these components are.
    ///
    /// # Errors
    /// One that does not describe itself.
    pub(crate) async fn new(
        engine: Engine,
        clock: Arc<dyn Clock>,
        components: Vec<Arc<AssertionComponent>>,
    ) -> Result<Self, Failure> {
        let mut by_name: HashMap<String, (Arc<AssertionComponent>, AssertionDescription)> = HashMap::new();
        for component in components {
            let description = describe_assertion(&engine, &component, &clock).await?;
            let name = description.name.clone();
            let other = by_name.insert(name.clone(), (component.clone(), description));
            if other.is_some_and(|(other, _)| other.digest != component.digest) {
                let message = format!("two custom assertions are called {name:?}: load only one of them");
                return Err(Failure::new(Code::InvalidArgument, message));
            }
        }
        Ok(Self {
            engine,
            clock,
            by_name,
        })
    }

    /// Their contents, in order.
    pub(crate) fn digests(&self) -> Vec<Digest> {
        let all = self
            .by_name
            .values()
            .map(|(component, _)| component.digest.clone());
        let mut digests: Vec<Digest> = all.collect();
        digests.sort();
        digests
    }

    /// What each of them is.
    pub(crate) fn descriptions(&self) -> impl Iterator<Item = &AssertionDescription> {
        self.by_name.values().map(|(_, description)| description)
    }

    /// Runs a custom assertion on a page: in a store of its own, under a grant of its own.
    pub(crate) async fn check(
        &self,
        caller: &RunState,
        call: &CallAssertion,
        step: Option<StepId>,
    ) -> Result<AssertionVerdict, Failure> {
        let (component, description) = self
            .by_name
            .get(&call.name)
            .ok_or_else(|| self.unknown(&call.name))?;
        let grant = caller.gate.grant().for_assertion(description.external_hosts);
        let ledger = caller.gate.ledger();
        let wanted = call.timeout_ms.map_or(limits::DEFAULT_ASSERTION_TIMEOUT, |ms| {
            Duration::from_millis(ms.min(limits::MAX_CALL_TIMEOUT_MS).into())
        });
        let progress = ledger.progress.within(ledger.progress.allowance(wanted));
        let run = RunState {
            gate: caller.gate.for_assertion(&call.name, grant, step),
            ..caller.clone()
        };
        let output = GuestOutput::new();
        let wasi = guest_world::wasi(
            &output,
            &self.clock,
            Some(ledger),
            u64::from(step.unwrap_or_default()),
        );
        let mut store = state::store(&self.engine, wasi, Some(run));
        set_clocks(&mut store, &progress);
        let page = crate::host::PageHandle(call.page);
        let page = store
            .data_mut()
            .table
            .push(page)
            .map_err(|error| internal(&error))?;
        let borrowed = wasmtime::component::Resource::new_borrow(page.rep());
        // Boxed: a host call's future holds the future of another guest's call.
        let work = Box::pin(async {
            let guest = component.pre.instantiate_async(&mut store).await?;
            guest
                .flowguard_plugin_checks()
                .call_check(&mut store, borrowed, &call.params)
                .await
        });
        let returned = call::call(&progress, &output, work).await;
        drop(store);
        match returned {
            Ok(verdict) => verdict.map(Into::into).map_err(Failure::from),
            Err(stopped) => Err(broken(&call.name, stopped)),
        }
    }

    fn unknown(&self, name: &str) -> Failure {
        let mut known: Vec<&str> = self.by_name.keys().map(String::as_str).collect();
        known.sort_unstable();
        let known = if known.is_empty() {
            "none is loaded".to_owned()
        } else {
            format!("loaded are {}", known.join(", "))
        };
        Failure::new(
            Code::InvalidArgument,
            format!("there is no custom assertion {name:?}: {known}"),
        )
    }
}

fn broken(name: &str, stopped: Stopped) -> Failure {
    let (why, backtrace) = match stopped {
        Stopped::Trapped {
            message, backtrace, ..
        } => (message, backtrace),
        Stopped::OutOfTime { backtrace } => ("its time was over".to_owned(), backtrace),
        Stopped::Cancelled => ("it was cancelled".to_owned(), Vec::new()),
    };
    let failure = Failure::new(
        Code::FlowError,
        format!("the custom assertion {name} did not answer: {why}"),
    );
    if backtrace.is_empty() {
        failure
    } else {
        failure.with_evidence("backtrace", backtrace.join("\n"))
    }
}

fn internal(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Code::Internal, error.to_string())
}
