//! The custom assertion `content`: dead links, broken images, placeholder text. It reads the page and
//! fetches addresses; it never acts on the page.

mod address;
mod params;
mod placeholder;

use std::time::Duration;

use flowguard_sdk::prelude::*;
use flowguard_sdk::{FailureCode, Finding, OutlineItem};

use crate::address::{Answer, Seen, is_wanted, judge, without_fragment};
use crate::params::Params;

/// How long one address may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Finds dead links, broken images and text that was left in by mistake.
#[assertion(schema = include_str!("params.schema.json"), external_hosts)]
fn content(page: PageView<'_>, params: &str) -> Result<Verdict> {
    let params = Params::read(params)?;
    let outline = page.outline()?;
    let mut check = Check {
        page,
        url: page.url()?,
        params: &params,
        seen: Seen::default(),
        fetched: 0,
        skipped: 0,
    };
    let mut findings = Vec::new();
    if params.placeholders {
        findings.extend(placeholders(&outline.text, &params));
    }
    // Images first: they are few, and those that loaded cost nothing.
    if params.images {
        for image in &outline.images {
            findings.extend(check.image(image)?);
        }
    }
    if params.links {
        for link in &outline.links {
            findings.extend(check.link(link)?);
        }
    }
    findings.extend(check.not_checked());
    Ok(verdict(summary(&findings), findings))
}

struct Check<'c> {
    page: PageView<'c>,
    url: String,
    params: &'c Params,
    seen: Seen,
    fetched: usize,
    skipped: usize,
}

/// What fetching an address told.
enum Probe {
    Status(u32),
    Unreachable(String),
    Denied,
    /// The limit of addresses is reached.
    Skipped,
}

impl Check<'_> {
    fn link(&mut self, link: &OutlineItem) -> Result<Option<Finding>> {
        if !is_wanted(&link.url, &self.url, self.params) || !self.seen.is_new(&link.url) {
            return Ok(None);
        }
        let what = format!("link \"{}\"", link.name);
        Ok(match self.probe(&link.url)? {
            Probe::Status(status) => match judge(status) {
                Answer::Alive => None,
                Answer::Dead => Some(told(
                    violation(format!("{what} is dead, it answers {status}: {}", link.url)),
                    link,
                    Some(status),
                )),
                Answer::Refused => Some(told(
                    notice(format!(
                        "{what} could not be checked, it answers {status}: {}",
                        link.url
                    )),
                    link,
                    Some(status),
                )),
            },
            Probe::Unreachable(why) => Some(told(
                violation(format!("{what} is dead, {why}: {}", link.url)),
                link,
                None,
            )),
            Probe::Denied => Some(told(
                notice(format!(
                    "{what} could not be checked, its host is not granted: {}",
                    link.url
                )),
                link,
                None,
            )),
            Probe::Skipped => None,
        })
    }

    /// An image that did not load is broken, or lazy and not yet wanted: its address tells which.
    fn image(&mut self, image: &OutlineItem) -> Result<Option<Finding>> {
        if image.loaded || self.params.ignores(&image.url) {
            return Ok(None);
        }
        let what = format!("image \"{}\"", image.name);
        if image.url.is_empty() {
            return Ok(Some(told(
                violation(format!("{what} has no address; give it a `src`")),
                image,
                None,
            )));
        }
        if !self.seen.is_new(&image.url) {
            return Ok(None);
        }
        if !is_wanted(&image.url, &self.url, self.params) {
            let message = format!(
                "{what} did not load, and its host is not asked without `external`: {}",
                image.url
            );
            return Ok(Some(told(notice(message), image, None)));
        }
        Ok(match self.probe(&image.url)? {
            Probe::Status(status) if judge(status) == Answer::Alive => {
                let message = format!(
                    "{what} did not load though its address answers {status}; it may be lazy, or no image: {}",
                    image.url
                );
                Some(told(notice(message), image, Some(status)))
            }
            Probe::Status(status) => Some(told(
                violation(format!(
                    "{what} is broken, its address answers {status}: {}",
                    image.url
                )),
                image,
                Some(status),
            )),
            Probe::Unreachable(why) => Some(told(
                violation(format!("{what} is broken, {why}: {}", image.url)),
                image,
                None,
            )),
            Probe::Denied => Some(told(
                notice(format!(
                    "{what} did not load, and its host is not granted: {}",
                    image.url
                )),
                image,
                None,
            )),
            Probe::Skipped => None,
        })
    }

    fn probe(&mut self, address: &str) -> Result<Probe> {
        if self.fetched == address::MOST {
            self.skipped += 1;
            return Ok(Probe::Skipped);
        }
        self.fetched += 1;
        match self.page.probe_within(without_fragment(address), PATIENCE) {
            Ok(status) => Ok(Probe::Status(status)),
            Err(failure) => match failure.code() {
                FailureCode::NavigationFailed | FailureCode::Timeout => {
                    Ok(Probe::Unreachable(failure.message().to_owned()))
                }
                FailureCode::Denied => Ok(Probe::Denied),
                // A spent budget or a lost browser is no fault of the page.
                _ => Err(failure),
            },
        }
    }

    fn not_checked(&self) -> Option<Finding> {
        let (skipped, most) = (self.skipped, address::MOST);
        (skipped > 0).then(|| {
            notice(format!(
                "only the first {most} addresses were fetched; not checked: {skipped}"
            ))
        })
    }
}

