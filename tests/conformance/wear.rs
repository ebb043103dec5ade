//! A browser process is replaced between runs, by its runs, its age and its memory, and never under a run.

use flowguard_backends::browser::{LocalBrowsers, LocalOptions, Wear};
use flowguard_core::browser::calls::{OpenPage, SetContent};
use flowguard_core::browser::{Browser, Browsers, LoadState, PageId, Wanted};
use flowguard_tests::Processes;
use std::sync::Arc;
use std::time::Duration;

use crate::inspector::Inspector;
use crate::site::Site;
use crate::stage::{Unwatched, browsers_with, run_on};

fn worn_by(wear: Wear) -> Arc<LocalBrowsers> {
    Arc::new(browsers_with(LocalOptions {
        wear,
        ..LocalOptions::default()
    }))
}

async fn address(browsers: &LocalBrowsers) -> String {
    browsers.address().await.expect("it runs")
}

async fn opens(browser: &Browser) -> PageId {
    browser.open_page(&OpenPage {}).await.expect("a page")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_has_served_its_runs_is_replaced_and_ends_with_the_last_of_them() {
    let browsers = worn_by(Wear {
        runs: 2,
        ..Wear::default()
    });
    let site = Site::start().await;
    let (first, _ledger) = run_on(&browsers, &site);
    opens(&first).await;
    first.release().await;
    let (long, _ledger) = run_on(&browsers, &site);
    let page = opens(&long).await;
    let before = address(&browsers).await;
    let process = Inspector::connect(&before).await.process().await;
    let processes = Processes::below(u32::try_from(process).expect("a process id"));

    let (next, _ledger) = run_on(&browsers, &site);
    opens(&next).await;
    assert_ne!(address(&browsers).await, before, "the third run has another");
    let shown = SetContent {
        page,
        html: "<p>still here</p>".to_owned(),
        wait_until: LoadState::Load,
        timeout_ms: None,
    };
    long.set_content(&shown)
        .await
        .expect("the second run keeps its own");
    long.release().await;
    drop((first, long));
    processes.all_end_within(Duration::from_secs(10)).await;
    next.release().await;
    browsers.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_old_is_replaced() {
    let browsers = worn_by(Wear {
        age: Duration::ZERO,
        ..Wear::default()
    });
    let site = Site::start().await;
    let (first, _ledger) = run_on(&browsers, &site);
    opens(&first).await;
    let before = address(&browsers).await;
    let process = Inspector::connect(&before).await.process().await;
    let processes = Processes::below(u32::try_from(process).expect("a process id"));
    let (next, _ledger) = run_on(&browsers, &site);
    opens(&next).await;
    assert_ne!(address(&browsers).await, before);
    // Also one that is still in use ends with the program.
    browsers.shut_down().await;
    processes.all_end_within(Duration::from_secs(10)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_holds_much_memory_is_replaced() {
    let lean = 8 << 20;
    for (memory, is_replaced) in [(lean, true), (u64::MAX, false)] {
        let browsers = worn_by(Wear {
            memory,
            ..Wear::default()
        });
        let wanted = Wanted::default();
        let lease = || browsers.lease(&wanted, Arc::new(Unwatched));
        drop(lease().await.expect("a lease"));
        let before = address(&browsers).await;
        for _ in 0..10 {
            drop(lease().await.expect("a lease"));
        }
        assert_eq!(
            address(&browsers).await != before,
            is_replaced,
            "at most {memory} bytes"
        );
        browsers.shut_down().await;
    }
}
