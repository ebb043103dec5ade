//! A file of flows.

use std::time::Duration;

use crate::context::ContextTerms;
use crate::fields::{Fields, list, scalar};
use crate::node::{self, Node};
use crate::problem::Problems;
use crate::step::{Action, Step};
use crate::step_reader::read_steps;
use crate::template::Template;

/// What a file holds.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) version: String,
    pub(crate) hosts: Vec<String>,
    /// Those that `needs` names and those that steps call.
    pub(crate) plugins: Vec<String>,
    pub(crate) flows: Vec<Flow>,
}

/// A flow of the file.
#[derive(Debug)]
pub(crate) struct Flow {
    pub(crate) name: String,
    pub(crate) intent: String,
    /// As written, for the description, and with its parameters, for the run.
    pub(crate) url: Option<(String, Template)>,
    pub(crate) critical: bool,
    pub(crate) tags: Vec<String>,
    pub(crate) timeout: Option<Duration>,
    /// Where its page is opened instead of the run's own context.
    pub(crate) context: Option<ContextTerms>,
    pub(crate) steps: Vec<Step>,
}

/// Reads a file. `Err` tells what is wrong, with places.
pub(crate) fn read(name: &str, text: &str) -> Result<File, String> {
    let mut problems = Problems::default();
    let file = node::parse(text, &mut problems).and_then(|root| read_root(&root, stem(name), &mut problems));
    match file {
        Some(file) if problems.is_empty() => Ok(file),
        _ => Err(problems.render(name, text)),
    }
}

/// The file's name without folders and without its ending.
pub(crate) fn stem(name: &str) -> &str {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    name.strip_suffix(".yaml")
        .or_else(|| name.strip_suffix(".yml"))
        .unwrap_or(name)
}

fn read_root(root: &Node, stem: &str, problems: &mut Problems) -> Option<File> {
    let mut fields = Fields::of(root, "a file of flows", problems)?;
    let version = fields.literal("version", problems).unwrap_or("0.0.0").to_owned();
    let (hosts, mut plugins) = needs(&mut fields, problems);
    let flows = match fields.get("flows") {
        Some(node) => {
            let flows = read_flows(node, problems);
            fields.finish("a file with `flows`", problems);
            flows
        }
        None => {
            let flow = read_flow(&mut fields, Some(stem), problems);
            fields.finish("a flow", problems);
            flow.map(|flow| vec![flow])
        }
    }?;
    for flow in &flows {
        called_plugins(&flow.steps, &mut plugins);
    }
    Some(File {
        version,
        hosts,
        plugins,
        flows,
    })
}

fn needs(fields: &mut Fields<'_>, problems: &mut Problems) -> (Vec<String>, Vec<String>) {
    let Some(mut needs) = fields
        .get("needs")
        .and_then(|node| Fields::of(node, "`needs`", problems))
    else {
        return (Vec::new(), Vec::new());
    };
    let (hosts, plugins) = (
        needs.literals("hosts", problems),
        needs.literals("plugins", problems),
    );
    needs.finish("`needs`", problems);
    (hosts, plugins)
}

fn read_flows(node: &Node, problems: &mut Problems) -> Option<Vec<Flow>> {
    let items = list(node, "flows", problems)?;
    if items.is_empty() {
        return problems.none(node.place, "`flows` needs at least one flow");
    }
    let mut flows: Vec<Flow> = Vec::new();
    for item in items {
        let Some(mut fields) = Fields::of(item, "a flow", problems) else {
            continue;
        };
        let place = fields.get("name").map_or(item.place, |name| name.place);
        let flow = read_flow(&mut fields, None, problems);
        fields.finish("a flow", problems);
        let Some(flow) = flow else { continue };
        if flows.iter().any(|other| other.name == flow.name) {
            problems.note(
                place,
                format!("two flows of the file have this name: {}", flow.name),
            );
        }
        flows.push(flow);
    }
    Some(flows)
}

fn read_flow(fields: &mut Fields<'_>, default_name: Option<&str>, problems: &mut Problems) -> Option<Flow> {
    let name = read_name(fields, default_name, problems);
    let intent = fields.literal("intent", problems).unwrap_or_default().to_owned();
    let url = match (fields.get("url"), fields.text("url", problems)) {
        (Some(node), Some(template)) => Some((node.text().unwrap_or_default().to_owned(), template)),
        _ => None,
    };
    let critical = fields.switch("critical", problems);
    let tags = fields.literals("tags", problems);
    let timeout = fields.duration("timeout", problems);
    let context = fields.get("context");
    let context = context.and_then(|node| ContextTerms::read(node, problems));
    let steps = fields
        .need("steps")
        .and_then(|node| read_steps(node, "steps", problems));
    Some(Flow {
        name: name?,
        intent,
        url,
        critical,
        tags,
        timeout,
        context,
        steps: steps?,
    })
}

fn read_name(fields: &mut Fields<'_>, default: Option<&str>, problems: &mut Problems) -> Option<String> {
    let node = match (fields.get("name"), default) {
        (None, Some(default)) => return Some(default.to_owned()),
        (None, None) => fields.need("name")?,
        (Some(node), _) => node,
    };
    let name = scalar(node, "name", problems)?;
    match name.len() {
        1..=120 => Some(name.to_owned()),
        _ => problems.none(node.place, "`name` has 1 to 120 bytes"),
    }
}

fn called_plugins(steps: &[Step], plugins: &mut Vec<String>) {
    for step in steps {
        match &step.action {
            Action::Assert { name, .. } if !plugins.contains(name) => plugins.push(name.clone()),
            action => action
                .inner()
                .into_iter()
                .for_each(|steps| called_plugins(steps, plugins)),
        }
    }
}
