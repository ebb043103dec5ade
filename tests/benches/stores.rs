//! What the stores do in a second: results of a real run, kept and read by tenant and flow, on SQLite and on a server that
//! speaks MongoDB's protocol, in turn; and a look-up in a cache of a million judgements. The server is FerretDB, or
//! the one that `FLOWGUARD_TEST_MONGODB_URI` names.

use flowguard_backends::storage::{EmbeddedStore, MongoStore};
use flowguard_core::artifact::Digest;
use flowguard_core::clock::SystemClock;
use flowguard_core::run::{ExecutionMode, RunId, RunRecord};
use flowguard_core::storage::collections::VISION_CACHE;
use flowguard_core::storage::store::{Document, Store};
use flowguard_core::storage::vault::{Entropy, MasterKey, Vault};
use flowguard_core::storage::{CachedJudgement, JudgementKey, Retention, Runs, TenantId, VisionCache};
use flowguard_tests::peers::{ferretdb, fresh_name, mongodb};
use futures::stream::{self, StreamExt};
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::Bench;
use crate::beside::{Ours, local};

/// Results in a round, of so many flows, by so many writers.
const RESULTS: u32 = 2_000;
const FLOWS: u32 = 20;
const WRITERS: usize = 8;
const READS: u32 = 20;
/// Judgements in the cache; those that are looked up are real, the others only have their size.
const JUDGEMENTS: u32 = 1_000_000;
const LOOKED_UP: u32 = 1_000;
/// A server without indexes reads all of them for each.
const LONGEST: Duration = Duration::from_secs(30);

struct System;

impl Entropy for System {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), String> {
        let read = std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(bytes));
        read.map_err(|error| error.to_string())
    }
}

/// A store, and what is measured on it.
struct Subject {
    name: &'static str,
    store: Arc<dyn Store>,
    vault: Arc<Vault>,
    runs: Runs,
    tenant: TenantId,
}

impl Subject {
    fn on(name: &'static str, store: Arc<dyn Store>) -> Self {
        let clock = Arc::new(SystemClock::new());
        let key = MasterKey::new(&[7; 32]);
        let vault = Arc::new(Vault::new(
            store.clone(),
            key,
            Vec::new(),
            Arc::new(System),
            clock,
        ));
        Self {
            name,
            runs: Runs::new(store.clone(), vault.clone(), Retention::default()),
            store,
            vault,
            tenant: TenantId::local(),
        }
    }

    /// Results that are kept in a second, each acknowledged.
    async fn writes(&self, record: &RunRecord, round: u32) -> f64 {
        let began = Instant::now();
        let each = stream::iter(0..RESULTS).map(|number| async move {
            let mut record = record.clone();
            record.id = RunId::parse(&format!("20261129-120000-{round:02}{number:06}")).unwrap();
            record.flow.name = format!("flow-{}", number % FLOWS);
            record.started_ms += u64::from(round * RESULTS + number);
            self.runs.save(&self.tenant, &record).await.unwrap();
        });
        each.buffer_unordered(WRITERS).collect::<Vec<()>>().await;
        f64::from(RESULTS) / began.elapsed().as_secs_f64()
    }

    /// The time of one question for the last 20 results of a flow, with their records.
    async fn read(&self) -> Duration {
        let mut samples = Vec::new();
        for number in 0..READS {
            let flow = format!("flow-{}", number % FLOWS);
            let began = Instant::now();
            let found = self.runs.recent(&self.tenant, Some(&flow), 20).await.unwrap();
            samples.push(began.elapsed());
            assert_eq!(found.len(), 20);
        }
        median(samples)
    }

