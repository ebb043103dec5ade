//! Which flows are meant: said on the command line, asked by whatever has flows.

use clap::Args;
use flowguard_core::flow::Flow;

/// A choice among flows. Without a word, all of them.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Selection {
    /// Only flows whose name contains this
    #[arg(long, value_name = "TEXT")]
    grep: Option<String>,
    /// Only flows with this tag; may be repeated, any of them is enough
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
}

impl Selection {
    /// Whether a flow is meant.
    pub(crate) fn has(&self, flow: &Flow) -> bool {
        self.has_named(&flow.name, &flow.tags)
    }

    /// Whether a flow of this name, with these tags, is meant.
    pub(crate) fn has_named(&self, name: &str, tags: &[String]) -> bool {
        let by_name = self.grep.as_ref().is_none_or(|text| name.contains(text.as_str()));
        by_name && (self.tag.is_empty() || self.tag.iter().any(|tag| tags.contains(tag)))
    }
}
