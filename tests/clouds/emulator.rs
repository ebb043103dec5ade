//! The emulated Browserbase, through our client and a WebSocket: sessions live and end as the service's do.

use async_tungstenite::tokio::connect_async;
use async_tungstenite::tungstenite::Message;
use flowguard_backends::browserbase::{Client, ClientOptions, CreateSession, Kind, Status};
use flowguard_core::secrets::Secret;
use flowguard_tests::{Emulating, Flowguard, shop};
use futures::StreamExt;
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};

use crate::sdk::sdk_with;

const LONGEST: Duration = Duration::from_secs(10);

fn client(emulator: &Emulating, key: &str) -> Client {
    let endpoint = emulator.address().parse().unwrap();
    Client::new(ClientOptions::new(endpoint, Secret::new(key.to_owned()))).unwrap()
}

fn kept() -> CreateSession {
    CreateSession {
        keep_alive: Some(true),
        ..CreateSession::default()
    }
}

type Socket = async_tungstenite::WebSocketStream<async_tungstenite::tokio::ConnectStream>;

/// Connects, and asks the browser what it is.
async fn connect(url: &Secret) -> Result<Socket, String> {
    let (mut socket, _) = connect_async(url.reveal())
        .await
        .map_err(|error| error.to_string())?;
    let ask = json!({"id": 1, "method": "Browser.getVersion"});
    socket.send(Message::text(ask.to_string())).await.unwrap();
    let answer = socket.next().await.unwrap().unwrap();
    let answer: Value = serde_json::from_str(answer.to_text().unwrap()).unwrap();
    let product = answer["result"]["product"].as_str().unwrap_or_default();
    assert!(product.contains("Chrome"), "{answer}");
    Ok(socket)
}

/// Asks until a session is no longer running: the service tells nobody by itself.
async fn ended(client: &Client, id: &str) -> Status {
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    let asking = async {
        loop {
            ticks.tick().await;
            let status = client.session(id).await.unwrap().status;
            if status != Status::Running {
                return status;
            }
        }
    };
    tokio::time::timeout(LONGEST, asking).await.expect("it ends")
}

#[tokio::test]
async fn a_session_is_made_found_used_and_over_with_its_connection() {
    let emulator = Flowguard::new().emulate(Vec::<String>::new()).await;
    let client = client(&emulator, "any");
    let notes: Map<String, Value> = [("name".to_owned(), json!("nightly"))].into_iter().collect();
    let asked = CreateSession {
        user_metadata: notes,
        timeout_s: Some(120),
        region: Some("eu-central-1".to_owned()),
        ..CreateSession::default()
    };
    let created = client.create_session(&asked).await.unwrap();
    let session = &created.session;
    assert_eq!(
        (&session.status, session.region.as_deref()),
        (&Status::Running, Some("eu-central-1"))
    );
    let lasts = session.expires_at.unwrap() - session.created_at.unwrap();
    assert_eq!(lasts.num_seconds(), 120);
    let found = client
        .sessions(Some(&Status::Running), Some("user_metadata['name']:'nightly'"))
        .await
        .unwrap();
    assert_eq!(
        found.iter().map(|found| &found.id).collect::<Vec<_>>(),
        [&session.id]
    );
    assert_eq!(
        client
            .sessions(None, Some("user_metadata['name']:'daily'"))
            .await
            .unwrap(),
        []
    );
    client.live_urls(&session.id).await.unwrap();

    let socket = connect(&created.connect_url).await.unwrap();
    drop(socket);
    assert_eq!(ended(&client, &session.id).await, Status::Completed);
    assert_eq!(client.live_urls(&session.id).await.unwrap_err().kind, Kind::Gone);
    assert!(connect(&created.connect_url).await.is_err());
    assert!(client.session(&session.id).await.unwrap().ended_at.is_some());
    let project = client.projects().await.unwrap().remove(0);
    assert_eq!(client.usage(&project.id).await.unwrap().browser_minutes, 1);
    emulator.ends().await;
}

#[tokio::test]
async fn a_session_that_is_kept_can_be_come_back_to_until_it_is_released() {
    let emulator = Flowguard::new().emulate(Vec::<String>::new()).await;
    let client = client(&emulator, "any");
    let created = client.create_session(&kept()).await.unwrap();
    drop(connect(&created.connect_url).await.unwrap());
    let mut again = connect(&created.connect_url).await.unwrap();
    assert_eq!(
        client.release(&created.session.id).await.unwrap().status,
        Status::Completed
    );
    let rest = tokio::time::timeout(LONGEST, async { while let Some(Ok(_)) = again.next().await {} });
    rest.await.expect("the connection ends with the session");
    assert_eq!(
        client.release(&created.session.id).await.unwrap().status,
        Status::Completed,
        "again"
    );
    emulator.ends().await;
}

