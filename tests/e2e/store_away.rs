//! The store in MongoDB: it is away when the program starts, or goes away in the middle of a run.

use flowguard_tests::peers::{MongoServer, ScriptedMongo, fresh_name};
use flowguard_tests::{Flowguard, Peer, Running, guest};

const KEY: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
const NOT_TAKEN: &str = "the store did not take the result";

/// A shell whose store is behind this address.
fn shell(uri: &str, database: &str) -> Flowguard {
    Flowguard::new()
        .variable("MONGODB_URI", uri)
        .variable("FLOWGUARD_DATABASE", database)
        .variable("FLOWGUARD_MASTER_KEY", KEY)
}

/// A run whose store goes away while its page loads, and that has said that its result was not taken.
async fn run_that_loses_its_store(flowguard: &Flowguard, proxy: &mut ScriptedMongo) -> Running {
    let mut peer = Peer::holding(1).await;
    let address = format!("--base-url={}", peer.url());
    let mut running = flowguard.start([guest("memory"), "--grep=waits_for_a_page".into(), address]);
    let request = peer.asked().await;
    proxy.away().await;
    request.answer().await.unwrap();
    running.hears(NOT_TAKEN).await;
    assert_eq!(waiting(flowguard), 1);
    running
}

fn waiting(flowguard: &Flowguard) -> usize {
    let entries = std::fs::read_dir(flowguard.data().join("outbox"))
        .into_iter()
        .flatten();
    entries.count()
}

/// The flow passed; its result is there once, as soon as the store is back.
#[tokio::test]
async fn a_result_waits_until_the_store_is_back() {
    let server = MongoServer::start_shim().await;
    let mut proxy = ScriptedMongo::before(&server).await;
    let flowguard = shell(&proxy.uri(), &fresh_name("away"));
    let running = run_that_loses_its_store(&flowguard, &mut proxy).await;
    proxy.back();
    let outcome = running.ended().await.exits(0);
    let id = outcome.run_of("waits_for_a_page").id().to_owned();
    assert_eq!(waiting(&flowguard), 0);
    let listed = flowguard.call(["runs"]).await.exits(0).says(&id);
    assert_eq!(listed.stdout.lines().count(), 2, "{}", listed.stdout);
}

/// Whoever is killed while it waits leaves the result to the next command.
#[tokio::test]
async fn a_result_that_waits_outlives_a_kill() {
    let server = MongoServer::start_shim().await;
    let mut proxy = ScriptedMongo::before(&server).await;
    let flowguard = shell(&proxy.uri(), &fresh_name("away"));
    let running = run_that_loses_its_store(&flowguard, &mut proxy).await;
    running.kill();
    running.ended().await;
    flowguard
        .call(["runs"])
        .await
        .exits(3)
        .says("the store is unavailable");
    proxy.back();
    for _ in 0..2 {
        let listed = flowguard.call(["runs"]).await.exits(0).says("waits_for_a_page");
        assert_eq!(listed.stdout.lines().count(), 2, "{}", listed.stdout);
    }
    assert_eq!(waiting(&flowguard), 0);
}

/// What is wrong is told before anything is run, without the password.
#[tokio::test]
async fn a_store_that_cannot_be_used_is_told_at_the_start() {
    let nowhere = "mongodb://ada:s3cret@127.0.0.1:9/?serverSelectionTimeoutMS=100";
    let told = shell(nowhere, "flowguard").call(["runs"]).await.exits(3);
    told.says("check that the server runs")
        .says("MongoDB mongodb://127.0.0.1:9, database flowguard")
        .never_says("s3cret");

    let keyless = Flowguard::new().variable("MONGODB_URI", nowhere);
    keyless
        .call(["runs"])
        .await
        .exits(2)
        .says("FLOWGUARD_MASTER_KEY is not");
    let wrong = shell(nowhere, "flowguard").variable("FLOWGUARD_MASTER_KEY", "c2hvcnQ=");
    wrong
        .call(["runs"])
        .await
        .exits(2)
        .says("FLOWGUARD_MASTER_KEY: `store.master-key`: expected a key of 32 bytes in base64")
        .never_says("c2hvcnQ");
}

/// Hosts that share a store share its master key.
#[tokio::test]
async fn another_master_key_is_refused_at_the_start() {
    let server = MongoServer::start_shim().await;
    let database = fresh_name("keys");
    let ours = shell(server.uri(), &database);
    ours.call(["runs"]).await.exits(0);
    let theirs = shell(server.uri(), &database).variable(
        "FLOWGUARD_MASTER_KEY",
        "OTg3NjU0MzIxMDk4NzY1NDMyMTA5ODc2NTQzMjEwOTg=",
    );
    theirs
        .call(["runs"])
        .await
        .exits(3)
        .says("were encrypted with the master key");
    ours.call(["runs"]).await.exits(0);
}
