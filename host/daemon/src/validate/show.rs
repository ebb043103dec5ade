//! What was found, as a table for people and as JSON for machines.

use serde::Serialize;
use std::fmt::Write;
use std::time::Duration;

use super::{Finding, State};

/// The table; where something failed, what to do stands below it.
pub(crate) fn table(findings: &[Finding], is_colored: bool) -> String {
    let mut out = format!("{:14} {:16} {:>8}  {}\n", "CHECK", "STATE", "TIME", "WHAT");
    for Finding { subject, state } in findings {
        let name = subject.as_str();
        let paint = |code: &str, text: &str| match is_colored {
            true => format!("\u{1b}[{code}m{text:16}\u{1b}[0m"),
            false => format!("{text:16}"),
        };
        let _ = match state {
            State::NotConfigured(hint) => {
                writeln!(
                    out,
                    "{name:14} {} {:>8}  {hint}",
                    paint("2", "not configured"),
                    ""
                )
            }
            State::Fine { answered, took } => {
                writeln!(
                    out,
                    "{name:14} {} {:>8}  {answered}",
                    paint("32", "ok"),
                    time(*took)
                )
            }
            State::Failed { fault, took } => {
                let word = if subject.is_required() {
                    "failed"
                } else {
                    "failed, optional"
                };
                let first = format!(
                    "{name:14} {} {:>8}  {}",
                    paint("31", word),
                    time(*took),
                    fault.reason
                );
                writeln!(out, "{first}\n{:40}  → {}", "", fault.advice)
            }
        };
    }
    out
}

fn time(took: Duration) -> String {
    match took.as_millis() {
        ms @ 0..10_000 => format!("{ms} ms"),
        ms => format!("{} s", ms / 1_000),
    }
}

#[derive(Serialize)]
struct Document {
    /// Whether flows can be run.
    ok: bool,
    checks: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    name: &'static str,
    /// `ok`, `failed` or `not-configured`.
    state: &'static str,
    /// Whether flows cannot be run without it.
    required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<u64>,
    /// What it answered, or what went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

/// The document for machines.
pub(crate) fn json(findings: &[Finding]) -> serde_json::Result<String> {
    let document = Document {
        ok: !findings.iter().any(Finding::stands_in_the_way),
        checks: findings.iter().map(entry).collect(),
    };
    serde_json::to_string_pretty(&document).map(|text| text + "\n")
}

fn entry(Finding { subject, state }: &Finding) -> Entry {
    let ms = |took: &Duration| u64::try_from(took.as_millis()).ok();
    let (state, latency_ms, detail, advice) = match state {
        State::NotConfigured(hint) => ("not-configured", None, None, Some((*hint).to_owned())),
        State::Fine { answered, took } => ("ok", ms(took), Some(answered.clone()), None),
        State::Failed { fault, took } => (
            "failed",
            ms(took),
            Some(fault.reason.clone()),
            Some(fault.advice.clone()),
        ),
    };
    Entry {
        name: subject.as_str(),
        state,
        required: subject.is_required(),
        latency_ms,
        detail,
        advice,
    }
}
