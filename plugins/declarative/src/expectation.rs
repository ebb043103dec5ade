//! `expect` of the format: what is asserted, and the call that this becomes.

use std::time::Duration;

use flowguard_sdk::{Expect, Locator, Page, Result, expect};

use crate::fields::{Fields, list, number, scalar, word};
use crate::matching::Match;
use crate::node::Node;
use crate::problem::Problems;
use crate::target::{Plain, Target};
use crate::template::{Params, Template};

/// An assertion on the page or on elements.
#[derive(Debug, PartialEq)]
pub(crate) struct Expectation {
    subject: Subject,
    negated: bool,
    soft: bool,
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
    Title(Match),
    Url(Match),
}

#[derive(Debug, PartialEq)]
enum Matcher {
    Be(State),
    HaveText(Match),
    ContainText(Match),
    HaveTexts(Vec<Match>),
    HaveValue(Match),
    HaveAttribute(String, Match),
    HaveClass(Template),
    HaveCss(String, Match),
    HaveName(Match),
    HaveCount(u32),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Attached,
    Visible,
    Hidden,
    Enabled,
    Disabled,
    Editable,
    Checked,
    Unchecked,
    Indeterminate,
    Focused,
    Empty,
    InViewport,
}

const STATES: &[(&str, State)] = &[
    ("attached", State::Attached),
    ("visible", State::Visible),
    ("hidden", State::Hidden),
    ("enabled", State::Enabled),
    ("disabled", State::Disabled),
    ("editable", State::Editable),
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
        let timeout = fields.duration("timeout", problems);
        let because = fields.text("because", problems);
        Some(Self {
            subject: subject?,
            negated,
            soft,
            timeout,
            because,
        })
    }

    /// Asserts.
    pub(crate) fn run(&self, page: &Page, params: &Params) -> Result {
        match &self.subject {
            Subject::Page(matcher) => matcher.run(self.modified(expect(page), params)?, params),
            Subject::Target(target, matcher) => {
                let locator = target.locator(page, params)?;
                matcher.run(self.modified(expect(locator), params)?, params)
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
    fn run(&self, expect: Expect<Page>, params: &Params) -> Result {
        match self {
            Self::Title(title) => expect.to_have_title(title.fill(params)?),
            Self::Url(url) => expect.to_have_url(url.fill(params)?),
        }
    }
}

impl Matcher {
    fn run(&self, expect: Expect<Locator>, params: &Params) -> Result {
        match self {
            Self::Be(state) => state.run(expect),
            Self::HaveText(text) => expect.to_have_text(text.fill(params)?),
            Self::ContainText(text) => expect.to_contain_text(text.fill(params)?),
            Self::HaveTexts(texts) => {
                let texts = texts
                    .iter()
                    .map(|text| text.fill(params))
                    .collect::<Result<Vec<_>>>()?;
                expect.to_have_texts(texts)
            }
            Self::HaveValue(value) => expect.to_have_value(value.fill(params)?),
            Self::HaveAttribute(name, value) => expect.to_have_attribute(name, value.fill(params)?),
            Self::HaveClass(classes) => expect.to_have_class(classes.fill(params)?),
            Self::HaveCss(property, value) => expect.to_have_css(property, value.fill(params)?),
            Self::HaveName(name) => expect.to_have_name(name.fill(params)?),
            Self::HaveCount(count) => expect.to_have_count(*count),
        }
    }
}

impl State {
    fn run(self, expect: Expect<Locator>) -> Result {
        match self {
            Self::Attached => expect.to_be_attached(),
            Self::Visible => expect.to_be_visible(),
            Self::Hidden => expect.to_be_hidden(),
            Self::Enabled => expect.to_be_enabled(),
            Self::Disabled => expect.to_be_disabled(),
            Self::Editable => expect.to_be_editable(),
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
    ];
    one(ways, fields, "to-have-title: Cart", problems)
}

fn matcher(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Matcher> {
    let ways = [
        fields
            .get("to-be")
            .map(|node| word(node, "to-be", STATES, problems).map(Matcher::Be)),
        text(fields, "to-have-text", problems).map(|way| way.map(Matcher::HaveText)),
        text(fields, "to-contain-text", problems).map(|way| way.map(Matcher::ContainText)),
        fields
            .get("to-have-texts")
            .map(|node| texts(node, problems).map(Matcher::HaveTexts)),
        text(fields, "to-have-value", problems).map(|way| way.map(Matcher::HaveValue)),
        pair(fields, "to-have-attribute", "name", problems)
            .map(|way| way.map(|(k, v)| Matcher::HaveAttribute(k, v))),
        fields
            .get("to-have-class")
            .is_some()
            .then(|| fields.text("to-have-class", problems).map(Matcher::HaveClass)),
        pair(fields, "to-have-css", "property", problems).map(|way| way.map(|(k, v)| Matcher::HaveCss(k, v))),
        text(fields, "to-have-name", problems).map(|way| way.map(Matcher::HaveName)),
        fields
            .get("to-have-count")
            .map(|node| number(node, "to-have-count", problems).map(Matcher::HaveCount)),
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

fn text(fields: &mut Fields<'_>, key: &'static str, problems: &mut Problems) -> Option<Option<Match>> {
    fields.get(key).map(|node| Match::read(node, key, problems))
}

fn texts(node: &Node, problems: &mut Problems) -> Option<Vec<Match>> {
    let items = list(node, "to-have-texts", problems)?;
    items
        .iter()
        .map(|item| Match::read(item, "to-have-texts", problems))
        .collect()
}

/// `{ name: href, value: … }`, the first key being `key`.
fn pair(
    fields: &mut Fields<'_>,
    matcher: &'static str,
    key: &'static str,
    problems: &mut Problems,
) -> Option<Option<(String, Match)>> {
    let node = fields.get(matcher)?;
    let read = |problems: &mut Problems| {
        let mut fields = Fields::of(node, &format!("`{matcher}`"), problems)?;
        let name = fields
            .need(key)
            .and_then(|node| scalar(node, key, problems))
            .map(str::to_owned);
        let value = fields
            .need("value")
            .and_then(|node| Match::read(node, "value", problems));
        fields.finish(&format!("`{matcher}`"), problems);
        name.zip(value)
    };
    Some(read(problems))
}
