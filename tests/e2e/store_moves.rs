//! `flowguard store`: a store is moved between SQLite and MongoDB, its keys are changed, a tenant is erased.

use flowguard_tests::peers::{MongoServer, fresh_name};
use flowguard_tests::{Flowguard, guest};

const KEY: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
const OTHER_KEY: &str = "OTg3NjU0MzIxMDk4NzY1NDMyMTA5ODc2NTQzMjEwOTg=";

fn here() -> Flowguard {
    Flowguard::new().variable("FLOWGUARD_MASTER_KEY", KEY)
}

/// A flow that counts its runs in a bucket, for the n-th time.
async fn count(flowguard: &Flowguard, n: u32) {
    let runs = format!("--param=runs={n}");
    let counted = flowguard
        .run([guest("memory"), "--grep=counts_its_runs".into(), runs])
        .await;
    counted.exits(0).passes_only(&["counts_its_runs"]);
}

async fn listed(flowguard: &Flowguard) -> String {
    flowguard.call(["runs"]).await.exits(0).stdout
}

/// There and back again: runs, values and keys are all there, and nothing is doubled.
#[tokio::test]
async fn a_store_moves_between_sqlite_and_mongodb() {
    let server = MongoServer::start_ferretdb().await;
    let old = here();
    let there = here()
        .variable("MONGODB_URI", server.uri())
        .variable("FLOWGUARD_DATABASE", fresh_name("moves"));
    let new = here();
    count(&old, 1).await;
    count(&old, 2).await;
    let (first, second) = (
        old.scratch().join("first.jsonl"),
        old.scratch().join("second.jsonl"),
    );
    let (first, second) = (first.display().to_string(), second.display().to_string());

    old.call(["store", "export", &first])
        .await
        .exits(0)
        .says("documents of SQLite");
    old.call(["store", "export", &first])
        .await
        .exits(2)
        .says("is there already");
    there
        .call(["store", "import", &first])
        .await
        .exits(0)
        .says("0 were there already");
    assert_eq!(listed(&there).await, listed(&old).await);
    there
        .call(["store", "import", &first])
        .await
        .exits(0)
        .says("0 documents were added");
    count(&there, 3).await;

    there
        .call(["store", "export", &second])
        .await
        .exits(0)
        .says("documents of MongoDB");
    new.call(["store", "import", &second]).await.exits(0);
    assert_eq!(listed(&new).await, listed(&there).await);
    count(&new, 4).await;
    let text = std::fs::read_to_string(&first).unwrap();
    assert!(!text.contains("runs so far"), "titles of steps are encrypted");
}

#[tokio::test]
async fn a_file_that_is_no_whole_export_is_told_with_its_line() {
    let (ours, theirs) = (
        here(),
        Flowguard::new().variable("FLOWGUARD_MASTER_KEY", OTHER_KEY),
    );
    count(&ours, 1).await;
    let file = ours.scratch().join("whole.jsonl").display().to_string();
    ours.call(["store", "export", &file]).await.exits(0);
    theirs
        .call(["store", "import", &file])
        .await
        .exits(2)
        .says("whole.jsonl:1: it can be read with the master key");

    let whole = std::fs::read_to_string(&file).unwrap();
    let cut = |at: usize| whole.get(..at).unwrap().to_owned();
    let last_line = whole.trim_end().rfind('\n').unwrap();
    for (text, told) in [
        (String::new(), ":1: this is no export of a store"),
        ("{}\n".to_owned(), ":1: this is no export of a store"),
        (cut(last_line + 1), "it was cut off"),
        (cut(last_line - 5), "it was cut off"),
        (
            cut(last_line + 1) + "{\"documents\":99}\n",
            "it should have 99 documents",
        ),
        (
            cut(whole.find('\n').unwrap() + 1) + "{\"tenant\":1}\n",
            ":2: invalid type",
        ),
        (
            whole.replacen("\"flowguard_store\":1", "\"flowguard_store\":2", 1),
            "upgrade this one",
        ),
    ] {
        let wrong = ours.scratch().join("wrong.jsonl");
        std::fs::write(&wrong, text).unwrap();
        let name = wrong.display().to_string();
        ours.call(["store", "import", &name]).await.exits(2).says(told);
    }
    ours.call(["store", "import", "/nowhere"])
        .await
        .exits(2)
        .says("/nowhere cannot be read");
    assert_eq!(
        listed(&ours).await.lines().count(),
        2,
        "what was there is still there, once"
    );
}

/// The new master key is given beside the former one until everything was encrypted with it.
#[tokio::test]
async fn keys_are_changed_and_nothing_is_lost() {
    let ours = here();
    count(&ours, 1).await;
    let both = ours
        .clone()
        .variable("FLOWGUARD_MASTER_KEY", OTHER_KEY)
        .variable("FLOWGUARD_MASTER_KEY_FORMER", KEY);
    let before = listed(&ours).await;
    both.call(["store", "rotate"])
        .await
        .exits(0)
        .says("local: 2 documents encrypted anew, 1 data keys");
    let changed = ours.clone().variable("FLOWGUARD_MASTER_KEY", OTHER_KEY);
    assert_eq!(listed(&changed).await, before);
    count(&changed, 2).await;
    ours.call(["runs"])
        .await
        .exits(3)
        .says("were encrypted with the master key");
}

#[tokio::test]
async fn an_erased_tenant_is_gone() {
    let ours = here();
    count(&ours, 1).await;
    ours.call(["store", "erase", "local"])
        .await
        .exits(2)
        .says("--yes");
    ours.call(["store", "erase", "Local!", "--yes"])
        .await
        .exits(2)
        .says("is no tenant");
    ours.call(["store", "erase", "nobody", "--yes"])
        .await
        .exits(0)
        .says("nobody: 0 keys and 0 documents");
    assert_eq!(listed(&ours).await.lines().count(), 2);
    ours.call(["store", "erase", "local", "--yes"])
        .await
        .exits(0)
        .says("local: 1 keys");
    ours.call(["runs"]).await.exits(0).says("no runs yet");
    count(&ours, 1).await;
}
