//! What flows do at the back office beyond clicking and reading, each with a compiled component through the
//! program, and how it is told when it does not hold or makes no sense.

use flowguard_tests::{Flowguard, Outcome, guest, shared};
use std::fmt::Write;

use crate::desk::Desk;
use crate::readable::{settings, words};

/// The flows in YAML, of which the guide shows pieces.
pub(crate) const YAML: &str = "tests/e2e/desk/flows.yaml";

/// Runs a component at a desk of its own. All of its flows fail or end badly whose name is among these; the
/// others pass.
async fn at_the_desk(component: &str, bad: &[&str], snapshot: &str) -> Outcome {
    let _turn = shared().await;
    let desk = Desk::open().await;
    let shell = Flowguard::new().base_url(desk.url());
    let outcome = shell.run([component, "--workers=2"]).await.exits(1);
    let mut failed: Vec<&str> = outcome.flows_with("failed");
    failed.extend(outcome.flows_with("errored"));
    failed.sort_unstable();
    let mut bad = bad.to_vec();
    bad.sort_unstable();
    assert_eq!(failed, bad, "{}", outcome.text());
    assert!(outcome.runs().all(|run| !run.flaky()), "{}", outcome.text());
    settings().bind(|| insta::assert_snapshot!(snapshot, endings(&outcome)));
    outcome
}

/// How each flow that did not pass ended: whose fault it is, and the words of the terminal.
fn endings(outcome: &Outcome) -> String {
    let text = words(outcome);
    let mut told = String::new();
    let mut runs: Vec<_> = outcome.runs().filter(|run| run.verdict() != "passed").collect();
    runs.sort_by_key(flowguard_tests::RunOutcome::name);
    for run in runs {
        let block = block_of(run.name(), &text);
        let (code, _) = run.failed_with();
        let _ = writeln!(
            told,
            "== {}: {code}, blame {}\n{block}\n",
            run.name(),
            run.blame()
        );
    }
    told
}

/// The lines of the terminal that are about this flow.
fn block_of(flow: &str, text: &str) -> String {
    let begins = |line: &str| ["✓ ", "✗ ", "! "].iter().any(|mark| line.starts_with(mark));
    let mut lines = text
        .lines()
        .skip_while(|line| !(begins(line) && line.contains(flow)));
    let head = lines.next().unwrap_or_default();
    let details = lines.take_while(|line| !begins(line));
    let block: Vec<&str> = std::iter::once(head).chain(details).collect();
    block.join("\n").trim_end().to_owned()
}

#[tokio::test]
async fn forms_keys_and_the_mouse() {
    let bad = [
        "batch_stops_at_its_first_failure",
        "presses_no_key",
        "drags_nowhere",
        "batch_is_too_long",
        "tree_differs",
    ];
    let outcome = at_the_desk(&guest("desk-forms"), &bad, "desk_forms").await;
    let steps: Vec<&str> = (outcome.run_of("places_an_order").steps())
        .filter_map(|step| step["title"].as_str())
        .collect();
    assert!(
        steps.iter().any(|title| title.contains("Gift wrap")),
        "each step of a batch is in the report by itself: {steps:?}"
    );
}

#[tokio::test]
async fn windows_dialogs_and_files() {
    let bad = [
        "no_popup_comes",
        "refuses_a_dialog",
        "gives_two_files",
        "banner_stays",
        "waits_for_no_event",
    ];
    let outcome = at_the_desk(&guest("desk-around"), &bad, "desk_around").await;
    let kept = outcome.run_of("exports_orders").0.to_string();
    assert!(kept.contains("orders.csv"), "the download is kept: {kept}");
    let nothing = outcome.run_of("waits_for_no_event");
    assert!(nothing.took_ms() < 5_000.0, "what makes no sense fails at once");
}

#[tokio::test]
async fn routes_traffic_and_retries() {
    let bad = [
        "parcel_never_comes",
        "poll_is_never_right",
        "status_is_impossible",
        "glob_is_malformed",
        "nothing_is_asked",
        "sends_abroad",
    ];
    let outcome = at_the_desk(&guest("desk-network"), &bad, "desk_network").await;
    let run = outcome.run_of("follows_a_parcel");
    let retried = run.0.to_string().matches("\"retried\"").count();
    assert!(retried > 0, "attempts that failed are in the report: {}", run.0);
}

#[tokio::test]
async fn contexts_devices_and_the_clock() {
    let bad = [
        "zone_is_unknown",
        "state_is_malformed",
        "taps_without_a_screen",
        "clock_goes_back",
        "opens_too_many",
    ];
    at_the_desk(&guest("desk-contexts"), &bad, "desk_contexts").await;
}

#[tokio::test]
async fn the_same_in_yaml() {
    let bad = [
        "no-window",
        "other-name",
        "wrong-inside",
        "dialog-comes",
        "never-lost",
        "no-status",
        "no-zone",
    ];
    let outcome = at_the_desk(YAML, &bad, "desk_yaml").await;
    let kept = outcome.run_of("inbox").0.to_string();
    assert!(kept.contains("orders.csv"), "the download is kept: {kept}");
}
