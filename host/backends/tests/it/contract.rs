//! The contracts of the storage ports, kept by the embedded store and the folder of artifacts.

use flowguard_backends::storage::{ArtifactStore, EmbeddedStore};
use tempfile::TempDir;

async fn store() -> (EmbeddedStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(folder.path().join("store.db")).unwrap();
    (store, folder)
}

async fn artifact_folder() -> (ArtifactStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (ArtifactStore::folder(folder.path().join("artifacts")), folder)
}

mod embedded_store {
    flowguard_core::store_contract!(super::store);
    flowguard_core::simultaneous_contract!(super::store);
}

mod folder_artifacts {
    flowguard_core::artifacts_contract!(super::artifact_folder);
}
