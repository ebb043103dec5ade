//! Finished runs.

use std::borrow::Cow;

use super::{all, fresh_tenant};
use crate::artifact::{Attachment, Digest};
use crate::browser::BrowserInfo;
use crate::failure::{Code, Evidence, Failure};
use crate::flow::Flow;
use crate::run::{Attempt, CloudSession, Environment, ExecutionMode, Origin, RunId, RunMetadata, RunRecord};
use crate::storage::{Runs, StorageError, TenantId};
use crate::timeline::{Event, History, PageEvent, Place, ScreencastFrame, Step, StepOutcome};
use crate::verdict::Verdict;

const STARTED: u64 = 1_800_000_000_000;

/// A run with something in every field: it failed at the second attempt too.
fn record(id: &str, flow: &str, started_ms: u64) -> RunRecord {
    let mut failure = Failure::new(Code::AssertionFailed, "the total is wrong: \"$1\" \u{0} 🛒");
    failure.evidence.push(Evidence {
        title: "expected".to_owned(),
        text: "$2".to_owned(),
    });
    let verdict = Verdict::Failed {
        failures: vec![failure.clone()],
    };
    RunRecord {
        schema: RunRecord::SCHEMA,
        id: RunId::parse(id).unwrap(),
        flow: Flow {
            name: flow.to_owned(),
            intent: "buy a thing".to_owned(),
            url: "/".to_owned(),
            critical: true,
            tags: vec!["smoke".to_owned()],
            timeout_ms: Some(30_000),
        },
        origin: Origin {
            file: "flows/checkout.wasm".to_owned(),
            component: "shop".to_owned(),
            version: "1.0.0".to_owned(),
            digest: Digest::of(b"component"),
        },
        base_url: "http://shop.example".to_owned(),
        metadata: RunMetadata {
            environment: Environment::Ci,
            mode: ExecutionMode::Cloud,
            viewport: Some((1280, 720)),
            user: Some("ada".to_owned()),
            branch: Some("main".to_owned()),
            commit: Some("0f1e2d".to_owned()),
            cloud: Some(CloudSession {
                session: "s-1".to_owned(),
                recording: None,
                region: Some("eu-central-1".to_owned()),
            }),
            trace_id: Some("0af7651916cd43dd8448eb211c80319c".to_owned()),
            datadog: None,
            contract: "0.1.0".to_owned(),
        },
        started_ms,
        took_us: 1_234_567,
        attempts: vec![attempt(1, &failure, &verdict), attempt(2, &failure, &verdict)],
        verdict,
    }
}

fn attempt(number: u32, failure: &Failure, verdict: &Verdict) -> Attempt {
    Attempt {
        number,
        verdict: verdict.clone(),
        took_us: 600_000,
        history: History {
            steps: vec![step(failure)],
            events: vec![Event {
                at_us: 7,
                step: Some(0),
                page: 1,
                what: PageEvent::Uncaught {
                    text: "TypeError".to_owned(),
                },
            }],
            screencast: vec![ScreencastFrame {
                at_us: 8,
                page: 1,
                picture: Attachment {
                    name: "screencast".to_owned(),
                    media_type: "image/jpeg".to_owned(),
                    digest: Digest::of(b"frame"),
                    bytes: 5,
                },
                width: 800,
                height: 600,
            }],
            steps_dropped: 1,
            events_dropped: 2,
        },
        browser: Some(BrowserInfo::local("HeadlessChrome/156".to_owned())),
        output: "line\n".to_owned(),
        calls: 12,
        guest_cpu_us: 10_000,
        network: None,
        warnings: vec!["the cassette cannot be written".to_owned()],
    }
}

fn step(failure: &Failure) -> Step {
    Step {
        id: 0,
        parent: None,
        source: Cow::Borrowed("flow"),
        op: Cow::Borrowed("locator.expect"),
        title: "expect total \"$2\"".to_owned(),
        at_us: 5,
        took_us: 9,
        outcome: StepOutcome::Failed(failure.clone()),
        attributes: vec![("key".to_owned(), "value".to_owned())],
        attachments: vec![Attachment {
            name: "page".to_owned(),
            media_type: "image/png".to_owned(),
            digest: Digest::of(b"image"),
            bytes: 5,
        }],
        places: vec![Place {
            function: "checkout::pay".to_owned(),
            file: "flows/checkout/src/lib.rs".to_owned(),
            line: 12,
            column: 9,
            text: "pay()?;".to_owned(),
        }],
    }
}

