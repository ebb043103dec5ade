//! TARGET of the format: how an element is found, and the locator that this becomes.

use flowguard_sdk::{
    Locate, Locator, Page, ROLES, Result, Role, RoleOptions, Text, Tristate, exact, has, has_not,
    has_not_text, has_text, hidden, visible,
};

use crate::fields::{Fields, number, template, word};
use crate::matching::Match;
use crate::node::{Node, Value};
use crate::problem::Problems;
use crate::template::{Params, Template};

/// What a plain text means.
#[derive(Clone, Copy)]
pub(crate) enum Plain {
    Text,
    Label,
    Css,
}

/// An element, or several.
#[derive(Debug, PartialEq)]
pub(crate) struct Target {
    find: Find,
    /// In the order in which they are applied.
    scope: Vec<Scope>,
    filters: Vec<Filter>,
}

#[derive(Debug, PartialEq)]
enum Scope {
    Within(Target),
    Frame(Target),
}

#[derive(Debug, PartialEq)]
enum Find {
    Role {
        role: Role,
        name: Option<Match>,
        description: Option<Match>,
        states: RoleOptions,
    },
    Text(Match),
    Label(Match),
    Placeholder(Match),
    Alt(Match),
    Title(Match),
    TestId(Match),
    Css(Template),
    Xpath(Template),
}

#[derive(Debug, PartialEq)]
enum Filter {
    HasText(Match),
    HasNotText(Match),
    Has(Target),
    HasNot(Target),
    Visible(bool),
    And(Target),
    Or(Target),
    Nth(i32),
}

const TRISTATES: &[(&str, Tristate)] = &[
    ("true", Tristate::On),
    ("false", Tristate::Off),
    ("mixed", Tristate::Mixed),
];

impl Target {
    /// Reads a target; `plain` is what a plain text means here.
    pub(crate) fn read(node: &Node, key: &str, plain: Plain, problems: &mut Problems) -> Option<Self> {
        if !matches!(&*node.value, Value::Map(_)) {
            if node.is_nothing() || node.text().is_none() {
                let message = format!(
                    "`{key}` takes a target, a text or a mapping, and this is {}",
                    node.kind()
                );
                return problems.none(node.place, message);
            }
            let text = template(node, key, problems)?;
            let find = match plain {
                Plain::Text => Find::Text(Match::Plain(text)),
                Plain::Label => Find::Label(Match::Plain(text)),
                Plain::Css => Find::Css(text),
            };
            return Some(Self {
                find,
                scope: Vec::new(),
                filters: Vec::new(),
            });
        }
        let mut fields = Fields::of(node, key, problems)?;
        let scope = scope(&mut fields, problems);
        let filters = filters(&mut fields, problems);
        // Last, so that a key it does not know is unknown to all.
        let find = find(&mut fields, problems);
        fields.finish("a target", problems);
        Some(Self {
            find: find?,
            scope,
            filters,
        })
    }

    /// The locator on a page, with the run's parameters in it.
    pub(crate) fn locator(&self, page: &Page, params: &Params) -> Result<Locator> {
        self.locator_in(None, page, params)
    }

    /// The locator below another one, or in the page.
    fn locator_in(&self, base: Option<&Locator>, page: &Page, params: &Params) -> Result<Locator> {
        let mut base = base.cloned();
        for scope in &self.scope {
            base = Some(match scope {
                Scope::Within(target) => target.locator_in(base.as_ref(), page, params)?,
                Scope::Frame(target) => target.locator_in(base.as_ref(), page, params)?.content_frame(),
            });
        }
        let found = match &base {
            Some(base) => self.find.locator(base, params)?,
            None => self.find.locator(page, params)?,
        };
        self.filtered(found, page, params)
    }

    fn filtered(&self, mut locator: Locator, page: &Page, params: &Params) -> Result<Locator> {
        for filter in &self.filters {
            locator = match filter {
                Filter::HasText(text) => locator.filter(has_text(text.fill(params)?)),
                Filter::HasNotText(text) => locator.filter(has_not_text(text.fill(params)?)),
                Filter::Has(inner) => locator.filter(has(&inner.locator(page, params)?)),
                Filter::HasNot(inner) => locator.filter(has_not(&inner.locator(page, params)?)),
                Filter::Visible(true) => locator.filter(visible()),
                Filter::Visible(false) => locator.filter(hidden()),
                Filter::And(other) => locator.and(&other.locator(page, params)?),
                Filter::Or(other) => locator.or(&other.locator(page, params)?),
                Filter::Nth(index) => locator.nth(*index),
            };
        }
        Ok(locator)
    }
}

impl Find {
    fn locator(&self, base: &impl Locate, params: &Params) -> Result<Locator> {
        Ok(match self {
            Self::Role {
                role,
                name,
                description,
                states,
            } => {
                let mut states = states.clone();
                if let Some(name) = name {
                    states = states.name(name.fill(params)?);
                }
                if let Some(description) = description {
                    states = states.description(description.fill(params)?);
                }
                base.get_by_role(*role, states)
            }
            Self::Text(text) => base.get_by_text(text.fill(params)?),
            Self::Label(text) => base.get_by_label(text.fill(params)?),
            Self::Placeholder(text) => base.get_by_placeholder(text.fill(params)?),
            Self::Alt(text) => base.get_by_alt_text(text.fill(params)?),
            Self::Title(text) => base.get_by_title(text.fill(params)?),
            Self::TestId(id) => base.get_by_test_id(whole(id, params)?),
            Self::Css(selector) => base.locator(&selector.fill(params)?),
            Self::Xpath(expression) => base.get_by_xpath(&expression.fill(params)?),
        })
    }
}

