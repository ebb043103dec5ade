//! The table of the differences on purpose, `tests/gallery/differences.json`: each with its reason, none
//! without its case.

use serde::Deserialize;
use serde_json::Value;

use super::case::Case;
use super::verdict::Difference;
use crate::partial::mismatch;
use crate::site::gallery;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    page: String,
    title: String,
    /// What is told of each verdict: `outcome`, `value`, `state`, as much of it as differs.
    ours: Value,
    playwright: Value,
    /// Why it is so, on purpose.
    why: String,
    /// It depends on Playwright's timing whether it is to be seen.
    #[serde(default)]
    sometimes: bool,
    #[serde(skip)]
    is_seen: bool,
}

/// The table, and which of its lines were seen.
pub(super) struct Differences(Vec<Listed>);

impl Differences {
    pub(super) fn read() -> Self {
        let text = std::fs::read_to_string(gallery().join("differences.json")).expect("the table");
        let listed: Vec<Listed> = serde_json::from_str(&text).expect("differences");
        assert!(
            listed.iter().all(|each| each.why.len() > 20),
            "each difference has its reason"
        );
        Self(listed)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether Playwright is known to answer what never comes here, and so needs its time for it.
    pub(super) fn answers_only_there(&self, case: &Case) -> bool {
        let mut of_case = self
            .0
            .iter()
            .filter(|each| each.page == case.page && each.title == case.title);
        of_case.any(|each| each.playwright["outcome"] != "timeout" && each.playwright["outcome"] != "failed")
    }

    /// What is wrong with a difference that is not listed as it is.
    pub(super) fn unlisted(&mut self, case: &Case, difference: &Difference) -> Option<String> {
        let here = self
            .0
            .iter_mut()
            .find(|each| each.page == case.page && each.title == case.title);
        if let Some(listed) = here {
            listed.is_seen = true;
            let is_same = mismatch(&listed.ours, &difference.ours).is_none();
            if is_same && mismatch(&listed.playwright, &difference.theirs).is_none() {
                return None;
            }
        }
        let places = difference.places().join("\n    ");
        let [ours, theirs] = difference.messages.each_ref().map(|words| short(words));
        Some(format!(
            "{case}\n    {places}\n    we say   {ours}\n    they say {theirs}"
        ))
    }

    /// The lines whose difference is gone.
    pub(super) fn left(&self) -> Vec<String> {
        let left = self.0.iter().filter(|each| !each.is_seen && !each.sometimes);
        left.map(|each| {
            format!(
                "{}: {}: listed as a difference, and is none",
                each.page, each.title
            )
        })
        .collect()
    }
}

/// Enough of it for a person.
fn short(text: &str) -> String {
    text.chars().take(600).collect()
}
