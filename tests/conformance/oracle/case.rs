//! The cases of the gallery as both sides do them: one action, reading or assertion on a page. Those of
//! `cases.json` are written as requests to the injected script; those of `rules/` are written for people, and
//! say what the rule demands.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::VecDeque;
use std::path::Path;

use super::grammar::{expected, named, parts};
use super::verdict::Verdict;
use crate::site::gallery;

/// Enough for whatever is to come, on a loaded machine.
pub(super) const AMPLE_MS: u64 = 15_000;
/// Enough to see that nothing comes.
const SHORT_MS: u64 = 300;

/// So many elements of each page are looked at one by one.
const SWEPT: usize = 16;

/// What is told of a page after an action: its own log, where the focus is, and every control.
const STATE: &str = r##"(() => {
  const controls = [];
  const name = (each) => each ? each.localName + (each.id ? "#" + each.id : "") : null;
  const walk = (root) => {
    for (const each of root.querySelectorAll("*")) {
      if (each.shadowRoot) walk(each.shadowRoot);
      if (each.localName === "iframe" && each.contentDocument) walk(each.contentDocument);
      if (each.localName === "select")
        controls.push([name(each), [...each.selectedOptions].map((option) => option.index)]);
      else if (["input", "textarea"].includes(each.localName)) controls.push([name(each), each.value, each.checked]);
      else if (each.isContentEditable) controls.push([name(each), each.textContent]);
    }
  };
  walk(document);
  const log = document.querySelector("#log");
  return {
    log: log ? log.textContent : null,
    focus: name(document.activeElement),
    address: location.pathname + location.hash,
    controls,
  };
})()"##;

/// What changes nothing on a page.
const LOOKS: [&str; 13] = [
    "expect",
    "count",
    "isVisible",
    "isInState",
    "read",
    "allInnerTexts",
    "allTextContents",
    "title",
    "ariaSnapshot",
    "boundingBox",
    "elements",
    "waitFor",
    "content",
];

/// One thing to do on one page.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) page: String,
    pub(super) title: String,
    /// The locator's parts; none for the page itself.
    pub(super) find: Option<Value>,
    pub(super) action: Value,
    pub(super) force: bool,
    pub(super) trial: bool,
    pub(super) timeout_ms: u64,
    pub(super) their_timeout_ms: u64,
    pub(super) test_ids: Vec<String>,
    /// `load`, `domcontentloaded` or `commit`.
    pub(super) until: String,
    /// Whether the page has a touch screen.
    pub(super) touch: bool,
    /// What is done before, on the same load of the page.
    pub(super) first: Vec<Case>,
    /// The page's document, where it is no file of the gallery.
    pub(super) document: Option<String>,
    /// What is evaluated afterwards, in the page's own world.
    pub(super) after: Option<String>,
    /// What the rule demands.
    demands: Demands,
}

/// What must come of a case, on our side at least.
#[derive(Clone, Debug, Default)]
struct Demands {
    outcome: Option<String>,
    value: Option<Value>,
    state: Option<Value>,
}

/// All cases, in groups that share one load of their page.
pub(super) fn all_cases() -> VecDeque<Vec<Case>> {
    let mut cases = requests();
    cases.extend(rules());
    cases.extend(sweep());
    let mut groups: VecDeque<Vec<Case>> = VecDeque::new();
    for case in cases {
        match groups.back_mut() {
            Some(group) if group.last().is_some_and(|last| case.may_follow(last)) => group.push(case),
            _ => groups.push_back(vec![case]),
        }
    }
    groups
}

impl Case {
    /// The look at a document that is no file of the gallery.
    pub(super) fn looks_at(page: &str, document: &str) -> Vec<Self> {
        let of_document = |case: Self| Self {
            document: Some(document.to_owned()),
            ..case
        };
        looks(page).map(of_document).into()
    }

