//! Servers that ask for a user and a password by HTTP: whom the context answers, and what is recorded of it.

use flowguard_core::browser::calls::{Read, Reading, SetHttpCredentials, Target};
use flowguard_core::browser::context::{ContextOptions, HttpCredentials, Secret};
use flowguard_core::failure::Code;

use crate::contexts::{create, goto};
use crate::site::Answer;
use crate::stage::{Stage, css};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_ask_for_a_password_get_the_contexts() {
    let stage = Stage::open().await;
    stage.site.put("/private", Answer::Private("ada", "secret"));
    let origin = stage.site.url("/").trim_end_matches('/').to_owned();
    let known = |origin: &str| HttpCredentials {
        user: "ada".to_owned(),
        password: Secret::new("secret".to_owned()),
        origin: Some(origin.to_owned()),
    };
    let text = async |page| {
        goto(&stage, page, "/private").await.expect("it answers");
        let read = Read {
            target: Target {
                page,
                locator: css("p"),
            },
            reading: Reading::TextContent,
            timeout_ms: Some(5_000),
        };
        stage
            .browser
            .read(&read)
            .await
            .expect("a text")
            .unwrap_or_default()
    };
    let options = ContextOptions {
        http_credentials: Some(known(&origin)),
        ..ContextOptions::default()
    };
    let (context, page) = create(&stage, options).await;
    assert_eq!(text(page).await, "welcome");

    let elsewhere = ContextOptions {
        http_credentials: Some(known("https://elsewhere.example")),
        ..ContextOptions::default()
    };
    let (other, page) = create(&stage, elsewhere).await;
    assert_eq!(text(page).await, "who are you?", "another origin's password");
    let credentials = Some(known(&origin));
    let set = SetHttpCredentials {
        context: other,
        credentials,
    };
    stage
        .browser
        .set_http_credentials(&set)
        .await
        .expect("they are set");
    assert_eq!(text(page).await, "welcome");

    let wrong = SetHttpCredentials {
        context,
        credentials: Some(known("no origin")),
    };
    let refused = stage
        .browser
        .set_http_credentials(&wrong)
        .await
        .expect_err("no origin");
    assert_eq!(refused.code, Code::InvalidArgument, "{}", refused.message);
    assert!(
        !serde_json::to_string(&set)
            .expect("it is recorded")
            .contains("secret\""),
        "the password is recorded"
    );
    stage.close().await;
}