fn placeholders(text: &str, params: &Params) -> Vec<Finding> {
    let found = placeholder::find(text)
        .into_iter()
        .filter(|found| !params.ignores(&found.line));
    found
        .map(|found| violation(format!("{}: {}", found.kind, found.found)).evidence("text", found.line))
        .collect()
}

/// The finding with what shows it.
fn told(finding: Finding, item: &OutlineItem, status: Option<u32>) -> Finding {
    let finding = finding
        .evidence("selector", &item.selector)
        .evidence("address", &item.url);
    match status {
        Some(status) => finding.evidence("status", status.to_string()),
        None => finding,
    }
}

fn summary(findings: &[Finding]) -> String {
    let grave = findings
        .iter()
        .filter(|finding| finding.severity == flowguard_sdk::Severity::Violation)
        .count();
    match grave {
        0 => "no dead link, broken image or placeholder text".to_owned(),
        1 => "1 thing is wrong with the content".to_owned(),
        _ => format!("{grave} things are wrong with the content"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_become_findings_unless_ignored() {
        let params = Params::read(r#"{ "ignore": ["TODO app"] }"#).unwrap_or_default();
        let findings = placeholders("Welcome to the TODO app\nlorem ipsum", &params);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].message, "fill-in text is left in: lorem ipsum");
        assert_eq!(findings[0].evidence[0].text, "lorem ipsum");
    }

    #[test]
    fn the_summary_counts_what_is_wrong() {
        assert_eq!(
            summary(&[notice("odd")]),
            "no dead link, broken image or placeholder text"
        );
        assert_eq!(
            summary(&[notice("odd"), violation("wrong")]),
            "1 thing is wrong with the content"
        );
        assert_eq!(
            summary(&[violation("a"), violation("b")]),
            "2 things are wrong with the content"
        );
    }

    #[test]
    fn a_finding_shows_selector_address_and_status() {
        let item = OutlineItem {
            url: "http://a.example/x".into(),
            name: "X".into(),
            loaded: true,
            selector: "#x".into(),
            visible: true,
        };
        let finding = told(violation("dead"), &item, Some(404));
        let shown: Vec<_> = finding
            .evidence
            .iter()
            .map(|piece| (piece.title.as_str(), piece.text.as_str()))
            .collect();
        assert_eq!(
            shown,
            [
                ("selector", "#x"),
                ("address", "http://a.example/x"),
                ("status", "404")
            ]
        );
    }
}
