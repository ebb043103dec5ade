//! ARIA templates: what a flow expects of an accessibility tree, written in YAML, as data for the injected
//! script. Read here so that a malformed one is told at once, with line and column; compared in the page.

mod diff;
mod key;
mod read;

use serde::Serialize;

use super::locator::Tristate;

pub(super) use diff::difference;
pub(super) use read::read;

/// A node of a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub(super) enum AriaNode {
    /// A text: as it is, or a pattern between slashes.
    Text { text: String },
    /// An element with a role.
    Role(Box<AriaRole>),
}

/// An element as a template names it. What is absent is not compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AriaRole {
    role: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<AriaName>,
    #[serde(flatten)]
    states: AriaStates,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    placeholder: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<ChildrenMode>,
    children: Vec<AriaNode>,
}

/// The states between brackets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
struct AriaStates {
    #[serde(skip_serializing_if = "Option::is_none")]
    checked: Option<Tristate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expanded: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invalid: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pressed: Option<Tristate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    selected: Option<bool>,
}

/// The accessible name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
enum AriaName {
    Exact { value: String },
    Pattern { source: String, flags: String },
}

/// How the children of a node are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum ChildrenMode {
    /// They are among the children, in this order.
    Contain,
    /// They are all the children.
    Equal,
    /// So are the children of the children.
    DeepEqual,
}
