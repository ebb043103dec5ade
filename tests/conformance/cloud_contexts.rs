//! Contexts of the cloud: what one session leaves in it the next begins with, and no other does.

use flowguard_core::browser::{CloudOptions, KeptContext, Wanted};
use serde_json::json;

use crate::cloud::{Cloud, LIMITS, evaluate, goto};
use crate::site::Answer;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_in_a_context_is_there_in_the_next_session() {
    let cloud = Cloud::open(LIMITS, &[]).await;
    cloud.site.put("/start", Answer::Page("<p>shop</p>".to_owned()));
    let kept = cloud.client.create_context(Some("ann")).await.expect("a context");
    let with_context = |persist: bool| Wanted {
        cloud: CloudOptions {
            context: Some(KeptContext {
                id: kept.id.clone(),
                persist,
            }),
            ..CloudOptions::default()
        },
        ..Wanted::default()
    };
    // What each run finds, and leaves for the next.
    let visit = "(visit) => {
      const found = [document.cookie, localStorage.getItem('visit')];
      document.cookie = `visit=${visit}; max-age=3600`;
      localStorage.setItem('visit', visit);
      return found;
    }";
    let mut found = Vec::new();
    for (visit_number, wanted) in [
        (1, with_context(true)),
        (2, Wanted::default()),
        (3, with_context(false)),
        (4, with_context(true)),
        (5, with_context(false)),
    ] {
        let (browser, _ledger, page) = cloud.run(wanted).await;
        goto(&browser, page, "/start").await;
        let script = format!("() => ({visit})('{visit_number}')");
        found.push(evaluate(&browser, page, &script).await);
        browser.release().await;
    }
    assert_eq!(
        found,
        [
            json!(["", null]),
            json!(["", null]),
            json!(["visit=1", "1"]),
            json!(["visit=1", "1"]),
            json!(["visit=4", "4"]),
        ]
    );
    cloud.close().await;
}
