//! Reading the steps that look, judge and tell: screenshots, models, the log, custom assertions.

use flowguard_sdk::{ImageFormat, Level};

use super::Reader;
use crate::context::size;
use crate::fields::number;
use crate::json::Json;
use crate::step::{Action, Screenshot};
use crate::target::Plain;

const FORMATS: &[(&str, ImageFormat)] = &[
    ("png", ImageFormat::Png),
    ("jpeg", ImageFormat::Jpeg),
    ("webp", ImageFormat::Webp),
];
const LEVELS: &[(&str, Level)] = &[
    ("debug", Level::Debug),
    ("info", Level::Info),
    ("warn", Level::Warn),
    ("error", Level::Error),
];

impl Reader<'_, '_> {
    pub(super) fn screenshot(&mut self) -> Option<Action> {
        let name = self.fields.text("screenshot", self.problems);
        let of = self.target("of", Plain::Text);
        let full_page = self.fields.switch("full-page", self.problems);
        let format = self
            .fields
            .word("format", FORMATS, self.problems)
            .unwrap_or(ImageFormat::Png);
        let timeout = self.timeout();
        Some(Action::Screenshot(Screenshot {
            name: name?,
            of,
            full_page,
            format,
            timeout,
        }))
    }

    pub(super) fn judge(&mut self) -> Option<Action> {
        let statement = self.fields.text("judge", self.problems);
        let of = self.target("of", Plain::Text);
        let min_confidence = self.fields.number("min-confidence", self.problems).unwrap_or(0.0);
        let soft = self.fields.switch("soft", self.problems);
        let timeout = self.timeout();
        Some(Action::Judge {
            statement: statement?,
            of,
            min_confidence,
            soft,
            timeout,
        })
    }

    pub(super) fn viewport(&mut self) -> Option<Action> {
        let node = self.fields.get("viewport")?;
        size(node, "viewport", self.problems).map(|(width, height)| Action::Viewport(width, height))
    }

    pub(super) fn log(&mut self) -> Option<Action> {
        let message = self.fields.text("log", self.problems);
        let level = self
            .fields
            .word("level", LEVELS, self.problems)
            .unwrap_or(Level::Info);
        Some(Action::Log(message?, level))
    }

    pub(super) fn metric(&mut self) -> Option<Action> {
        let name = self.fields.literal("metric", self.problems).map(str::to_owned);
        let value = self
            .fields
            .need("value")
            .and_then(|node| number(node, "value", self.problems));
        Some(Action::Metric(name?, value?))
    }

    pub(super) fn attach(&mut self) -> Option<Action> {
        let name = self.fields.text("attach", self.problems);
        let text = self.fields.need_text("text", self.problems);
        let media_type = self
            .fields
            .literal("media-type", self.problems)
            .unwrap_or("text/plain")
            .to_owned();
        Some(Action::Attach {
            name: name?,
            text: text?,
            media_type,
        })
    }

    pub(super) fn assert(&mut self) -> Option<Action> {
        let name = self.fields.literal("assert", self.problems).map(str::to_owned);
        let params = match self.fields.get("with") {
            Some(node) => Json::read_params(node, self.problems),
            None => Some(Json::empty()),
        };
        let soft = self.fields.switch("soft", self.problems);
        let timeout = self.timeout();
        Some(Action::Assert {
            name: name?,
            params: params?,
            soft,
            timeout,
        })
    }
}
