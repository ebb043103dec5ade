//! Servers that speak MongoDB's protocol, through the official driver.

use flowguard_tests::peers::{MongoServer, ferretdb, fresh_name, mongo_shim, mongodb};
use mongodb::bson::{Document, doc};
use mongodb::error::{ErrorKind, WriteFailure};
use mongodb::options::IndexOptions;
use mongodb::{Client, Collection, IndexModel};

/// A collection that nobody has used before.
pub(crate) async fn fresh_collection(uri: &str) -> Collection<Document> {
    let client = Client::with_uri_str(uri).await.unwrap();
    client.database(&fresh_name("peers")).collection("things")
}

/// What every one of them can, and every test will ask for.
async fn keeps_documents(server: &MongoServer) {
    let things = fresh_collection(server.uri()).await;
    let unique = IndexOptions::builder().unique(true).build();
    let index = IndexModel::builder()
        .keys(doc! { "name": 1 })
        .options(unique)
        .build();
    things.create_index(index).await.unwrap();
    let many = (0..300).map(|number| doc! { "name": format!("thing {number}"), "number": number });
    things.insert_many(many).await.unwrap();

    let found = things.find_one(doc! { "number": 7 }).await.unwrap().unwrap();
    assert_eq!(found.get_str("name").unwrap(), "thing 7");
    let mut all = things
        .find(doc! {})
        .sort(doc! { "number": -1 })
        .batch_size(100)
        .await
        .unwrap();
    let mut numbers = Vec::new();
    while all.advance().await.unwrap() {
        numbers.push(all.current().get_i32("number").unwrap());
    }
    assert_eq!(numbers, (0..300).rev().collect::<Vec<_>>());

    let twice = things.insert_one(doc! { "name": "thing 7" }).await.unwrap_err();
    match *twice.kind {
        ErrorKind::Write(WriteFailure::WriteError(error)) => assert_eq!(error.code, 11000),
        other => panic!("expected a duplicate key: {other:?}"),
    }
    let changed = things
        .update_one(doc! { "number": 7 }, doc! { "$inc": { "number": 1000 } })
        .await
        .unwrap();
    assert_eq!((changed.matched_count, changed.modified_count), (1, 1));
    things.drop().await.unwrap();
}

#[tokio::test]
async fn ferretdb_keeps_documents() {
    keeps_documents(ferretdb().await).await;
}

#[tokio::test]
async fn the_shim_keeps_documents() {
    keeps_documents(mongo_shim().await).await;
}

/// There is one where the environment names it; FerretDB stands in for it elsewhere, so that this test can fail.
#[tokio::test]
async fn a_named_server_keeps_documents() {
    match mongodb() {
        Some(named) => keeps_documents(&named).await,
        None => keeps_documents(ferretdb().await).await,
    }
}

#[tokio::test]
async fn a_server_is_shared_by_the_tests_of_a_process() {
    let (one, other) = tokio::join!(ferretdb(), ferretdb());
    assert_eq!(one.process(), other.process());
}

/// What FerretDB refuses is why there is a shim.
#[tokio::test]
async fn the_shim_has_the_indexes_that_ferretdb_refuses() {
    let expiring = IndexOptions::builder()
        .expire_after(std::time::Duration::from_secs(60))
        .build();
    let index = IndexModel::builder()
        .keys(doc! { "at": 1 })
        .options(expiring)
        .build();
    let refused = fresh_collection(ferretdb().await.uri())
        .await
        .create_index(index.clone())
        .await;
    match *refused.unwrap_err().kind {
        ErrorKind::Command(error) => assert_eq!(error.code, 238),
        other => panic!("expected a refusal: {other:?}"),
    }
    let things = fresh_collection(mongo_shim().await.uri()).await;
    things.create_index(index).await.unwrap();
    let old = mongodb::bson::DateTime::from_millis(0);
    things.insert_one(doc! { "at": old }).await.unwrap();
    assert_eq!(
        things.count_documents(doc! {}).await.unwrap(),
        0,
        "it has expired"
    );
}

/// A shim that takes what it does not do would make a test pass for the wrong reason.
#[tokio::test]
async fn the_shim_refuses_transactions() {
    let client = Client::with_uri_str(mongo_shim().await.uri()).await.unwrap();
    let mut session = client.start_session().await.unwrap();
    session.start_transaction().await.unwrap();
    let things: Collection<Document> = client.database(&fresh_name("peers")).collection("things");
    let refused = things
        .insert_one(doc! { "name": "one" })
        .session(&mut session)
        .await;
    assert!(refused.is_err());
    assert_eq!(things.count_documents(doc! {}).await.unwrap(), 0);
}
