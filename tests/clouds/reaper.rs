//! What the reaper makes of notes. Who is silent is told by the looker's own clock: neither a clock that jumps here nor
//! another host's that is wrong takes a session from a run. Recordings that nobody keeps are kept, or given up.

use axum::routing::{get, post};
use axum::{Json, Router};
use flowguard_backends::browser::{Archive, CloudPlan, CloudSettings, Fate, Reaper};
use flowguard_backends::browserbase::{Client, ClientOptions};
use flowguard_backends::pool::PoolLimits;
use flowguard_core::clock::{Clock, SystemClock};
use flowguard_core::fakes::{FakeArtifacts, FakeStore};
use flowguard_core::secrets::Secret;
use flowguard_core::storage::store::Store;
use flowguard_core::storage::{CloudRecordings, CloudSessions, NotedSession, TenantId};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

const PERIOD: Duration = Duration::from_millis(400);
const DAY_MS: i64 = 24 * 3_600 * 1_000;
const TAG: &str = "here-1";

/// The machine's clock, which somebody sets.
struct Set {
    clock: SystemClock,
    ahead_ms: AtomicI64,
}

impl Clock for Set {
    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    fn wall(&self) -> Duration {
        let wall = i64::try_from(self.clock.wall().as_millis()).unwrap();
        let shown = wall + self.ahead_ms.load(Ordering::Relaxed);
        Duration::from_millis(u64::try_from(shown).unwrap())
    }
}

/// A cloud in which one session runs, whatever happens.
async fn cloud() -> Client {
    let session = json!([{
        "id": "s", "status": "RUNNING", "projectId": "p", "userMetadata": {"flowguard": TAG},
        "createdAt": "2026-11-29T12:00:00Z",
    }]);
    client_of(|_| Router::new().route("/v1/sessions", get(|| async move { Json(session) }))).await
}

/// A client of what answers so at its address.
async fn client_of(answers: impl FnOnce(&str) -> Router) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let router = answers(&address);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let key = Secret::new("any".to_owned());
    Client::new(ClientOptions::new(address.parse().unwrap(), key)).unwrap()
}

async fn fate(reaper: &Reaper) -> Fate {
    let seen = reaper.look().await.unwrap();
    assert_eq!(seen.len(), 1);
    seen[0].fate
}

fn plan(client: Client, notes: &CloudSessions, clock: Arc<dyn Clock>, archive: Option<Archive>) -> CloudPlan {
    CloudPlan {
        client,
        notes: notes.clone(),
        clock,
        archive,
        settings: CloudSettings {
            reaper_period: PERIOD,
            ..CloudSettings::of(PoolLimits {
                min: 0,
                max: 1,
                lifetime: PERIOD,
                idle: PERIOD,
                uses: 1,
                patience: PERIOD,
                refill: PERIOD,
            })
        },
    }
}

fn noted(tag: &str, at_ms: u64) -> NotedSession {
    NotedSession {
        tag: tag.to_owned(),
        session: Some("s".to_owned()),
        tenant: "local".to_owned(),
        made_ms: at_ms,
        renewed_ms: at_ms,
        uses: 0,
        records: false,
        ended_ms: None,
    }
}

#[tokio::test]
async fn a_clock_that_jumps_takes_no_session_from_its_run() {
    let notes = CloudSessions::new(Arc::new(FakeStore::default()), TenantId::local());
    notes.installation("here").await.unwrap();
    let clock = Arc::new(Set {
        clock: SystemClock::new(),
        ahead_ms: AtomicI64::new(0),
    });
    let plan = plan(cloud().await, &notes, clock.clone(), None);
    let reaper = plan.reaper().await.unwrap();
    notes.note(&noted(TAG, clock.wall_ms())).await.unwrap();
    assert_eq!(fate(&reaper).await, Fate::Ours);
    for ahead_ms in [DAY_MS, -DAY_MS] {
        clock.ahead_ms.store(ahead_ms, Ordering::Relaxed);
        assert_eq!(fate(&reaper).await, Fate::Ours, "{ahead_ms} ms ahead");
        // Its host says by its own clock, wrong as it is, that it is there.
        let wrong = clock.wall_ms();
        let noted = notes.change(TAG, |note| note.renewed_ms = wrong).await.unwrap();
        assert!(noted.is_some());
        assert_eq!(fate(&reaper).await, Fate::Ours, "{ahead_ms} ms ahead");
    }
    let silent = Instant::now();
    let mut looks = tokio::time::interval(PERIOD / 20);
    while fate(&reaper).await == Fate::Ours {
        looks.tick().await;
    }
    assert_eq!(fate(&reaper).await, Fate::Abandoned);
    let silent = silent.elapsed();
    assert!(silent >= PERIOD / 2, "after {silent:?}");
}

/// A recording that cannot be kept is tried for a day and no longer, whatever the reason.
#[tokio::test]
async fn a_recording_is_kept_tried_again_or_given_up_after_a_day() {
    let store: Arc<dyn Store> = Arc::new(FakeStore::default());
    let notes = CloudSessions::new(store.clone(), TenantId::local());
    let recordings = CloudRecordings::new(store);
    let archive = Archive {
        artifacts: Arc::new(FakeArtifacts::default()),
        recordings: recordings.clone(),
        kept: Duration::from_secs(60),
    };
    let client = client_of(|address| {
        let films = json!({"downloads": [
            {"pageId": "0", "status": "COMPLETED", "downloadUrl": format!("{address}/film")},
        ]});
        Router::new()
            .route("/v1/sessions", get(|| async { Json(json!([])) }))
            .route(
                "/v1/sessions/{id}/recording/downloads",
                post(|| async move { Json(films) }),
            )
            .route("/film", get(|| async { "PK" }))
    });
    let clock = Arc::new(SystemClock::new());
    let now = clock.wall_ms();
    let days = |days: u64| u64::try_from(DAY_MS).unwrap() * days;
    for (tag, tenant, ended_ms) in [
        ("good", "local", now),
        ("tried", "no tenant's", now),
        ("given-up", "no tenant's", now - days(2)),
    ] {
        let note = NotedSession {
            session: Some(tag.to_owned()),
            tenant: tenant.to_owned(),
            records: true,
            ended_ms: Some(ended_ms),
            ..noted(tag, now - days(3))
        };
        notes.note(&note).await.unwrap();
    }
    let reaper = plan(client.await, &notes, clock, Some(archive))
        .reaper()
        .await
        .unwrap()
        .once();
    let reaped = reaper.reap().await.unwrap();
    assert_eq!((reaped.recordings, reaped.ghosts), (3, 0));
    assert_eq!(reaper.recordings_are_kept().await, 2);
    let left = notes.all().await.unwrap();
    let tags: Vec<&str> = left.iter().map(|note| note.tag.as_str()).collect();
    assert_eq!(tags, ["tried"]);
    let kept = recordings.get(&TenantId::local(), "good", now).await.unwrap();
    assert_eq!(kept.unwrap().films[0].media_type, "application/zip");
}
