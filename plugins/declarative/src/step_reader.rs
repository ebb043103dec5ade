//! Reading steps: which action a mapping names, and its options.

mod around;
mod telling;

use std::time::Duration;

use flowguard_sdk::{
    ActionOptions, DragOptions, GotoOptions, KeyOptions, LoadState, Modifiers, MouseButton, PointerOptions,
    Presence,
};

use crate::expectation::Expectation;
use crate::fields::{Fields, list, number, template, word};
use crate::matching::Expected;
use crate::node::{Node, Value};
use crate::problem::{Problems, nearest};
use crate::step::{Action, Choice, Step};
use crate::target::{Plain, Target};
use crate::template::Template;

/// The actions, in the order of the documentation.
const ACTIONS: &[&str] = &[
    "goto",
    "reload",
    "back",
    "forward",
    "click",
    "double-click",
    "tap",
    "hover",
    "drag",
    "check",
    "uncheck",
    "fill",
    "fill-secret",
    "clear",
    "type",
    "press",
    "focus",
    "blur",
    "select-text",
    "scroll-into-view",
    "select",
    "wait-for",
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
    "dialogs",
    "next-dialog",
    "overlay",
    "popup",
    "download",
    "upload",
    "route",
    "clock",
    "close",
    "retry",
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
const PRESENCES: &[(&str, Presence)] = &[
    ("attached", Presence::Attached),
    ("detached", Presence::Detached),
    ("visible", Presence::Visible),
    ("hidden", Presence::Hidden),
];
const MODIFIERS: &[(&str, Modifiers)] = &[
    ("Alt", Modifiers::ALT),
    ("Control", Modifiers::CONTROL),
    ("Meta", Modifiers::META),
    ("Shift", Modifiers::SHIFT),
];
/// Reads a list of steps. None where one of them is wrong.
pub(crate) fn read_steps(node: &Node, key: &str, problems: &mut Problems) -> Option<Vec<Step>> {
    let items = list(node, key, problems)?;
    if items.is_empty() {
        return problems.none(node.place, format!("`{key}` needs at least one step"));
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
        Some("forward") => Action::Forward(GotoOptions::new()),
        Some("close") => Action::Close,
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
            "forward" => self.navigation(name).map(Action::Forward),
            "click" => self.pointing(name, Plain::Text, Action::Click),
            "double-click" => self.double_click(),
            "tap" => self.pointing(name, Plain::Text, Action::Tap),
            "drag" => self.drag(),
            "hover" => self.pointing(name, Plain::Text, Action::Hover),
            "check" => self.pointing(name, Plain::Label, Action::Check),
            "uncheck" => self.pointing(name, Plain::Label, Action::Uncheck),
            "fill" => self.fill(name, Action::Fill),
            "fill-secret" => self.fill(name, Action::FillSecret),
            "clear" => self.acting(name, Plain::Label, Action::Clear),
            "focus" => self.acting(name, Plain::Text, Action::Focus),
            "blur" => self.acting(name, Plain::Text, Action::Blur),
            "select-text" => self.acting(name, Plain::Label, Action::SelectText),
            "scroll-into-view" => self.acting(name, Plain::Text, Action::ScrollIntoView),
            "type" => self.keys(name, "into", Plain::Label, Action::Type),
            "press" => self.keys(name, "on", Plain::Text, Action::Press),
            "wait-for" => self.wait_for(),
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
            "dialogs" | "next-dialog" => self.dialogs(name),
            "overlay" => self.overlay(),
            "popup" => self.popup(),
            "download" => self.download(),
            "upload" => self.upload(),
            "route" => self.route(),
            "clock" => self.clock(),
            "close" => self.nothing(name).map(|()| Action::Close),
            "retry" => self.retry(),
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
        let options = self.goto_options();
        self.nothing(name).map(|()| options)
    }

    /// The value that an action without one has.
    fn nothing(&mut self, name: &'static str) -> Option<()> {
        let node = self.fields.get(name)?;
        if node.is_nothing() {
            return Some(());
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

    fn pointing(
        &mut self,
        name: &'static str,
        plain: Plain,
        action: fn(Target, PointerOptions) -> Action,
    ) -> Option<Action> {
        let (target, options) = self.pointer(name, plain)?;
        Some(action(target, options))
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

    fn acting(
        &mut self,
        name: &'static str,
        plain: Plain,
        action: fn(Target, ActionOptions) -> Action,
    ) -> Option<Action> {
        let (target, options) = self.plain(name, plain)?;
        Some(action(target, options))
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

    fn fill(
        &mut self,
        name: &'static str,
        action: fn(Target, Template, ActionOptions) -> Action,
    ) -> Option<Action> {
        let found = self.plain(name, Plain::Label);
        let text = self.fields.need_text("with", self.problems);
        let (target, options) = found?;
        Some(action(target, text?, options))
    }

    fn drag(&mut self) -> Option<Action> {
        let source = self.target("drag", Plain::Text);
        let target = self.fields.need("to");
        let target = target.and_then(|node| Target::read(node, "to", Plain::Text, self.problems));
        let mut options = DragOptions::new();
        if self.fields.switch("force", self.problems) {
            options = options.force();
        }
        if self.fields.switch("trial", self.problems) {
            options = options.trial();
        }
        if let Some(limit) = self.timeout() {
            options = options.timeout(limit);
        }
        Some(Action::Drag(source?, Box::new(target?), options))
    }

    /// Keys for a target, or for whatever has the focus; that waits for nothing, so it has no timeout.
    fn keys(
        &mut self,
        name: &'static str,
        key: &'static str,
        plain: Plain,
        action: fn(Template, Option<Target>, KeyOptions) -> Action,
    ) -> Option<Action> {
        let text = self.fields.text(name, self.problems);
        let has_target = self.fields.get(key).is_some();
        let target = self.target(key, plain);
        let mut options = KeyOptions::new();
        if let Some(limit) = has_target.then(|| self.timeout()).flatten() {
            options = options.timeout(limit);
        }
        if has_target && target.is_none() {
            return None;
        }
        Some(action(text?, target, options))
    }

    fn wait_for(&mut self) -> Option<Action> {
        let target = self.target("wait-for", Plain::Text);
        let state = self.fields.word("to-be", PRESENCES, self.problems);
        let timeout = self.timeout();
        Some(Action::WaitFor(
            target?,
            state.unwrap_or(Presence::Visible),
            timeout,
        ))
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

    fn group(&mut self) -> Option<Action> {
        let name = self.fields.text("step", self.problems);
        let steps = self
            .fields
            .need("steps")
            .and_then(|node| read_steps(node, "steps", self.problems));
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
