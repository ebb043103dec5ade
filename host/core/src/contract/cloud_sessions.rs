//! The sessions of a cloud that hosts have asked for.

use std::sync::Arc;

use super::{NOW, fresh_tenant};
use crate::storage::collections::CLOUD_SESSIONS;
use crate::storage::store::Store;
use crate::storage::{CloudSessions, NotedSession};

fn notes(store: &Arc<dyn Store>) -> CloudSessions {
    CloudSessions::new(store.clone(), fresh_tenant())
}

fn session(tag: &str) -> NotedSession {
    NotedSession {
        tag: tag.to_owned(),
        session: None,
        tenant: "local".to_owned(),
        made_ms: NOW,
        renewed_ms: NOW,
        uses: 0,
        records: false,
        ended_ms: None,
    }
}

/// A note is there from before its session until after it.
pub async fn a_session_is_noted_changed_and_removed(store: &Arc<dyn Store>) {
    let notes = notes(store);
    let mut noted = session("i-1");
    notes.note(&noted).await.unwrap();
    assert!(notes.note(&noted).await.is_err(), "a tag is one session's");
    noted.session = Some("s-1".to_owned());
    noted.uses = 3;
    (noted.records, noted.ended_ms) = (true, Some(NOW + 1));
    let changed = notes.change("i-1", |note| {
        note.session = Some("s-1".to_owned());
        note.uses += 3;
        (note.records, note.ended_ms) = (true, Some(NOW + 1));
    });
    assert_eq!(changed.await.unwrap(), Some(noted.clone()));
    notes.note(&session("i-2")).await.unwrap();
    assert_eq!(notes.all().await.unwrap(), [noted, session("i-2")]);
    notes.remove("i-1").await.unwrap();
    notes.remove("i-1").await.unwrap();
    assert_eq!(notes.change("i-1", |note| note.uses += 1).await.unwrap(), None);
    assert_eq!(notes.all().await.unwrap(), [session("i-2")]);
}

/// A note that a later release has written keeps what only that knows.
pub async fn what_a_later_release_notes_stays(store: &Arc<dyn Store>) {
    let tenant = fresh_tenant();
    let notes = CloudSessions::new(store.clone(), tenant.clone());
    notes.note(&session("i-1")).await.unwrap();
    let with_more = store.make(&tenant, &CLOUD_SESSIONS, "i-1", |found| {
        let mut found = found.cloned().unwrap();
        found.fields.insert("mood".to_owned(), "good".into());
        Ok(Some(found))
    });
    with_more.await.unwrap();
    let changed = notes.change("i-1", |note| note.uses += 1).await.unwrap();
    assert_eq!(changed.map(|note| note.uses), Some(1));
    let kept = store
        .get(&tenant, &CLOUD_SESSIONS, "i-1", NOW)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(kept.fields["mood"], "good");
    assert_eq!(kept.fields["uses"], 1);
}

/// All hosts on a store are one installation, whichever began.
pub async fn an_installation_keeps_its_first_name(store: &Arc<dyn Store>) {
    let notes = notes(store);
    assert_eq!(notes.installation("first").await.unwrap(), "first");
    assert_eq!(notes.installation("second").await.unwrap(), "first");
    assert_eq!(notes.all().await.unwrap(), []);
}

/// More than are read at once.
pub async fn many_sessions_are_all_noted(store: &Arc<dyn Store>) {
    let notes = notes(store);
    let many: Vec<_> = (0..230).map(|n| session(&format!("i-{n:04}"))).collect();
    for one in &many {
        notes.note(one).await.unwrap();
    }
    assert_eq!(notes.all().await.unwrap(), many);
}
