//! `expect` of the format: what is asserted, and the call that this becomes.

use std::time::Duration;

use flowguard_sdk::{Expect, ExpectedText, Locator, Page, PseudoElement, Result, Role, expect};

use crate::fields::{Fields, list, number, scalar, template, word};
use crate::matching::Expected;
use crate::node::Node;
use crate::picture::Picture;
use crate::problem::Problems;
use crate::target::{Plain, Target};
use crate::template::{Params, Template};

/// An assertion on the page or on elements.
#[derive(Debug, PartialEq)]
pub(crate) struct Expectation {
    subject: Subject,
    negated: bool,
    soft: bool,
    use_inner_text: bool,
    timeout: Option<Duration>,
    because: Option<Template>,
}

#[derive(Debug, PartialEq)]
enum Subject {
    Page(PageMatcher),
    Target(Box<Target>, Matcher),
}

#[derive(Debug, PartialEq)]
enum PageMatcher {
    Title(Expected),
    Url(Expected),
    AriaSnapshot(Template),
    Screenshot(Picture),
}

#[derive(Debug, PartialEq)]
enum Matcher {
    Be(State),
    BeInViewportBy(f64),
    HaveText(Expected),
    ContainText(Expected),
    HaveTexts(Vec<Expected>),
    ContainTexts(Vec<Expected>),
    HaveValue(Expected),
    HaveValues(Vec<Expected>),
    HaveAttribute(String, Option<Expected>),
    HaveClass(Expected),
    HaveClasses(Vec<Expected>),
    ContainClass(Template),
    ContainClasses(Vec<Template>),
    HaveCss(String, Expected, Option<PseudoElement>),
    HaveId(Expected),
    HaveRole(Role),
    HaveName(Expected),
    HaveDescription(Expected),
    HaveErrorMessage(Expected),
    HaveCount(u32),
    MatchAriaSnapshot(Template),
    HaveScreenshot(Picture),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Attached,
    Detached,
    Visible,
    Hidden,
    Enabled,
    Disabled,
    Editable,
    ReadOnly,
    Checked,
    Unchecked,
    Indeterminate,
    Focused,
    Empty,
    InViewport,
}

const STATES: &[(&str, State)] = &[
    ("attached", State::Attached),
    ("detached", State::Detached),
    ("visible", State::Visible),
    ("hidden", State::Hidden),
    ("enabled", State::Enabled),
    ("disabled", State::Disabled),
    ("editable", State::Editable),
    ("read-only", State::ReadOnly),
    ("checked", State::Checked),
    ("unchecked", State::Unchecked),
    ("indeterminate", State::Indeterminate),
    ("focused", State::Focused),
    ("empty", State::Empty),
    ("in-viewport", State::InViewport),
];

impl Expectation {
    /// Reads the step whose action is `expect`.
    pub(crate) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let subject = fields.get("expect")?;
        let subject = if subject.text() == Some("page") {
            page_matcher(fields, problems).map(Subject::Page)
        } else {
            let target = Target::read(subject, "expect", Plain::Text, problems);
            let matcher = matcher(fields, problems);
            target
                .zip(matcher)
                .map(|(target, matcher)| Subject::Target(Box::new(target), matcher))
        };
        let negated = fields.switch("not", problems);
        let soft = fields.switch("soft", problems);
        let use_inner_text = fields.switch("use-inner-text", problems);
        let timeout = fields.duration("timeout", problems);
        let because = fields.text("because", problems);
        Some(Self {
            subject: subject?,
            negated,
            soft,
            use_inner_text,
            timeout,
            because,
        })
    }

    /// Asserts.
    pub(crate) fn run(&self, page: &Page, params: &Params) -> Result {
        match &self.subject {
            Subject::Page(matcher) => matcher.run(self.modified(expect(page), params)?, page, params),
            Subject::Target(target, matcher) => {
                let locator = target.locator(page, params)?;
                matcher.run(self.modified(expect(locator), params)?, page, params)
            }
        }
    }

    fn modified<T>(&self, mut expect: Expect<T>, params: &Params) -> Result<Expect<T>> {
        if self.negated {
            expect = expect.not();
        }
        if self.soft {
            expect = expect.soft();
        }
        if self.use_inner_text {
            expect = expect.use_inner_text();
        }
        if let Some(limit) = self.timeout {
            expect = expect.within(limit);
        }
        if let Some(because) = &self.because {
            expect = expect.because(because.fill(params)?);
        }
        Ok(expect)
    }
}

impl PageMatcher {
    fn run(&self, expect: Expect<Page>, page: &Page, params: &Params) -> Result {
        match self {
            Self::Title(title) => expect.to_have_title(title.fill(params)?),
            Self::Url(url) => expect.to_have_url(url.fill(params)?),
            Self::AriaSnapshot(tree) => expect.to_match_aria_snapshot(tree.fill(params)?),
            Self::Screenshot(picture) => picture.of_page(expect, page, params),
        }
    }
}

