//! Scripts that run in each new document, before the documents' own.

use flowguard_core::browser::LoadState;
use flowguard_core::browser::calls::{
    AddInitScript, AddPageInitScript, ContextOf, NextEvent, OpenPage, Reload, Watch,
};
use flowguard_core::browser::context::{Happening, Kinds};
use flowguard_core::failure::{Code, Failure};
use flowguard_core::limits::{MAX_INIT_SCRIPT_BYTES, MAX_INIT_SCRIPTS};
use serde_json::json;

use crate::stage::Stage;

impl Stage {
    async fn add_to_page(&self, script: &str) -> Result<(), Failure> {
        let call = AddPageInitScript {
            page: self.page,
            script: script.to_owned(),
        };
        self.browser.add_page_init_script(&call).await
    }

    async fn add_to_context(&self, script: &str) -> Result<(), Failure> {
        let page = ContextOf { page: self.page };
        let call = AddInitScript {
            context: self.browser.context_of(&page).await.expect("its context"),
            script: script.to_owned(),
        };
        self.browser.add_init_script(&call).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_run_before_the_pages_own_in_every_frame_and_popup() {
    let mut stage = Stage::open().await;
    let document = "<script>window.told = (window.order ?? ['nothing']).toSorted().join(' ')</script>";
    stage.site.page("/inside", document);
    let elsewhere = stage.site.elsewhere("/inside");
    stage.site.page(
        "/start",
        &format!(
            "{document}<iframe src=/inside></iframe><iframe src='{elsewhere}'></iframe>
                  <button onclick=\"window.open('/inside')\">popup</button>"
        ),
    );
    stage.goto("/start").await.expect("it loads");
    stage
        .add_to_page("(window.order ??= []).push('page')")
        .await
        .expect("it is added");
    stage
        .add_to_context("(window.order ??= []).push('context'); const apart = 1")
        .await
        .expect("it is added");
    stage
        .add_to_page("window.order.push('then')")
        .await
        .expect("it is added");
    assert_eq!(
        stage.evaluate("told").await,
        Ok(json!("nothing")),
        "the present document is left alone"
    );
    let reload = Reload {
        page: stage.page,
        wait_until: LoadState::Load,
        timeout_ms: Some(5_000),
    };
    for _ in 0..2 {
        stage.browser.reload(&reload).await.expect("it loads again");
        assert_eq!(stage.evaluate("told").await, Ok(json!("context page then")));
    }
    stage.wait_in_frames("context page then").await;
    let page = stage.page;
    let what = Kinds {
        popup: true,
        ..Kinds::default()
    };
    let watch = stage
        .browser
        .watch(&Watch { page, what })
        .await
        .expect("it is watched");
    stage.click("button").await.expect("it opens");
    let next = NextEvent {
        watch,
        what,
        timeout_ms: Some(5_000),
    };
    let Ok(Happening::Popup { page }) = stage.browser.next_event(&next).await else {
        panic!("it is a popup")
    };
    stage.page = page;
    // A popup begins with a document that is empty.
    stage
        .wait_for_function("window.told", 5_000)
        .await
        .expect("it loads");
    assert_eq!(stage.evaluate("told").await, Ok(json!("context")));
    stage.page = stage.browser.open_page(&OpenPage {}).await.expect("another page");
    stage.goto("/inside").await.expect("it loads");
    assert_eq!(stage.evaluate("told").await, Ok(json!("context")));
    stage.close().await;
}

impl Stage {
    async fn wait_in_frames(&self, expected: &str) {
        use flowguard_core::browser::calls::{EvaluateOn, Target};
        use flowguard_core::browser::locator::Part;
        for index in [0, 1] {
            let locator = crate::stage::css("iframe")
                .then(Part::Nth { index })
                .then(Part::Frame);
            let call = EvaluateOn {
                target: Target {
                    page: self.page,
                    locator,
                },
                script: "() => told".to_owned(),
                argument: None,
                timeout_ms: Some(5_000),
            };
            let told = self.browser.evaluate_on(&call).await;
            assert_eq!(told, Ok(json!(expected).to_string()), "frame {index}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_javascript_or_too_much_is_refused_at_once() {
    let stage = Stage::showing("<p>here</p>").await;
    for refused in [
        stage.add_to_page("const =").await,
        stage.add_to_context("}").await,
    ] {
        let failure = refused.expect_err("it is refused");
        assert_eq!(failure.code, Code::InvalidArgument);
        assert!(failure.message.contains("SyntaxError"), "{}", failure.message);
    }
    let long = " ".repeat(MAX_INIT_SCRIPT_BYTES + 1);
    assert_eq!(
        stage.add_to_page(&long).await.map_err(|f| f.code),
        Err(Code::OverBudget)
    );
    for _ in 0..MAX_INIT_SCRIPTS {
        stage
            .add_to_page("window.count = (window.count ?? 0) + 1")
            .await
            .expect("it is added");
    }
    assert_eq!(
        stage.add_to_page("1").await.map_err(|f| f.code),
        Err(Code::OverBudget)
    );
    stage.goto("/start").await.expect("it loads");
    assert_eq!(stage.evaluate("count").await, Ok(json!(MAX_INIT_SCRIPTS)));
    stage.close().await;
}
