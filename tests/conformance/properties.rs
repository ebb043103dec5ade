//! Properties that the page's scripts have set are expected as other things are; scripts and styles are added.

use flowguard_core::browser::calls::{AddTag, ExpectProperty, Tag, TagSource};
use flowguard_core::failure::{Code, Failure};
use serde_json::json;
use std::time::{Duration, Instant};

use crate::site::Answer;
use crate::stage::{Stage, expecting};

struct Expected<'a>(&'a str, &'a str, Option<&'a str>);

impl Stage {
    async fn expect_property(
        &self,
        what: Expected<'_>,
        negated: bool,
        timeout_ms: u32,
    ) -> Result<(), Failure> {
        let Expected(selector, path, value) = what;
        let mut options = expecting(timeout_ms);
        options.negated = negated;
        let call = ExpectProperty {
            target: self.target(selector),
            path: path.to_owned(),
            value: value.map(str::to_owned),
            options,
        };
        self.browser.expect_property(&call).await.map(|_| ())
    }

    async fn add(&self, tag: Tag, source: TagSource) -> Result<(), Failure> {
        let call = AddTag {
            page: self.page,
            tag,
            source,
            timeout_ms: Some(1_000),
        };
        self.browser.add_tag(&call).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_property_is_expected_as_the_page_sees_it() {
    let stage = Stage::showing(
        "<p data-kind=note>x</p><script>
           const p = document.querySelector('p');
           p.state = {list: [1, {deep: null}], name: 'é'};
           p.act = () => {};
           setTimeout(() => { p.state.ready = true }, 100);
         </script>",
    )
    .await;
    let holds = [
        Expected("p", "state.list", Some("[1.0, {\"deep\": null}]")),
        Expected("p", "state.name", Some("\"é\"")),
        Expected("p", "dataset.kind", Some("\"note\"")),
        Expected("p", "state.name.length", Some("1")),
        Expected("p", "missing", None),
        Expected("p", "missing.more", None),
        Expected("p", "state.list.1.deep", Some("null")),
        Expected("p", "state.ready", Some("true")),
    ];
    for what in holds {
        let path = what.1;
        stage.expect_property(what, false, 5_000).await.expect(path);
    }
    let fails = [
        (
            Expected("p", "state.name", Some("\"e\"")),
            false,
            "received \"é\"",
        ),
        (
            Expected("p", "state.name", None),
            false,
            "= undefined, received \"é\"",
        ),
        (
            Expected("p", "missing", Some("null")),
            false,
            "received undefined",
        ),
        (
            Expected("p", "act", Some("1")),
            false,
            "received something that is a function",
        ),
        (
            Expected("p", "state.name", Some("\"é\"")),
            true,
            "not to have property state.name",
        ),
        (Expected("td", "x", Some("1")), false, "received no element"),
        (Expected("td", "x", Some("1")), true, "received no element"),
    ];
    for (what, negated, message) in fails {
        let path = what.1;
        let failure = stage.expect_property(what, negated, 200).await.expect_err(path);
        assert_eq!(failure.code, Code::AssertionFailed, "{path}: {}", failure.message);
        assert!(failure.message.contains(message), "{path}: {}", failure.message);
    }
    stage
        .expect_property(Expected("p", "act", Some("1")), true, 0)
        .await
        .expect("a function is no number");
    let began = Instant::now();
    for what in [Expected("p", "x", Some("{")), Expected("p:::", "x", Some("1"))] {
        let failure = stage
            .expect_property(what, false, 30_000)
            .await
            .expect_err("it makes no sense");
        assert_eq!(failure.code, Code::InvalidArgument, "{}", failure.message);
    }
    assert!(began.elapsed() < Duration::from_secs(3));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_and_styles_are_added_to_the_document() {
    let stage = Stage::showing("<p>x</p>").await;
    let content = |text: &str| TagSource::Content(text.to_owned());
    let url = |path: &str| TagSource::Url(path.to_owned());
    let raw = |media: &'static str, body: &str| {
        Answer::Raw(vec![("content-type", media.to_owned())], body.as_bytes().to_vec())
    };
    stage
        .site
        .put("/lib.js", raw("text/javascript", "window.lib = 'loaded'"));
    stage.site.put(
        "/lib.mjs",
        raw(
            "text/javascript",
            "export const one = 1; window.module = import.meta.url",
        ),
    );
    stage.site.put("/look.css", raw("text/css", "p { width: 77px }"));
    stage
        .add(Tag::Script, content("var added = typeof require"))
        .await
        .expect("a script");
    stage
        .add(
            Tag::Module,
            content("window.inline = await Promise.resolve('module')"),
        )
        .await
        .expect("a module");
    stage
        .add(Tag::Style, content("p { height: 66px }"))
        .await
        .expect("a style");
    stage
        .add(Tag::Script, url("/lib.js"))
        .await
        .expect("a script by address");
    stage
        .add(Tag::Module, url("/lib.mjs"))
        .await
        .expect("a module by address");
    stage
        .add(Tag::Style, url("/look.css"))
        .await
        .expect("a style by address");
    stage
        .wait_for_function("window.inline", 5_000)
        .await
        .expect("it has run");
    let size = "(() => { const { width, height } = getComputedStyle(document.querySelector('p')); return [width, height] })()";
    assert_eq!(stage.evaluate(size).await, Ok(json!(["77px", "66px"])));
    let seen = stage
        .evaluate("[added, inline, lib, module.endsWith('/lib.mjs')]")
        .await;
    assert_eq!(seen, Ok(json!(["undefined", "module", "loaded", true])));
    for (tag, path) in [
        (Tag::Script, "/none.js"),
        (Tag::Style, "/none.css"),
        (Tag::Module, "/none.mjs"),
    ] {
        let failure = stage.add(tag, url(path)).await.expect_err(path);
        assert_eq!(
            failure.code,
            Code::NavigationFailed,
            "{path}: {}",
            failure.message
        );
        assert!(failure.message.contains(path), "{path}: {}", failure.message);
    }
    stage.site.put("/never.js", Answer::Never);
    let never = stage
        .add(Tag::Script, url("/never.js"))
        .await
        .expect_err("it never comes");
    assert_eq!(never.code, Code::Timeout, "{}", never.message);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_forbids_what_is_added_is_told() {
    let stage = Stage::open().await;
    let policy = "script-src 'self'; style-src 'self'".to_owned();
    let headers = vec![
        ("content-security-policy", policy),
        ("content-type", "text/html".to_owned()),
    ];
    stage
        .site
        .put("/start", Answer::Raw(headers, b"<p>strict</p>".to_vec()));
    stage.goto("/start").await.expect("it loads");
    let elsewhere = stage.site.elsewhere("/lib.js");
    let refused = [
        (Tag::Script, TagSource::Content("window.ran = true".to_owned())),
        (Tag::Module, TagSource::Content("window.ran = true".to_owned())),
        (Tag::Style, TagSource::Content("p { color: red }".to_owned())),
        (Tag::Script, TagSource::Url(elsewhere)),
    ];
    for (tag, source) in refused {
        let failure = stage.add(tag, source.clone()).await.expect_err("it is forbidden");
        assert_eq!(
            failure.code,
            Code::NavigationFailed,
            "{source:?}: {}",
            failure.message
        );
        assert!(
            failure.message.contains("policy forbids"),
            "{source:?}: {}",
            failure.message
        );
    }
    assert_eq!(stage.evaluate("window.ran").await, Ok(json!(null)));
    stage.close().await;
}
