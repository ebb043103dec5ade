//! Reading steps: which action a mapping names, and its options.

use std::time::Duration;

use flowguard_sdk::{
    ActionOptions, GotoOptions, ImageFormat, KeyOptions, Level, LoadState, Modifiers, MouseButton,
    PointerOptions,
};

use crate::expectation::Expectation;
use crate::fields::{Fields, list, number, scalar, template, word};
use crate::json::Json;
use crate::matching::Expected;
use crate::node::{Node, Value};
use crate::problem::{Problems, nearest};
use crate::step::{Action, Choice, Screenshot, Step};
use crate::target::{Plain, Target};

/// The actions, in the order of the documentation.
const ACTIONS: &[&str] = &[
    "goto",
    "reload",
    "back",
    "click",
    "double-click",
    "hover",
    "check",
    "uncheck",
    "fill",
    "clear",
    "press",
    "focus",
    "select",
    "wait-for-url",
    "wait-for-load-state",
    "screenshot",
    "judge",
    "viewport",
    "log",
    "metric",
    "attach",
    "expect",
    "assert",
    "step",
];

const LOAD_STATES: &[(&str, LoadState)] = &[
    ("commit", LoadState::Commit),
    ("dom-content-loaded", LoadState::DomContentLoaded),
    ("load", LoadState::Load),
    ("network-idle", LoadState::NetworkIdle),
];
const BUTTONS: &[(&str, MouseButton)] = &[
    ("left", MouseButton::Left),
    ("middle", MouseButton::Middle),
    ("right", MouseButton::Right),
];
const MODIFIERS: &[(&str, Modifiers)] = &[
    ("Alt", Modifiers::ALT),
    ("Control", Modifiers::CONTROL),
    ("Meta", Modifiers::META),
    ("Shift", Modifiers::SHIFT),
];
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

/// Reads a list of steps. None where one of them is wrong.
pub(crate) fn read_steps(node: &Node, problems: &mut Problems) -> Option<Vec<Step>> {
    let items = list(node, "steps", problems)?;
    if items.is_empty() {
        return problems.none(node.place, "`steps` needs at least one step");
    }
    // All of them are read, so that one look finds several problems.
    let steps: Vec<_> = items.iter().map(|item| read_step(item, problems)).collect();
    steps.into_iter().collect()
}

fn read_step(node: &Node, problems: &mut Problems) -> Option<Step> {
    let line = node.place.line;
    let action = match node.text() {
        Some("reload") => Action::Reload(GotoOptions::new()),
        Some("back") => Action::Back(GotoOptions::new()),
        _ => {
            let mut fields = Fields::of(node, "a step", problems)?;
            let name = action_name(&fields, problems)?;
            let action = Reader {
                fields: &mut fields,
                problems: &mut *problems,
            }
            .action(name);
            fields.finish(&format!("`{name}`"), problems);
            action?
        }
    };
    Some(Step { line, action })
}

