//! Flows run JavaScript of their own in the page; what it throws blames the flow, and what has no end is ended.

use flowguard_tests::{Flowguard, guest, shared, shop};

#[tokio::test]
async fn a_flow_runs_its_own_scripts_and_each_end_has_its_blame() {
    let _turn = shared().await;
    let shop = shop().await;
    let shell = Flowguard::new().base_url(shop.url());
    let outcome = shell.run([&guest("scripted")]).await.exits(1);
    let passed = ["adds_to_the_page", "gives_files", "reads_what_the_page_knows"];
    assert_eq!(outcome.flows_with("passed"), passed, "{}", outcome.text());
    let ends = [
        (
            "expects_another_property",
            "assertion-failed",
            "product",
            "to have property tagName = \"H2\", received \"H1\"",
        ),
        (
            "throws",
            "flow-error",
            "flow",
            "the script threw: Error: out of mugs",
        ),
        (
            "answers_an_element",
            "invalid-argument",
            "flow",
            "the answer is a node of the document: BODY",
        ),
        (
            "never_ends",
            "timeout",
            "product",
            "the script did not end within",
        ),
    ];
    for (flow, code, blame, message) in ends {
        let run = outcome.run_of(flow);
        let failed = run.failed_with();
        assert_eq!(
            (failed.0, run.blame()),
            (code, blame),
            "{flow}: {}",
            outcome.text()
        );
        assert!(failed.1.contains(message), "{flow}: {}", failed.1);
    }
    let took = outcome.run_of("never_ends").took_ms();
    assert!(took < 4_500.0, "it took {took} ms");
    let titles = outcome
        .run_of("throws")
        .steps()
        .filter_map(|step| step["title"].as_str());
    let evaluated: Vec<&str> = titles.filter(|title| title.starts_with("evaluate")).collect();
    assert_eq!(evaluated, ["evaluate () => { throw new Error('out of mugs') }"]);
    // The same browser serves the next run.
    shell.run([&guest("scripted"), "--grep=reads"]).await.exits(0);
}
