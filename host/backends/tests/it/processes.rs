//! Several processes on one store, and processes that are killed.
//!
//! A test here is also the other process: it starts its own program again, with the store named in the
//! environment, and that one does the other half.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use flowguard_backends::storage::EmbeddedStore;
use flowguard_core::run::RunId;
use flowguard_core::storage::{BucketId, BucketLimits, Buckets, TenantId};
use rusqlite::Connection;

use crate::embedded::record;
use crate::open;

const STORE: &str = "FLOWGUARD_TEST_STORE";
const WORKER: &str = "FLOWGUARD_TEST_WORKER";

const AMPLE: BucketLimits = BucketLimits {
    keys: 1_000_000,
    bytes: 1 << 30,
};

fn bucket() -> BucketId {
    BucketId {
        tenant: TenantId::local(),
        component: "shop".to_owned(),
        name: "carts".to_owned(),
    }
}

/// The store that this process was started to work on, where it was.
fn given_store() -> Option<PathBuf> {
    std::env::var_os(STORE).map(PathBuf::from)
}

/// Starts the same test in a process of its own.
fn start(test: &str, store: &Path, worker: usize) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(STORE, store)
        .env(WORKER, worker.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, output)
}

/// A line for the process that started this one.
fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    // The first line may follow what the test harness wrote.
    out.write_all(format!("\n{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// The numbers that the other process told, until it ends.
fn told(output: impl BufRead) -> impl Iterator<Item = u64> {
    let lines = output.lines().map_while(Result::ok);
    lines.filter_map(|line| line.strip_prefix("done ")?.parse().ok())
}

fn assert_whole(path: &Path) {
    let raw = Connection::open(path).unwrap();
    let found: String = raw
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(found, "ok");
}

/// Writes and tells each write that was acknowledged, until it is killed.
async fn write_until_killed(path: &Path, round: usize) {
    let opened = open(path).unwrap();
    for n in 0_u64.. {
        let value = vec![b'v'; (n * 997 % 20_000) as usize];
        opened
            .buckets
            .set(&bucket(), &format!("{round}-{n}"), &value, None, 0, AMPLE)
            .await
            .unwrap();
        opened
            .runs
            .save(&TenantId::local(), &record(&format!("r-{round}-{n}")))
            .await
            .unwrap();
        tell(&format!("done {n}"));
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    if let Some(path) = given_store() {
        let round = std::env::var(WORKER).unwrap().parse().unwrap();
        return write_until_killed(&path, round).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    for (round, kill_after) in [1_u64, 50, 400].into_iter().enumerate() {
        let test = "processes::what_was_acknowledged_survives_a_kill";
        let (mut child, output) = start(test, &path, round);
        let mut acknowledged = told(output);
        let reached = acknowledged
            .find(|n| *n >= kill_after)
            .expect("it writes until it is killed");
        child.kill().unwrap();
        // What it told before the kill reached it counts too.
        let last = acknowledged.last().unwrap_or(reached);
        let status = child.wait().unwrap();
        assert_eq!(status.code(), None, "it was killed and did not end by itself");

        let opened = open(&path).unwrap();
        for n in 0..=last {
            let value = opened
                .buckets
                .get(&bucket(), &format!("{round}-{n}"), 0)
                .await
                .unwrap();
            let length = value.map(|value| value.len() as u64);
            assert_eq!(
                length,
                Some(n * 997 % 20_000),
                "write {n} of {last} in round {round}"
            );
            let id = RunId::parse(&format!("r-{round}-{n}")).unwrap();
            let run = opened.runs.load(&TenantId::local(), &id).await.unwrap();
            assert!(run.is_some(), "run {n} of {last} in round {round}");
        }
        assert_whole(&path);
    }
}

const STEPS: i64 = 200;

/// Counts up one counter by increments and another by swaps.
async fn count(store: &Buckets) {
    let carts = bucket();
    for _ in 0..STEPS {
        store.increment(&carts, "increments", 1, 0, AMPLE).await.unwrap();
        loop {
            let before = store.get(&carts, "swaps", 0).await.unwrap();
            let number: i64 = before
                .as_ref()
                .map_or(0, |text| String::from_utf8_lossy(text).parse().unwrap());
            let after = (number + 1).to_string().into_bytes();
            let swap = store.compare_and_swap(&carts, "swaps", before.as_deref(), Some(&after), 0, AMPLE);
            if swap.await.unwrap() {
                break;
            }
        }
    }
}

/// None of them finds the store ready: all of them make it, and one does.
#[tokio::test]
async fn processes_that_share_a_store_lose_nothing() {
    const WORKERS: usize = 4;
    if let Some(path) = given_store() {
        let opened = open(&path).unwrap();
        let worker: u64 = std::env::var(WORKER).unwrap().parse().unwrap();
        opened
            .runs
            .save(&TenantId::local(), &record("r-shared"))
            .await
            .unwrap();
        opened
            .runs
            .save(&TenantId::local(), &record(&format!("r-{worker}")))
            .await
            .unwrap();
        count(&opened.buckets).await;
        return tell(&format!("done {worker}"));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let test = "processes::processes_that_share_a_store_lose_nothing";
    let workers: Vec<_> = (0..WORKERS).map(|worker| start(test, &path, worker)).collect();
    for (worker, (mut child, output)) in workers.into_iter().enumerate() {
        assert_eq!(told(output).collect::<Vec<_>>(), [worker as u64]);
        assert!(child.wait().unwrap().success());
    }
    let opened = open(&path).unwrap();
    let expected = (STEPS * WORKERS as i64).to_string().into_bytes();
    for counter in ["increments", "swaps"] {
        let counted = opened.buckets.get(&bucket(), counter, 0).await.unwrap();
        assert_eq!(counted.as_deref(), Some(expected.as_slice()), "{counter}");
    }
    let runs = opened.runs.recent(&TenantId::local(), None, 99).await.unwrap();
    assert_eq!(
        runs.len(),
        WORKERS + 1,
        "each run once, the one that all saved too"
    );
    assert_whole(&path);
}

/// As above, many times over and all within one process, where the race is narrower.
#[test]
fn a_store_that_many_make_at_once_is_made_once() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let barrier = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    barrier.wait();
                    drop(EmbeddedStore::open(&path).unwrap());
                });
            }
        });
        assert_whole(&path);
    }
}