    /// What a locator finds in a document.
    pub(super) fn random(page: &str, document: &str, find: Value) -> Self {
        Self {
            page: page.to_owned(),
            title: find.to_string(),
            find: Some(find),
            action: json!({"kind": "tell"}),
            force: false,
            trial: false,
            timeout_ms: AMPLE_MS,
            their_timeout_ms: AMPLE_MS,
            test_ids: vec!["data-testid".to_owned()],
            until: "load".to_owned(),
            touch: false,
            first: Vec::new(),
            document: Some(document.to_owned()),
            after: None,
            demands: Demands::default(),
        }
    }

    /// Whether it finds the page as the other one found it.
    fn may_follow(&self, before: &Self) -> bool {
        let is_alike = self.page == before.page && self.until == before.until && self.touch == before.touch;
        is_alike && before.only_looks() && !self.is_alive()
    }

    fn only_looks(&self) -> bool {
        self.first.is_empty() && LOOKS.contains(&self.kind())
    }

    /// Whether its page changes by itself, so that each case needs its beginning.
    fn is_alive(&self) -> bool {
        ["late", "moving", "busy", "churn", "briefly", "rerender", "alive"]
            .iter()
            .any(|word| self.page.contains(word))
    }

    pub(super) fn kind(&self) -> &str {
        self.action["kind"].as_str().expect("an action has a kind")
    }

    /// What our side did against the rule, in words.
    pub(super) fn broken_rule(&self, ours: &Verdict) -> Option<String> {
        let Demands {
            outcome,
            value,
            state,
        } = &self.demands;
        let told = ours.to_value();
        let broken = [
            ("outcome", outcome.as_ref().map(|outcome| json!(outcome))),
            ("value", value.clone()),
            ("state", state.clone()),
        ]
        .into_iter()
        .find(|(name, demanded)| demanded.as_ref().is_some_and(|demanded| told[name] != *demanded));
        broken.map(|(name, demanded)| {
            format!(
                "{self}: the rule wants {name} {}, got {told}",
                demanded.unwrap_or_default()
            )
        })
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.page, self.title)
    }
}

/// A case of `cases.json`, of which the parts that only the script knows are left out.
#[derive(Deserialize)]
struct Request {
    page: String,
    title: String,
    request: Value,
    expect: Value,
    after: Option<After>,
}

#[derive(Deserialize)]
struct After {
    js: String,
}

fn requests() -> Vec<Case> {
    let requests: Vec<Request> = read(&gallery().join("cases.json"));
    requests.into_iter().filter_map(from_request).collect()
}

/// None for what has no counterpart in Playwright: the outline of a page, the clip of a screenshot, a wait of
/// no time, which is one without end there.
fn from_request(
    Request {
        page,
        title,
        mut request,
        expect,
        after,
    }: Request,
) -> Option<Case> {
    let mut action = request["action"].take();
    let kind = action["kind"].as_str().expect("a kind").to_owned();
    let is_alone = ["outline", "clip", "ariaSnapshot"].contains(&kind.as_str())
        || (kind == "read" && action["what"] == "boundingBox")
        || request["timeout"] == 0;
    if is_alone {
        return None;
    }
    if kind == "pointer" {
        action["kind"] = action["guard"].take();
    }
    // The page has the time that it needs, and what never comes ends soon.
    let never = ["timeout", "failed"].contains(&expect["status"].as_str().unwrap_or_default())
        || expect["verified"]["status"] == "timeout";
    let mut case = Case {
        until: if page == "late-image.html" {
            "domcontentloaded"
        } else {
            "load"
        }
        .to_owned(),
        touch: false,
        first: Vec::new(),
        page,
        title,
        find: request.get("locator").cloned(),
        action,
        force: request["force"] == true,
        trial: request["trial"] == true,
        timeout_ms: if never { SHORT_MS } else { AMPLE_MS },
        their_timeout_ms: if never { SHORT_MS } else { AMPLE_MS },
        test_ids: serde_json::from_value(request["testIdAttributes"].take()).expect("names"),
        document: None,
        after: after.map(|after| after.js),
        demands: Demands::default(),
    };
    if case.after.is_none() && !case.only_looks() {
        case.after = Some(STATE.to_owned());
    }
    Some(case)
}

