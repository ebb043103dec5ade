//! `flowguard env validate`: each service that is configured is really asked; what is wrong with it is told with what to
//! do, and without its key.

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use flowguard_tests::peers::{MongoServer, ScriptedMongo, fresh_name, mongo_shim, moto};
use flowguard_tests::{Flowguard, Outcome, Peer, shared};
use serde_json::{Value, json};
use std::path::Path;
use tokio::net::{TcpListener, UdpSocket};

use crate::readable::settings;

const KEY: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

/// Refuses whoever has another key.
fn keyed(headers: &HeaderMap, header: &str, key: &str, answer: Value) -> Response {
    match headers.get(header).is_some_and(|said| said == key) {
        true => axum::Json(answer).into_response(),
        false => StatusCode::UNAUTHORIZED.into_response(),
    }
}

/// Anthropic, Browserbase, Phoenix and the Datadog Agent, as far as they are asked here, at one address.
async fn services() -> String {
    let anthropic = |model: Value| {
        move |headers: HeaderMap| async move { keyed(&headers, "x-api-key", "sk-hunter2", model) }
    };
    let router = Router::new()
        .route(
            "/anthropic/v1/models",
            get(anthropic(json!({"data": [{"id": "a-model"}]}))),
        )
        .route(
            "/anthropic/v1/models/a-model",
            get(anthropic(json!({"id": "a-model"}))),
        )
        .route(
            "/browserbase/v1/projects/a-project",
            get(|headers: HeaderMap| async move {
                let project = json!({"id": "a-project", "name": "Shop"});
                keyed(&headers, "x-bb-api-key", "bb-hunter2", project)
            }),
        )
        .route(
            "/odd/v1/projects/a-project",
            get(|| async { "<html>hello</html>" }),
        )
        .route("/phoenix/healthz", get(|| async { "" }))
        .route("/phoenix/arize_phoenix_version", get(|| async { "20.1.0" }))
        .route(
            "/broken/info",
            get(|| async { StatusCode::INTERNAL_SERVER_ERROR }),
        )
        .route("/other/info", get(|| async { "<html>hello</html>" }))
        .route(
            "/info",
            get(|| async { axum::Json(json!({"version": "7.73.0", "endpoints": []})) }),
        );
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// Everything there is.
struct World {
    services: String,
    mongo: &'static MongoServer,
    bucket: String,
    secret: String,
    stats: UdpSocket,
}

impl World {
    async fn up() -> Self {
        let moto = moto().await;
        let (bucket, secret) = (fresh_name("artifacts"), fresh_name("secrets"));
        moto.create_bucket(&bucket).await;
        moto.create_secret(&secret, &json!({"ANTHROPIC_API_KEY": "sk-hunter2"}).to_string())
            .await;
        Self {
            services: services().await,
            mongo: mongo_shim().await,
            bucket,
            secret,
            stats: UdpSocket::bind("127.0.0.1:0").await.expect("a free port"),
        }
    }

    /// A shell in which all of it is configured.
    async fn shell(&self) -> Flowguard {
        let at = |path: &str| format!("{}{path}", self.services);
        let stats = format!("udp://{}", self.stats.local_addr().expect("an address"));
        let variables = [
            ("MONGODB_URI", self.mongo.uri().to_owned()),
            ("FLOWGUARD_MASTER_KEY", KEY.to_owned()),
            ("FLOWGUARD_DATABASE", fresh_name("validate")),
            ("FLOWGUARD_SECRET_NAME", self.secret.clone()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ENDPOINT_URL", moto().await.endpoint().to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "aws-hunter2".to_owned()),
            ("FLOWGUARD_ARTIFACTS_URL", format!("s3://{}/runs", self.bucket)),
            ("FLOWGUARD_ARTIFACTS_ENDPOINT", moto().await.endpoint().to_owned()),
            ("FLOWGUARD_VISION_ENDPOINT", at("/anthropic")),
            ("FLOWGUARD_VISION_MODEL", "a-model".to_owned()),
            ("BROWSERBASE_API_KEY", "bb-hunter2".to_owned()),
            ("BROWSERBASE_PROJECT_ID", "a-project".to_owned()),
            ("BROWSERBASE_BASE_URL", at("/browserbase")),
            ("PHOENIX_ENDPOINT", at("/phoenix")),
            ("DD_TRACE_AGENT_URL", at("")),
            ("DD_DOGSTATSD_URL", stats),
        ];
        let shell = Flowguard::new();
        variables
            .into_iter()
            .fold(shell, |shell, (name, value)| shell.variable(name, value))
    }
}

/// A table without what differs each time.
fn steady(outcome: &Outcome, world: &World, shell: &Flowguard) -> String {
    let settled = outcome
        .stdout
        .replace(&shell.scratch().display().to_string(), "SCRATCH")
        .replace(&world.bucket, "BUCKET")
        .replace(&world.secret, "SECRET");
    let times = regex::Regex::new(r" +\d+ m?s  ").expect("an expression");
    let databases = regex::Regex::new(r"validate[0-9a-f]+x\d+").expect("an expression");
    let others = regex::Regex::new(r"\d+ GiB|HeadlessChrome/[\d.]+|127\.0\.0\.1:\d+|in [\d.]+[mµ]?s")
        .expect("an expression");
    let settled = times.replace_all(&settled, "  TIME  ");
    let settled = databases.replace_all(&settled, "DATABASE");
    // How much fits before the cut depends on how long the time in it is.
    let cut = regex::Regex::new(r" [a-z]*…").expect("an expression");
    let settled = cut.replace_all(&settled, " …");
    others
        .replace_all(&settled, |found: &regex::Captures<'_>| match &found[0] {
            browser if browser.starts_with('H') => "HeadlessChrome/VERSION",
            free if free.ends_with("GiB") => "N GiB",
            took if took.starts_with("in ") => "in TIME",
            _ => "ADDRESS",
        })
        .into_owned()
}

#[tokio::test]
async fn everything_is_up() {
    let _turn = shared().await;
    let world = World::up().await;
    let shell = world.shell().await;
    let outcome = shell.call(["env", "validate"]).await.exits(0);
    settings().bind(|| insta::assert_snapshot!("env_validate_all_up", steady(&outcome, &world, &shell)));
    let mut datagram = [0; 64];
    let length = world.stats.recv(&mut datagram).await.expect("it was sent");
    assert_eq!(&datagram[..length], b"flowguard.env.validate:1|c");

    let json = shell.call(["env:validate", "--json"]).await.exits(0);
    let told: Value = serde_json::from_str(&json.stdout).expect("it is JSON");
    let checks = told["checks"].as_array().expect("a list");
    assert_eq!((&told["ok"], checks.len()), (&json!(true), 10));
    for check in checks {
        assert_eq!(check["state"], "ok", "{check}");
        assert!(check["latency_ms"].is_u64(), "{check}");
    }
    json.never_says("hunter2");
}

#[tokio::test]
async fn without_a_word_only_this_machine_is_looked_at() {
    let _turn = shared().await;
    let world = World::up().await;
    let shell = Flowguard::new();
    let outcome = shell.call(["env", "validate"]).await.exits(0);
    settings().bind(|| insta::assert_snapshot!("env_validate_nothing", steady(&outcome, &world, &shell)));
}

/// Each thing broken in turn: what is set instead, which check fails, the exit code, and what is said.
#[tokio::test]
async fn each_thing_that_is_broken_is_told_with_what_to_do() {
    let _turn = shared().await;
    let world = World::up().await;
    let shell = world.shell().await;
    let nowhere = Peer::absent().await;
    let nobody = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
    let stats = format!("udp://{}", nobody.local_addr().expect("an address"));
    drop(nobody);
    let file = shell.scratch().join("file");
    std::fs::write(&file, "").expect("writable");
    let file = file.display().to_string();
    let at = |path: &str| format!("{}{path}", world.services);
    let broken: [(&str, &str, String, i32); 19] = [
        ("disk", "FLOWGUARD_DATA", file.clone(), 3),
        ("browser", "FLOWGUARD_CHROMIUM", "/nowhere/chromium".to_owned(), 3),
        ("browser", "FLOWGUARD_CHROMIUM", "/bin/false".to_owned(), 3),
        ("secrets", "FLOWGUARD_SECRET_NAME", "no-such-secret".to_owned(), 3),
        ("secrets", "AWS_ENDPOINT_URL", nowhere.clone(), 3),
        (
            "mongodb",
            "MONGODB_URI",
            nowhere.replace("http://", "mongodb://u:hunter2@"),
            3,
        ),
        (
            "artifacts",
            "FLOWGUARD_ARTIFACTS_URL",
            "s3://no-such-bucket".to_owned(),
            3,
        ),
        (
            "artifacts",
            "FLOWGUARD_ARTIFACTS_ENDPOINT",
            "http://minio.example:9000".to_owned(),
            3,
        ),
        ("vision", "FLOWGUARD_VISION_MODEL", "no-such-model".to_owned(), 3),
        ("vision", "FLOWGUARD_VISION_ENDPOINT", nowhere.clone(), 3),
        (
            "browserbase",
            "BROWSERBASE_API_KEY",
            "wrong-hunter2".to_owned(),
            3,
        ),
        (
            "browserbase",
            "BROWSERBASE_PROJECT_ID",
            "no-such-project".to_owned(),
            3,
        ),
        ("browserbase", "BROWSERBASE_BASE_URL", at("/odd"), 3),
        ("datadog-agent", "DD_TRACE_AGENT_URL", nowhere.clone(), 0),
        ("datadog-agent", "DD_TRACE_AGENT_URL", at("/broken"), 0),
        ("datadog-agent", "DD_TRACE_AGENT_URL", at("/other"), 0),
        ("dogstatsd", "DD_DOGSTATSD_URL", stats, 0),
        ("dogstatsd", "DD_DOGSTATSD_URL", format!("unix://{file}"), 0),
        ("phoenix", "PHOENIX_ENDPOINT", at("/phoenix/v1/traces"), 0),
    ];
    let mut told = String::new();
    for (check, variable, value, code) in broken {
        let only = format!("--only={check}");
        let shown = value.replace("hunter2", "PASSWORD");
        let outcome = shell
            .clone()
            .variable(variable, Path::new(&value))
            .call(["env", "validate", &only])
            .await;
        let outcome = outcome.exits(code).never_says("hunter2");
        let table = steady(&outcome, &world, &shell).replace(&shown, "VALUE");
        let rows: Vec<&str> = table.lines().skip(1).collect();
        told.push_str(&format!(
            "== {check}: another {variable} → {code}\n{}\n\n",
            rows.join("\n")
        ));
    }
    settings().bind(|| insta::assert_snapshot!("env_validate_broken", told));
}

/// A developer's own file, below the environment.
#[tokio::test]
async fn what_stands_in_dotenv_is_used() {
    let _turn = shared().await;
    let shell = Flowguard::new();
    let file = |name: &str, text: &str| {
        let path = shell.scratch().join(name);
        std::fs::write(&path, text).expect("the folder is writable");
        path
    };
    let configuration = format!("[vision]\nendpoint = \"{}/anthropic\"\n", services().await);
    let configuration = file("flowguard.toml", &configuration);
    file(".env", "# ours\nANTHROPIC_API_KEY='sk-hunter2'\n");
    let shell = shell.variable("FLOWGUARD_CONFIG", configuration);
    let vision = ["env", "validate", "--only=vision"];
    shell.call(vision).await.exits(0).says("the key is good");
    shell
        .call(["config", "show"])
        .await
        .exits(0)
        .says("secret ANTHROPIC_API_KEY")
        .never_says("hunter2");
    let other = shell.clone().variable("ANTHROPIC_API_KEY", "wrong-hunter2");
    other
        .call(vision)
        .await
        .exits(3)
        .says("Anthropic answered 401 Unauthorized")
        .says("check ANTHROPIC_API_KEY")
        .never_says("hunter2");
    std::fs::write(shell.scratch().join(".env"), "ANTHROPIC_API_KEY='hunter2\n").expect("writable");
    shell
        .call(["env", "validate", "--only=secrets"])
        .await
        .exits(3)
        .says("mend `.env`")
        .never_says("hunter2");
}

/// A server that takes connections and says nothing is given up after its time.
#[tokio::test]
async fn what_says_nothing_is_given_up() {
    let _turn = shared().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let endpoint = format!("http://{}", silent.local_addr().expect("an address"));
    let shell = Flowguard::new().variable("PHOENIX_ENDPOINT", &endpoint);
    let outcome = shell.call(["env", "validate", "--only=phoenix"]).await.exits(0);
    outcome.says("failed, optional").says("no answer within 20 s");
}

/// A server that is there and cannot be written to.
#[tokio::test]
async fn a_store_that_goes_away_is_told() {
    let _turn = shared().await;
    let server = MongoServer::start_shim().await;
    let mut proxy = ScriptedMongo::before(&server).await;
    proxy.away().await;
    let shell = Flowguard::new()
        .variable("MONGODB_URI", proxy.uri())
        .variable("FLOWGUARD_MASTER_KEY", KEY);
    shell
        .call(["env", "validate", "--only=mongodb"])
        .await
        .exits(3)
        .says("check MONGODB_URI, and that the server runs and knows this user");
}
