//! The configuration, as users meet it: a file, the environment and flags over it, one message for all that is wrong, and
//! edits while a server runs.

use flowguard_tests::{Flowguard, Peer, shared};
use serde_json::{Value, json};

const FLOW: &str =
    "name: opens\nurl: /\nsteps:\n  - expect: page\n    to-have-title: ready\n    timeout: 200ms\n";

/// A shell with this file as its configuration.
fn configured(text: &str) -> Flowguard {
    let shell = Flowguard::new();
    let file = shell.scratch().join("flowguard.toml");
    std::fs::write(&file, text).expect("the folder is writable");
    shell.variable("FLOWGUARD_CONFIG", file)
}

fn edit(shell: &Flowguard, text: &str) {
    let new = shell.scratch().join("flowguard.toml.new");
    std::fs::write(&new, text).expect("the folder is writable");
    std::fs::rename(new, shell.scratch().join("flowguard.toml")).expect("it is replaced");
}

/// The row of a key, as `config show --json` has it.
async fn row(shell: &Flowguard, arguments: &[&str], key: &str) -> Value {
    let arguments = ["config", "show", "--json"].iter().chain(arguments);
    let outcome = shell.call(arguments).await.exits(0);
    let shown: Value = serde_json::from_str(&outcome.stdout).expect("it is JSON");
    let rows = shown["settings"].as_array().expect("the settings").clone();
    rows.into_iter()
        .find(|row| row["key"] == key)
        .expect("the key is told")
}

#[tokio::test]
async fn flags_go_over_the_environment_over_a_profile_over_the_file() {
    let _turn = shared().await;
    let shell = configured("[run]\nretries = 1\nworkers = 2\n\n[profiles.staging.run]\nretries = 2\n");
    let told = |row: &Value| (row["value"].clone(), row["source"].to_string());
    let (value, source) = told(&row(&shell, &[], "run.retries").await);
    assert_eq!(value, 1);
    assert!(source.contains("flowguard.toml:2"), "{source}");
    let (value, source) = told(&row(&shell, &["--profile", "staging"], "run.retries").await);
    assert_eq!(value, 2);
    assert!(source.contains("flowguard.toml:6 (profile staging)"), "{source}");
    let shell = shell.variable("FLOWGUARD_RETRIES", "3");
    let (value, source) = told(&row(&shell, &["--profile", "staging"], "run.retries").await);
    assert_eq!(
        (value, source.as_str()),
        (json!(3), "\"environment FLOWGUARD_RETRIES\"")
    );
    let (value, source) = told(&row(&shell, &["--log", "info"], "log").await);
    assert_eq!((value, source.as_str()), (json!("info"), "\"--log\""));
}

#[tokio::test]
async fn what_the_file_says_is_done() {
    let _turn = shared().await;
    let peer = Peer::holding(0).await;
    let shell = configured(&format!(
        "[run]\nbase-url = \"{}\"\nretries = 2\ntimeout = \"20s\"\n",
        peer.url()
    ));
    let wrong = FLOW.replace("ready", "never");
    std::fs::write(shell.scratch().join("wrong.yaml"), wrong).expect("the folder is writable");
    let flow = shell.scratch().join("wrong.yaml");
    let outcome = shell.run([&flow]).await.exits(1);
    assert_eq!(outcome.run_of("opens").attempts(), 3);
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once_and_nothing_is_run() {
    let _turn = shared().await;
    let shell =
        configured("[run]\nretrys = 1\nworkers = 0\n").variable("MONGODB_URI", "postgres://u:hunter2@db");
    for arguments in [["config", "check"], ["runs", "--limit=1"]] {
        shell
            .call(arguments)
            .await
            .exits(2)
            .says("the configuration has 3 mistakes")
            .says("flowguard.toml:2:1: unknown key `run.retrys`: did you mean `retries`?")
            .says("flowguard.toml:3:11: `run.workers`: expected a whole number from 1 to 64, found 0")
            .says("environment MONGODB_URI: `store.uri`: expected an address that begins with mongodb://")
            .never_says("hunter2");
    }
    Flowguard::new()
        .call(["config", "check", "--config", "nowhere.toml"])
        .await
        .exits(2)
        .says("nowhere.toml: there is no such file; --config names it");
    configured("profile = \"staging\"\n")
        .call(["config", "check"])
        .await
        .exits(0)
        .says("nothing is wrong (profile staging)");
}

#[tokio::test]
async fn secrets_are_told_by_their_source_only() {
    let _turn = shared().await;
    let shell = configured("[vision]\nkey = \"sk-hunter2\"\n").variable("DD_API_KEY", "dd-hunter2");
    for arguments in [["config", "show"].as_slice(), &["config", "show", "--json"]] {
        shell
            .call(arguments)
            .await
            .exits(0)
            .says("[secret]")
            .says("environment DD_API_KEY")
            .never_says("hunter2");
    }
}

#[tokio::test]
async fn a_server_takes_an_edit_in_and_refuses_a_wrong_one() {
    let _turn = shared().await;
    let peer = Peer::holding(0).await;
    let shell = configured("[run]\nbase-url = \"http://127.0.0.1:9\"\n");
    let mut server = shell.serve(Vec::<String>::new()).await;
    server.put("/v1/components/opens.yaml", FLOW.as_bytes()).await;

    edit(
        &shell,
        &format!(
            "[run]\nbase-url = \"{}\"\n[store]\ndatabase = \"other\"\n",
            peer.url()
        ),
    );
    server
        .says("changed: run.base-url; changed, and need a restart: store.database")
        .await;
    let begun = server.post("/v1/runs", &json!({"flow": "opens"})).await.json();
    let run = format!("/v1/runs/{}", begun["id"].as_str().expect("an id"));
    server.listen(&format!("{run}/events"), None, "run-ended").await;
    assert_eq!(server.get(&run).await.json()["verdict"], "passed");

    edit(&shell, "[run]\nbase-url = \"nowhere\"\n");
    server.warns("the last good one stays").await;
    let status = server.get("/v1/status").await.json();
    let configuration = &status["configuration"];
    assert_eq!(configuration["needs_restart"], json!(["store.database"]));
    let mistakes = configuration["refused"]["mistakes"].to_string();
    assert!(
        mistakes.contains("flowguard.toml:2:12: `run.base-url`"),
        "{mistakes}"
    );
    let begun = server.post("/v1/runs", &json!({"flow": "opens"})).await.json();
    let run = format!("/v1/runs/{}", begun["id"].as_str().expect("an id"));
    server.listen(&format!("{run}/events"), None, "run-ended").await;
    assert_eq!(server.get(&run).await.json()["verdict"], "passed");
    server.ends().await;
}