/// The one action that the mapping names.
fn action_name(fields: &Fields<'_>, problems: &mut Problems) -> Option<&'static str> {
    let written: Vec<&'static str> = ACTIONS
        .iter()
        .copied()
        .filter(|action| fields.keys().any(|(key, _)| key == *action))
        .collect();
    match written[..] {
        [action] => Some(action),
        // `check` and `expect` are words of the format in no other place, so two are two steps.
        [first, second, ..] => problems.none(
            fields.place_of(second),
            format!(
                "a step has one action, and this has `{first}` too; begin a new step with a dash: {second}"
            ),
        ),
        [] => {
            let Some((key, _)) = fields.keys().next() else {
                return problems.none(fields.place(), "a step needs an action, for example click: Pay");
            };
            let hint = match nearest(key, ACTIONS.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`"),
                None => format!("there are {}", ACTIONS.join(", ")),
            };
            problems.none(fields.place_of(key), format!("unknown action; {hint}: {key}"))
        }
    }
}

/// Reads one step. Every key is asked for before any `?`, so that none seems unknown.
struct Reader<'r, 'n> {
    fields: &'r mut Fields<'n>,
    problems: &'r mut Problems,
}

impl Reader<'_, '_> {
    fn action(&mut self, name: &'static str) -> Option<Action> {
        match name {
            "goto" => self.goto(),
            "reload" => self.navigation(name).map(Action::Reload),
            "back" => self.navigation(name).map(Action::Back),
            "click" => self
                .pointer(name, Plain::Text)
                .map(|(target, options)| Action::Click(target, options)),
            "double-click" => self.double_click(),
            "hover" => self
                .pointer(name, Plain::Text)
                .map(|(target, options)| Action::Hover(target, options)),
            "check" => self
                .pointer(name, Plain::Label)
                .map(|(target, options)| Action::Check(target, options)),
            "uncheck" => self
                .pointer(name, Plain::Label)
                .map(|(target, options)| Action::Uncheck(target, options)),
            "fill" => self.fill(),
            "clear" => self
                .plain(name, Plain::Label)
                .map(|(target, options)| Action::Clear(target, options)),
            "focus" => self
                .plain(name, Plain::Text)
                .map(|(target, options)| Action::Focus(target, options)),
            "press" => self.press(),
            "select" => self.select(),
            "wait-for-url" => self.wait_for_url(),
            "wait-for-load-state" => self.wait_for_load_state(),
            "screenshot" => self.screenshot(),
            "judge" => self.judge(),
            "viewport" => self.viewport(),
            "log" => self.log(),
            "metric" => self.metric(),
            "attach" => self.attach(),
            "expect" => Expectation::read(self.fields, self.problems).map(Action::Expect),
            "assert" => self.assert(),
            _ => self.group(),
        }
    }

    fn goto(&mut self) -> Option<Action> {
        let url = self.fields.text("goto", self.problems);
        let options = self.goto_options();
        Some(Action::Goto(url?, options))
    }

    /// An action without a value: `reload:`.
    fn navigation(&mut self, name: &'static str) -> Option<GotoOptions> {
        let node = self.fields.get(name)?;
        let options = self.goto_options();
        if node.is_nothing() {
            return Some(options);
        }
        self.problems.none(
            node.place,
            format!("`{name}` takes no value; its options stand beside it"),
        )
    }

    fn goto_options(&mut self) -> GotoOptions {
        let mut options = GotoOptions::new();
        if let Some(state) = self.fields.word("wait-until", LOAD_STATES, self.problems) {
            options = options.wait_until(state);
        }
        if let Some(limit) = self.timeout() {
            options = options.timeout(limit);
        }
        options
    }

    fn double_click(&mut self) -> Option<Action> {
        let (target, options) = self.pointer("double-click", Plain::Text)?;
        Some(Action::Click(target, options.click_count(2)))
    }

    fn pointer(&mut self, name: &'static str, plain: Plain) -> Option<(Target, PointerOptions)> {
        let target = self.target(name, plain);
        let mut options = PointerOptions::new().modifiers(self.modifiers());
        if let Some(button) = self.fields.word("button", BUTTONS, self.problems) {
            options = options.button(button);
        }
        if let Some(count) = self.fields.number("count", self.problems) {
            options = options.click_count(count);
        }
        if let Some((x, y)) = self.position() {
            options = options.position(x, y);
        }
        if self.fields.switch("force", self.problems) {
            options = options.force();
        }
        if self.fields.switch("trial", self.problems) {
            options = options.trial();
        }
        if let Some(limit) = self.timeout() {
            options = options.timeout(limit);
        }
        Some((target?, options))
    }

    fn modifiers(&mut self) -> Modifiers {
        let Some(node) = self.fields.get("modifiers") else {
            return Modifiers::empty();
        };
        let keys = list(node, "modifiers", self.problems).unwrap_or(&[]);
        keys.iter()
            .filter_map(|key| word(key, "modifiers", MODIFIERS, self.problems))
            .fold(Modifiers::empty(), |all, key| all | key)
    }

    fn position(&mut self) -> Option<(f64, f64)> {
        let node = self.fields.get("position")?;
        let mut fields = Fields::of(node, "`position`", self.problems)?;
        let x = fields.need("x").and_then(|node| number(node, "x", self.problems));
        let y = fields.need("y").and_then(|node| number(node, "y", self.problems));
        fields.finish("`position`", self.problems);
        x.zip(y)
    }

    fn plain(&mut self, name: &'static str, plain: Plain) -> Option<(Target, ActionOptions)> {
        let target = self.target(name, plain);
        let options = self.action_options();
        Some((target?, options))
    }

    fn action_options(&mut self) -> ActionOptions {
        let mut options = ActionOptions::new();
        if self.fields.switch("force", self.problems) {
            options = options.force();
        }
        if let Some(limit) = self.timeout() {
            options = options.timeout(limit);
        }
        options
    }

    fn fill(&mut self) -> Option<Action> {
        let found = self.plain("fill", Plain::Label);
        let text = self.fields.need_text("with", self.problems);
        let (target, options) = found?;
        Some(Action::Fill(target, text?, options))
    }

    fn press(&mut self) -> Option<Action> {
        let key = self.fields.text("press", self.problems);
        let has_target = self.fields.get("on").is_some();
        let target = self.target("on", Plain::Text);
        let mut options = KeyOptions::new();
        if let Some(limit) = has_target.then(|| self.timeout()).flatten() {
            options = options.timeout(limit);
        }
        if has_target && target.is_none() {
            return None;
        }
        Some(Action::Press(key?, target, options))
    }

    fn select(&mut self) -> Option<Action> {
        let found = self.plain("select", Plain::Label);
        let choices = self
            .fields
            .need("with")
            .and_then(|node| choices(node, self.problems));
        let (target, options) = found?;
        Some(Action::Select(target, choices?, options))
    }

    fn wait_for_url(&mut self) -> Option<Action> {
        let url = self
            .fields
            .get("wait-for-url")
            .and_then(|node| Expected::read(node, "wait-for-url", self.problems));
        let timeout = self.timeout();
        Some(Action::WaitForUrl(url?, timeout))
    }

    fn wait_for_load_state(&mut self) -> Option<Action> {
        let state = self
            .fields
            .word("wait-for-load-state", LOAD_STATES, self.problems);
        let timeout = self.timeout();
        Some(Action::WaitForLoadState(state?, timeout))
    }

    fn screenshot(&mut self) -> Option<Action> {
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

    fn judge(&mut self) -> Option<Action> {
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

    fn viewport(&mut self) -> Option<Action> {
        let node = self.fields.get("viewport")?;
        let text = scalar(node, "viewport", self.problems)?;
        let size = text
            .split_once('x')
            .and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
        match size {
            Some((width, height)) => Some(Action::Viewport(width, height)),
            None => self.problems.none(
                node.place,
                format!("`viewport` is a width and a height like 390x844: {text}"),
            ),
        }
    }

    fn log(&mut self) -> Option<Action> {
        let message = self.fields.text("log", self.problems);
        let level = self
            .fields
            .word("level", LEVELS, self.problems)
            .unwrap_or(Level::Info);
        Some(Action::Log(message?, level))
    }

    fn metric(&mut self) -> Option<Action> {
        let name = self.fields.literal("metric", self.problems).map(str::to_owned);
        let value = self
            .fields
            .need("value")
            .and_then(|node| number(node, "value", self.problems));
        Some(Action::Metric(name?, value?))
    }

    fn attach(&mut self) -> Option<Action> {
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

    fn assert(&mut self) -> Option<Action> {
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

    fn group(&mut self) -> Option<Action> {
        let name = self.fields.text("step", self.problems);
        let steps = self
            .fields
            .need("steps")
            .and_then(|node| read_steps(node, self.problems));
        Some(Action::Group(name?, steps?))
    }

    fn target(&mut self, key: &'static str, plain: Plain) -> Option<Target> {
        self.fields
            .get(key)
            .and_then(|node| Target::read(node, key, plain, self.problems))
    }

    fn timeout(&mut self) -> Option<Duration> {
        self.fields.duration("timeout", self.problems)
    }
}

fn choices(node: &Node, problems: &mut Problems) -> Option<Vec<Choice>> {
    match &*node.value {
        Value::List(items) => items.iter().map(|item| choice(item, problems)).collect(),
        _ => Some(vec![choice(node, problems)?]),
    }
}

fn choice(node: &Node, problems: &mut Problems) -> Option<Choice> {
    if !matches!(&*node.value, Value::Map(_)) {
        return template(node, "with", problems).map(Choice::Label);
    }
    let mut fields = Fields::of(node, "an option", problems)?;
    let value = fields.text("value", problems);
    let index = fields.number("index", problems);
    let unknown = fields.has_unknown();
    fields.finish("an option", problems);
    match (value, index) {
        (Some(value), None) => Some(Choice::Value(value)),
        (None, Some(index)) => Some(Choice::Index(index)),
        _ if unknown => None,
        _ => problems.none(node.place, "an option is its label, { value: … } or { index: … }"),
    }
}
