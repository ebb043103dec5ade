//! The network of a run, recorded and replayed through the command line.

use flowguard_tests::{Flowguard, RunOutcome, guest, shared};
use std::path::PathBuf;

use crate::desk::Desk;

const FLOW: &str = "--grep=asks_the_server";

/// Where the artifact store keeps the HAR of the run's last attempt.
fn har_of(run: RunOutcome<'_>, shell: &Flowguard) -> PathBuf {
    let network = &run.0["attempts"][0]["network"];
    let digest = network["digest"].as_str().expect("the report names the HAR");
    let (shelf, rest) = digest.split_at(2);
    shell.data().join("artifacts").join(shelf).join(rest)
}

#[tokio::test]
async fn a_recorded_network_answers_where_there_is_no_server() {
    let _turn = shared().await;
    let desk = Desk::open().await;
    let shell = Flowguard::new().base_url(desk.url());
    let network = guest("desk-network");
    let outcome = shell.run([&network, FLOW]).await.exits(0);
    let har = har_of(outcome.run_of("asks_the_server"), &shell);
    let recorded = std::fs::read_to_string(&har).expect("the artifact is kept");
    assert!(recorded.contains("/api/parcels/20"), "{recorded}");

    drop(desk);
    let replay = format!("--replay-har={}", har.display());
    shell
        .run([&network, FLOW, &replay])
        .await
        .exits(0)
        .passes_only(&["asks_the_server"]);
    // What the recording does not have fails; nothing asks the real server behind its back.
    let other = shell
        .run([&network, "--grep=follows_a_parcel", "--timeout=5s", &replay])
        .await
        .exits(1);
    let run = other.run_of("follows_a_parcel");
    assert_eq!(
        (run.failed_with().0, run.blame()),
        ("navigation-failed", "product"),
        "{}",
        other.text()
    );
}

#[tokio::test]
async fn a_failure_tells_where_its_network_is_and_a_run_can_go_without() {
    let _turn = shared().await;
    let desk = Desk::open().await;
    let shell = Flowguard::new().base_url(desk.url());
    let network = guest("desk-network");
    let wrong = "--param=state=lost";
    let outcome = shell.run([&network, FLOW, wrong]).await.exits(1);
    let har = har_of(outcome.run_of("asks_the_server"), &shell);
    outcome.says(&format!("network   {}", har.display()));

    let without = shell.run([&network, FLOW, wrong, "--no-har"]).await.exits(1);
    let without = without.never_says("network   ");
    let run = without.run_of("asks_the_server");
    assert!(run.0["attempts"][0]["network"].is_null(), "{}", run.0);
}

#[tokio::test]
async fn what_is_no_har_is_refused_before_anything_runs() {
    let _turn = shared().await;
    let shell = Flowguard::new().base_url("http://127.0.0.1:9");
    let network = guest("desk-network");
    let write = |name: &str, text: &str| {
        let file = shell.scratch().join(name);
        std::fs::write(&file, text).expect("the folder is writable");
        file.display().to_string()
    };
    let cases = [
        (
            shell.scratch().join("missing.har").display().to_string(),
            "No such file",
        ),
        (write("text.har", "not JSON"), "line 1"),
        (write("other.har", "{\"log\": {}}"), "entries"),
    ];
    for (file, why) in cases {
        let refused = shell
            .run([&network, &format!("--replay-har={file}")])
            .await
            .exits(2);
        refused
            .says(&format!("the HAR {file} cannot be replayed: "))
            .says(why);
    }
}