impl Matcher {
    fn run(&self, expect: Expect<Locator>, page: &Page, params: &Params) -> Result {
        match self {
            Self::Be(state) => state.run(expect),
            Self::BeInViewportBy(ratio) => expect.to_be_in_viewport_by(*ratio),
            Self::HaveText(text) => expect.to_have_text(text.fill(params)?),
            Self::ContainText(text) => expect.to_contain_text(text.fill(params)?),
            Self::HaveTexts(texts) => expect.to_have_texts(filled(texts, params)?),
            Self::ContainTexts(texts) => expect.to_contain_texts(filled(texts, params)?),
            Self::HaveValue(value) => expect.to_have_value(value.fill(params)?),
            Self::HaveValues(values) => expect.to_have_values(filled(values, params)?),
            Self::HaveAttribute(name, None) => expect.to_have_attribute_present(name),
            Self::HaveAttribute(name, Some(value)) => expect.to_have_attribute(name, value.fill(params)?),
            Self::HaveClass(class) => expect.to_have_class(class.fill(params)?),
            Self::HaveClasses(classes) => expect.to_have_classes(filled(classes, params)?),
            Self::ContainClass(classes) => expect.to_contain_class(classes.fill(params)?),
            Self::ContainClasses(classes) => {
                let classes = classes.iter().map(|each| each.fill(params));
                expect.to_contain_classes(classes.collect::<Result<Vec<_>>>()?)
            }
            Self::HaveCss(property, value, None) => expect.to_have_css(property, value.fill(params)?),
            Self::HaveCss(property, value, Some(pseudo)) => {
                expect.to_have_css_of(*pseudo, property, value.fill(params)?)
            }
            Self::HaveId(id) => expect.to_have_id(id.fill(params)?),
            Self::HaveRole(role) => expect.to_have_role(*role),
            Self::HaveName(name) => expect.to_have_accessible_name(name.fill(params)?),
            Self::HaveDescription(text) => expect.to_have_accessible_description(text.fill(params)?),
            Self::HaveErrorMessage(text) => expect.to_have_accessible_error_message(text.fill(params)?),
            Self::HaveCount(count) => expect.to_have_count(*count),
            Self::MatchAriaSnapshot(tree) => expect.to_match_aria_snapshot(tree.fill(params)?),
            Self::HaveScreenshot(picture) => picture.of_element(expect, page, params),
        }
    }
}

fn filled(texts: &[Expected], params: &Params) -> Result<Vec<ExpectedText>> {
    texts.iter().map(|text| text.fill(params)).collect()
}

impl State {
    fn run(self, expect: Expect<Locator>) -> Result {
        match self {
            Self::Attached => expect.to_be_attached(),
            Self::Detached => expect.to_be_detached(),
            Self::Visible => expect.to_be_visible(),
            Self::Hidden => expect.to_be_hidden(),
            Self::Enabled => expect.to_be_enabled(),
            Self::Disabled => expect.to_be_disabled(),
            Self::Editable => expect.to_be_editable(),
            Self::ReadOnly => expect.to_be_read_only(),
            Self::Checked => expect.to_be_checked(),
            Self::Unchecked => expect.to_be_unchecked(),
            Self::Indeterminate => expect.to_be_indeterminate(),
            Self::Focused => expect.to_be_focused(),
            Self::Empty => expect.to_be_empty(),
            Self::InViewport => expect.to_be_in_viewport(),
        }
    }
}

