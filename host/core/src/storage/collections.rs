//! Every collection of the store, in one table: what an operator finds in the database, and what export, import and
//! the erasing of a tenant go through. A collection that is missing here does not exist.

use super::store::{Collection, Index};

/// Finished runs: what was tested, where and by whom, and what came of it.
pub static TEST_RESULTS: Collection = Collection {
    name: "test_results",
    indexes: &[
        Index {
            name: "test_results_by_time",
            fields: &["timestamp"],
            unique: false,
        },
        Index {
            name: "test_results_by_flow",
            fields: &["metadata.flow", "timestamp"],
            unique: false,
        },
    ],
    moments: &["timestamp"],
};

/// What a model said of a picture.
pub static VISION_CACHE: Collection = Collection {
    name: "vision_cache",
    indexes: &[],
    moments: &["created"],
};

/// How full each bucket is.
pub static BUCKETS: Collection = Collection {
    name: "buckets",
    indexes: &[],
    moments: &[],
};

/// The values in buckets.
pub static BUCKET_ENTRIES: Collection = Collection {
    name: "bucket_entries",
    indexes: &[Index {
        name: "bucket_entries_by_key",
        fields: &["component", "bucket", "key"],
        unique: true,
    }],
    moments: &[],
};

/// The keys that a tenant's documents are encrypted with, each encrypted with the master key.
pub static DATA_KEYS: Collection = Collection {
    name: "data_keys",
    indexes: &[],
    moments: &["created"],
};

/// Components that a server has, by name.
pub static COMPONENTS: Collection = Collection {
    name: "components",
    indexes: &[],
    moments: &["put"],
};

/// What was changed, by which way, and when. Only ever added to.
pub static AUDIT: Collection = Collection {
    name: "audit",
    indexes: &[Index {
        name: "audit_by_time",
        fields: &["at"],
        unique: false,
    }],
    moments: &["at"],
};

/// The sessions of a cloud that hosts have asked for, until they have ended and their recordings are kept.
pub static CLOUD_SESSIONS: Collection = Collection {
    name: "cloud_sessions",
    indexes: &[],
    moments: &["made", "renewed", "ended"],
};

/// The recordings of sessions of a cloud that are kept here: which artifacts they are.
pub static CLOUD_RECORDINGS: Collection = Collection {
    name: "cloud_recordings",
    indexes: &[],
    moments: &["ended"],
};

/// All of them. Keys come first, so that what is copied in this order can be read as soon as it is there.
pub static COLLECTIONS: [&Collection; 9] = [
    &DATA_KEYS,
    &TEST_RESULTS,
    &VISION_CACHE,
    &BUCKETS,
    &BUCKET_ENTRIES,
    &COMPONENTS,
    &AUDIT,
    &CLOUD_SESSIONS,
    &CLOUD_RECORDINGS,
];

#[cfg(test)]
mod tests {
    use super::super::store::RESERVED;
    use super::*;
    use std::collections::BTreeSet;

    /// Back ends put these names into statements.
    #[test]
    fn names_are_plain_and_unique() {
        let plain = |name: &str, more: &str| {
            let fits = |c: char| c.is_ascii_lowercase() || more.contains(c);
            !name.is_empty() && name.chars().all(fits)
        };
        let mut seen = BTreeSet::new();
        for collection in COLLECTIONS {
            assert!(seen.insert(collection.name), "{}", collection.name);
            assert!(plain(collection.name, "_"), "{}", collection.name);
            for index in collection.indexes {
                assert!(seen.insert(index.name), "{}", index.name);
                assert!(plain(index.name, "_"), "{}", index.name);
                for field in index.fields {
                    assert!(plain(field, "_."), "{field}");
                    assert!(!RESERVED.contains(field), "{field}");
                }
            }
        }
    }
}