/// A plain test id is the whole id.
fn whole(id: &Match, params: &Params) -> Result<Text> {
    match id {
        Match::Plain(text) => Ok(exact(text.fill(params)?)),
        other => other.fill(params),
    }
}

fn scope(fields: &mut Fields<'_>, problems: &mut Problems) -> Vec<Scope> {
    let within = target(fields, "within", Plain::Text, problems).map(Scope::Within);
    let frame = target(fields, "frame", Plain::Css, problems).map(Scope::Frame);
    within.into_iter().chain(frame).collect()
}

fn filters(fields: &mut Fields<'_>, problems: &mut Problems) -> Vec<Filter> {
    let found = [
        text(fields, "has-text", problems).map(Filter::HasText),
        text(fields, "has-not-text", problems).map(Filter::HasNotText),
        target(fields, "has", Plain::Text, problems).map(Filter::Has),
        target(fields, "has-not", Plain::Text, problems).map(Filter::HasNot),
        fields.bool("visible", problems).map(Filter::Visible),
        target(fields, "and", Plain::Text, problems).map(Filter::And),
        target(fields, "or", Plain::Text, problems).map(Filter::Or),
        fields
            .get("nth")
            .and_then(|node| number(node, "nth", problems))
            .map(Filter::Nth),
    ];
    found.into_iter().flatten().collect()
}

fn target(
    fields: &mut Fields<'_>,
    key: &'static str,
    plain: Plain,
    problems: &mut Problems,
) -> Option<Target> {
    fields
        .get(key)
        .and_then(|node| Target::read(node, key, plain, problems))
}

fn text(fields: &mut Fields<'_>, key: &'static str, problems: &mut Problems) -> Option<Match> {
    fields.get(key).and_then(|node| Match::read(node, key, problems))
}

/// A key and what its text finds.
type TextWay = (&'static str, fn(Match) -> Find);

/// The one way to find that the mapping names.
fn find(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Find> {
    let mut ways: Vec<(&'static str, Option<Find>)> = Vec::new();
    let by_text: [TextWay; 6] = [
        ("text", Find::Text),
        ("label", Find::Label),
        ("placeholder", Find::Placeholder),
        ("alt", Find::Alt),
        ("title", Find::Title),
        ("test-id", Find::TestId),
    ];
    for (key, way) in by_text {
        if fields.get(key).is_some() {
            ways.push((key, text(fields, key, problems).map(way)));
        }
    }
    if let Some(node) = fields.get("css") {
        ways.push(("css", template(node, "css", problems).map(Find::Css)));
    }
    if let Some(node) = fields.get("xpath") {
        ways.push(("xpath", template(node, "xpath", problems).map(Find::Xpath)));
    }
    if let Some(node) = fields.get("role") {
        ways.push(("role", by_role(node, fields, problems)));
    }
    for role in ROLES {
        if let Some(node) = fields.get_unlisted(role.name()) {
            let name = Match::read(node, role.name(), problems);
            let description = text(fields, "description", problems);
            let states = states(fields, problems);
            ways.push((
                role.name(),
                name.map(|name| Find::Role {
                    role: *role,
                    name: Some(name),
                    description,
                    states,
                }),
            ));
        }
    }
    match ways.len() {
        1 => ways.pop().and_then(|(_, way)| way),
        0 if fields.has_unknown() => None,
        0 => problems.none(
            fields.place(),
            "a target says how to find the element, for example { button: Pay } or { label: Email }",
        ),
        _ => {
            let (first, second) = (ways[0].0, ways[1].0);
            let place = fields.place_of(second);
            problems.none(place, format!("a target has one way to find; take `{first}` or `{second}`, and narrow it with `within`, `and` or `has-text`"))
        }
    }
}

fn by_role(node: &Node, fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Find> {
    let words: Vec<_> = ROLES.iter().map(|role| (role.name(), *role)).collect();
    let name = text(fields, "name", problems);
    let description = text(fields, "description", problems);
    let states = states(fields, problems);
    let role = word(node, "role", &words, problems)?;
    Some(Find::Role {
        role,
        name,
        description,
        states,
    })
}

fn states(fields: &mut Fields<'_>, problems: &mut Problems) -> RoleOptions {
    let mut states = RoleOptions::new();
    if let Some(state) = fields.word("checked", TRISTATES, problems) {
        states = states.checked(state);
    }
    if let Some(state) = fields.word("pressed", TRISTATES, problems) {
        states = states.pressed(state);
    }
    if let Some(disabled) = fields.bool("disabled", problems) {
        states = states.disabled(disabled);
    }
    if let Some(expanded) = fields.bool("expanded", problems) {
        states = states.expanded(expanded);
    }
    if let Some(selected) = fields.bool("selected", problems) {
        states = states.selected(selected);
    }
    if let Some(level) = fields.number("level", problems) {
        states = states.level(level);
    }
    if fields.switch("include-hidden", problems) {
        states = states.include_hidden();
    }
    states
}
