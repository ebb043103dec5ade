//! Who is silent is told by the looker's own clock: neither a clock that jumps here nor another host's that is wrong takes
//! a session from a run.

use axum::Json;
use axum::routing::get;
use flowguard_backends::browser::{CloudPlan, CloudSettings, Fate, Reaper};
use flowguard_backends::browserbase::{Client, ClientOptions};
use flowguard_backends::pool::PoolLimits;
use flowguard_core::clock::{Clock, SystemClock};
use flowguard_core::fakes::FakeStore;
use flowguard_core::secrets::Secret;
use flowguard_core::storage::{CloudSessions, NotedSession, TenantId};
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
    let router = axum::Router::new().route("/v1/sessions", get(|| async move { Json(session) }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let key = Secret::new("any".to_owned());
    Client::new(ClientOptions::new(address.parse().unwrap(), key)).unwrap()
}

async fn fate(reaper: &Reaper) -> Fate {
    let seen = reaper.look().await.unwrap();
    assert_eq!(seen.len(), 1);
    seen[0].fate
}

#[tokio::test]
async fn a_clock_that_jumps_takes_no_session_from_its_run() {
    let notes = CloudSessions::new(Arc::new(FakeStore::default()), TenantId::local());
    notes.installation("here").await.unwrap();
    let clock = Arc::new(Set {
        clock: SystemClock::new(),
        ahead_ms: AtomicI64::new(0),
    });
    let plan = CloudPlan {
        client: cloud().await,
        notes: notes.clone(),
        clock: clock.clone(),
        archive: None,
        settings: CloudSettings {
            project: None,
            pool: PoolLimits {
                min: 0,
                max: 1,
                lifetime: PERIOD,
                idle: PERIOD,
                uses: 1,
                patience: PERIOD,
                refill: PERIOD,
            },
            warm: None,
            microdollars_a_minute: 0,
            recordings: None,
            reaper_period: PERIOD,
        },
    };
    let reaper = plan.reaper().await.unwrap();
    let now = clock.wall_ms();
    let noted = NotedSession {
        tag: TAG.to_owned(),
        session: Some("s".to_owned()),
        tenant: "local".to_owned(),
        made_ms: now,
        renewed_ms: now,
        uses: 0,
        records: false,
        ended_ms: None,
    };
    notes.note(&noted).await.unwrap();
    assert_eq!(fate(&reaper).await, Fate::Ours);
    for ahead_ms in [DAY_MS, -DAY_MS] {
        clock.ahead_ms.store(ahead_ms, Ordering::Relaxed);
        assert_eq!(fate(&reaper).await, Fate::Ours, "{ahead_ms} ms ahead");
        // Its host says by its own clock, wrong as it is, that it is there.
        let wrong = clock.wall_ms();
        assert!(notes.change(TAG, |note| note.renewed_ms = wrong).await.unwrap());
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
