//! The recordings of sessions of a cloud.

use std::sync::Arc;

use super::{NOW, fresh_tenant};
use crate::artifact::{Attachment, Digest};
use crate::storage::store::Store;
use crate::storage::{CloudRecordings, KeptRecording};

fn recording(session: &str, pages: &[&str]) -> KeptRecording {
    let film = |page: &&str| Attachment {
        name: (*page).to_owned(),
        media_type: "video/mp4".to_owned(),
        digest: Digest::of(page.as_bytes()),
        bytes: 7,
    };
    KeptRecording {
        session: session.to_owned(),
        ended_ms: NOW - 1,
        films: pages.iter().map(film).collect(),
    }
}

/// As long as its films.
pub async fn a_recording_is_kept_until_it_expires(store: &Arc<dyn Store>) {
    let (recordings, tenant) = (CloudRecordings::new(store.clone()), fresh_tenant());
    let (two, none) = (recording("s-1", &["0", "1"]), recording("s-2", &[]));
    for one in [&two, &none] {
        recordings.keep(&tenant, one, NOW + 1_000, NOW).await.unwrap();
    }
    let at = async |session, now| recordings.get(&tenant, session, now).await.unwrap();
    assert_eq!(at("s-1", NOW + 999).await, Some(two));
    assert_eq!(at("s-2", NOW).await, Some(none));
    assert_eq!(at("s-1", NOW + 1_000).await, None);
    assert_eq!(at("s-3", NOW).await, None);
}

/// Two hosts that fetch the same one do no harm.
pub async fn a_recording_is_its_tenants_and_the_first_stays(store: &Arc<dyn Store>) {
    let (recordings, tenant) = (CloudRecordings::new(store.clone()), fresh_tenant());
    let (first, second) = (recording("s", &["0"]), recording("s", &["1"]));
    for one in [&first, &second] {
        recordings.keep(&tenant, one, NOW + 1_000, NOW).await.unwrap();
    }
    assert_eq!(recordings.get(&tenant, "s", NOW).await.unwrap(), Some(first));
    assert_eq!(recordings.get(&fresh_tenant(), "s", NOW).await.unwrap(), None);
}
