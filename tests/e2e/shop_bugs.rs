//! The example flows against the shop: all pass where it is in order, and each of its bugs is found by the
//! flows that are about it, with a message that names it.

use flowguard_tests::{Flowguard, Outcome, flows, shared, shop};

use crate::readable::{settings, words};

/// Runs the example flows with this bug; `none` for none.
async fn with_bug(bug: &str) -> Outcome {
    let shop = shop().await;
    let shell = Flowguard::new().base_url(shop.url());
    shell
        .run([flows(), "--workers=4", &format!("--param=bug={bug}")])
        .await
}

/// Exactly these flows fail, and this is what the terminal says of them.
async fn is_found_by(bug: &str, expected: &[&str]) {
    let outcome = with_bug(bug).await.exits(1);
    assert_eq!(outcome.flows_with("failed"), expected, "{}", outcome.text());
    assert_eq!(outcome.flows_with("errored"), [""; 0], "{}", outcome.text());
    settings().bind(|| insta::assert_snapshot!(format!("bug_{bug}"), failures(&outcome)));
}

/// The blocks of the flows that did not pass, in the order of their names: they end in any order.
fn failures(outcome: &Outcome) -> String {
    let text = words(outcome);
    let mut blocks: Vec<String> = Vec::new();
    for line in text.lines() {
        let begins = ["✓ ", "✗ ", "! "].iter().any(|mark| line.starts_with(mark));
        match blocks.last_mut() {
            Some(block) if !begins => *block = format!("{block}\n{line}"),
            _ => blocks.push(line.to_owned()),
        }
    }
    // The last is the summary.
    blocks.pop();
    blocks.retain(|block| !block.starts_with('✓'));
    blocks.sort_unstable();
    blocks.join("\n")
}

#[tokio::test]
async fn all_example_flows_pass_on_a_shop_in_order() {
    let _turn = shared().await;
    let outcome = with_bug("none").await.exits(0);
    assert_eq!(outcome.flows_with("passed").len(), 13, "{}", outcome.text());
    assert!(
        outcome.runs().all(|run| run.attempts() == 1 && !run.flaky()),
        "{}",
        outcome.text()
    );
}

#[tokio::test]
async fn a_wrong_total_is_found() {
    let _turn = shared().await;
    is_found_by("total", &["cart_arithmetic"]).await;
}

#[tokio::test]
async fn a_pay_button_that_stays_disabled_is_found() {
    let _turn = shared().await;
    is_found_by("pay", &["card_errors", "checkout"]).await;
}

#[tokio::test]
async fn a_pay_button_under_a_layer_is_found() {
    let _turn = shared().await;
    is_found_by("overlay", &["card_errors", "checkout"]).await;
}

#[tokio::test]
async fn a_page_with_unfinished_content_is_found() {
    let _turn = shared().await;
    is_found_by("content", &["about-page"]).await;
}

#[tokio::test]
async fn a_list_that_never_arrives_is_found() {
    let _turn = shared().await;
    is_found_by("slow", &["browse", "checkout", "smoke"]).await;
}

#[tokio::test]
async fn a_script_that_fails_is_found() {
    let _turn = shared().await;
    is_found_by("console", &["newsletter"]).await;
}
