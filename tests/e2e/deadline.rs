//! The product's promise on time: a flow that computes for ever ends at its deadline, and disturbs no other.

use flowguard_tests::{Flowguard, alone, guest, guests, shop};

const DEADLINE_MS: f64 = 1_000.0;
const TOLERANCE_MS: f64 = 100.0;

#[tokio::test]
async fn an_endless_loop_ends_at_its_deadline_and_nine_flows_beside_it_pass() {
    let _machine = alone().await;
    let shop = shop().await;
    let shell = Flowguard::new().base_url(shop.url());
    let folder = shell.scratch().join("nine");
    std::fs::create_dir(&folder).expect("the folder is fresh");
    for copy in 1..=3 {
        std::fs::copy(
            guests().join("good.wasm"),
            folder.join(format!("good-{copy}.wasm")),
        )
        .expect("built");
    }
    let runaway = guest("runaway");
    let nine = folder.display().to_string();
    let tags = ["--tag=quick", "--tag=picture", "--tag=endless"];
    let arguments = [&[runaway.as_str(), &nine, "--workers=10"], &tags[..]].concat();

    let outcome = shell.run(arguments).await.exits(1);
    let endless = outcome.run_of("loops");
    assert_eq!((endless.verdict(), endless.blame()), ("errored", "flow"));
    let took = endless.took_ms();
    assert!(
        (DEADLINE_MS..=DEADLINE_MS + TOLERANCE_MS).contains(&took),
        "the loop took {took} ms"
    );
    assert_eq!(outcome.flows_with("passed").len(), 9, "{}", outcome.text());
}
