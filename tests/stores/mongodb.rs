//! MongoDB's protocol: FerretDB, the shim over mongomock, and a real server where the environment names one.

use flowguard_backends::storage::MongoStore;
use flowguard_tests::peers::{ferretdb, fresh_name, mongo_shim, mongodb};

async fn on_ferretdb() -> (MongoStore, ()) {
    let uri = ferretdb().await.uri();
    (
        MongoStore::connect(uri, &fresh_name("contract")).await.unwrap(),
        (),
    )
}

/// On the server that `FLOWGUARD_TEST_MONGODB_URI` names, or on the shim.
async fn on_shim_or_real() -> (MongoStore, ()) {
    let uri = match mongodb() {
        Some(server) => server.uri().to_owned(),
        None => mongo_shim().await.uri().to_owned(),
    };
    (
        MongoStore::connect(&uri, &fresh_name("contract")).await.unwrap(),
        (),
    )
}

mod ferretdb_store {
    flowguard_core::store_contract!(super::on_ferretdb);
}

mod shim_store {
    flowguard_core::store_contract!(super::on_shim_or_real);
    flowguard_core::simultaneous_contract!(super::on_shim_or_real);
}

/// It has no time to live: that is told, and the sweep does it.
#[tokio::test]
async fn what_a_server_cannot_do_is_told_with_its_consequence() {
    let (store, ()) = on_ferretdb().await;
    let told = store.degraded().join("\n");
    assert!(told.contains("an index of test_results was refused, so that what has expired is removed by FlowGuard's own sweep only"), "{told}");
}
