//! Who may load the machine: most tests share it, one that measures has it to itself.

use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

static MACHINE: RwLock<()> = RwLock::const_new(());

/// A share of the machine, until it is dropped.
pub type Shared = RwLockReadGuard<'static, ()>;
/// The whole machine, until it is dropped.
pub type Alone = RwLockWriteGuard<'static, ()>;

/// Waits until no test measures. Each test takes one share at its beginning, and only one.
pub async fn shared() -> Shared {
    MACHINE.read().await
}

/// Waits until no other test runs, and keeps them waiting.
pub async fn alone() -> Alone {
    MACHINE.write().await
}
