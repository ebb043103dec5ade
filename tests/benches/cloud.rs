//! What a session of the pool saves: a page from a session that was used before beside one from a session that is made for
//! it, in turn; and 200 flows, four at a time. The cloud is emulated: 200 ms to make a session, 25 ms each way.

use flowguard_backends::browser::{CloudPlan, CloudSettings, LocalBrowsers, LocalOptions, Places};
use flowguard_backends::browserbase::{Client, ClientOptions};
use flowguard_backends::pool::PoolLimits;
use flowguard_core::browser::context::ContextOptions;
use flowguard_core::browser::port::{Tab, Watcher};
use flowguard_core::browser::{Browsers, PageId, Place, Wanted};
use flowguard_core::clock::SystemClock;
use flowguard_core::fakes::FakeStore;
use flowguard_core::secrets::Secret;
use flowguard_core::storage::{CloudSessions, TenantId};
use flowguard_core::timeline::PageEvent;
use flowguard_tests::{Emulating, Flowguard};
use futures::stream::{self, StreamExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const ROUNDS: usize = 2;
const LEASES: usize = 10;
const FLOWS: usize = 200;
const AT_ONCE: usize = 4;
/// Dollars a minute, in millionths.
const PRICE: u64 = 2_000;

struct Deaf;

impl Watcher for Deaf {
    fn page_event(&self, _: PageId, _: PageEvent) {}

    fn popup(&self, _: Option<PageId>, _: Arc<dyn Tab>) -> Option<PageId> {
        None
    }
}

fn places(emulator: &Emulating, uses: u32, max: usize) -> Places {
    let endpoint = emulator.address().parse().unwrap();
    let plan = CloudPlan {
        client: Client::new(ClientOptions::new(endpoint, Secret::new("any".to_owned()))).unwrap(),
        notes: CloudSessions::new(Arc::new(FakeStore::default()), TenantId::local()),
        clock: Arc::new(SystemClock::new()),
        archive: None,
        settings: CloudSettings {
            microdollars_a_minute: PRICE,
            ..CloudSettings::of(PoolLimits {
                min: 0,
                max,
                lifetime: Duration::from_secs(1_800),
                idle: Duration::from_secs(300),
                uses,
                patience: Duration::from_secs(60),
                refill: Duration::from_secs(10),
            })
        },
    };
    Places::new(Arc::new(LocalBrowsers::new(LocalOptions::default())), Some(plan))
}

/// Leases, opens a page, gives back; the time to the lease and to the page, and whether it was used before.
async fn lease(places: &Places) -> (Duration, Duration, bool, u64) {
    let wanted = Wanted {
        place: Place::Cloud,
        ..Wanted::default()
    };
    let began = Instant::now();
    let lease = places.lease(&wanted, Arc::new(Deaf)).await.unwrap();
    let leased = began.elapsed();
    let context = lease.new_context(&ContextOptions::default()).await.unwrap();
    let page = context.open_tab(1).await.unwrap();
    let opened = began.elapsed();
    page.navigate("data:text/html,<p>flow").await.unwrap();
    let cloud = lease.info().cloud.unwrap();
    lease.release().await;
    (leased, opened, cloud.is_reused, cloud.alone_microdollars)
}

fn median(mut samples: Vec<Duration>) -> f64 {
    samples.sort();
    samples[samples.len() / 2].as_secs_f64() * 1e3
}

pub(crate) async fn measure() {
    let emulator = Flowguard::new()
        .emulate([
            "--creation-time=200ms",
            "--delay=25ms",
            "--concurrency=100",
            "--creations=10000",
        ])
        .await;
    println!(
        "\n{:<52}{:>12}{:>12}",
        "a browser in the cloud, median of 10", "lease", "first page"
    );
    let pooled = places(&emulator, 1_000, 1);
    lease(&pooled).await;
    for round in 0..ROUNDS {
        for (name, uses) in [("made for it", 1), ("of the pool", 1_000)] {
            let own = places(&emulator, uses, LEASES);
            let places = if uses == 1 { &own } else { &pooled };
            let (mut leased, mut opened) = (Vec::new(), Vec::new());
            for _ in 0..LEASES {
                // The pool wipes a session after a use; a run that comes later does not wait for that.
                while uses > 1 && places.opened_cloud().unwrap().statistics().idle == 0 {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                let (lease, open, ..) = lease(places).await;
                leased.push(lease);
                opened.push(open);
            }
            println!(
                "  {:<50}{:>9.1} ms{:>9.1} ms",
                format!("{name}, round {round}"),
                median(leased),
                median(opened)
            );
            own.shut_down().await;
        }
    }
    pooled.shut_down().await;
    workload(&emulator).await;
    emulator.ends().await;
}

async fn workload(emulator: &Emulating) {
    println!(
        "\n{:<52}{:>10}{:>10}{:>12}{:>12}",
        "200 flows, four at a time", "took", "reused", "paid", "alone"
    );
    for round in 0..ROUNDS {
        for (name, uses) in [("each in a session of its own", 1), ("sessions of the pool", 50)] {
            let places = places(emulator, uses, AT_ONCE);
            let (reused, alone) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let began = Instant::now();
            let each = stream::iter(0..FLOWS).map(|_| async {
                let (.., is_reused, cost) = lease(&places).await;
                reused.fetch_add(usize::from(is_reused), Ordering::Relaxed);
                alone.fetch_add(usize::try_from(cost).unwrap(), Ordering::Relaxed);
            });
            each.buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
            let took = began.elapsed();
            places.shut_down().await;
            let paid = places.opened_cloud().unwrap().cost_microdollars();
            println!(
                "  {:<50}{:>8.1} s{:>8} %{:>11.4} ${:>10.4} $",
                format!("{name}, round {round}"),
                took.as_secs_f64(),
                reused.load(Ordering::Relaxed) * 100 / FLOWS,
                paid as f64 / 1e6,
                alone.load(Ordering::Relaxed) as f64 / 1e6
            );
        }
    }
}
