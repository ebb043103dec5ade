//! Faults of the platform and ends by force: nothing turns green by them, nothing is left behind.

use flowguard_tests::{Flowguard, Peer, Running, guest, guests, shared};
use std::time::Duration;

/// Long enough for a machine under load to end a browser.
const GONE: Duration = Duration::from_secs(10);

/// A run whose page is asked for and not answered.
fn in_the_middle(shell: &Flowguard) -> Running {
    shell.start([guest("memory"), "--grep=waits_for_a_page".into()])
}

#[tokio::test]
async fn a_run_whose_browser_dies_is_tried_again_and_the_others_pass() {
    let _turn = shared().await;
    let mut peer = Peer::holding(1).await;
    let shell = Flowguard::new().base_url(peer.url());
    let folder = shell.scratch().join("three");
    std::fs::create_dir(&folder).expect("the folder is fresh");
    for copy in 1..=3 {
        std::fs::copy(
            guests().join("memory.wasm"),
            folder.join(format!("memory-{copy}.wasm")),
        )
        .expect("built");
    }
    let folder = folder.display().to_string();
    let run = shell.start([&folder, "--grep=waits_for_a_page", "--workers=1"]);
    let held = peer.asked().await;
    run.processes().kill_browser();
    let outcome = run.ended().await.exits(0);
    drop(held);
    assert_eq!(outcome.flows_with("passed").len(), 3, "{}", outcome.text());
    let mut attempts: Vec<usize> = outcome.runs().map(|run| run.attempts()).collect();
    attempts.sort_unstable();
    assert_eq!(attempts, [1, 1, 2], "{}", outcome.text());
}

#[tokio::test]
async fn a_run_whose_browser_dies_twice_is_the_platforms_fault() {
    let _turn = shared().await;
    let mut peer = Peer::holding(2).await;
    let shell = Flowguard::new().base_url(peer.url());
    let run = in_the_middle(&shell);
    for _ in 0..2 {
        let held = peer.asked().await;
        run.processes().kill_browser();
        drop(held);
    }
    let outcome = run.ended().await.exits(3).says("the platform failed");
    let run = outcome.run_of("waits_for_a_page");
    assert_eq!(
        (run.verdict(), run.blame(), run.attempts()),
        ("errored", "platform", 2)
    );
}

#[tokio::test]
async fn ctrl_c_ends_the_run_and_its_browser() {
    let _turn = shared().await;
    let mut peer = Peer::holding(1).await;
    let shell = Flowguard::new().base_url(peer.url());
    let run = in_the_middle(&shell);
    let held = peer.asked().await;
    let processes = run.processes();
    assert!(processes.count_of_browsers() > 0, "a browser runs");
    run.interrupt();
    let outcome = run.ended().await.exits(130);
    processes.all_end_within(GONE).await;
    drop(held);
    assert_eq!(
        outcome.run_of("waits_for_a_page").verdict(),
        "errored",
        "an interrupted run never passes"
    );
    shell
        .call(["runs"])
        .await
        .exits(0)
        .says("waits_for_a_page")
        .never_says("passed");
    let left: Vec<_> = std::fs::read_dir(shell.scratch().join("tmp"))
        .expect("there")
        .flatten()
        .collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}

#[tokio::test]
async fn kill_9_leaves_no_browser_behind() {
    let _turn = shared().await;
    let mut peer = Peer::holding(1).await;
    let shell = Flowguard::new().base_url(peer.url());
    let run = in_the_middle(&shell);
    let held = peer.asked().await;
    let processes = run.processes();
    assert!(processes.count_of_browsers() > 0, "a browser runs");
    run.kill();
    let outcome = run.ended().await;
    assert_eq!(outcome.code, None, "a signal ended it");
    processes.all_end_within(GONE).await;
    drop(held);
    // The data folder is in order for whoever comes next.
    shell.call(["runs"]).await.exits(0);
}
