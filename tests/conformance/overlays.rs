//! Overlays: a handler gets them out of the way of actions and assertions, and costs nothing elsewhere.

use flowguard_core::browser::calls::{AddLocatorHandler, RemoveLocatorHandler, Target};
use flowguard_core::browser::context::Remedy;
use flowguard_core::browser::expectation::Expectation;
use flowguard_core::failure::Code;

use crate::stage::Stage;

const PAGE: &str = "<style>#banner { position: fixed; inset: 0; background: white }</style>
  <div id=banner hidden><button id=accept onclick='hide()'>accept</button><button id=nothing>nothing</button></div>
  <button id=buy onclick=\"document.querySelector('p').textContent += 'bought '\">buy</button><p></p>
  <script>
    const banner = document.querySelector('#banner');
    function show() { banner.hidden = false }
    function hide() { banner.hidden = true; document.querySelector('p').textContent += 'accepted ' }
    onkeydown = (event) => { if (event.key === 'Escape') hide() };
  </script>";

fn handler(stage: &Stage, remedies: Vec<Remedy>) -> AddLocatorHandler {
    AddLocatorHandler {
        page: stage.page,
        overlay: stage.target("#banner"),
        remedies,
        times: None,
        no_wait_after: false,
    }
}

fn click(target: Target) -> Remedy {
    Remedy::Click { target }
}

async fn show(stage: &Stage) {
    let mut inspector = stage.inspector().await;
    let targets = inspector.targets_at(&stage.site.url("/start")).await;
    inspector.evaluate_in(&targets[0], "show()").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_overlay_is_cleared_before_an_action_and_an_assertion() {
    let stage = Stage::showing(PAGE).await;
    let call = handler(&stage, vec![click(stage.target("#accept"))]);
    let id = stage.browser.add_locator_handler(&call).await.expect("a handler");
    stage.click("#buy").await.expect("nothing is in the way");
    show(&stage).await;
    stage.click("#buy").await.expect("the banner is cleared");
    stage
        .expect_text("p", "bought accepted bought")
        .await
        .expect("in this order");
    show(&stage).await;
    stage
        .expect("#banner", Expectation::Hidden, 5_000)
        .await
        .expect("it is cleared for an assertion too");
    let remove = RemoveLocatorHandler {
        page: stage.page,
        handler: id,
    };
    stage
        .browser
        .remove_locator_handler(&remove)
        .await
        .expect("it is removed");
    show(&stage).await;
    let failure = stage
        .click_within("#buy", 500)
        .await
        .expect_err("it is in the way");
    assert_eq!(failure.code, Code::Timeout);
    let again = stage.browser.remove_locator_handler(&remove).await;
    assert_eq!(again.map_err(|f| f.code), Err(Code::InvalidArgument));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_runs_so_often_and_may_press_a_key() {
    let stage = Stage::showing(PAGE).await;
    let escape = Remedy::Press {
        key: "Escape".to_owned(),
    };
    let once = AddLocatorHandler {
        times: Some(1),
        ..handler(&stage, vec![escape])
    };
    stage.browser.add_locator_handler(&once).await.expect("a handler");
    show(&stage).await;
    stage.click("#buy").await.expect("the banner is cleared");
    show(&stage).await;
    let failure = stage
        .click_within("#buy", 500)
        .await
        .expect_err("it is in the way");
    assert_eq!(failure.code, Code::Timeout);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_overlay_that_stays_is_told() {
    let stage = Stage::showing(PAGE).await;
    let useless = handler(&stage, vec![click(stage.target("#nothing"))]);
    stage
        .browser
        .add_locator_handler(&useless)
        .await
        .expect("a handler");
    show(&stage).await;
    let failure = stage.click_within("#buy", 700).await.expect_err("it stays");
    assert_eq!(failure.code, Code::Timeout);
    assert!(failure.message.contains("the handler of"), "{}", failure.message);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_handlers_are_refused_at_once() {
    let stage = Stage::showing(PAGE).await;
    let bad_key = Remedy::Press {
        key: "NoSuchKey+".to_owned(),
    };
    let elsewhere = Target {
        page: 99,
        ..stage.target("#accept")
    };
    let cases = [
        handler(&stage, vec![]),
        handler(&stage, vec![bad_key]),
        handler(&stage, vec![click(elsewhere)]),
        AddLocatorHandler {
            times: Some(0),
            ..handler(&stage, vec![click(stage.target("#accept"))])
        },
    ];
    for case in cases {
        let refused = stage.browser.add_locator_handler(&case).await;
        assert_eq!(
            refused.map_err(|f| f.code),
            Err(Code::InvalidArgument),
            "{case:?}"
        );
    }
    stage.close().await;
}
