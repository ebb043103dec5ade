//! moto, in plain HTTP: the SDK's own ways are tested where the SDK is used.

use flowguard_tests::peers::{fresh_name, moto};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Says something to a service as its API is spoken, unsigned; the status line and the body.
async fn ask(request: &str, service: &str, headers: &str, body: &str) -> (String, String) {
    let address = moto().await.endpoint().trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let credential = format!("AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request");
    let head = format!(
        "{request} HTTP/1.0\r\nhost: {address}\r\nauthorization: {credential}, SignedHeaders=host, Signature=0\r\n\
         content-length: {}\r\n{headers}\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

async fn secrets_manager(action: &str, body: Value) -> Value {
    let headers =
        format!("content-type: application/x-amz-json-1.1\r\nx-amz-target: secretsmanager.{action}\r\n");
    let (status, answer) = ask("POST /", "secretsmanager", &headers, &body.to_string()).await;
    assert!(status.contains(" 200 "), "{status}: {answer}");
    serde_json::from_str(&answer).unwrap()
}

#[tokio::test]
async fn moto_keeps_secrets() {
    let name = fresh_name("secret");
    secrets_manager(
        "CreateSecret",
        json!({"Name": name, "SecretString": "one", "ClientRequestToken": "0".repeat(32)}),
    )
    .await;
    let kept = secrets_manager(
        "GetSecretValue",
        json!({"SecretId": name, "VersionStage": "AWSCURRENT"}),
    )
    .await;
    assert_eq!(kept["SecretString"], "one");
}

#[tokio::test]
async fn moto_keeps_objects() {
    let bucket = fresh_name("bucket");
    moto().await.create_bucket(&bucket).await;
    let (status, answer) = ask(&format!("PUT /{bucket}/folder/object"), "s3", "", "content").await;
    assert!(status.contains(" 200 "), "{status}: {answer}");
    let (_, kept) = ask(&format!("GET /{bucket}/folder/object"), "s3", "", "").await;
    assert_eq!(kept, "content");
}
