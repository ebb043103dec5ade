//! The profile production: secrets come from AWS Secrets Manager, and without them nothing is begun.

use flowguard_tests::peers::{MongoServer, Moto, fresh_name, mongo_shim, moto};
use flowguard_tests::{Flowguard, Peer, shared};
use serde_json::json;

const KEY: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
const FLOW: &str = "name: opens\nurl: /\nsteps:\n  - expect: page\n    to-have-title: ready\n";

/// A shell in production whose secrets are here, under this name.
fn production(endpoint: &str, name: &str, configuration: &str) -> Flowguard {
    let shell = Flowguard::new();
    let file = shell.scratch().join("flowguard.toml");
    std::fs::write(&file, configuration).expect("the folder is writable");
    shell
        .variable("FLOWGUARD_CONFIG", file)
        .variable("FLOWGUARD_PROFILE", "production")
        .variable("FLOWGUARD_SECRET_NAME", name)
        .variable("AWS_REGION", "us-east-1")
        .variable("AWS_ENDPOINT_URL", endpoint)
        .variable("AWS_ACCESS_KEY_ID", "test")
        .variable("AWS_SECRET_ACCESS_KEY", "test-secret-key")
}

const FLOW_SECRET: &str =
    "[secrets.flow.shop-password]\norigins = [\"https://shop.example\"]\ncomponents = [\"checkout\"]\n";

#[tokio::test]
async fn each_secret_that_is_missing_is_named_and_the_environment_is_no_way_out() {
    let _turn = shared().await;
    let (moto, name) = (moto().await, fresh_name("few"));
    moto.create_secret(&name, &json!({"ANTHROPIC_API_KEY": "sk-hunter2"}).to_string())
        .await;
    let shell = production(moto.endpoint(), &name, FLOW_SECRET)
        .variable("MONGODB_URI", "mongodb://127.0.0.1:9")
        .variable("FLOWGUARD_MASTER_KEY", KEY);
    shell
        .call(["runs"])
        .await
        .exits(2)
        .says("these secrets are missing in AWS Secrets Manager")
        .says(
            "MONGODB_URI (the store), FLOWGUARD_MASTER_KEY (its encryption), shop-password (typed by flows)",
        )
        .never_says("hunter2");
    shell
        .clone()
        .variable("FLOWGUARD_SECRET_NAME", "")
        .call(["runs"])
        .await
        .exits(2)
        .says("in the profile production secrets come from AWS Secrets Manager: name the secret");
    production(moto.endpoint(), &fresh_name("none"), "")
        .call(["runs"])
        .await
        .exits(3)
        .says("ResourceNotFoundException")
        .says("they are needed for MONGODB_URI (the store)");
}

#[tokio::test]
async fn what_aws_keeps_is_used() {
    let _turn = shared().await;
    let (moto, mongo) = (moto().await, mongo_shim().await);
    let (peer, database) = (Peer::holding(0).await, fresh_name("production"));
    let shell = with_store(moto, mongo, &database).await.base_url(peer.url());
    let flow = shell.scratch().join("opens.yaml");
    std::fs::write(&flow, FLOW).expect("the folder is writable");
    let run = shell.run([&flow]).await.exits(0);
    let id = run.run_of("opens").id().to_owned();
    // It is where AWS says that the store is, and readable with the key that AWS keeps.
    let elsewhere = Flowguard::new()
        .variable("MONGODB_URI", mongo.uri())
        .variable("FLOWGUARD_DATABASE", &database)
        .variable("FLOWGUARD_MASTER_KEY", KEY);
    elsewhere.call(["report", &id]).await.exits(0).says("opens");
}

async fn with_store(moto: &Moto, mongo: &MongoServer, database: &str) -> Flowguard {
    let name = fresh_name("all");
    let set = json!({"MONGODB_URI": mongo.uri(), "FLOWGUARD_MASTER_KEY": KEY});
    moto.create_secret(&name, &set.to_string()).await;
    production(moto.endpoint(), &name, "").variable("FLOWGUARD_DATABASE", database)
}

#[tokio::test]
async fn without_aws_production_does_not_begin_and_development_says_so_and_goes_on() {
    let _turn = shared().await;
    let nowhere = Peer::absent().await;
    let shell = production(&nowhere, "fg", "");
    shell
        .call(["runs"])
        .await
        .exits(3)
        .says("the secrets cannot be fetched now");
    let shell = shell.variable("FLOWGUARD_PROFILE", "development");
    shell
        .call(["runs"])
        .await
        .exits(0)
        .says("the configuration is used without secrets");
}