async fn save(runs: &Runs, tenant: &TenantId, id: &str, flow: &str, started_ms: u64) {
    runs.save(tenant, &record(id, flow, started_ms)).await.unwrap();
}

async fn recent(runs: &Runs, tenant: &TenantId, flow: Option<&str>, limit: u32) -> Vec<String> {
    let found = runs.recent(tenant, flow, limit).await.unwrap();
    found.into_iter().map(|run| run.id.to_string()).collect()
}

async fn completions(runs: &Runs, tenant: &TenantId, prefix: &str) -> Vec<String> {
    let found = runs.ids_beginning(tenant, prefix).await.unwrap();
    found.iter().map(ToString::to_string).collect()
}

/// Every field of a run comes back.
pub async fn a_run_is_read_back_whole(runs: &Runs) {
    let tenant = fresh_tenant();
    let saved = record("r-1", "checkout", STARTED);
    runs.save(&tenant, &saved).await.unwrap();
    assert_eq!(
        runs.load(&tenant, &saved.id).await.unwrap().as_ref(),
        Some(&saved)
    );
    assert_eq!(runs.recent(&tenant, None, 1).await.unwrap(), [saved]);
}

/// A run that was never saved is none, also where its id begins as another's.
pub async fn an_unknown_run_is_none(runs: &Runs) {
    let tenant = fresh_tenant();
    save(runs, &tenant, "r-10", "checkout", STARTED).await;
    assert_eq!(
        runs.load(&tenant, &RunId::parse("r-1").unwrap()).await.unwrap(),
        None
    );
    assert!(runs.recent(&fresh_tenant(), None, 9).await.unwrap().is_empty());
}

/// A run that is kept stays as it is, whatever is saved under its id later: finishing is done once.
pub async fn a_run_is_saved_once(runs: &Runs) {
    let tenant = fresh_tenant();
    let first = record("r-1", "checkout", STARTED);
    runs.save(&tenant, &first).await.unwrap();
    let mut second = record("r-1", "search", STARTED + 1);
    second.verdict = Verdict::Passed;
    runs.save(&tenant, &second).await.unwrap();
    assert_eq!(runs.load(&tenant, &first.id).await.unwrap(), Some(first));
    assert_eq!(recent(runs, &tenant, None, 9).await, ["r-1"]);
    assert!(recent(runs, &tenant, Some("search"), 9).await.is_empty());
}

/// Of records saved at the same time under one id, one is kept, whole.
pub async fn one_of_many_saves_wins(runs: &Runs) {
    let tenant = fresh_tenant();
    let records: Vec<_> = (0..16)
        .map(|n| record("r-1", &format!("flow {n}"), STARTED + n))
        .collect();
    let saved = all(records.iter().map(|record| runs.save(&tenant, record))).await;
    assert!(
        saved.iter().all(Result::is_ok),
        "saving a run that is kept is no error"
    );
    let kept = runs
        .load(&tenant, &RunId::parse("r-1").unwrap())
        .await
        .unwrap()
        .unwrap();
    assert!(records.contains(&kept));
    assert_eq!(runs.recent(&tenant, None, 99).await.unwrap(), [kept]);
}

/// The newest run comes first, by when it began, and by its id where several began at once.
pub async fn recent_runs_come_newest_first(runs: &Runs) {
    let tenant = fresh_tenant();
    for (id, after) in [("r-b", 1), ("r-z", 0), ("r-c", 1), ("r-a", 2)] {
        save(runs, &tenant, id, "checkout", STARTED + after).await;
    }
    assert_eq!(
        recent(runs, &tenant, None, 99).await,
        ["r-a", "r-c", "r-b", "r-z"]
    );
    assert_eq!(recent(runs, &tenant, None, 2).await, ["r-a", "r-c"]);
    assert!(recent(runs, &tenant, None, 0).await.is_empty());
}

