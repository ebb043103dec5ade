//! A trace of ours, read by others: Playwright's own viewer, in a real browser, shows our steps, the pages around them,
//! and what belongs to them.

use flowguard_tests::{Flowguard, flows, guest, shop};
use serde_json::Value;

use crate::stage::local_browsers;

/// Writes the trace of a run of this shell, and tells what the viewer shows of the action with this title.
async fn viewed(shell: &Flowguard, run: &str, chosen: &str, parts: &[&str]) -> Value {
    let file = shell.scratch().join("trace.zip").display().to_string();
    shell.call(["trace", run, "-o", &file]).await.exits(0);
    let browser = local_browsers().executable().expect("installed");
    let browser = browser.display().to_string();
    let arguments = [&[browser.as_str(), &file, chosen], parts].concat();
    let said = crate::oracle::run("viewer.mjs", &arguments).await;
    serde_json::from_str(&said).expect("JSON")
}

/// What a run that failed has to show. Names with a capital are the viewer's own tabs.
const PARTS: [&str; 11] = [
    "actions",
    "inside",
    "before",
    "after",
    "Log",
    "Errors",
    "Console",
    "Network",
    "body",
    "source",
    "Attachments",
];

fn holds(shown: &Value, tab: &str, text: &str) {
    let said = shown[tab].as_str().unwrap_or_default();
    assert!(said.contains(text), "{tab} does not show {text:?}:\n{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn playwright_s_viewer_shows_a_run_of_ours() {
    let shop = shop().await;
    let shell = Flowguard::new().base_url(shop.url());
    let newsletter = format!("{}/newsletter.yaml", flows());
    let html = format!("--reporter=html={}", shell.scratch().join("report").display());
    let run = shell
        .run([&newsletter, "--param=bug=console", "--screencast", &html])
        .await
        .exits(1);
    let run = run.run_of("newsletter");
    let chosen = "expect css \"#newsletter-error\"";
    let shown = viewed(&shell, run.id(), chosen, &PARTS).await;

    let titles: Vec<&str> = run.steps().filter_map(|step| step["title"].as_str()).collect();
    assert_eq!(shown["actions"], serde_json::json!(titles));
    assert_eq!(shown["inside"], 1, "it is inside the step of the flow's own");
    for phase in ["before", "after"] {
        assert_eq!(shown[phase]["width"], 1024, "{phase}: {}", shown[phase]);
        let colours = shown[phase]["colours"].as_u64().expect("a number");
        assert!(colours > 1_000, "{phase} shows no page: {colours} colours");
    }
    holds(&shown, "Log", "expecting css \"#newsletter-error\" has text");
    holds(&shown, "Errors", "the form says what is wrong with the address");
    holds(&shown, "Errors", "newsletter.yaml:13");
    holds(&shown, "Console", "ReferenceError: analytics is not defined");
    holds(&shown, "Network", "newsletter.js");
    holds(&shown, "body", "// What every page shares");
    holds(&shown, "source", "- expect: { css: \"#newsletter-error\" }");
    holds(&shown, "Attachments", "page 1 at the end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trap_that_no_step_tells_is_an_action_of_its_own() {
    let shell = Flowguard::new();
    let run = shell
        .run([guest("runaway"), "--grep=panics".into()])
        .await
        .exits(1);
    let run = run.run_of("panics");
    let shown = viewed(&shell, run.id(), "the run ended: errored", &["Errors"]).await;
    holds(&shown, "Errors", "the page shows no total");
    holds(&shown, "Errors", "read_total at ");

    let file = shell.scratch().join("other.zip");
    let output = format!("--output={}", file.display());
    let outcome = shell.call(["trace", run.id(), &output]).await.exits(0);
    outcome.says("made without --screencast");
    let outcome = shell
        .call(["trace", run.id(), &output, "--attempt=7"])
        .await
        .exits(2);
    outcome.says("has no such attempt: it has 1");
}
