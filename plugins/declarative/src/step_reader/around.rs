//! Reading the steps about what happens around a page: dialogs, overlays, windows, files, the network, the clock, and
//! what is tried again.

use std::time::Duration;

use flowguard_sdk::AbortReason;

use super::{Reader, read_steps};
use crate::fields::{Fields, template};
use crate::moment;
use crate::node::{Node, Value};
use crate::step::{Action, Answer, Clock, Decision, Remedy, Route, Step, Upload};
use crate::target::Plain;
use crate::template::Template;

const ANSWERS: &[(&str, Answer)] = &[
    ("accept", Answer::Accept),
    ("dismiss", Answer::Dismiss),
    ("fail", Answer::Fail),
];
const REASONS: &[(&str, AbortReason)] = &[
    ("aborted", AbortReason::Aborted),
    ("access-denied", AbortReason::AccessDenied),
    ("address-unreachable", AbortReason::AddressUnreachable),
    ("blocked-by-client", AbortReason::BlockedByClient),
    ("blocked-by-response", AbortReason::BlockedByResponse),
    ("connection-aborted", AbortReason::ConnectionAborted),
    ("connection-closed", AbortReason::ConnectionClosed),
    ("connection-failed", AbortReason::ConnectionFailed),
    ("connection-refused", AbortReason::ConnectionRefused),
    ("connection-reset", AbortReason::ConnectionReset),
    ("internet-disconnected", AbortReason::InternetDisconnected),
    ("name-not-resolved", AbortReason::NameNotResolved),
    ("timed-out", AbortReason::TimedOut),
    ("failed", AbortReason::Failed),
];

impl Reader<'_, '_> {
    pub(super) fn dialogs(&mut self, name: &'static str) -> Option<Action> {
        let node = self.fields.get(name)?;
        let is_next = name == "next-dialog";
        if !matches!(&*node.value, Value::Map(_)) {
            let answer = self.fields.word(name, ANSWERS, self.problems)?;
            return Some(Action::Dialogs(answer, None, is_next));
        }
        let mut fields = Fields::of(node, name, self.problems)?;
        let text = fields.need_text("accept-with", self.problems);
        fields.finish(&format!("`{name}`"), self.problems);
        Some(Action::Dialogs(Answer::Accept, Some(text?), is_next))
    }

    pub(super) fn overlay(&mut self) -> Option<Action> {
        let overlay = self.target("overlay", Plain::Text);
        let clicked = self
            .target("dismiss-by", Plain::Text)
            .map(|target| Remedy::Click(Box::new(target)));
        let key = self
            .fields
            .text("dismiss-by-key", self.problems)
            .map(Remedy::Press);
        let written = [self.fields.get("dismiss-by"), self.fields.get("dismiss-by-key")];
        match (written, clicked.or(key)) {
            ([Some(_), None] | [None, Some(_)], remedy) => Some(Action::Overlay(overlay?, remedy?)),
            _ if self.fields.has_unknown() => None,
            _ => self.problems.none(
                self.fields.place(),
                "`overlay` needs `dismiss-by`, the target that is clicked, or `dismiss-by-key`, the key that is pressed",
            ),
        }
    }

    pub(super) fn popup(&mut self) -> Option<Action> {
        let name = self.fields.text("popup", self.problems);
        let by = self.steps("by");
        let steps = self.steps("steps");
        Some(Action::Popup {
            name: name?,
            by: by?,
            steps: steps?,
        })
    }

    pub(super) fn download(&mut self) -> Option<Action> {
        let name = self.fields.text("download", self.problems);
        let by = self.steps("by");
        Some(Action::Download { name: name?, by: by? })
    }

    pub(super) fn upload(&mut self) -> Option<Action> {
        let node = self.fields.get("upload")?;
        let files: Option<Vec<Upload>> = match &*node.value {
            Value::List(items) => items.iter().map(|item| self.file(item)).collect(),
            _ => self.file(node).map(|file| vec![file]),
        };
        let by = self.steps("by");
        Some(Action::Upload {
            files: files?,
            by: by?,
        })
    }

    fn file(&mut self, node: &Node) -> Option<Upload> {
        let mut fields = Fields::of(node, "a file", self.problems)?;
        let name = fields.need_text("name", self.problems);
        let text = fields.need_text("text", self.problems);
        let media_type = fields
            .literal("media-type", self.problems)
            .unwrap_or("text/plain");
        fields.finish("a file", self.problems);
        Some(Upload {
            name: name?,
            media_type: media_type.to_owned(),
            text: text?,
        })
    }

