//! The custom assertion of `docs/writing-flows-in-rust.md`.

use flowguard_sdk::prelude::*;

/// Finds images without an alternative text.
#[assertion]
fn alt_texts(page: PageView<'_>, _params: &str) -> Result<Verdict> {
    let images = page.outline()?.images;
    let findings: Vec<_> = images
        .iter()
        .filter(|image| image.name.is_empty())
        .map(|image| {
            violation(format!("an image has no alternative text: {}", image.url))
                .evidence("selector", &image.selector)
        })
        .collect();
    let summary = format!("{} of {} images lack a text", findings.len(), images.len());
    Ok(verdict(summary, findings))
}
