//! Every way to find elements, on one page: what is found, in which order, and what is refused at once.

use flowguard_core::browser::calls::{AllTexts, Count, Target};
use flowguard_core::browser::locator::Locator;
use flowguard_core::failure::{Code, Failure};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

use crate::stage::Stage;

/// Each element's rendered text is its name in the rows below.
const PAGE: &str = r##"
<style>.quoted::before { content: "« "; } .far { position: absolute; left: 600px; top: 400px; }</style>
<main>
  <section id="one"><h2>First</h2><button aria-describedby="hint">Pay</button><i>note</i></section>
  <section id="two"><h2>Second</h2><button disabled title="Twice">Pay</button></section>
  <section id="three"><h2>Third</h2><p>none</p></section>
  <p id="hint">needs a card</p>
  <ul><li class="a">li 1</li><li class="b">li 2</li><li class="a b">li 3</li></ul>
  <button class="far">far</button>
  <span role="generic">plain</span><mark>marked</mark>
  <a role="checkbox" aria-checked="mixed" href="#x">some</a>
  <div id="host">
    <template shadowrootmode="open"><b>shadow 1</b><div><i>shadow 2</i></div><slot></slot></template>
    <b>light</b>
  </div>
  <b>after</b>
</main>"##;

fn locator(parts: Value) -> Locator {
    serde_json::from_value(parts).expect("a locator")
}

async fn texts(stage: &Stage, parts: Value) -> Result<Vec<String>, Failure> {
    let target = Target {
        page: stage.page,
        locator: locator(parts),
    };
    stage
        .browser
        .all_texts(&AllTexts {
            target,
            rendered: true,
        })
        .await
}

fn css(selector: &str) -> Value {
    json!([{"kind": "css", "selector": selector}])
}

fn xpath(expression: &str) -> Value {
    json!([{"kind": "xpath", "expression": expression}])
}

fn below(selector: &str, part: Value) -> Value {
    let mut parts = css(selector);
    parts.as_array_mut().expect("parts").push(part);
    parts
}

fn role(role: &str, more: &Value) -> Value {
    let mut part = json!({"kind": "role", "role": role, "includeHidden": false});
    for (key, value) in more.as_object().expect("fields") {
        part[key] = value.clone();
    }
    json!([part])
}

fn substring(value: &str) -> Value {
    json!({"kind": "substring", "value": value})
}

fn selectors() -> Vec<(Value, Vec<&'static str>)> {
    vec![
        (css("li:nth-child(2)"), vec!["li 2"]),
        (css("li:has-text('3')"), vec!["li 3"]),
        (css("main :text('CARD')"), vec!["needs a card"]),
        (css("li:text-is('li 1')"), vec!["li 1"]),
        (css("li:text-matches('LI [12]', 'i')"), vec!["li 1", "li 2"]),
        (css(":nth-match(li.b, 2)"), vec!["li 3"]),
        (css("li:is(.a, .b):not(.a.b)"), vec!["li 1", "li 2"]),
        (css("button:visible:below(li)"), vec!["far"]),
        (css("button:below(h2:text('second'), 50)"), vec!["Pay"]),
        (css("section:has(> p) h2"), vec!["Third"]),
        (css("#host b"), vec!["light", "shadow 1"]),
        (css("#host > div > i"), vec!["shadow 2"]),
        (css("b"), vec!["light", "after", "shadow 1"]),
        (
            css("section h2, b"),
            vec!["First", "Second", "Third", "light", "shadow 1", "after"],
        ),
        (below("#one", css(":scope > i")[0].clone()), vec!["note"]),
        (below("#one", css("main i")[0].clone()), vec![]),
        (xpath("//li[last()]"), vec!["li 3"]),
        (xpath("//li/@class"), vec![]),
        (xpath("//i"), vec!["note"]),
        (below("ul", xpath("//li[1]")[0].clone()), vec!["li 1"]),
        (below("#one i", xpath("..")[0].clone()), vec!["First\nPaynote"]),
    ]
}

fn parts() -> Vec<(Value, Vec<&'static str>)> {
    let has = |kind: &str, inner: Value| below("section", json!({"kind": kind, "locator": inner}));
    let heading = css("h2");
    vec![
        (
            role("button", &json!({"description": substring("card")})),
            vec!["Pay"],
        ),
        (
            role(
                "button",
                &json!({"description": {"kind": "exact", "value": "Twice"}}),
            ),
            vec!["Pay"],
        ),
        (role("button", &json!({"disabled": true})), vec!["Pay"]),
        (role("generic", &json!({})), vec!["plain"]),
        (role("mark", &json!({})), vec!["marked"]),
        (role("checkbox", &json!({"checked": "mixed"})), vec!["some"]),
        (
            [has("has", css("button")), heading.clone()].concat_parts(),
            vec!["First", "Second"],
        ),
        (
            [has("hasNot", css("button")), heading.clone()].concat_parts(),
            vec!["Third"],
        ),
        (
            [has("has", css("main button")), heading.clone()].concat_parts(),
            vec![],
        ),
        (
            [has("has", css("button[disabled]")), heading].concat_parts(),
            vec!["Second"],
        ),
        (
            below("li", json!({"kind": "and", "locator": css(".a")})),
            vec!["li 1", "li 3"],
        ),
        (
            below("mark", json!({"kind": "or", "locator": css("li.b, span")})),
            vec!["li 2", "li 3", "plain", "marked"],
        ),
        (below("li", json!({"kind": "nth", "index": -1})), vec!["li 3"]),
        (
            below("li.b", json!({"kind": "text", "text": substring("li 2")})),
            vec!["li 2"],
        ),
    ]
}

