//! A custom assertion runs in a store of its own, under a grant that only lets it read.

use flowguard_tests::{Flowguard, Outcome, guest, shared, shop};

/// Runs the flow while the assertion tries this.
async fn meddling(shell: &Flowguard, flow: &str, what: &str) -> Outcome {
    let (calls, meddler) = (guest("calls-meddler"), guest("meddler"));
    shell
        .run([
            &calls,
            &meddler,
            &format!("--grep={flow}"),
            &format!("--param=meddle={what}"),
        ])
        .await
}

#[tokio::test]
async fn an_assertion_that_only_reads_is_answered() {
    let _turn = shared().await;
    let shop = shop().await;
    let shell = Flowguard::new().base_url(shop.url());
    let outcome = meddling(&shell, "calls_meddler", "nothing")
        .await
        .exits(0)
        .passes_only(&["calls_meddler"]);
    let own = outcome
        .run_of("calls_meddler")
        .steps()
        .filter(|step| step["source"] == "meddler")
        .count();
    assert!(own > 0, "what the assertion did is in the report under its name");
}

#[tokio::test]
async fn an_assertion_that_acts_is_denied() {
    let _turn = shared().await;
    let shop = shop().await;
    let shell = Flowguard::new().base_url(shop.url());
    for what in ["click", "navigate", "close", "open", "probe"] {
        let outcome = meddling(&shell, "calls_meddler", what).await.exits(1);
        let run = outcome.run_of("calls_meddler");
        assert_eq!(
            (run.failed_with().0, run.blame()),
            ("denied", "policy"),
            "{what}: {}",
            outcome.text()
        );
    }
}

#[tokio::test]
async fn an_assertion_that_breaks_fails_its_flow_and_nobody_else() {
    let _turn = shared().await;
    let shop = shop().await;
    let shell = Flowguard::new().base_url(shop.url());
    for (what, why) in [
        ("trap", "the custom assertion meddler did not answer"),
        ("loop", "its time was over"),
    ] {
        let broken = meddling(&shell, "calls_meddler", what).await.exits(1).says(why);
        let run = broken.run_of("calls_meddler");
        assert_eq!(
            (run.failed_with().0, run.blame()),
            ("flow-error", "flow"),
            "{what}"
        );
        // A flow that handles the failure still has its page.
        let handled = meddling(&shell, "goes_on_after_meddler", what).await.exits(0);
        handled
            .passes_only(&["goes_on_after_meddler"])
            .never_says("panicked at host");
    }
}

#[tokio::test]
async fn plugins_are_found_in_the_folder_that_is_named() {
    let _turn = shared().await;
    let shop = shop().await;
    let shell = Flowguard::new().base_url(shop.url());
    let folder = shell.scratch().join("plugins");
    std::fs::create_dir(&folder).expect("the folder is fresh");
    let plugins = format!("--plugins={}", folder.display());
    let calls = guest("calls-meddler");

    let missing = shell
        .run([&calls, "--grep=calls_meddler", &plugins])
        .await
        .exits(1);
    let missing = missing.says("there is no custom assertion \"meddler\": none is loaded");
    assert_eq!(
        missing.run_of("calls_meddler").failed_with().0,
        "invalid-argument"
    );

    std::fs::copy(guest_file("meddler"), folder.join("meddler.wasm")).expect("the guests are built");
    shell
        .run([&calls, "--grep=calls_meddler", &plugins])
        .await
        .exits(0)
        .passes_only(&["calls_meddler"]);

    std::fs::write(folder.join("broken.wasm"), "no component").expect("writable");
    shell
        .run([&calls, "--grep=calls_meddler", &plugins])
        .await
        .exits(2)
        .says("broken.wasm")
        .says("no WebAssembly");
}

fn guest_file(name: &str) -> std::path::PathBuf {
    flowguard_tests::root().join(guest(name))
}
