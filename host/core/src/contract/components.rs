//! What a server has again after it was started anew.

use super::{NOW, fresh_tenant};
use crate::artifact::Digest;
use crate::storage::{Components, RegisteredComponent};

fn component(name: &str, content: &[u8]) -> RegisteredComponent {
    RegisteredComponent {
        name: name.to_owned(),
        content: Digest::of(content),
        put_ms: NOW,
    }
}

/// One that is put again takes the place of the former one.
pub async fn a_component_has_the_content_that_was_put_last(components: &Components) {
    let tenant = fresh_tenant();
    for content in [b"first".as_slice(), b"second", b"second"] {
        components
            .put(&tenant, &component("shop.wasm", content))
            .await
            .unwrap();
    }
    components.put(&tenant, &component("a.yaml", b"a")).await.unwrap();
    let all = components.all(&tenant).await.unwrap();
    assert_eq!(
        all,
        [component("a.yaml", b"a"), component("shop.wasm", b"second")]
    );
    assert_eq!(components.all(&fresh_tenant()).await.unwrap(), []);
}

/// Removing tells whether there was one; another can be put then.
pub async fn a_component_that_was_removed_is_gone(components: &Components) {
    let tenant = fresh_tenant();
    components.put(&tenant, &component("a.yaml", b"a")).await.unwrap();
    assert!(components.remove(&tenant, "a.yaml").await.unwrap());
    assert!(!components.remove(&tenant, "a.yaml").await.unwrap());
    assert_eq!(components.all(&tenant).await.unwrap(), []);
    components.put(&tenant, &component("a.yaml", b"b")).await.unwrap();
    assert_eq!(
        components.all(&tenant).await.unwrap(),
        [component("a.yaml", b"b")]
    );
}

/// More than are read at once.
pub async fn many_components_are_all_there(components: &Components) {
    let tenant = fresh_tenant();
    let many: Vec<_> = (0..250)
        .map(|n| component(&format!("c{n:04}.yaml"), b"x"))
        .collect();
    for one in &many {
        components.put(&tenant, one).await.unwrap();
    }
    assert_eq!(components.all(&tenant).await.unwrap(), many);
}