#[tokio::test]
async fn keys_limits_and_values_are_checked() {
    let shell = Flowguard::new().variable("BROWSERBASE_API_KEY", "bb_live_right");
    let emulator = shell.emulate(["--concurrency=1", "--creations=3"]).await;
    let stranger = client(&emulator, "bb_live_wrong");
    assert_eq!(stranger.projects().await.unwrap_err().kind, Kind::Unauthorized);
    let client = client(&emulator, "bb_live_right");
    for wrong in [
        CreateSession {
            timeout_s: Some(59),
            ..kept()
        },
        CreateSession {
            region: Some("mars-1".to_owned()),
            ..kept()
        },
        CreateSession {
            user_metadata: [("a".to_owned(), json!("x".repeat(600)))].into_iter().collect(),
            ..kept()
        },
    ] {
        assert_eq!(
            client.create_session(&wrong).await.unwrap_err().kind,
            Kind::Refused
        );
    }
    let first = client.create_session(&kept()).await.unwrap();
    let second = client.create_session(&kept()).await.unwrap_err();
    assert_eq!(second.kind, Kind::RateLimited);
    assert!(second.message.contains("(limit: 1, current: 1)"), "{second}");
    client.release(&first.session.id).await.unwrap();
    client.create_session(&kept()).await.unwrap();
    assert_eq!(client.session("nobody").await.unwrap_err().kind, Kind::NotFound);
    // What still runs ends with the emulator.
    emulator.ends().await;
}

#[tokio::test]
async fn the_official_node_sdk_and_playwright_use_it_as_the_service() {
    let shop = shop().await;
    let shell = Flowguard::new().variable("BROWSERBASE_API_KEY", "bb_live_right");
    let emulator = shell.emulate(["--concurrency=1"]).await;
    let told = sdk_with("emulator", emulator.address(), "bb_live_right", &shop.url()).await;
    let told: Value = serde_json::from_str(&told).unwrap();
    insta::assert_json_snapshot!("node_sdk", told);
    emulator.ends().await;
}

#[tokio::test]
async fn it_is_as_far_away_as_it_is_said_to_be() {
    let emulator = Flowguard::new()
        .emulate(["--creation-time=300ms", "--delay=40ms"])
        .await;
    let client = client(&emulator, "any");
    let asked = Instant::now();
    let created = client.create_session(&kept()).await.unwrap();
    assert!(
        asked.elapsed() >= Duration::from_millis(380),
        "{:?}",
        asked.elapsed()
    );
    let asked = Instant::now();
    // The opening request, its answer, the question and its answer.
    drop(connect(&created.connect_url).await.unwrap());
    assert!(
        asked.elapsed() >= Duration::from_millis(160),
        "{:?}",
        asked.elapsed()
    );
    emulator.ends().await;
}

#[tokio::test]
async fn what_goes_wrong_on_purpose_leaves_no_session_that_nobody_knows_of() {
    let emulator = Flowguard::new()
        .emulate([
            "--fault=create-lost=2",
            "--fault=create-fails=3",
            "--fault=create-limited=4",
        ])
        .await;
    let client = client(&emulator, "any");
    let mut made = Vec::new();
    for _ in 0..6 {
        made.push(client.create_session(&kept()).await.unwrap().session.id);
    }
    let mut known: Vec<String> = client
        .sessions(Some(&Status::Running), None)
        .await
        .unwrap()
        .into_iter()
        .map(|session| session.id)
        .collect();
    made.sort();
    known.sort();
    assert_eq!(made, known);
    emulator.ends().await;
}

#[tokio::test]
async fn a_session_may_refuse_and_may_end_in_the_middle() {
    let emulator = Flowguard::new()
        .emulate(["--fault=connect-refused=2", "--fault=session-ends=2"])
        .await;
    let client = client(&emulator, "any");
    let first = client.create_session(&kept()).await.unwrap();
    drop(connect(&first.connect_url).await.unwrap());
    assert!(connect(&first.connect_url).await.is_err());
    let mut socket = connect(&first.connect_url).await.unwrap();
    let rest = tokio::time::timeout(LONGEST, async { while let Some(Ok(_)) = socket.next().await {} });
    rest.await.expect("it ends in the middle");
    assert_eq!(ended(&client, &first.session.id).await, Status::Error);
    emulator.ends().await;
}