    pub(super) fn route(&mut self) -> Option<Action> {
        let address = self.fields.text("route", self.problems);
        let method = self.fields.literal("method", self.problems).map(str::to_owned);
        let times = self.fields.number("times", self.problems);
        let fulfil = self.fields.get("fulfil");
        let change = self.fields.get("continue");
        let abort = self.fields.get("abort");
        let decision = match (fulfil, change, abort) {
            (Some(node), None, None) => self.fulfilment(node),
            (None, Some(node), None) => self.changes(node),
            (None, None, Some(_)) => self
                .fields
                .word("abort", REASONS, self.problems)
                .map(Decision::Abort),
            _ if self.fields.has_unknown() => None,
            _ => self.problems.none(
                self.fields.place(),
                "`route` needs one of `fulfil`, `continue` and `abort`, for example fulfil: { status: 500 }",
            ),
        };
        Some(Action::Route(Route {
            address: address?,
            method,
            times,
            decision: decision?,
        }))
    }

    fn fulfilment(&mut self, node: &Node) -> Option<Decision> {
        let mut fields = Fields::of(node, "`fulfil`", self.problems)?;
        let status = fields.number("status", self.problems).unwrap_or(200);
        let headers = headers(&mut fields, self);
        let bodies = [
            ("json", "application/json"),
            ("html", "text/html; charset=utf-8"),
            ("text", "text/plain; charset=utf-8"),
        ];
        let mut body = None;
        for (key, media_type) in bodies {
            let Some(text) = fields.text(key, self.problems) else {
                continue;
            };
            if body.replace((media_type, text)).is_some() {
                self.problems.note(fields.place_of(key), "`fulfil` has one body");
            }
        }
        fields.finish("`fulfil`", self.problems);
        Some(Decision::Fulfil {
            status,
            headers,
            body,
        })
    }

    fn changes(&mut self, node: &Node) -> Option<Decision> {
        let mut fields = Fields::of(node, "`continue`", self.problems)?;
        let url = fields.text("url", self.problems);
        let method = fields.literal("method", self.problems).map(str::to_owned);
        let body = fields.text("body", self.problems);
        let headers = headers(&mut fields, self);
        fields.finish("`continue`", self.problems);
        Some(Decision::Continue {
            url,
            method,
            headers,
            body,
        })
    }

    pub(super) fn clock(&mut self) -> Option<Action> {
        let node = self.fields.get("clock")?;
        if !matches!(&*node.value, Value::Map(_)) {
            return match node.text() {
                Some("resume") => Some(Action::Clock(Clock::Resume)),
                _ => {
                    moment::read(node, "clock", self.problems).map(|time| Action::Clock(Clock::Install(time)))
                }
            };
        }
        let mut fields = Fields::of(node, "`clock`", self.problems)?;
        let pause = fields.get("pause-at");
        let pause = pause.and_then(|node| moment::read(node, "pause-at", self.problems));
        let ways = [
            fields.duration("run-for", self.problems).map(Clock::RunFor),
            fields
                .duration("fast-forward", self.problems)
                .map(Clock::FastForward),
            pause.map(Clock::PauseAt),
        ];
        let written = fields.keys().count();
        let unknown = fields.has_unknown();
        fields.finish("`clock`", self.problems);
        if written != 1 && !unknown {
            let message = "`clock` is a moment, `resume`, or one of { run-for: … }, { fast-forward: … }, { pause-at: … }";
            return self.problems.none(node.place, message);
        }
        ways.into_iter().flatten().next().map(Action::Clock)
    }

    pub(super) fn retry(&mut self) -> Option<Action> {
        let title = self.fields.text("retry", self.problems);
        let steps = self.steps("steps");
        let timeout: Option<Duration> = self.timeout();
        Some(Action::Retry {
            title: title?,
            steps: steps?,
            timeout,
        })
    }

    /// The steps below a key that must be there.
    fn steps(&mut self, key: &'static str) -> Option<Vec<Step>> {
        self.fields
            .need(key)
            .and_then(|node| read_steps(node, key, self.problems))
    }
}

/// `headers: { name: value }`.
fn headers(fields: &mut Fields<'_>, reader: &mut Reader<'_, '_>) -> Vec<(String, Template)> {
    let Some(Value::Map(entries)) = fields.get("headers").map(|node| &*node.value) else {
        if let Some(node) = fields.get("headers") {
            let message = format!("`headers` is a mapping, and this is {}", node.kind());
            reader.problems.note(node.place, message);
        }
        return Vec::new();
    };
    let header = |(name, value): &(Node, Node)| {
        let value = template(value, "headers", reader.problems)?;
        Some((name.text()?.to_owned(), value))
    };
    entries.iter().filter_map(header).collect()
}
