//! The recording of a run: a header, then a line for each host call, whatever became of it.

use flowguard_tests::{Flowguard, Peer, guest, shared, shop};
use serde_json::Value;
use std::path::Path;

/// The lines of a cassette, each of which is whole.
fn lines(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    assert!(text.ends_with('\n'), "the last line is whole");
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect()
}

/// The entries of host calls; readings of the clock have no number.
fn calls(lines: &[Value]) -> Vec<&Value> {
    lines.iter().filter(|line| line["n"].is_u64()).collect()
}

#[tokio::test]
async fn a_cassette_has_a_header_and_a_line_for_each_call() {
    let _turn = shared().await;
    let shop = shop().await;
    let shell = Flowguard::new().base_url(shop.url());
    let outcome = shell
        .run([guest("good"), "--grep=keeps_a_picture".into()])
        .await
        .exits(0);
    let run = outcome.run_of("keeps_a_picture");
    let lines = lines(&shell.data().join("cassettes").join(run.id()).join("1.cassette"));

    let header = &lines[0];
    assert_eq!(
        (&header["cassette"], &header["contract"]),
        (&Value::from(3), &Value::from("0.1.0"))
    );
    assert_eq!(
        (&header["run"], &header["attempt"]),
        (&Value::from(run.id()), &Value::from(1))
    );
    assert_eq!(
        (&header["flow"], &header["component"]),
        (&Value::from("keeps_a_picture"), &run.0["origin"]["digest"])
    );
    let calls = calls(&lines);
    let numbers: Vec<u64> = calls.iter().filter_map(|call| call["n"].as_u64()).collect();
    let expected: Vec<u64> = (1..=numbers.len() as u64).collect();
    assert_eq!(numbers, expected, "each call once, in order");
    let ops: Vec<&str> = calls.iter().filter_map(|call| call["op"].as_str()).collect();
    assert_eq!(ops, ["page.open", "page.goto", "locator.expect", "screenshot"]);
    assert_eq!(run.0["attempts"][0]["host_calls"], calls.len());
}

#[tokio::test]
async fn a_denial_is_recorded_like_any_other_answer() {
    let _turn = shared().await;
    let shell = Flowguard::new();
    let outcome = shell
        .run([guest("stray"), "--grep=opens_a_foreign_bucket".into()])
        .await
        .exits(1);
    let id = outcome.run_of("opens_a_foreign_bucket").id();
    let lines = lines(&shell.data().join("cassettes").join(id).join("1.cassette"));
    let calls = calls(&lines);
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!(
        (&calls[0]["op"], &calls[0]["err"]["code"]),
        (&Value::from("bucket.open"), &Value::from("denied"))
    );
}

#[tokio::test]
async fn kill_9_loses_no_call_that_was_answered() {
    let _turn = shared().await;
    let mut peer = Peer::holding(1).await;
    let shell = Flowguard::new().base_url(peer.url());
    let run = shell.start([guest("memory"), "--grep=waits_for_a_page".into()]);
    let held = peer.asked().await;
    run.kill();
    run.ended().await;
    drop(held);

    let runs: Vec<_> = std::fs::read_dir(shell.data().join("cassettes"))
        .expect("there")
        .flatten()
        .collect();
    assert_eq!(runs.len(), 1, "{runs:?}");
    let lines = lines(&runs[0].path().join("1.cassette"));
    assert_eq!(lines[0]["flow"], "waits_for_a_page");
    let ops: Vec<&str> = calls(&lines)
        .iter()
        .filter_map(|call| call["op"].as_str())
        .collect();
    assert_eq!(
        ops,
        ["page.open", "log"],
        "what was answered before the page was asked for"
    );
}