    /// The time of one look-up of a judgement, its hit counted; and the time of the whole filling.
    async fn cache(&self) -> (Duration, Duration) {
        let cache = VisionCache::new(self.store.clone(), self.vault.clone());
        let (tenant, judgement) = (&self.tenant, judgement());
        let began = Instant::now();
        for number in 0..LOOKED_UP {
            let pixels = Digest::of(&number.to_be_bytes());
            cache
                .keep(&key(tenant, &pixels), &judgement, 0, u64::MAX >> 1)
                .await
                .unwrap();
        }
        let first = Digest::of(&0_u32.to_be_bytes());
        let model = key(tenant, &first).id();
        let model = self
            .store
            .get(tenant, &VISION_CACHE, &model, 0)
            .await
            .unwrap()
            .unwrap();
        let others = stream::iter(LOOKED_UP..JUDGEMENTS).map(|number| {
            let pixels = Digest::of(&number.to_be_bytes());
            let id = key(tenant, &pixels).id();
            let document = Document { id, ..model.clone() };
            self.store.insert(tenant, &VISION_CACHE, document, 0)
        });
        let kept = others
            .buffer_unordered(64)
            .map(Result::unwrap)
            .filter(|new| std::future::ready(*new));
        assert_eq!(kept.count().await, (JUDGEMENTS - LOOKED_UP) as usize);
        let filled = began.elapsed();
        let mut samples = Vec::new();
        for number in 0..LOOKED_UP {
            let pixels = Digest::of(&number.to_be_bytes());
            let began = Instant::now();
            let found = cache.look_up(&key(tenant, &pixels), 1).await.unwrap();
            samples.push(began.elapsed());
            assert_eq!(found.as_ref(), Some(&judgement));
            if samples.iter().sum::<Duration>() > LONGEST {
                break;
            }
        }
        (median(samples), filled)
    }
}

fn key<'a>(tenant: &'a TenantId, pixels: &'a Digest) -> JudgementKey<'a> {
    JudgementKey {
        tenant,
        pixels,
        assertion: "the cart shows a blue mug and the total of 12 euros",
        model: "a-model-20261021",
        prompt: "1",
        mode: ExecutionMode::Local,
    }
}

fn judgement() -> CachedJudgement {
    CachedJudgement {
        passed: true,
        confidence: 0.97,
        reasoning: "The cart lists one blue mug. The line below it reads 12,00 €, as asked for.".repeat(3),
        evidence: vec!["row 1: Blue mug".to_owned(), "total: 12,00 €".to_owned()],
        tokens_in: 1_600,
        tokens_out: 120,
        cost_micros: 6_600,
    }
}

fn median(mut samples: Vec<Duration>) -> Duration {
    samples.sort();
    samples[samples.len() / 2]
}

/// Runs all of it and prints the tables.
pub(crate) async fn measure(bench: &Bench, address: &str) {
    let ours = Ours::on(bench, local(None), address).await;
    let record = ours.one().await;
    ours.end().await;
    let folder = tempfile::tempdir().unwrap();
    let embedded = EmbeddedStore::open(folder.path().join("store.sqlite")).unwrap();
    let (name, uri) = match mongodb() {
        Some(server) => ("the server named", server.uri().to_owned()),
        None => ("FerretDB 1.24 on SQLite", ferretdb().await.uri().to_owned()),
    };
    let served = MongoStore::connect(&uri, &fresh_name("bench")).await.unwrap();
    let subjects = [
        Subject::on("embedded (SQLite)", Arc::new(embedded)),
        Subject::on(name, Arc::new(served)),
    ];
    println!(
        "\n{:<28}{:>8}{:>20}{:>26}",
        "a store", "round", "results kept a s", "last 20 of a flow, median"
    );
    for round in 0..2 {
        for subject in &subjects {
            let (writes, read) = (subject.writes(&record, round).await, subject.read().await);
            println!(
                "{:<28}{round:>8}{writes:>20.0}{:>23.2} ms",
                subject.name,
                read.as_secs_f64() * 1e3
            );
        }
    }
    println!(
        "\n{:<28}{:>14}{:>26}{:>16}",
        "a cache", "judgements", "a look-up, median", "filled in"
    );
    for subject in &subjects {
        let (look_up, filled) = subject.cache().await;
        println!(
            "{:<28}{JUDGEMENTS:>14}{:>23.2} µs{:>14.0} s",
            subject.name,
            look_up.as_secs_f64() * 1e6,
            filled.as_secs_f64()
        );
    }
}
