//! A browser process is replaced between runs, by its runs, its age and its memory, and never under a run.

use flowguard_backends::browser::{LocalBrowsers, LocalOptions, Wear};
use flowguard_core::browser::calls::{OpenPage, SetContent};
use flowguard_core::browser::{Browser, Browsers, LoadState, PageId, Wanted};
use flowguard_core::limits::MAX_BROWSER_PROCESSES;
use flowguard_core::storage::TenantId;
use flowguard_tests::Processes;
use std::sync::Arc;
use std::time::Duration;

use crate::inspector::Inspector;
use crate::site::Site;
use crate::stage::{Terms, Unwatched, browsers_with, run_on, run_with};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_two_tenants_share_a_process_and_the_one_that_rests_longest_makes_room() {
    let browsers = worn_by(Wear::default());
    let site = Site::start().await;
    let tenant = |number: usize| TenantId::parse(&format!("tenant-{number}")).expect("a name");
    let run_of = |tenant: &TenantId| {
        let wanted = Wanted {
            tenant: tenant.clone(),
            ..Wanted::default()
        };
        let terms = Terms {
            wanted,
            ..Terms::default()
        };
        run_with(&browsers, &site, terms)
    };
    let (long, _ledger) = run_of(&tenant(0));
    let page = opens(&long).await;
    let address_of = async |number| browsers.address_of(&tenant(number)).await;
    let first = address_of(0).await.expect("it runs");
    let process = Inspector::connect(&first).await.process().await;
    let processes = Processes::below(u32::try_from(process).expect("a process id"));
    let mut addresses = std::collections::BTreeSet::from([first]);
    for number in 1..MAX_BROWSER_PROCESSES {
        let (run, _ledger) = run_of(&tenant(number));
        opens(&run).await;
        run.release().await;
        addresses.insert(address_of(number).await.expect("it runs"));
    }
    assert_eq!(addresses.len(), MAX_BROWSER_PROCESSES, "each has its own");

    let (another, _ledger) = run_of(&tenant(MAX_BROWSER_PROCESSES));
    opens(&another).await;
    assert_eq!(
        address_of(0).await,
        None,
        "the one that came first gets no new run"
    );
    assert!(address_of(1).await.is_some());
    let shown = SetContent {
        page,
        html: "<p>still here</p>".to_owned(),
        wait_until: LoadState::Load,
        timeout_ms: None,
    };
    long.set_content(&shown).await.expect("its run keeps it");
    long.release().await;
    drop(long);
    processes.all_end_within(Duration::from_secs(10)).await;
    another.release().await;
    browsers.shut_down().await;
}
