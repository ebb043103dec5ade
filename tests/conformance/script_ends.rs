//! How scripts of the author end that do not just answer: never, with their document, after waiting.

use flowguard_core::browser::calls::{ContextOf, OrderClock, WaitForFunctionOn};
use flowguard_core::browser::context::ClockOrder;
use flowguard_core::failure::Code;
use serde_json::json;
use std::time::{Duration, Instant};

use crate::scripts::{code, in_frame};
use crate::stage::{Stage, css};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_without_an_end_is_ended_and_the_page_goes_on() {
    let stage =
        Stage::showing("<p>here</p><button onclick=\"this.textContent = 'clicked'\">go</button>").await;
    for script in ["for (;;) {}", "async () => { await null; for (;;) {} }"] {
        let script = if script.starts_with("for") {
            format!("() => {{ {script} }}")
        } else {
            script.to_owned()
        };
        let began = Instant::now();
        let failure = stage
            .evaluate_within(&script, 300)
            .await
            .expect_err("it has no end");
        assert_eq!(failure.code, Code::Timeout, "{script}");
        assert!(
            failure.message.contains("did not end within 300 ms"),
            "{}",
            failure.message
        );
        assert!(
            began.elapsed() < Duration::from_secs(2),
            "{script}: {:?}",
            began.elapsed()
        );
        assert_eq!(stage.evaluate("1 + 1").await, Ok(json!(2)), "{script}");
    }
    let spinning = stage.evaluate_on(css("p"), "() => { for (;;) {} }");
    assert_eq!(code(spinning.await), Err(Code::Timeout));
    // A promise that is never kept holds nothing, and the page's own scripts are not stopped for it.
    stage
        .evaluate("() => { window.ticks = 0; setInterval(() => ticks++, 5) }")
        .await
        .expect("it ticks");
    let never = stage.evaluate_within("new Promise(() => {})", 200).await;
    assert_eq!(code(never), Err(Code::Timeout));
    stage
        .wait_for_function("() => window.ticks > 100", 5_000)
        .await
        .expect("it ticks on");
    stage.click("button").await.expect("it is clicked");
    stage
        .expect_text("button", "clicked")
        .await
        .expect("the page goes on");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_ends_while_a_script_spins_leaves_a_usable_browser() {
    let stage = Stage::showing("<p>here</p>").await;
    let spinning = stage.evaluate_within("() => { for (;;) {} }", 60_000);
    let given_up = tokio::time::timeout(Duration::from_millis(300), spinning).await;
    assert!(given_up.is_err());
    assert_eq!(stage.evaluate("1").await, Ok(json!(1)));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_that_goes_meanwhile_is_a_failure_of_its_own() {
    let stage = Stage::showing("<p>here</p><iframe src=/inside></iframe>").await;
    stage.site.page("/next", "<p>next</p>");
    let failure = stage
        .evaluate("() => { location.href = '/next'; return new Promise(() => {}) }")
        .await
        .expect_err("its document goes");
    assert_eq!((failure.code, failure.retryable), (Code::FlowError, true));
    assert!(
        failure.message.contains("was left while the script ran"),
        "{}",
        failure.message
    );
    assert_eq!(stage.evaluate("document.title").await, Ok(json!("next")));
    // What only begins a navigation has its answer, and what comes next is asked of the next document.
    stage.site.page("/late", "<p>late</p>");
    assert_eq!(
        stage
            .evaluate("() => { location.href = '/late'; return 1 }")
            .await,
        Ok(json!(1))
    );
    stage.expect_text("p", "late").await.expect("it came");
    assert_eq!(stage.evaluate("document.title").await, Ok(json!("late")));
    // The same in a frame that is taken out of the document.
    stage.site.page("/inside", "<p>inside</p>");
    stage
        .evaluate("() => { document.body.innerHTML = '<iframe src=/inside></iframe>' }")
        .await
        .expect("a frame");
    let gone = stage.evaluate_on(
        in_frame("p"),
        "() => { frameElement.remove(); return new Promise(() => {}) }",
    );
    let gone = gone.await.expect_err("its document goes");
    assert_eq!(gone.code, Code::FlowError, "{}", gone.message);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_is_waited_for_until_it_is_true() {
    let stage =
        Stage::showing("<p>here</p><script>setTimeout(() => { window.state = 'done' }, 100)</script>").await;
    stage
        .wait_for_function("(word) => window.state === word", 5_000)
        .await
        .expect("it becomes true");
    stage
        .wait_for_function("document.querySelector('p')", 5_000)
        .await
        .expect("a node is true");
    stage
        .wait_for_function("async () => 1", 5_000)
        .await
        .expect("promises are awaited");
    let on = |script: &str, timeout_ms| WaitForFunctionOn {
        target: stage.target_of(css("p")),
        script: script.to_owned(),
        argument: None,
        timeout_ms: Some(timeout_ms),
    };
    stage.evaluate("() => { setTimeout(() => { document.querySelector('p').replaceWith(Object.assign(document.createElement('p'), {ready: true})) }, 100) }").await.expect("soon");
    stage
        .browser
        .wait_for_function_on(&on("(p) => p.ready", 5_000))
        .await
        .expect("the new one is ready");
    let never = stage
        .wait_for_function("() => ''", 200)
        .await
        .expect_err("it never is");
    assert_eq!(never.code, Code::Timeout);
    assert!(
        never.message.contains("nothing that is true"),
        "{}",
        never.message
    );
    for (script, expected) in [
        ("() => nowhere", Code::FlowError),
        ("() =>", Code::InvalidArgument),
    ] {
        let began = Instant::now();
        assert_eq!(code(stage.wait_for_function(script, 30_000).await), Err(expected));
        assert!(began.elapsed() < Duration::from_secs(3), "{script}");
    }
    // It goes on in the next document.
    stage
        .site
        .page("/next", "<script>window.state = 'there'</script>");
    stage
        .evaluate("() => { setTimeout(() => { location.href = '/next' }, 100) }")
        .await
        .expect("soon");
    stage
        .wait_for_function("window.state === 'there'", 5_000)
        .await
        .expect("the next one");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_stands_still_does_not_hold_the_wait() {
    let stage = Stage::showing("<p>here</p>").await;
    let context = stage
        .browser
        .context_of(&ContextOf { page: stage.page })
        .await
        .expect("its context");
    for order in [
        ClockOrder::Install { time: Some(0.0) },
        ClockOrder::PauseAt { time: 1_000.0 },
    ] {
        stage
            .browser
            .order_clock(&OrderClock { context, order })
            .await
            .expect("it is ordered");
    }
    let counting = "() => (window.asked = (window.asked ?? 0) + 1) > 5";
    stage
        .wait_for_function(counting, 5_000)
        .await
        .expect("it is asked again and again");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dialog_of_a_script_is_answered() {
    let stage = Stage::showing("<p>here</p>").await;
    assert_eq!(stage.evaluate("confirm('Sure?')").await, Ok(json!(false)));
    stage.close().await;
}
