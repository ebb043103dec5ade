//! What was changed.

use super::{NOW, fresh_tenant};
use crate::artifact::Digest;
use crate::storage::{Audit, AuditEntry};

fn entry(at_ms: u64, component: &str) -> AuditEntry {
    AuditEntry {
        at_ms,
        action: "put".to_owned(),
        via: "http".to_owned(),
        component: component.to_owned(),
        before: None,
        after: Some(Digest::of(component.as_bytes())),
        refused: None,
    }
}

/// The last ones come, oldest first, each whole; those of another tenant do not.
pub async fn the_last_entries_come_oldest_first(audit: &Audit) {
    let (ours, theirs) = (fresh_tenant(), fresh_tenant());
    let refused = AuditEntry {
        refused: Some("it has no flow".to_owned()),
        before: Some(Digest::of(b"before")),
        ..entry(NOW + 2, "c.yaml")
    };
    let entries = [
        entry(NOW + 1, "b.wasm"),
        refused,
        entry(NOW, "a.wasm"),
        entry(NOW + 3, "d.wasm"),
    ];
    for entry in &entries {
        audit.append(&ours, entry).await.unwrap();
    }
    audit
        .append(&theirs, &entry(NOW + 9, "theirs.wasm"))
        .await
        .unwrap();
    let [b, c, a, d] = entries;
    assert_eq!(
        audit.last(&ours, 10).await.unwrap(),
        [a, b.clone(), c.clone(), d.clone()]
    );
    assert_eq!(audit.last(&ours, 3).await.unwrap(), [b, c, d]);
}

/// What one process did within a millisecond is told in its order.
pub async fn entries_of_a_millisecond_stay_in_their_order(audit: &Audit) {
    let tenant = fresh_tenant();
    let entries: Vec<AuditEntry> = (0..20).map(|n| entry(NOW, &format!("{}.wasm", 19 - n))).collect();
    for entry in &entries {
        audit.append(&tenant, entry).await.unwrap();
    }
    assert_eq!(audit.last(&tenant, 20).await.unwrap(), entries);
}

/// The same thing done twice in a millisecond was done twice.
pub async fn entries_that_are_alike_are_all_kept(audit: &Audit) {
    let tenant = fresh_tenant();
    for _ in 0..3 {
        audit.append(&tenant, &entry(NOW, "a.wasm")).await.unwrap();
    }
    assert_eq!(
        audit.last(&tenant, 10).await.unwrap(),
        vec![entry(NOW, "a.wasm"); 3]
    );
}
