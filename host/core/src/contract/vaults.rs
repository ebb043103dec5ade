//! What is encrypted, on every back end.

use serde_json::{Map, json};
use std::sync::Arc;
use std::time::Duration;

use super::{AMPLE, NOW, fresh_bucket, fresh_tenant, vault, vault_with};
use crate::storage::collections::{AUDIT, BUCKET_ENTRIES, COLLECTIONS, DATA_KEYS};
use crate::storage::store::{Document, Store};
use crate::storage::vault::{MasterKey, Sealing, Vault};
use crate::storage::{BucketId, Buckets, StorageError, TenantId};

fn place<'a>(tenant: &'a TenantId, id: &'a str) -> Sealing<'a> {
    Sealing {
        tenant,
        collection: AUDIT.name,
        id,
    }
}

fn in_bucket(store: &Arc<dyn Store>, vault: Vault) -> Buckets {
    Buckets::new(store.clone(), Arc::new(vault))
}

async fn set(buckets: &Buckets, bucket: &BucketId, key: &str, value: &str) {
    buckets
        .set(bucket, key, value.as_bytes(), None, NOW, AMPLE)
        .await
        .unwrap();
}

/// What is encrypted for one place is damage at every other one, and never the same bytes twice.
pub async fn what_is_sealed_is_opened_at_its_place_only(store: &Arc<dyn Store>) {
    let (ours, theirs) = (fresh_tenant(), fresh_tenant());
    let vault = vault(store);
    for plain in [b"".as_slice(), b"4111 1111 1111 1111", &[0; 100_000]] {
        let sealed = vault.seal(place(&ours, "a"), plain).await.unwrap();
        assert_eq!(vault.open(place(&ours, "a"), &sealed).await.unwrap(), plain);
        assert_ne!(vault.seal(place(&ours, "a"), plain).await.unwrap(), sealed);
        let elsewhere = Sealing {
            collection: BUCKET_ENTRIES.name,
            ..place(&ours, "a")
        };
        for wrong in [place(&ours, "b"), place(&ours, "aa"), elsewhere] {
            let refused = vault.open(wrong, &sealed).await.unwrap_err();
            assert!(matches!(refused, StorageError::Damaged(_)), "{refused}");
        }
        let refused = vault.open(place(&theirs, "a"), &sealed).await.unwrap_err();
        assert!(
            matches!(refused, StorageError::Erased { .. }),
            "their keys are others: {refused}"
        );
    }
}

/// No byte can be changed unseen.
pub async fn a_changed_byte_is_damage(store: &Arc<dyn Store>) {
    let tenant = fresh_tenant();
    let vault = vault(store);
    let sealed = vault.seal(place(&tenant, "a"), b"typed").await.unwrap();
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(
            vault.open(place(&tenant, "a"), &changed).await.is_err(),
            "byte {at}"
        );
    }
    for length in 0..sealed.len() {
        assert!(
            vault.open(place(&tenant, "a"), &sealed[..length]).await.is_err(),
            "{length} bytes"
        );
    }
}

/// A wrong master key reads nothing, changes nothing, and says which one it must be.
pub async fn another_master_key_is_told_by_name(store: &Arc<dyn Store>) {
    let tenant = fresh_tenant();
    let sealed = vault(store).seal(place(&tenant, "a"), b"typed").await.unwrap();
    let (right, wrong) = (MasterKey::new(&[7; 32]), MasterKey::new(&[8; 32]));
    let (right_id, wrong_id) = (right.id().to_owned(), wrong.id().to_owned());
    let other = vault_with(store, wrong, Vec::new());
    let refused = [
        other.open(place(&tenant, "a"), &sealed).await.map(|_| ()),
        other.seal(place(&tenant, "a"), b"more").await.map(|_| ()),
        other.rotate(&tenant).await.map(|_| ()),
    ];
    for refused in refused.map(Result::unwrap_err) {
        let told = refused.to_string();
        assert!(matches!(refused, StorageError::WrongMasterKey { .. }), "{told}");
        assert!(told.contains(&right_id) && told.contains(&wrong_id), "{told}");
    }
    assert_eq!(
        vault(store).open(place(&tenant, "a"), &sealed).await.unwrap(),
        b"typed"
    );
}

/// The key of before is given beside the new one until a rotation has been made, and then not any more.
pub async fn a_former_master_key_still_reads(store: &Arc<dyn Store>) {
    let tenant = fresh_tenant();
    let sealed = vault(store).seal(place(&tenant, "a"), b"typed").await.unwrap();
    let new = || MasterKey::new(&[8; 32]);
    let both = vault_with(store, new(), vec![MasterKey::new(&[7; 32])]);
    assert_eq!(both.open(place(&tenant, "a"), &sealed).await.unwrap(), b"typed");
    assert_eq!(both.rotate(&tenant).await.unwrap().keys, 1);
    let alone = vault_with(store, new(), Vec::new());
    assert_eq!(alone.open(place(&tenant, "a"), &sealed).await.unwrap(), b"typed");
    let refused = vault(store).open(place(&tenant, "a"), &sealed).await.unwrap_err();
    assert!(
        matches!(refused, StorageError::WrongMasterKey { .. }),
        "{refused}"
    );
}

