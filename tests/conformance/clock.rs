//! The clock that pages see: it stands, jumps and runs as it is told, also in documents that come later.

use flowguard_core::browser::calls::OrderClock;
use flowguard_core::browser::context::ClockOrder;
use flowguard_core::failure::Code;

use crate::stage::Stage;

const PAGE: &str = "<p></p><b></b><script>
  const show = () => { document.querySelector('p').textContent = new Date().toISOString() };
  let times = 0;
  setInterval(() => { times += 1; document.querySelector('b').textContent = times }, 1000);
  show();
</script><button onclick='show()'>show</button>";

async fn order(stage: &Stage, order: ClockOrder) {
    let call = OrderClock { context: 0, order };
    stage.browser.order_clock(&call).await.expect("it is carried out");
}

async fn shows(stage: &Stage, time: &str) {
    stage.click("button").await.expect("it is clicked");
    stage.expect_text("p", time).await.expect("the time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_stands_runs_and_jumps_as_told() {
    let stage = Stage::showing(PAGE).await;
    // 2020-02-02T02:02:02Z
    let time = 1_580_608_922_000.0;
    order(&stage, ClockOrder::Install { time: Some(time) }).await;
    stage.goto("/start").await.expect("it loads");
    order(
        &stage,
        ClockOrder::PauseAt {
            time: time + 60_000.0,
        },
    )
    .await;
    shows(&stage, "2020-02-02T02:03:02.000Z").await;
    // Those that fell due on the way ran once.
    stage.expect_text("b", "1").await.expect("one run");
    order(&stage, ClockOrder::RunFor { ms: 5_000.0 }).await;
    shows(&stage, "2020-02-02T02:03:07.000Z").await;
    stage.expect_text("b", "6").await.expect("five more");
    order(&stage, ClockOrder::FastForward { ms: 3_600_000.0 }).await;
    shows(&stage, "2020-02-02T03:03:07.000Z").await;
    stage.expect_text("b", "7").await.expect("one more");
    // A document that comes now begins with this time, and it stands still.
    stage.goto("/start").await.expect("it loads");
    stage
        .expect_text("p", "2020-02-02T03:03:07.000Z")
        .await
        .expect("the time");
    order(&stage, ClockOrder::Resume).await;
    stage.expect_text("b", "1").await.expect("time goes on");
    let back = OrderClock {
        context: 0,
        order: ClockOrder::PauseAt { time },
    };
    let refused = stage.browser.order_clock(&back).await;
    assert_eq!(refused.map_err(|f| f.code), Err(Code::InvalidArgument));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fixed_time_is_said_while_timers_go_on() {
    let stage = Stage::open().await;
    stage.site.page("/start", PAGE);
    order(&stage, ClockOrder::SetFixedTime { time: 0.0 }).await;
    stage.goto("/start").await.expect("it loads");
    stage.expect_text("b", "2").await.expect("timers go on");
    shows(&stage, "1970-01-01T00:00:00.000Z").await;
    order(&stage, ClockOrder::SetFixedTime { time: 1_000.0 }).await;
    shows(&stage, "1970-01-01T00:00:01.000Z").await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_always_sets_another_timer_does_not_hold_the_run_up() {
    let stage = Stage::showing("<script>(function again() { setTimeout(again, 0) })()</script>").await;
    order(&stage, ClockOrder::Install { time: None }).await;
    stage.goto("/start").await.expect("it loads");
    let call = OrderClock {
        context: 0,
        order: ClockOrder::RunFor { ms: 1_000.0 },
    };
    let failure = stage.browser.order_clock(&call).await.expect_err("it never ends");
    assert_eq!(failure.code, Code::Timeout, "{}", failure.message);
    stage.close().await;
}