fn page_matcher(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<PageMatcher> {
    let ways = [
        text(fields, "to-have-title", problems).map(|way| way.map(PageMatcher::Title)),
        text(fields, "to-have-url", problems).map(|way| way.map(PageMatcher::Url)),
        plain(fields, "to-match-aria-snapshot", problems).map(|way| way.map(PageMatcher::AriaSnapshot)),
        Picture::read(fields, problems).map(|way| way.map(PageMatcher::Screenshot)),
    ];
    one(ways, fields, "to-have-title: Cart", problems)
}

fn matcher(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Matcher> {
    let be = fields.get("to-be");
    let viewport = fields.get("to-be-in-viewport-by");
    let role = fields.get("to-have-role");
    let count = fields.get("to-have-count");
    let ways = [
        be.map(|node| word(node, "to-be", STATES, problems).map(Matcher::Be)),
        viewport.map(|node| number(node, "to-be-in-viewport-by", problems).map(Matcher::BeInViewportBy)),
        text(fields, "to-have-text", problems).map(|way| way.map(Matcher::HaveText)),
        text(fields, "to-contain-text", problems).map(|way| way.map(Matcher::ContainText)),
        texts(fields, "to-have-texts", problems).map(|way| way.map(Matcher::HaveTexts)),
        texts(fields, "to-contain-texts", problems).map(|way| way.map(Matcher::ContainTexts)),
        text(fields, "to-have-value", problems).map(|way| way.map(Matcher::HaveValue)),
        texts(fields, "to-have-values", problems).map(|way| way.map(Matcher::HaveValues)),
        attribute(fields, problems),
        text(fields, "to-have-class", problems).map(|way| way.map(Matcher::HaveClass)),
        texts(fields, "to-have-classes", problems).map(|way| way.map(Matcher::HaveClasses)),
        plain(fields, "to-contain-class", problems).map(|way| way.map(Matcher::ContainClass)),
        plains(fields, "to-contain-classes", problems).map(|way| way.map(Matcher::ContainClasses)),
        style(fields, problems),
        text(fields, "to-have-id", problems).map(|way| way.map(Matcher::HaveId)),
        role.map(|node| role_of(node, problems).map(Matcher::HaveRole)),
        text(fields, "to-have-accessible-name", problems).map(|way| way.map(Matcher::HaveName)),
        text(fields, "to-have-accessible-description", problems).map(|way| way.map(Matcher::HaveDescription)),
        text(fields, "to-have-accessible-error-message", problems)
            .map(|way| way.map(Matcher::HaveErrorMessage)),
        count.map(|node| number(node, "to-have-count", problems).map(Matcher::HaveCount)),
        plain(fields, "to-match-aria-snapshot", problems).map(|way| way.map(Matcher::MatchAriaSnapshot)),
        Picture::read(fields, problems).map(|way| way.map(Matcher::HaveScreenshot)),
    ];
    one(ways, fields, "to-be: visible", problems)
}

/// The one matcher that is written: absent, written and wrong, or written.
fn one<T, const N: usize>(
    ways: [Option<Option<T>>; N],
    fields: &Fields<'_>,
    example: &str,
    problems: &mut Problems,
) -> Option<T> {
    let mut written = ways.into_iter().flatten();
    match (written.next(), written.next()) {
        (Some(matcher), None) => matcher,
        (Some(_), Some(_)) => problems.none(
            fields.place_of("expect"),
            "an `expect` has one matcher; write a second `expect` for the other",
        ),
        (None, _) => {
            if !fields.keys().any(|(key, _)| key.starts_with("to-")) {
                problems.note(
                    fields.place_of("expect"),
                    format!("an `expect` needs a matcher, for example {example}"),
                );
            }
            None
        }
    }
}

fn text(fields: &mut Fields<'_>, key: &'static str, problems: &mut Problems) -> Option<Option<Expected>> {
    fields.get(key).map(|node| Expected::read(node, key, problems))
}

fn texts(
    fields: &mut Fields<'_>,
    key: &'static str,
    problems: &mut Problems,
) -> Option<Option<Vec<Expected>>> {
    fields.get(key).map(|node| {
        let items = list(node, key, problems)?;
        items
            .iter()
            .map(|item| Expected::read(item, key, problems))
            .collect()
    })
}

fn plain(fields: &mut Fields<'_>, key: &'static str, problems: &mut Problems) -> Option<Option<Template>> {
    fields.get(key).map(|node| template(node, key, problems))
}

fn plains(
    fields: &mut Fields<'_>,
    key: &'static str,
    problems: &mut Problems,
) -> Option<Option<Vec<Template>>> {
    fields.get(key).map(|node| {
        let items = list(node, key, problems)?;
        items.iter().map(|item| template(item, key, problems)).collect()
    })
}

/// `{ name: href }`, or with a `value`.
fn attribute(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Option<Matcher>> {
    let node = fields.get("to-have-attribute")?;
    let read = |problems: &mut Problems| {
        let mut fields = Fields::of(node, "`to-have-attribute`", problems)?;
        let name = needed(&mut fields, "name", problems);
        let value = text(&mut fields, "value", problems);
        fields.finish("`to-have-attribute`", problems);
        let value = match value {
            None => None,
            Some(read) => Some(read?),
        };
        Some(Matcher::HaveAttribute(name?, value))
    };
    Some(read(problems))
}

/// `{ property: color, value: … }`, or with `pseudo: before`.
fn style(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Option<Matcher>> {
    let node = fields.get("to-have-css")?;
    let read = |problems: &mut Problems| {
        let mut fields = Fields::of(node, "`to-have-css`", problems)?;
        let property = needed(&mut fields, "property", problems);
        let value = fields
            .need("value")
            .and_then(|node| Expected::read(node, "value", problems));
        let boxes = [("before", PseudoElement::Before), ("after", PseudoElement::After)];
        let pseudo = fields.word("pseudo", &boxes, problems);
        fields.finish("`to-have-css`", problems);
        Some(Matcher::HaveCss(property?, value?, pseudo))
    };
    Some(read(problems))
}

fn needed(fields: &mut Fields<'_>, key: &'static str, problems: &mut Problems) -> Option<String> {
    fields
        .need(key)
        .and_then(|node| scalar(node, key, problems))
        .map(str::to_owned)
}

fn role_of(node: &Node, problems: &mut Problems) -> Option<Role> {
    let name = scalar(node, "to-have-role", problems)?;
    match name.parse() {
        Ok(role) => Some(role),
        Err(_) => problems.none(node.place, format!("not an ARIA role: {name}")),
    }
}