/// Everything is encrypted anew, also what is more than a page, and readable before, during and after.
pub async fn a_rotation_loses_nothing(store: &Arc<dyn Store>) {
    let bucket = fresh_bucket();
    let vault = Arc::new(vault(store));
    let buckets = Buckets::new(store.clone(), vault.clone());
    for n in 0..120 {
        set(&buckets, &bucket, &format!("{n:03}"), &n.to_string()).await;
    }
    let before = sealed_parts(store, &bucket.tenant).await;
    let keys = keys(store, &bucket.tenant).await;
    let rotated = vault.rotate(&bucket.tenant).await.unwrap();
    assert_eq!(
        (rotated.documents, rotated.deleted),
        (120, 0),
        "the former key is kept for a while"
    );
    let after = sealed_parts(store, &bucket.tenant).await;
    assert!(after.iter().all(|sealed| !before.contains(sealed)));
    let more = super::vault_with(store, MasterKey::new(&[7; 32]), Vec::new());
    let elsewhere = in_bucket(store, more);
    for n in 0..120 {
        let value = elsewhere.get(&bucket, &format!("{n:03}"), NOW).await.unwrap();
        assert_eq!(value.as_deref(), Some(n.to_string().as_bytes()));
    }
    assert_eq!(self::keys(store, &bucket.tenant).await, keys + 1);
}

/// A key is kept for those who may still write with it, and no longer.
pub async fn a_key_goes_an_hour_after_another_took_its_place(store: &Arc<dyn Store>) {
    let bucket = fresh_bucket();
    let buckets = in_bucket(store, vault(store));
    set(&buckets, &bucket, "key", "value").await;
    let minutes = |n: u64| super::later_vault(store, Duration::from_secs(n * 60));
    assert_eq!(minutes(1).rotate(&bucket.tenant).await.unwrap().deleted, 0);
    assert_eq!(minutes(59).rotate(&bucket.tenant).await.unwrap().deleted, 0);
    assert_eq!(keys(store, &bucket.tenant).await, 3);
    assert_eq!(
        minutes(62).rotate(&bucket.tenant).await.unwrap().deleted,
        1,
        "the first"
    );
    assert_eq!(minutes(180).rotate(&bucket.tenant).await.unwrap().deleted, 2);
    assert_eq!(keys(store, &bucket.tenant).await, 2, "the last two");
    let value = in_bucket(store, vault(store))
        .get(&bucket, "key", NOW)
        .await
        .unwrap();
    assert_eq!(value.as_deref(), Some(b"value".as_slice()));
}

async fn keys(store: &Arc<dyn Store>, tenant: &TenantId) -> usize {
    store.pages(tenant, &DATA_KEYS, NOW).all().await.unwrap().len()
}

async fn sealed_parts(store: &Arc<dyn Store>, tenant: &TenantId) -> Vec<Vec<u8>> {
    let found = store.pages(tenant, &BUCKET_ENTRIES, NOW).all().await.unwrap();
    found.into_iter().filter_map(|document| document.sealed).collect()
}

/// Without its keys nothing of a tenant can be read, though it is all still there; others are as before.
pub async fn an_erased_tenant_cannot_be_read_by_anybody(store: &Arc<dyn Store>) {
    let (bucket, other) = (fresh_bucket(), fresh_bucket());
    let vault = Arc::new(vault(store));
    let buckets = Buckets::new(store.clone(), vault.clone());
    for bucket in [&bucket, &other] {
        set(&buckets, bucket, "email", "ada@shop.example").await;
    }
    assert_eq!(vault.erase(&bucket.tenant).await.unwrap(), 1);
    assert_eq!(vault.erase(&bucket.tenant).await.unwrap(), 0);
    assert_eq!(
        sealed_parts(store, &bucket.tenant).await.len(),
        1,
        "it is still there"
    );
    for reader in [buckets.clone(), in_bucket(store, super::vault(store))] {
        let refused = reader.get(&bucket, "email", NOW).await.unwrap_err();
        assert!(matches!(refused, StorageError::Erased { .. }), "{refused}");
        assert!(reader.get(&other, "email", NOW).await.unwrap().is_some());
    }
    // The tenant may begin anew; what was before stays unreadable.
    set(&buckets, &bucket, "name", "Ada").await;
    assert_eq!(
        buckets.get(&bucket, "name", NOW).await.unwrap().as_deref(),
        Some(b"Ada".as_slice())
    );
    assert!(buckets.get(&bucket, "email", NOW).await.is_err());
}

/// What a person typed is in no part of any document.
pub async fn no_plain_text_reaches_the_store(store: &Arc<dyn Store>) {
    let bucket = fresh_bucket();
    let buckets = in_bucket(store, vault(store));
    set(&buckets, &bucket, "email", "ada@shop.example").await;
    buckets
        .increment(&bucket, "visits", 4_111_111, NOW, AMPLE)
        .await
        .unwrap();
    let mut seen = 0;
    for collection in COLLECTIONS {
        for document in store.pages(&bucket.tenant, collection, NOW).all().await.unwrap() {
            let Document { fields, sealed, .. } = document;
            let fields = json!(Map::from_iter(fields)).to_string();
            for secret in ["ada@shop", "4111111"] {
                assert!(!fields.contains(secret), "{fields}");
                let sealed = sealed.clone().unwrap_or_default();
                assert!(!sealed.windows(secret.len()).any(|part| part == secret.as_bytes()));
            }
            seen += 1;
        }
    }
    assert!(seen >= 4, "a key, a bucket and two entries: {seen}");
}