/// Joins locators into one.
trait ConcatParts {
    fn concat_parts(self) -> Value;
}

impl ConcatParts for [Value; 2] {
    fn concat_parts(self) -> Value {
        let parts = self
            .iter()
            .flat_map(|each| each.as_array().expect("parts").clone());
        parts.collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_to_find_finds_what_it_says_in_its_order() {
    let stage = Stage::showing(PAGE).await;
    let mut wrong = Vec::new();
    for (parts, expected) in selectors().into_iter().chain(parts()) {
        let found = texts(&stage, parts.clone())
            .await
            .expect("a locator that is well-formed");
        if found != expected {
            wrong.push(format!("{}: {found:?}, not {expected:?}", locator(parts)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_never_find_anything_is_refused_at_once_with_its_place() {
    let stage = Stage::showing(PAGE).await;
    let rows = [
        (css("main > "), "at character 8: it ends too early"),
        (css("li, , p"), "at character 5: a selector is missing"),
        (css("p[a='"), "at character 2: the bracket is not closed"),
        (css("a::before"), "at character 2: a pseudo-element is no element"),
        (
            css("ul li:bogus(2)"),
            "at character 4: the browser does not know \"li:bogus(2)\"",
        ),
        (css("p:has-text(Pay)"), ":has-text takes one text in quotes"),
        (css("p:text-matches('(')"), "not a regular expression"),
        (
            css("p:nth-match(li, 0)"),
            ":nth-match takes selectors and a number from 1",
        ),
        (css("p:not()"), "a selector is missing"),
        (
            css(&format!("{}p{}", ":not(".repeat(20), ")".repeat(20))),
            "nested more than 16 deep",
        ),
        (xpath("//li["), "not an XPath expression: //li["),
        (xpath("count(//li)"), "an XPath expression that finds no nodes"),
        (
            role("link", &json!({"checked": "on"})),
            "\"checked\" is no state of role \"link\", only of: checkbox, ",
        ),
        (
            json!([{"kind": "text", "text": {"kind": "pattern", "source": "(", "flags": ""}}]),
            "not a regular expression",
        ),
        (
            below("li", json!({"kind": "or", "locator": [{"kind": "frame"}]})),
            "cannot enter",
        ),
    ];
    for (parts, why) in rows {
        let asked = Instant::now();
        let target = Target {
            page: stage.page,
            locator: locator(parts.clone()),
        };
        let refused = stage.browser.count(&Count { target }).await.expect_err(why);
        assert_eq!(refused.code, Code::InvalidArgument, "{parts}: {refused:?}");
        assert!(refused.message.contains(why), "{parts}: {}", refused.message);
        assert!(asked.elapsed() < Duration::from_secs(4), "{parts} waited");
    }
    stage.close().await;
}

/// Each candidate of an ambiguous locator with the locator that finds only it.
#[tokio::test(flavor = "multi_thread")]
async fn several_matches_are_listed_each_with_a_locator_of_its_own() {
    let body = r##"<section data-testid="blue"><button>Buy</button></section>
        <section data-testid="red"><button>Buy</button></section>
        <button>Buy all</button><label>Buy <input type="button" value="Go"></label><button id="more">+</button>
        <div><button>Twin</button><button>Twin</button></div>"##;
    let stage = Stage::showing(body).await;
    let refused = stage.click("button, input").await.expect_err("several match");
    assert_eq!(refused.code, Code::AmbiguousLocator);
    let candidates = refused.evidence.iter().find(|each| each.title == "candidates");
    insta::assert_snapshot!(candidates.expect("candidates").text, @r#"
    1. <button>Buy</button>: test-id "blue" › button "Buy"
    2. <button>Buy</button>: test-id "red" › button "Buy"
    3. <button>Buy all</button>: button "Buy all"
    4. <input type="button" value="Go">Go</input>: button "Go"
    5. <button id="more">+</button>: button "+"
    6. <button>Twin</button>: css "button, input" › nth 5
    7. <button>Twin</button>: css "button, input" › nth 6
    "#);
    stage.close().await;
}

/// Closed by a script, closed in the HTML, and one inside the other.
#[tokio::test(flavor = "multi_thread")]
async fn closed_shadow_roots_are_seen_and_acted_in() {
    let body = r##"<p id="log">nothing</p><x-card></x-card>
        <div><template shadowrootmode="closed"><i>declared</i></template></div>
        <script>
          customElements.define("x-pay", class extends HTMLElement {
            connectedCallback() {
              this.attachShadow({ mode: "closed" }).innerHTML = "<button>Pay</button>";
            }
          });
          customElements.define("x-card", class extends HTMLElement {
            constructor() {
              super();
              const root = this.attachShadow({ mode: "closed" });
              root.innerHTML = "<b>inside</b><x-pay></x-pay>";
              root.addEventListener("click", () => { document.querySelector("#log").textContent = "paid"; });
            }
          });
        </script>"##;
    let stage = Stage::showing(body).await;
    stage
        .expect_text("b", "inside")
        .await
        .expect("the root of a custom element");
    stage
        .expect_text("i", "declared")
        .await
        .expect("the root of a plain element");
    stage.click("x-card button").await.expect("a root inside a root");
    stage
        .expect_text("#log", "paid")
        .await
        .expect("the click arrived");
    stage.close().await;
}
