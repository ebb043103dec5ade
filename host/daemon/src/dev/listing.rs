//! A flow as a development session lists it.

use serde::Serialize;

use flowguard_core::flow::Flow;

/// A flow that can be run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Listing {
    /// Names it within the session: its file and its name.
    pub(crate) key: String,
    /// The flow's name.
    pub(crate) name: String,
    /// The component's name.
    pub(crate) component: String,
    /// What it is for.
    pub(crate) intent: String,
    /// Its tags.
    pub(crate) tags: Vec<String>,
    /// Where it comes from, for a person.
    pub(crate) file: String,
}

impl Listing {
    pub(crate) fn of(file: &str, component: &str, flow: &Flow) -> Self {
        Self {
            key: format!("{file}#{}", flow.name),
            name: flow.name.clone(),
            component: component.to_owned(),
            intent: flow.intent.clone(),
            tags: flow.tags.clone(),
            file: file.to_owned(),
        }
    }
}
