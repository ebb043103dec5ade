//! Applications that nobody here wrote, through the built program: flows that pass only on pages made for them
//! prove little. What an application needs to start is its own room; here is only what its flows must come to.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "these are tests, their setting up too"
)]

mod verdaccio;

use flowguard_tests::Flowguard;
use verdaccio::Verdaccio;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_flow_passes_on_verdaccio() {
    let subject = Verdaccio::start().await;
    let shell = Flowguard::new().base_url(subject.url());
    let outcome = shell.run(["tests/subjects/flows/verdaccio.yaml"]).await;
    let flows = [
        "find-package",
        "missing-package",
        "package-page",
        "sign-in",
        "start-page",
    ];
    outcome.exits(0).passes_only(&flows);
    subject.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_fails_where_the_application_is_not_as_expected() {
    let subject = Verdaccio::start().await;
    let shell = Flowguard::new().base_url(subject.url());
    let wrong = [
        "tests/subjects/flows/verdaccio.yaml",
        "--grep=sign-in",
        "--param=password=none",
    ];
    let outcome = shell.run(wrong).await.exits(1);
    let run = outcome.run_of("sign-in");
    assert_eq!(
        (run.verdict(), run.failed_with().0),
        ("failed", "assertion-failed"),
        "{}",
        outcome.text()
    );
    subject.stop().await;
}
