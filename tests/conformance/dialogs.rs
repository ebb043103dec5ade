//! Dialogs: none may hang a page, each is told in the timeline.

use flowguard_core::timeline::PageEvent;
use std::time::{Duration, Instant};

use crate::stage::Stage;

const SOON: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dialog_is_dismissed_and_the_click_goes_on() {
    let stage = Stage::showing(
        "<button id=alert onclick=\"alert('Stop'); tell('told')\">alert</button>
         <button id=confirm onclick=\"tell(String(confirm('Sure?')))\">confirm</button>
         <button id=prompt onclick=\"tell(String(prompt('Name?')))\">prompt</button>
         <p></p><script>function tell(text) { document.querySelector('p').textContent = text }</script>",
    )
    .await;
    for (button, said) in [("#alert", "told"), ("#confirm", "false"), ("#prompt", "null")] {
        let began = Instant::now();
        stage.click(button).await.expect("it is clicked");
        stage.expect_text("p", said).await.expect("the script went on");
        assert!(
            began.elapsed() < SOON,
            "{button} held the page up: {:?}",
            began.elapsed()
        );
    }
    assert_eq!(
        dialogs(&stage),
        ["alert: Stop", "confirm: Sure?", "prompt: Name?"]
    );
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dialog_while_the_page_loads_is_dismissed() {
    let stage = Stage::open().await;
    stage
        .site
        .page("/greeting", "<script>alert('Welcome')</script><p>here</p>");
    stage.goto("/greeting").await.expect("it loads");
    assert_eq!(stage.text("p").await.as_deref(), Ok("here"));
    assert_eq!(dialogs(&stage), ["alert: Welcome"]);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_asks_to_stay_is_left() {
    let stage = Stage::showing(
        "<input><a href=/next>next</a>
         <script>onbeforeunload = (event) => { event.preventDefault(); return 'Stay?' }</script>",
    )
    .await;
    stage.site.page("/next", "<p>next</p>");
    stage.click("input").await.expect("a person was active");
    stage.goto("/next").await.expect("it is left");
    assert_eq!(stage.text("p").await.as_deref(), Ok("next"));
    stage.goto("/start").await.expect("it loads");
    stage.click("input").await.expect("a person was active");
    stage.click("a").await.expect("it is left");
    assert_eq!(stage.text("p").await.as_deref(), Ok("next"));
    let kinds: Vec<String> = dialogs(&stage)
        .iter()
        .map(|said| said.split(':').next().unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["beforeunload", "beforeunload"]);
    stage.close().await;
}

fn dialogs(stage: &Stage) -> Vec<String> {
    let dialog = |event| match event {
        PageEvent::Dialog { kind, text } => Some(format!("{kind}: {text}")),
        _ => None,
    };
    stage.events().into_iter().filter_map(dialog).collect()
}
