//! Secrets in AWS Secrets Manager: moto for what it keeps, a server of the test for what goes wrong.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use flowguard_backends::secrets::{AccessKey, AwsOptions, AwsSecrets};
use flowguard_core::secrets::{Secret, SecretSource, SourceError};
use flowguard_tests::peers::{fresh_name, moto};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The secrets of this name at this address.
async fn secrets(endpoint: &str, name: &str) -> AwsSecrets {
    patient(endpoint, name, Duration::from_secs(5)).await
}

/// The same, with so much time for each try.
async fn patient(endpoint: &str, name: &str, timeout: Duration) -> AwsSecrets {
    AwsSecrets::new(AwsOptions {
        region: Some("us-east-1".to_owned()),
        endpoint: Some(endpoint.to_owned()),
        access_key: Some(AccessKey {
            id: "test".to_owned(),
            secret: Secret::new("test".to_owned()),
        }),
        timeout,
        ..AwsOptions::new(name)
    })
    .await
}

async fn value(source: &AwsSecrets) -> String {
    let set = source.fetch().await.unwrap();
    set.get("shop-password").unwrap().reveal().to_owned()
}

#[tokio::test]
async fn the_current_version_counts_whatever_else_is_staged() {
    let (moto, name) = (moto().await, fresh_name("secret"));
    moto.create_secret(&name, r#"{"shop-password":"first"}"#).await;
    let source = secrets(moto.endpoint(), &name).await;
    assert_eq!(value(&source).await, "first");
    moto.put_secret(&name, r#"{"shop-password":"pending"}"#, "AWSPENDING")
        .await;
    assert_eq!(value(&source).await, "first");
    moto.put_secret(&name, r#"{"shop-password":"second"}"#, "AWSCURRENT")
        .await;
    assert_eq!(value(&source).await, "second");
    let place = source.place();
    assert!(
        place.contains(&name) && place.contains("AWS Secrets Manager"),
        "{place}"
    );
}

#[tokio::test]
async fn what_there_is_not_or_is_no_set_is_told_apart() {
    let moto = moto().await;
    let missing = secrets(moto.endpoint(), &fresh_name("missing"))
        .await
        .fetch()
        .await;
    let Err(SourceError::Denied(why)) = missing else {
        panic!("{missing:?}")
    };
    assert!(why.starts_with("ResourceNotFoundException"), "{why}");

    let gone = fresh_name("gone");
    moto.create_secret(&gone, "{}").await;
    moto.secrets_manager("DeleteSecret", &json!({"SecretId": gone}))
        .await;
    let deleted = secrets(moto.endpoint(), &gone).await.fetch().await;
    assert!(matches!(deleted, Err(SourceError::Denied(_))), "{deleted:?}");

    for text in [
        "hunter2",
        "[\"hunter2\"]",
        "{\"a\":{\"b\":\"hunter2\"}}",
        "{\"a\":",
    ] {
        let name = fresh_name("torn");
        moto.create_secret(&name, text).await;
        let torn = secrets(moto.endpoint(), &name).await.fetch().await;
        let Err(SourceError::Malformed(why)) = torn else {
            panic!("{torn:?}")
        };
        assert!(!why.contains("hunter2"), "{why}");
    }
    let binary = fresh_name("binary");
    let secret =
        json!({"Name": binary, "SecretBinary": "aHVudGVyMg==", "ClientRequestToken": "1".repeat(32)});
    moto.secrets_manager("CreateSecret", &secret).await;
    let fetched = secrets(moto.endpoint(), &binary).await.fetch().await;
    assert!(matches!(fetched, Err(SourceError::Malformed(_))), "{fetched:?}");
}

/// What a server answers, and what it is to the one who asks.
struct Case {
    status: u16,
    body: String,
    /// `transient`, `denied` or `malformed`.
    kind: &'static str,
    says: &'static str,
}

fn case(status: u16, body: impl Into<String>, kind: &'static str, says: &'static str) -> Case {
    Case {
        status,
        body: body.into(),
        kind,
        says,
    }
}

fn error(kind: &str) -> String {
    json!({"__type": kind, "Message": "because"}).to_string()
}

/// A server that answers each request so; its address, and how often it was asked.
async fn answering(status: u16, body: String) -> (String, Arc<AtomicU32>) {
    type Answer = (StatusCode, String, Arc<AtomicU32>);
    async fn answer(State((status, body, asked)): State<Answer>) -> Response {
        asked.fetch_add(1, Ordering::Relaxed);
        (status, body).into_response()
    }
    let asked = Arc::<AtomicU32>::default();
    let state = (StatusCode::from_u16(status).unwrap(), body, asked.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(answer).with_state(state);
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, asked)
}

fn kind_of(error: &SourceError) -> &'static str {
    match error {
        SourceError::Transient(_) => "transient",
        SourceError::Denied(_) => "denied",
        SourceError::Malformed(_) => "malformed",
    }
}

#[tokio::test]
async fn errors_are_told_apart_by_their_code() {
    let huge = json!({"SecretString": json!({"a": "x".repeat(10 << 20)}).to_string()}).to_string();
    let cases = [
        case(
            400,
            error("ThrottlingException"),
            "transient",
            "ThrottlingException: because",
        ),
        case(
            500,
            error("com.amazonaws.secretsmanager#InternalServiceError"),
            "transient",
            "InternalServiceError",
        ),
        case(
            400,
            error("InternalServiceError"),
            "transient",
            "InternalServiceError",
        ),
        case(
            400,
            error("DecryptionFailure"),
            "denied",
            "DecryptionFailure: because",
        ),
        case(
            400,
            error("AccessDeniedException"),
            "denied",
            "AccessDeniedException: because",
        ),
        // A proxy's status says nothing of what AWS says.
        case(
            503,
            error("AccessDeniedException"),
            "denied",
            "AccessDeniedException: because",
        ),
        case(
            400,
            error("ExpiredTokenException"),
            "denied",
            "ExpiredTokenException",
        ),
        case(403, "<html>no</html>", "denied", "status 403, and no code"),
        case(
            502,
            "<html>bad gateway</html>",
            "transient",
            "status 502, and no code",
        ),
        case(
            200,
            "<html>hunter2</html>",
            "malformed",
            "the answer is none of AWS's",
        ),
        case(200, huge, "malformed", "larger than"),
        case(200, "{}", "malformed", "no JSON object"),
    ];
    futures::future::join_all(cases.map(async |case| {
        let Case {
            status,
            body,
            kind,
            says,
        } = case;
        let shown: String = body.chars().take(60).collect();
        let (address, asked) = answering(status, body).await;
        let error = secrets(&address, "fg").await.fetch().await.unwrap_err();
        let told = error.to_string();
        assert_eq!(
            (kind_of(&error), told.contains(says)),
            (kind, true),
            "{status} {shown}: {told}"
        );
        assert!(!told.contains("hunter2"), "{told}");
        let tries = asked.load(Ordering::Relaxed);
        assert!((1..=3).contains(&tries), "{shown}: {tries}");
    }))
    .await;
}

#[tokio::test]
async fn a_server_that_is_away_or_silent_is_an_outage() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    let impatient = patient(&address, "fg", Duration::from_millis(300)).await;
    let error = impatient.fetch().await.unwrap_err();
    assert_eq!(error, SourceError::Transient("no answer in time".to_owned()));
    drop(silent);
    let error = secrets(&address, "fg").await.fetch().await.unwrap_err();
    assert_eq!(kind_of(&error), "transient", "{error}");
}
