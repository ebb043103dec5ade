//! Documents and locators that nobody thought of: random trees with roles, labels, hidden, disabled and shadow
//! parts, random locators on them, and both sides must find the same elements in the same order. The seed is
//! printed; the same seed makes the same documents.

use serde_json::{Value, json};
use std::collections::VecDeque;

use super::case::Case;

/// Locators tried on one document.
const CHECKS_PER_DOCUMENT: usize = 40;
/// Elements of one document, about.
const ELEMENTS: usize = 40;

const WORDS: [&str; 6] = ["Save", "Cancel", "save all", "Name", "Total 12", "a  b"];
const ROLES: [&str; 14] = [
    "button", "link", "checkbox", "heading", "textbox", "listitem", "list", "option", "group", "img",
    "region", "combobox", "switch", "tab",
];
const TAGS: [&str; 20] = [
    "div", "div", "span", "p", "button", "a", "label", "ul", "li", "h2", "section", "fieldset", "legend",
    "b", "select", "details", "nav", "x-host", "x-host", "article",
];
const VOID_TAGS: [&str; 5] = [
    "input",
    "input type=checkbox",
    "input type=submit",
    "img",
    "input type=range",
];

/// Numbers that follow from a seed.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below the limit (xorshift of a counter: good enough to vary documents).
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).expect("below a usize")
    }

    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn one_of(&mut self, all: &[&'static str]) -> &'static str {
        all[self.below(all.len())]
    }
}

/// So many checks, in groups of one document each.
pub(super) fn random_cases(chance: &mut Chance, checks: usize) -> VecDeque<Vec<Case>> {
    (0..checks.div_ceil(CHECKS_PER_DOCUMENT))
        .map(|number| {
            let document = document(chance);
            let page = format!("random-{number}.html");
            let mut cases = Case::looks_at(&page, &document);
            cases.extend((0..CHECKS_PER_DOCUMENT).map(|_| Case::random(&page, &document, locator(chance))));
            cases
        })
        .collect()
}

fn document(chance: &mut Chance) -> String {
    let mut left = ELEMENTS;
    let mut body = String::new();
    while left > 0 {
        element(chance, &mut left, 0, &mut body);
    }
    format!("<!doctype html><meta charset=utf-8><title>random</title><body>{body}</body>")
}

fn element(chance: &mut Chance, left: &mut usize, depth: usize, html: &mut String) {
    *left = left.saturating_sub(1);
    let id = *left;
    if chance.once_in(5) {
        let tag = chance.one_of(&VOID_TAGS);
        html.push_str(&format!("<{tag} id=n{id}{}>", attributes(chance)));
        return;
    }
    let tag = chance.one_of(&TAGS);
    html.push_str(&format!("<{tag} id=n{id}{}>", attributes(chance)));
    if tag == "x-host" {
        html.push_str("<template shadowrootmode=open>");
        content(chance, left, depth, html);
        if !chance.once_in(4) {
            html.push_str("<slot></slot>");
        }
        html.push_str("</template>");
    }
    if tag == "select" {
        html.push_str("<option>Save</option><option selected>Cancel</option>");
    } else {
        content(chance, left, depth, html);
    }
    html.push_str(&format!("</{tag}>"));
}

/// Texts and elements in turn.
fn content(chance: &mut Chance, left: &mut usize, depth: usize, html: &mut String) {
    if !chance.once_in(3) {
        html.push_str(chance.one_of(&WORDS));
    }
    for _ in 0..chance.below(3) {
        if *left > 0 && depth < 6 {
            element(chance, left, depth + 1, html);
        }
    }
    if chance.once_in(4) {
        html.push_str(chance.one_of(&WORDS));
    }
}

fn attributes(chance: &mut Chance) -> String {
    let mut written = String::new();
    let mut add = |attribute: String| written.push_str(&format!(" {attribute}"));
    if chance.once_in(4) {
        add(format!("role={}", chance.one_of(&ROLES)));
    }
    if chance.once_in(5) {
        add(format!("aria-label=\"{}\"", chance.one_of(&WORDS)));
    }
    if chance.once_in(12) {
        add(format!(
            "aria-labelledby=\"n{} n{}\"",
            chance.below(ELEMENTS),
            chance.below(ELEMENTS)
        ));
    }
    if chance.once_in(10) {
        let style = [
            "display:none",
            "visibility:hidden",
            "display:contents",
            "visibility:visible",
        ];
        add(format!("style=\"{}\"", chance.one_of(&style)));
    }
    let plain = [
        "hidden",
        "disabled",
        "aria-hidden=true",
        "aria-disabled=true",
        "aria-disabled=false",
        "aria-checked=true",
        "aria-checked=mixed",
        "aria-expanded=true",
        "checked",
        "href=#",
        "open",
        "aria-selected=true",
    ];
    if chance.once_in(3) {
        add(chance.one_of(&plain).to_owned());
    }
    for name in ["title", "placeholder", "alt", "value", "data-testid", "class"] {
        if chance.once_in(9) {
            add(format!("{name}=\"{}\"", chance.one_of(&WORDS)));
        }
    }
    if chance.once_in(9) {
        add(format!("for=n{}", chance.below(ELEMENTS)));
    }
    written
}

fn locator(chance: &mut Chance) -> Value {
    let mut parts = vec![selector(chance)];
    for _ in 0..chance.below(3) {
        parts.push(match chance.below(7) {
            0 | 1 => selector(chance),
            2 => json!({"kind": "hasText", "text": text(chance)}),
            3 => json!({"kind": "visible", "visible": chance.once_in(2)}),
            4 => json!({"kind": "and", "locator": [selector(chance)]}),
            5 => json!({"kind": "or", "locator": [selector(chance)]}),
            _ => json!({"kind": "nth", "index": chance.below(3)}),
        });
    }
    Value::Array(parts)
}

fn selector(chance: &mut Chance) -> Value {
    let css = [
        "div",
        "*",
        "button, a",
        "[role]",
        "p, li",
        "x-host *",
        ":disabled",
        "div > *",
        "fieldset *",
    ];
    match chance.below(8) {
        0..=2 => role(chance),
        3 | 4 => json!({"kind": "text", "text": text(chance)}),
        5 => json!({"kind": "label", "text": text(chance)}),
        6 => json!({"kind": "css", "selector": chance.one_of(&css)}),
        _ => {
            let kind = chance.one_of(&["title", "placeholder", "altText", "testId"]);
            // A test id is compared to the letter; Playwright has no other way.
            let text = json!({"kind": "exact", "value": chance.one_of(&WORDS[..5])});
            json!({"kind": kind, "text": text})
        }
    }
}

/// Only with states that the role can have: the others are refused, whether or not anything is found so far.
fn role(chance: &mut Chance) -> Value {
    let mut part = json!({"kind": "role", "includeHidden": chance.once_in(4)});
    if chance.once_in(2) {
        part["name"] = text(chance);
    }
    let (role, state) = match chance.below(8) {
        0 => (
            chance.one_of(&ROLES),
            Some(("disabled", json!(chance.once_in(2)))),
        ),
        1 => (
            chance.one_of(&["checkbox", "switch", "option"]),
            Some(("checked", json!(chance.one_of(&["on", "off"])))),
        ),
        2 => (
            chance.one_of(&["button", "combobox", "link"]),
            Some(("expanded", json!(chance.once_in(2)))),
        ),
        3 => (
            chance.one_of(&["option", "tab"]),
            Some(("selected", json!(chance.once_in(2)))),
        ),
        _ => (chance.one_of(&ROLES), None),
    };
    part["role"] = json!(role);
    if let Some((state, value)) = state {
        part[state] = value;
    }
    part
}

fn text(chance: &mut Chance) -> Value {
    match chance.below(4) {
        0 => json!({"kind": "exact", "value": chance.one_of(&WORDS)}),
        1 => json!({"kind": "pattern", "source": chance.one_of(&["^S", "a", "\\d", "l$"]), "flags": "i"}),
        _ => json!({"kind": "substring", "value": chance.one_of(&["save", "a", "cancel", "12", "a b"])}),
    }
}
