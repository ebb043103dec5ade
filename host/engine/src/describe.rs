//! What a component says of itself, asked without a browser and with nothing to call: a guest that only
//! describes itself reaches no capability.

use std::sync::Arc;
use wasmtime::Store;

use crate::bindings::flows;
use crate::call::{self, Stopped};
use crate::config::Engine;
use crate::guest_world::{self, GuestOutput};
use crate::limits::set_clocks;
use crate::load::{AssertionComponent, FlowComponent};
use crate::state::{self, HostState};
use flowguard_core::clock::Clock;
use flowguard_core::failure::{Code, Failure};
use flowguard_core::flow::{AssertionDescription, Description, Source};
use flowguard_core::limits;
use flowguard_core::progress::{Cancel, Progress};

impl Engine {
    /// Makes a fresh store and an instance in it, and drops both: shows that the component starts, and what
    /// that costs.
    ///
    /// # Errors
    /// That it did not start, or took too long.
    pub async fn instantiate(
        &self,
        component: &FlowComponent,
        clock: &Arc<dyn Clock>,
    ) -> Result<(), Failure> {
        let (mut store, output, progress) = with_nothing_to_call(self, clock);
        let made = call::call(&progress, &output, component.pre.instantiate_async(&mut store)).await;
        made.map(|_| ()).map_err(not_described)
    }

    /// Asks a component what flows it holds.
    ///
    /// # Errors
    /// The component's own failure (a malformed source), or that it trapped or took too long.
    pub async fn describe(
        &self,
        component: &FlowComponent,
        source: Option<&Source>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Description, Failure> {
        let (mut store, output, progress) = with_nothing_to_call(self, clock);
        let source: Option<flows::Source> = source.map(Into::into);
        let work = async {
            let guest = component.pre.instantiate_async(&mut store).await?;
            guest
                .flowguard_plugin_flows()
                .call_describe(&mut store, source.as_ref())
                .await
        };
        let described = call::call(&progress, &output, work)
            .await
            .map_err(not_described)?;
        let description = Description::from(described.map_err(Failure::from)?);
        check_description(&description)?;
        Ok(description)
    }
}

/// Asks a custom assertion what it checks.
///
/// # Errors
/// That it trapped or took too long.
pub async fn describe_assertion(
    engine: &Engine,
    component: &AssertionComponent,
    clock: &Arc<dyn Clock>,
) -> Result<AssertionDescription, Failure> {
    let (mut store, output, progress) = with_nothing_to_call(engine, clock);
    let work = async {
        let guest = component.pre.instantiate_async(&mut store).await?;
        guest.flowguard_plugin_checks().call_describe(&mut store).await
    };
    let described = call::call(&progress, &output, work)
        .await
        .map_err(not_described)?;
    Ok(described.into())
}

/// A store in which a guest can compute, print and nothing else, for the time that describing may take.
fn with_nothing_to_call(
    engine: &Engine,
    clock: &Arc<dyn Clock>,
) -> (Store<HostState>, GuestOutput, Progress) {
    let output = GuestOutput::new();
    let progress = Progress::new(limits::DESCRIBE_TIMEOUT, &Cancel::new());
    let mut store = state::store(engine, guest_world::wasi(&output, clock, None, 0), None);
    set_clocks(&mut store, &progress);
    (store, output, progress)
}

fn not_described(stopped: Stopped) -> Failure {
    let why = match stopped {
        Stopped::Trapped { message, .. } => message,
        Stopped::OutOfTime { .. } => format!("it took more than {} ms", limits::DESCRIBE_TIMEOUT.as_millis()),
        Stopped::Cancelled => "it was cancelled".to_owned(),
    };
    Failure::new(
        Code::FlowError,
        format!("the component did not describe itself: {why}"),
    )
}

/// Names must be usable in reports, file names and filters.
fn check_description(description: &Description) -> Result<(), Failure> {
    let invalid = |message: String| Err(Failure::new(Code::InvalidArgument, message));
    if description.flows.len() > 500 {
        return invalid(format!(
            "a component holds at most 500 flows: {}",
            description.flows.len()
        ));
    }
    let mut seen = std::collections::HashSet::new();
    for flow in &description.flows {
        let length = flow.name.len();
        if !(1..=120).contains(&length) || flow.name.chars().any(char::is_control) {
            return invalid(format!(
                "a flow's name has 1 to 120 bytes and no control characters: {:?}",
                flow.name
            ));
        }
        if !seen.insert(&flow.name) {
            return invalid(format!(
                "two flows of the component have the same name: {:?}",
                flow.name
            ));
        }
    }
    Ok(())
}