/// A flow is named whole and literally, and the limit counts its runs only.
pub async fn recent_runs_are_of_one_flow_where_it_is_named(runs: &Runs) {
    let tenant = fresh_tenant();
    for (n, flow) in ["checkout", "search", "checkout", "check%", "Checkout"]
        .into_iter()
        .enumerate()
    {
        save(runs, &tenant, &format!("r-{n}"), flow, STARTED + n as u64).await;
    }
    assert_eq!(recent(runs, &tenant, Some("checkout"), 9).await, ["r-2", "r-0"]);
    assert_eq!(recent(runs, &tenant, Some("checkout"), 1).await, ["r-2"]);
    assert_eq!(recent(runs, &tenant, Some("search"), 1).await, ["r-1"]);
    assert_eq!(recent(runs, &tenant, Some("check%"), 9).await, ["r-3"]);
    assert!(recent(runs, &tenant, Some("check"), 9).await.is_empty());
    assert!(recent(runs, &tenant, Some(""), 9).await.is_empty());
}

/// A tenant sees its own runs only; two tenants may use the same id.
pub async fn runs_of_other_tenants_are_apart(runs: &Runs) {
    let (ours, theirs) = (fresh_tenant(), fresh_tenant());
    save(runs, &ours, "r-1", "checkout", STARTED).await;
    let id = RunId::parse("r-1").unwrap();
    assert_eq!(runs.load(&theirs, &id).await.unwrap(), None);
    assert!(recent(runs, &theirs, None, 9).await.is_empty());
    assert!(recent(runs, &theirs, Some("checkout"), 9).await.is_empty());
    assert!(completions(runs, &theirs, "").await.is_empty());

    save(runs, &theirs, "r-1", "search", STARTED).await;
    assert_eq!(
        runs.load(&ours, &id).await.unwrap().unwrap().flow.name,
        "checkout"
    );
    assert_eq!(
        runs.load(&theirs, &id).await.unwrap().unwrap().flow.name,
        "search"
    );
}

/// The first ten ids that begin so, in their order, as a shell completes them.
pub async fn ids_are_completed_in_order(runs: &Runs) {
    let tenant = fresh_tenant();
    for n in (0..12).rev() {
        save(runs, &tenant, &format!("ab-{n:02}"), "checkout", STARTED - n).await;
    }
    save(runs, &tenant, "b-1", "checkout", STARTED).await;
    let expected: Vec<String> = (0..10).map(|n| format!("ab-{n:02}")).collect();
    assert_eq!(completions(runs, &tenant, "ab").await, expected);
    assert_eq!(completions(runs, &tenant, "").await, expected);
    assert_eq!(completions(runs, &tenant, "ab-1").await, ["ab-10", "ab-11"]);
    assert_eq!(
        completions(runs, &tenant, "ab-11").await,
        ["ab-11"],
        "a whole id completes to itself"
    );
    assert!(completions(runs, &tenant, "ab-111").await.is_empty());
}

/// Whatever a person types as the beginning of an id, it stands for itself.
pub async fn a_prefix_of_an_id_is_taken_literally(runs: &Runs) {
    let tenant = fresh_tenant();
    save(runs, &tenant, "ab-1", "checkout", STARTED).await;
    for prefix in [
        "%",
        "_",
        "a%",
        "a_",
        "A",
        "AB",
        ".",
        "^",
        "a.*",
        "*",
        "'",
        "\u{10ffff}",
        "ab-1 ",
    ] {
        assert!(completions(runs, &tenant, prefix).await.is_empty(), "{prefix:?}");
    }
}

/// A record of a newer schema is refused by name, alone and among others, and hides none of an other flow.
pub async fn a_newer_record_is_refused(runs: &Runs) {
    let tenant = fresh_tenant();
    save(runs, &tenant, "r-1", "search", STARTED).await;
    let mut newer = record("r-2", "checkout", STARTED);
    newer.schema = RunRecord::SCHEMA + 1;
    runs.save(&tenant, &newer).await.unwrap();

    let expected = "run r-2 was written by a newer FlowGuard";
    let refused = [
        runs.load(&tenant, &newer.id).await.map(|_| ()),
        runs.recent(&tenant, None, 9).await.map(|_| ()),
    ];
    for refused in refused.map(Result::unwrap_err) {
        assert!(matches!(refused, StorageError::Newer { .. }), "{refused}");
        assert!(refused.to_string().starts_with(expected), "{refused}");
    }
    assert_eq!(recent(runs, &tenant, Some("search"), 9).await, ["r-1"]);
    assert_eq!(completions(runs, &tenant, "r").await, ["r-1", "r-2"]);
}
