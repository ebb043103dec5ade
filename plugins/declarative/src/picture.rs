//! `to-have-screenshot`: what is compared with a baseline, and how far it may be from it.

use flowguard_sdk::{Expect, Likeness, Locator, Page, Result, ScreenshotOptions};

use crate::fields::{Fields, list, template};
use crate::node::{Node, Value};
use crate::problem::Problems;
use crate::target::{Plain, Target};
use crate::template::{Params, Template};

/// A picture that is expected.
#[derive(Debug, PartialEq)]
pub(crate) struct Picture {
    name: Template,
    full_page: bool,
    mask: Vec<Target>,
    likeness: Likeness,
}

impl Picture {
    /// Reads `to-have-screenshot` and the options beside it; nothing where it is not there.
    pub(crate) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Option<Self>> {
        let node = fields.get("to-have-screenshot")?;
        let name = template(node, "to-have-screenshot", problems);
        let full_page = fields.switch("full-page", problems);
        let mask = fields
            .get("mask")
            .map_or(Some(Vec::new()), |node| mask(node, problems));
        let mut likeness = Likeness::new();
        if let Some(threshold) = fields.number("threshold", problems) {
            likeness = likeness.threshold(threshold);
        }
        if let Some(pixels) = fields.number("max-diff-pixels", problems) {
            likeness = likeness.max_diff_pixels(pixels);
        }
        if let Some(ratio) = fields.number("max-diff-ratio", problems) {
            likeness = likeness.max_diff_ratio(ratio);
        }
        Some(name.zip(mask).map(|(name, mask)| Self {
            name,
            full_page,
            mask,
            likeness,
        }))
    }

    pub(crate) fn of_page(&self, expect: Expect<Page>, page: &Page, params: &Params) -> Result {
        expect.to_have_screenshot_with(self.options(page, params)?, self.likeness)
    }

    pub(crate) fn of_element(&self, expect: Expect<Locator>, page: &Page, params: &Params) -> Result {
        expect.to_have_screenshot_with(self.options(page, params)?, self.likeness)
    }

    fn options(&self, page: &Page, params: &Params) -> Result<ScreenshotOptions> {
        let mut options = ScreenshotOptions::new()
            .name(self.name.fill(params)?)
            .freeze_animations();
        if self.full_page {
            options = options.full_page();
        }
        for target in &self.mask {
            options = options.mask(target.locator(page, params)?);
        }
        Ok(options)
    }
}

/// One target, or a list of them.
fn mask(node: &Node, problems: &mut Problems) -> Option<Vec<Target>> {
    let items = match &*node.value {
        Value::List(_) => list(node, "mask", problems)?,
        _ => std::slice::from_ref(node),
    };
    items
        .iter()
        .map(|item| Target::read(item, "mask", Plain::Text, problems))
        .collect()
}
