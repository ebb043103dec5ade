//! moto: AWS Secrets Manager and S3, emulated. It takes any key pair and any region.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::guarded::{self, Guarded};
use super::{blocking, install};

/// A process that was started answers by then, also on a loaded machine.
const START: Duration = Duration::from_secs(60);
/// Tells which service is meant, in the region that needs no further word; nothing is signed.
const UNSIGNED: &str = "authorization: AWS4-HMAC-SHA256 \
    Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n";
const ANNOUNCEMENT: &str = "Running on ";

/// A running moto.
#[derive(Debug)]
pub struct Moto {
    endpoint: String,
    process: Guarded,
}

/// moto, shared by the tests of this process.
///
/// # Panics
/// Where it cannot be installed or started.
pub async fn moto() -> &'static Moto {
    static SHARED: OnceCell<Moto> = OnceCell::const_new();
    SHARED.get_or_init(Moto::start).await
}

impl Moto {
    /// A moto of one's own, empty: for tests that change what holds for all of it, as its checks of signatures.
    ///
    /// # Panics
    /// Where it cannot be installed or started.
    pub async fn start() -> Self {
        blocking(|| {
            let environment = install::python("moto", "moto.txt");
            let mut command = guarded::command(environment.join("bin/moto_server"));
            command.args(["-H", "127.0.0.1", "-p", "0"]);
            let process = Guarded::start("moto", command);
            let endpoint = process.announced(START, |line| {
                // Colours may follow where it believes to speak to a terminal.
                let (_, address) = line.split_once(ANNOUNCEMENT)?;
                address
                    .split(|c: char| c.is_whitespace() || c.is_control())
                    .next()
                    .map(str::to_owned)
            });
            let moto = Self { endpoint, process };
            let status = moto.ask("GET", "/moto-api/data.json");
            assert!(status.contains(" 200 "), "moto is not ready: {status}");
            moto
        })
        .await
    }

    /// Where it is: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Its process.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.process.id()
    }

    /// Makes a bucket for objects.
    ///
    /// # Panics
    /// Where it is not made.
    pub async fn create_bucket(&'static self, name: &str) {
        let path = format!("/{name}");
        let status = blocking(move || self.ask("PUT", &path)).await;
        assert!(status.contains(" 200 "), "the bucket is not made: {status}");
    }

    /// What an object holds, by its path `/BUCKET/KEY`.
    ///
    /// # Panics
    /// Where it is not there.
    pub async fn get_object(&self, path: &str) -> String {
        self.s3("GET", path, "").await
    }

    /// Puts an object at a path `/BUCKET/KEY`, in the place of what is there.
    ///
    /// # Panics
    /// Where it is not put.
    pub async fn put_object(&self, path: &str, content: &str) {
        self.s3("PUT", path, content).await;
    }

    async fn s3(&self, method: &str, path: &str, body: &str) -> String {
        let address = self.endpoint.trim_start_matches("http://").to_owned();
        let request = format!(
            "{method} {path} HTTP/1.0\r\nhost: {address}\r\n{UNSIGNED}content-length: {}\r\n\r\n{body}",
            body.len()
        );
        well_answered(address, request).await
    }

    /// Asks Secrets Manager for something, as its API is spoken; what it answers.
    ///
    /// # Panics
    /// Where it refuses.
    pub async fn secrets_manager(&self, action: &str, body: &Value) -> Value {
        let credential = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/secretsmanager/aws4_request";
        let address = self.endpoint.trim_start_matches("http://").to_owned();
        let body = body.to_string();
        let request = format!(
            "POST / HTTP/1.0\r\nhost: {address}\r\nauthorization: {credential}, SignedHeaders=host, Signature=0\r\n\
             content-type: application/x-amz-json-1.1\r\nx-amz-target: secretsmanager.{action}\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        serde_json::from_str(&well_answered(address, request).await).expect("the answer is JSON")
    }

    /// Makes a secret with this value.
    ///
    /// # Panics
    /// Where it is not made.
    pub async fn create_secret(&self, name: &str, value: &str) {
        let token = super::fresh_name("0123456789abcdef0123456789abcdef");
        let secret = json!({"Name": name, "SecretString": value, "ClientRequestToken": token});
        self.secrets_manager("CreateSecret", &secret).await;
    }

    /// Puts a version of a secret under a stage: `AWSCURRENT`, `AWSPENDING`.
    ///
    /// # Panics
    /// Where it is not put.
    pub async fn put_secret(&self, name: &str, value: &str, stage: &str) {
        let token = super::fresh_name("0123456789abcdef0123456789abcdef");
        let version = json!({
            "SecretId": name, "SecretString": value, "ClientRequestToken": token, "VersionStages": [stage],
        });
        self.secrets_manager("PutSecretValue", &version).await;
    }

    /// The status line of what it answers to a request without a body.
    fn ask(&self, method: &str, path: &str) -> String {
        let address = self.endpoint.trim_start_matches("http://");
        let request = format!("{method} {path} HTTP/1.0\r\nhost: {address}\r\n{UNSIGNED}\r\n");
        match said(address, &request) {
            Ok(answer) => answer.lines().next().unwrap_or_default().to_owned(),
            Err(error) => error.to_string(),
        }
    }
}

/// The body of what is answered well to a request.
async fn well_answered(address: String, request: String) -> String {
    let answer = blocking(move || said(&address, &request))
        .await
        .expect("moto answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    assert!(
        head.lines().next().is_some_and(|line| line.contains(" 200 ")),
        "{answer}"
    );
    body.to_owned()
}

/// What is answered to a request.
fn said(address: &str, request: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(START))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
