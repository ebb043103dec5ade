//! The scripted server: what a driver is told is what the test says.

use std::time::{Duration, Instant};

use flowguard_tests::peers::{Fault, ScriptedMongo, ferretdb};
use mongodb::bson::doc;
use mongodb::error::{Error, ErrorKind};

use crate::mongo::fresh_collection;

fn code(error: &Error) -> Option<i32> {
    match error.kind.as_ref() {
        ErrorKind::Command(error) => Some(error.code),
        _ => None,
    }
}

#[tokio::test]
async fn commands_are_answered_with_errors_so_many_times() {
    let proxy = ScriptedMongo::before(ferretdb().await).await;
    let things = fresh_collection(&proxy.uri()).await;
    for (error, name) in [
        (10107, "NotWritablePrimary"),
        (11600, "InterruptedAtShutdown"),
        (238, "NotImplemented"),
    ] {
        proxy.next(2, Some("insert"), Fault::error(error, name));
        for _ in 0..2 {
            let refused = things.insert_one(doc! { "name": name }).await.unwrap_err();
            assert_eq!(code(&refused), Some(error), "{refused}");
        }
        assert_eq!(things.count_documents(doc! {}).await.unwrap(), 0);
    }
    things.insert_one(doc! { "name": "after" }).await.unwrap();
    let inserts = proxy.commands().iter().filter(|name| *name == "insert").count();
    assert_eq!(inserts, 7);
}

#[tokio::test]
async fn a_connection_is_cut_before_and_after_the_work() {
    let proxy = ScriptedMongo::before(ferretdb().await).await;
    let things = fresh_collection(&proxy.uri()).await;
    for (fault, kept) in [(Fault::CutBefore, 0), (Fault::CutAfter, 1)] {
        proxy.next(1, Some("insert"), fault);
        let lost = things.insert_one(doc! { "name": "one" }).await.unwrap_err();
        assert!(matches!(lost.kind.as_ref(), ErrorKind::Io(_)), "{lost}");
        assert_eq!(things.count_documents(doc! {}).await.unwrap(), kept);
    }
}

#[tokio::test]
async fn a_command_is_delayed() {
    let proxy = ScriptedMongo::before(ferretdb().await).await;
    let things = fresh_collection(&proxy.uri()).await;
    let delay = Duration::from_millis(200);
    proxy.next(1, None, Fault::Delay(delay));
    let begun = Instant::now();
    things.insert_one(doc! { "name": "one" }).await.unwrap();
    assert!(begun.elapsed() >= delay);
}

#[tokio::test]
async fn a_server_is_away_and_comes_back_at_the_same_place() {
    let mut proxy = ScriptedMongo::before(ferretdb().await).await;
    let uri = format!("{}&serverSelectionTimeoutMS=10000", proxy.uri());
    let things = fresh_collection(&uri).await;
    things.insert_one(doc! { "name": "before" }).await.unwrap();
    let address = uri
        .trim_start_matches("mongodb://")
        .split('/')
        .next()
        .unwrap()
        .to_owned();
    proxy.away().await;
    let refused = tokio::net::TcpStream::connect(&address).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    // The driver waits for a server that can be selected; it is back while it does.
    let waiting = tokio::spawn({
        let things = things.clone();
        async move { things.find_one(doc! { "name": "before" }).await }
    });
    proxy.back();
    // Its first try may have met the cut connection.
    let found = match waiting.await.unwrap() {
        Ok(found) => found,
        Err(_) => things.find_one(doc! { "name": "before" }).await.unwrap(),
    };
    assert!(found.is_some());
    proxy.has_seen(1, "insert").await;
}