/// Every page that keeps still is looked at.
fn sweep() -> Vec<Case> {
    let files = std::fs::read_dir(gallery()).expect("the gallery can be listed");
    let names = files.map(|file| file.expect("a file").file_name().into_string().expect("a name"));
    let mut pages: Vec<String> = names.filter(|name| name.ends_with(".html")).collect();
    pages.sort();
    let still = pages.iter().flat_map(|page| looks(page));
    still.filter(|case| !case.is_alive()).collect()
}

/// A page's tree, and the boxes and states of its first elements.
fn looks(page: &str) -> [Case; 2] {
    [
        json!({"do": "ariaSnapshot", "title": "its tree"}),
        json!({"find": "body *", "do": {"kind": "elements", "most": SWEPT}, "title": "its elements"}),
    ]
    .map(|look| from_rule(page, look.as_object().expect("an object").clone()))
}

/// A page of `rules/` with its cases.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    page: String,
    /// What the specification says.
    #[serde(rename = "rule")]
    _rule: String,
    cases: Vec<Map<String, Value>>,
}

fn rules() -> Vec<Case> {
    let folder = gallery().join("rules");
    let Ok(files) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    let rules = files.iter().flat_map(|file| read::<Vec<Rule>>(file));
    rules
        .flat_map(|rule| {
            rule.cases
                .into_iter()
                .map(move |case| from_rule(&rule.page, case))
        })
        .collect()
}

/// A case as people write it; `tests/gallery/README.md` says how.
fn from_rule(page: &str, mut fields: Map<String, Value>) -> Case {
    let written = Value::Object(fields.clone()).to_string();
    let mut take = |name: &str| fields.remove(name);
    let find = take("find").map(parts);
    let (mut action, mut value) = (take("do").map(named), take("value"));
    for (name, negated) in [("expect", false), ("not", true)] {
        if let Some(expectation) = take(name) {
            let expectation = expected(named(expectation));
            action = Some(json!({"kind": "expect", "expectation": expectation, "negated": negated}));
        }
    }
    if let Some(count) = take("count") {
        action = Some(json!({"kind": "count"}));
        value = Some(count);
    }
    let first = take("first").map_or_else(Vec::new, |steps| {
        let steps = steps.as_array().expect("a list of steps").clone();
        let step = |step: Value| from_rule(page, step.as_object().expect("a step").clone());
        steps.into_iter().map(step).collect()
    });
    let outcome = take("ends").map_or_else(
        || "passed".to_owned(),
        |ends| ends.as_str().expect("a word").to_owned(),
    );
    let default_ms = if ["timeout", "failed"].contains(&outcome.as_str()) {
        SHORT_MS
    } else {
        AMPLE_MS
    };
    let timeout_ms = take("timeout").map_or(default_ms, |ms| ms.as_u64().expect("milliseconds"));
    let mut case = Case {
        page: page.to_owned(),
        title: take("title").map_or(written.clone(), |title| {
            title.as_str().expect("a title").to_owned()
        }),
        find,
        action: action.unwrap_or_else(|| panic!("{page}: nothing to do: {written}")),
        force: take("force") == Some(json!(true)),
        trial: take("trial") == Some(json!(true)),
        timeout_ms,
        their_timeout_ms: timeout_ms,
        test_ids: take("testIds").map_or_else(
            || vec!["data-testid".to_owned()],
            |names| serde_json::from_value(names).expect("names"),
        ),
        until: take("until").map_or("load".to_owned(), |until| {
            until.as_str().expect("a state").to_owned()
        }),
        touch: take("touch") == Some(json!(true)),
        first,
        document: None,
        after: take("after").map(|js| js.as_str().expect("an expression").to_owned()),
        demands: Demands {
            outcome: Some(outcome),
            value,
            state: take("gives"),
        },
    };
    assert!(
        fields.is_empty(),
        "{page}: unknown fields in {written}: {fields:?}"
    );
    if case.after.is_none() && !case.only_looks() {
        case.after = Some(STATE.to_owned());
    }
    case
}

fn read<T: serde::de::DeserializeOwned>(file: &Path) -> T {
    let text = std::fs::read_to_string(file).expect("the gallery's cases can be read");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
