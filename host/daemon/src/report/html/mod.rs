//! The report for people who look: one page that carries everything in itself and asks for nothing.
//!
//! The markup is written with maud, which escapes every text that is put into it; only the page's own style
//! and script are written as they are, and the content policy allows these two by their hashes and nothing
//! else. So a text from a page can neither become markup nor, if it did, run.
//!
//! A flow's details and the pictures lie in `noscript` elements. Where scripts run, a browser keeps these as
//! plain text, and the page's script makes elements of them when a flow is opened: five hundred flows open at
//! once as fast as one. Where scripts do not run, the same text is ordinary markup, and the page works too.
//! Each picture is in the page once, by its digest; what shows it refers to it.

mod details;
mod events;
mod failure;
mod moment;
mod overview;
mod pictures;
mod timeline;

#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, Render, html};
use sha2::{Digest as _, Sha256};

use super::files::Files;
use super::{Overall, Report, words};

const STYLE: &str = include_str!("../assets/report.css");
const SCRIPT: &str = include_str!("../assets/report.js");

/// The report as one page of HTML.
#[must_use]
pub(crate) fn render(report: &Report, files: &Files) -> String {
    page(report, files).into_string()
}

fn page(report: &Report, files: &Files) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta name="generator" content={ "FlowGuard " (Text(&report.version)) };
                title { (overview::headline(report)) " · FlowGuard" }
                link rel="icon" href=(icon(report.overall()));
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#flows" { "Skip to the flows" }
                (overview::header(report))
                main {
                    (overview::flows(report, files))
                    (overview::not_loaded(report))
                }
                (pictures::store(report, files))
                footer {
                    p { "Written by FlowGuard " (Text(&report.version)) ". This page asks for nothing from any network." }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// Only the page's own style and script, and only pictures that the page carries.
fn policy() -> String {
    format!(
        "default-src 'none'; img-src data: blob:; style-src 'sha256-{}'; script-src 'sha256-{}'; \
         base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

fn hash(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text.as_bytes()))
}

fn icon(overall: Overall) -> String {
    let (colour, sign) = match overall {
        Overall::Passed => ("%231a7f4b", "M9 17l5 5 9-11"),
        Overall::Failed => ("%23c8324a", "M11 11l10 10M21 11L11 21"),
        Overall::Errored => ("%23b35900", "M16 9v9M16 22v1"),
    };
    format!(
        "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><rect width='32' height='32' \
         rx='8' fill='{colour}'/><path d='{sign}' fill='none' stroke='white' stroke-width='3.5' \
         stroke-linecap='round' stroke-linejoin='round'/></svg>"
    )
}

/// A text that somebody else wrote: made visible, then escaped.
struct Text<'a>(&'a str);

impl Render for Text<'_> {
    fn render_to(&self, buffer: &mut String) {
        words::visible(self.0).as_ref().render_to(buffer);
    }
}

/// Names an attempt within the page: `r3a1` is the first attempt of the fourth run. What lies in it has names
/// that begin with its own.
#[derive(Clone, Copy)]
struct Place {
    run: usize,
    attempt: u32,
}

impl Place {
    fn id(self) -> String {
        format!("r{}a{}", self.run, self.attempt)
    }

    fn step(self, step: u32) -> String {
        format!("{}s{step}", self.id())
    }

    fn event(self, event: usize) -> String {
        format!("{}e{event}", self.id())
    }

    fn failure(self, failure: usize) -> String {
        format!("{}f{failure}", self.id())
    }
}
