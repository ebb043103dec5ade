//! What a flow component is to the host: it describes its flows and runs one.
//! Never decides anything about a run: the host does.

use std::time::Duration;

use crate::bindings::flow::exports::flowguard::plugin::flows as host;
pub use host::{Description, Flow as FlowInfo, Needs, Source};

use crate::bindings::flow::flowguard::plugin::types;
use crate::failure::{Failure, FailureCode, Result};
use crate::page::Page;

/// What a run is given; take it as an argument of the flow.
///
/// ```no_run
/// # use flowguard_sdk::prelude::*;
/// #[flow]
/// fn cart(page: Page, context: Context) -> Result {
///     let query = context.param("bug").map(|bug| format!("/?bug={bug}"));
///     page.goto(query.as_deref().unwrap_or("/"))?;
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct Context(host::RunContext);

impl Context {
    /// The run's id.
    pub fn run_id(&self) -> &str {
        &self.0.run_id
    }

    /// Where the application is, `http://127.0.0.1:4000`; may be empty.
    pub fn base_url(&self) -> &str {
        &self.0.base_url
    }

    /// 1 for the first attempt.
    pub fn attempt(&self) -> u32 {
        self.0.attempt
    }

    /// A parameter of the run, as `--param KEY=VALUE` gives it.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params()
            .find_map(|(key, value)| (key == name).then_some(value))
    }

    /// All parameters of the run.
    pub fn params(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .params
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The interpreted file, where the component is an interpreter.
    pub fn source(&self) -> Option<&Source> {
        self.0.source.as_ref()
    }
}

/// An argument of a flow. It is made when the run begins, in the order of the arguments.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a flow",
    note = "a flow takes `Page` (opened and sent to the flow's `url`), `Context`, both or none"
)]
pub trait FromRun: Sized {
    #[doc(hidden)]
    fn from_run(url: &str, context: &Context) -> Result<Self>;
}

impl FromRun for Page {
    fn from_run(url: &str, _context: &Context) -> Result<Self> {
        let page = Self::open()?;
        if !url.is_empty() {
            page.goto(url)?;
        }
        Ok(page)
    }
}

impl FromRun for Context {
    fn from_run(_url: &str, context: &Context) -> Result<Self> {
        Ok(context.clone())
    }
}

/// A flow; `#[flow]` writes it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a flow",
    note = "put `#[flow]` above the function, and name the function here"
)]
pub trait Flow {
    #[doc(hidden)]
    fn info() -> FlowInfo;
    #[doc(hidden)]
    fn run(context: &Context) -> Result;
}

/// A flow as [`component!`](crate::component) holds it.
#[doc(hidden)]
pub struct FlowEntry {
    info: fn() -> FlowInfo,
    run: fn(&Context) -> Result,
}

impl FlowEntry {
    /// The entry of a flow.
    pub const fn of<F: Flow>() -> Self {
        Self {
            info: F::info,
            run: F::run,
        }
    }
}

/// A component that describes its flows itself, for example an interpreter of files. Components with flows
/// in Rust use [`component!`](crate::component) instead, which writes this; both end in
/// [`export_component!`](crate::export_component).
pub trait Component {
    /// Tells what flows the component holds; `source` is the file that it interprets.
    fn describe(source: Option<Source>) -> Result<Description>;
    /// Runs one flow.
    fn run(flow: &str, context: Context) -> Result;
}

/// The description of a component that holds these flows.
#[doc(hidden)]
pub fn describe_flows(name: &str, version: &str, flows: &[FlowEntry], needs: Needs) -> Result<Description> {
    let flows: Vec<_> = flows.iter().map(|flow| (flow.info)()).collect();
    Ok(Description {
        name: name.into(),
        version: version.into(),
        flows,
        needs,
    })
}

/// Runs the flow of this name out of `flows`.
#[doc(hidden)]
pub fn run_flow(flows: &[FlowEntry], name: &str, context: &Context) -> Result {
    match flows.iter().find(|flow| (flow.info)().name == name) {
        Some(flow) => (flow.run)(context),
        None => Err(unknown_flow(name, flows.iter().map(|flow| (flow.info)().name))),
    }
}

/// The failure of a run of a flow that the component does not hold.
pub fn unknown_flow(name: &str, known: impl IntoIterator<Item = String>) -> Failure {
    let known = known.into_iter().collect::<Vec<_>>().join(", ");
    Failure::with_code(
        FailureCode::InvalidArgument,
        format!("no flow of this name; there are {known}: {name}"),
    )
}

/// What an attribute's timeout becomes in the contract.
#[doc(hidden)]
pub fn timeout_of(milliseconds: u32) -> Option<u32> {
    (milliseconds > 0).then_some(milliseconds)
}

/// The contract's form of a duration, for components that describe themselves.
pub fn contract_timeout(limit: Duration) -> u32 {
    crate::time::milliseconds(limit)
}

/// Checks that the type is a component.
#[doc(hidden)]
pub const fn is_component<C: Component>() {}

/// Carries a [`Component`] over to the exports of the world.
#[doc(hidden)]
pub struct Exported<C>(std::marker::PhantomData<C>);

impl<C: Component> host::Guest for Exported<C> {
    fn describe(source: Option<Source>) -> Result<Description, types::Failure> {
        C::describe(source).map_err(Into::into)
    }

    fn run(flow: String, context: host::RunContext) -> Result<(), types::Failure> {
        C::run(&flow, Context(context)).map_err(Into::into)
    }
}

/// Exports a type that implements [`Component`] as the component of the crate, which must be a `cdylib`.
/// On other targets than WebAssembly it only checks the type, so that unit tests of the crate link.
#[rustfmt::skip]
#[macro_export]
macro_rules! export_component {
    ($component:ty) => {
        const _: () = $crate::__private::is_component::<$component>();
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            type FlowguardExport = $crate::__private::ExportedComponent<$component>;
            use $crate::bindings::flow as bindings;
            bindings::export_flow!(FlowguardExport with_types_in bindings);
        };
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Buys;
    impl Flow for Buys {
        fn info() -> FlowInfo {
            FlowInfo {
                name: "buys".into(),
                intent: String::new(),
                url: String::new(),
                critical: false,
                tags: Vec::new(),
                timeout: timeout_of(0),
            }
        }
        fn run(context: &Context) -> Result {
            Err(Failure::new(format!("attempt {}", context.attempt())))
        }
    }

    fn context() -> Context {
        Context(host::RunContext {
            run_id: "r1".into(),
            base_url: String::new(),
            attempt: 2,
            params: vec![("bug".into(), "pay".into())],
            source: None,
        })
    }

    #[test]
    fn a_flow_is_found_by_its_name() {
        let flows = [FlowEntry::of::<Buys>()];
        assert_eq!(
            run_flow(&flows, "buys", &context()).unwrap_err().message(),
            "attempt 2"
        );
        let failure = run_flow(&flows, "sells", &context()).unwrap_err();
        assert_eq!(failure.message(), "no flow of this name; there are buys: sells");
        assert_eq!(failure.code(), FailureCode::InvalidArgument);
    }

    #[test]
    fn params_are_read_by_name() {
        assert_eq!(context().param("bug"), Some("pay"));
        assert_eq!(context().param("other"), None);
    }
}
