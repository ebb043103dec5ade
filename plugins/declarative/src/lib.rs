//! The interpreter of flows in YAML: `describe` and `run` are given a file and do what it says.
//! The format is described in `docs/writing-flows-in-yaml.md`. Nothing here waits, retries or decides:
//! a step becomes a call of the SDK, and its failure is passed on with the line of the step.

mod context;
mod expectation;
mod fields;
mod file;
mod json;
mod matching;
mod moment;
mod node;
mod perform;
mod picture;
mod problem;
mod step;
mod step_reader;
mod target;
mod template;

use flowguard_sdk::{
    Component, Context, Description, Failure, FailureCode, FlowInfo, Needs, Result, Source, contract_timeout,
    unknown_flow,
};

use crate::file::{File, Flow};
use crate::template::{Params, Template};

struct Declarative;

flowguard_sdk::export_component!(Declarative);

impl Component for Declarative {
    fn describe(source: Option<Source>) -> Result<Description> {
        let source = source.ok_or_else(no_source)?;
        let file = read(&source)?;
        let flows = file.flows.iter().map(describe_flow).collect();
        let needs = Needs {
            hosts: file.hosts,
            buckets: Vec::new(),
            plugins: file.plugins,
        };
        Ok(Description {
            name: file::stem(&source.name).to_owned(),
            version: file.version,
            flows,
            needs,
        })
    }

    fn run(name: &str, context: Context) -> Result {
        let source = context.source().ok_or_else(no_source)?;
        let file = read(source)?;
        let params = context
            .params()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        match file.flows.iter().find(|flow| flow.name == name) {
            Some(flow) => perform::run_flow(&source.name, flow, &params),
            None => Err(unknown_flow(name, file.flows.into_iter().map(|flow| flow.name))),
        }
    }
}

fn read(source: &Source) -> Result<File> {
    file::read(&source.name, &source.text)
        .map_err(|message| Failure::with_code(FailureCode::InvalidArgument, message))
}

fn no_source() -> Failure {
    let message = "this component interprets a file, and none was given; name a file of flows in YAML";
    Failure::with_code(FailureCode::InvalidArgument, message)
}

fn describe_flow(flow: &Flow) -> FlowInfo {
    FlowInfo {
        name: flow.name.clone(),
        intent: flow.intent.clone(),
        url: flow.url.as_ref().map(described_url).unwrap_or_default(),
        critical: flow.critical,
        tags: flow.tags.clone(),
        timeout: flow.timeout.map(contract_timeout),
    }
}

/// Where the flow begins when no parameter is given; as written where one is needed.
fn described_url((written, template): &(String, Template)) -> String {
    template.fill(&Params::new()).unwrap_or_else(|_| written.clone())
}

#[cfg(test)]
mod tests;
