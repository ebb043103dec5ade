//! Browsers of this machine: what is said where there is none, and that one process serves all.

use flowguard_backends::browser::{LocalBrowsers, LocalOptions};
use flowguard_core::browser::context::ContextOptions;
use flowguard_core::browser::{BrowserError, Browsers, Tab, Wanted, Watcher};
use flowguard_core::timeline::PageEvent;
use std::path::PathBuf;
use std::sync::Arc;

struct Unwatched;

impl Watcher for Unwatched {
    fn page_event(&self, _page: u32, _what: PageEvent) {}

    fn popup(&self, _opener: Option<u32>, _tab: Arc<dyn Tab>) -> Option<u32> {
        None
    }
}

fn named(path: &str) -> LocalBrowsers {
    LocalBrowsers::new(LocalOptions {
        executable: Some(PathBuf::from(path)),
        ..LocalOptions::default()
    })
}

#[tokio::test]
async fn a_browser_that_is_not_there_is_told_with_its_name() {
    let error = named("/nowhere/chromium")
        .warm_up()
        .await
        .expect_err("none is there");
    assert!(
        matches!(&error, BrowserError::NotInstalled { looked_for, .. } if looked_for == "/nowhere/chromium"),
        "{error}"
    );
}

#[tokio::test]
async fn a_program_that_is_no_browser_is_told_with_what_it_said() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("chromium");
    std::fs::write(&program, "#!/bin/sh\necho 'missing library' >&2\nexit 3\n").unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, executable).unwrap();
    let error = named(&program.display().to_string())
        .warm_up()
        .await
        .expect_err("it ends");
    let said = error.to_string();
    assert!(said.contains("exit status: 3: missing library"), "{said}");
}

#[tokio::test]
async fn one_process_serves_all_leases_until_it_is_shut_down() {
    let browsers = LocalBrowsers::new(LocalOptions {
        search_path: std::env::var_os("PATH").unwrap(),
        ..LocalOptions::default()
    });
    assert_eq!(browsers.address().await, None);
    let wanted = Wanted::default();
    let lease = || browsers.lease(&wanted, Arc::new(Unwatched));
    let (one, other) = tokio::join!(lease(), lease());
    let (one, other) = (one.unwrap(), other.unwrap());
    let address = browsers.address().await.expect("it runs");
    assert!(one.info().product.contains("Chrome"), "{:?}", one.info());
    assert_eq!(other.info().place, "local");
    one.release().await;
    let context = other.new_context(&ContextOptions::default()).await.unwrap();
    context.open_tab(1).await.expect("the other lease is not touched");
    browsers.shut_down().await;
    assert!(context.open_tab(2).await.is_err());
    browsers.warm_up().await.expect("another is started");
    assert_ne!(browsers.address().await, Some(address));
    browsers.shut_down().await;
}
