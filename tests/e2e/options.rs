//! What the options of `flowguard run` do: which flows run, how long, how often, with what parameters.

use flowguard_tests::{Flowguard, Peer, guest, shared, shop};

use crate::desk::Desk;

#[tokio::test]
async fn flows_are_chosen_by_tag_and_by_name() {
    let _turn = shared().await;
    let shop = shop().await;
    let shell = Flowguard::new().base_url(shop.url());
    let good = guest("good");
    shell
        .run([&good, "--tag=quick"])
        .await
        .exits(0)
        .passes_only(&["reads_cart", "reads_home"]);
    let two = ["--tag=home", "--tag=picture"];
    shell
        .run([&[good.as_str()], &two[..]].concat())
        .await
        .exits(0)
        .passes_only(&["keeps_a_picture", "reads_home"]);
    shell
        .run([&good, "--grep=reads", "--tag=home"])
        .await
        .exits(0)
        .passes_only(&["reads_home"]);
}

#[tokio::test]
async fn a_flow_ends_at_the_time_that_the_command_line_gives_it() {
    let _turn = shared().await;
    let mut peer = Peer::holding(1).await;
    let shell = Flowguard::new().base_url(peer.url());
    let run = shell.start([&guest("memory"), "--grep=waits_for_a_page", "--timeout=2s"]);
    let held = peer.asked().await;
    let outcome = run.ended().await.exits(1);
    drop(held);
    let (code, message) = outcome.run_of("waits_for_a_page").failed_with();
    assert!(
        ["timeout", "cancelled", "navigation-failed"].contains(&code),
        "{code}: {message}"
    );
    let took = outcome.run_of("waits_for_a_page").took_ms();
    assert!(took < 3_000.0, "it took {took} ms");
}

#[tokio::test]
async fn a_parameter_reaches_the_flow() {
    let _turn = shared().await;
    let shell = Flowguard::new();
    let memory = guest("memory");
    let colour = [
        "--grep=expects_a_param",
        "--param=shape=round",
        "--param=colour=blue",
    ];
    shell
        .run([&[memory.as_str()], &colour[..]].concat())
        .await
        .exits(0)
        .passes_only(&["expects_a_param"]);
    let wrong = shell
        .run([&memory, "--grep=expects_a_param", "--param=colour=red"])
        .await
        .exits(1);
    let wrong = wrong.says("the colour: expected \"blue\", received \"red\"");
    assert_eq!(wrong.run_of("expects_a_param").blame(), "product");
}

#[tokio::test]
async fn a_flow_that_passes_at_its_second_attempt_is_flaky() {
    let _turn = shared().await;
    let memory = guest("memory");
    let shell = Flowguard::new();
    let outcome = shell
        .run([&memory, "--grep=fails_at_first", "--retries=2"])
        .await
        .exits(0)
        .says("flaky");
    let run = outcome.run_of("fails_at_first");
    assert_eq!((run.verdict(), run.attempts(), run.flaky()), ("passed", 2, true));
    shell.call(["runs"]).await.exits(0).says("fails_at_first (flaky)");

    let once = Flowguard::new()
        .run([&memory, "--grep=fails_at_first"])
        .await
        .exits(1);
    assert_eq!(
        once.run_of("fails_at_first").attempts(),
        1,
        "nothing is tried again unasked"
    );
}

#[tokio::test]
async fn test_ids_are_in_the_attribute_that_is_named() {
    let _turn = shared().await;
    let desk = Desk::open().await;
    let shell = Flowguard::new().base_url(desk.url());
    let flow = shell.scratch().join("find.yaml");
    let text = "url: /order\nsteps:\n  - expect: { test-id: find }\n    to-be: visible\n    timeout: 300ms\n";
    std::fs::write(&flow, text).expect("the folder is writable");
    let flow = flow.display().to_string();
    shell.run([&flow]).await.exits(1);
    let named = ["--test-id-attribute=data-test", "--test-id-attribute=data-qa"];
    shell.run([&[flow.as_str()], &named[..]].concat()).await.exits(0);
    let wrong = shell.run([&flow, "--test-id-attribute=data qa"]).await.exits(2);
    wrong.says("\"data qa\" is no attribute; write for example data-test");
}
