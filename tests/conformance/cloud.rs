//! Browsers of the cloud (an emulated one, with real Chromium) give what browsers of this machine give, and a session that
//! was used is as new to the next run, or is not used again.

use flowguard_backends::browser::{CloudPlan, CloudSettings, LocalOptions, Places};
use flowguard_backends::browserbase::{Client, ClientOptions, Status};
use flowguard_backends::pool::PoolLimits;
use flowguard_core::browser::calls::{
    CreateContext, Evaluate, GrantPermissions, OpenPage, OpenPageIn, SetHttpCredentials,
};
use flowguard_core::browser::context::{ContextOptions, HttpCredentials, Permission};
use flowguard_core::browser::{Browser, CloudOptions, CloudUse, KeptContext, PageId, Place, Wanted};
use flowguard_core::clock::SystemClock;
use flowguard_core::fakes::FakeStore;
use flowguard_core::ledger::Ledger;
use flowguard_core::secrets::Secret;
use flowguard_core::storage::{CloudSessions, TenantId};
use flowguard_tests::{Emulating, Flowguard};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

use crate::site::{Answer, Site};
use crate::stage::{Terms, browsers_with, run_with};

/// An emulated cloud, and a site that is visited from there.
pub(crate) struct Cloud {
    emulator: Emulating,
    pub(crate) client: Client,
    pub(crate) places: Arc<Places>,
    pub(crate) site: Site,
}

pub(crate) const LIMITS: PoolLimits = PoolLimits {
    min: 0,
    max: 1,
    lifetime: Duration::from_secs(1_800),
    idle: Duration::from_secs(300),
    uses: 50,
    patience: Duration::from_secs(20),
    refill: Duration::from_secs(10),
};

impl Cloud {
    pub(crate) async fn open(limits: PoolLimits, arguments: &[&str]) -> Self {
        let emulator = Flowguard::new().emulate(arguments).await;
        let endpoint = emulator.address().parse().expect("an address");
        let client = Client::new(ClientOptions::new(endpoint, Secret::new("any".to_owned())));
        let client = client.expect("a client");
        let plan = CloudPlan {
            client: client.clone(),
            notes: CloudSessions::new(Arc::new(FakeStore::default()), TenantId::local()),
            clock: Arc::new(SystemClock::new()),
            archive: None,
            settings: CloudSettings {
                microdollars_a_minute: 6_000,
                ..CloudSettings::of(limits)
            },
        };
        let local = Arc::new(browsers_with(LocalOptions::default()));
        Self {
            emulator,
            client,
            places: Arc::new(Places::new(local, Some(plan))),
            site: Site::start().await,
        }
    }

    /// A run in the cloud, with a page.
    pub(crate) async fn run(&self, wanted: Wanted) -> (Browser, Arc<Ledger>, PageId) {
        let terms = Terms {
            wanted: Wanted {
                place: Place::Cloud,
                ..wanted
            },
            ..Terms::default()
        };
        let (browser, ledger) = run_with(&self.places, &self.site, terms);
        let page = browser
            .open_page(&OpenPage {})
            .await
            .expect("a page in the cloud");
        (browser, ledger, page)
    }

    pub(crate) async fn live(&self) -> usize {
        let live = self.client.sessions(Some(&Status::Running), None).await;
        live.expect("the emulator answers").len()
    }

    pub(crate) async fn close(self) {
        self.places.shut_down().await;
        assert_eq!(self.live().await, 0, "sessions are left");
        self.emulator.ends().await;
    }
}

pub(crate) fn used(browser: &Browser) -> CloudUse {
    let info = browser.info().expect("it was leased");
    info.cloud.expect("it is in the cloud")
}

pub(crate) async fn goto(browser: &Browser, page: PageId, url: &str) {
    let call = flowguard_core::browser::calls::Goto {
        page,
        url: url.to_owned(),
        wait_until: flowguard_core::browser::LoadState::Load,
        timeout_ms: Some(10_000),
    };
    browser.goto(&call).await.expect("it loads");
}

pub(crate) async fn evaluate(browser: &Browser, page: PageId, script: &str) -> Value {
    let call = Evaluate {
        page,
        script: script.to_owned(),
        argument: None,
        timeout_ms: Some(10_000),
    };
    let json = browser.evaluate(&call).await.expect("the script runs");
    serde_json::from_str(&json).expect("JSON")
}

/// Leaves something in every place that a page can.
const LEAVE: &str = "async () => {
  localStorage.left = sessionStorage.left = window.name = 'left';
  document.cookie = 'left=1; max-age=9999';
  await cookieStore?.set({ name: 'partitioned', value: '1', expires: Date.now() + 1e7, partitioned: true }).catch(() => {});
  await new Promise((done) => {
    const opening = indexedDB.open('left', 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore('left').put('left', 1);
    opening.onsuccess = () => { opening.result.close(); done(); };
  });
  await (await caches.open('left')).put('/left', new Response('left'));
  const root = await navigator.storage.getDirectory();
  await root.getFileHandle('left', { create: true });
  await navigator.serviceWorker.register('/worker.js');
  await navigator.serviceWorker.ready;
  await fetch('/cached').then((answer) => answer.text());
  for (let entry = 0; entry < 5; entry++) history.pushState({}, '', '/start?entry=' + entry);
}";

/// What is found in each of these places.
const FOUND: &str = "async () => {
  const root = await navigator.storage.getDirectory();
  const files = [];
  for await (const name of root.keys()) files.push(name);
  return {
    localStorage: localStorage.length, sessionStorage: sessionStorage.length, name: window.name,
    cookies: document.cookie, databases: (await indexedDB.databases()).length, caches: (await caches.keys()).length,
    files: files.length, workers: (await navigator.serviceWorker.getRegistrations()).length,
    geolocation: (await navigator.permissions.query({ name: 'geolocation' })).state,
    history: history.length, cached: await fetch('/cached').then((answer) => answer.text()),
  };
}";

pub(crate) async fn put_pages(site: &Site) {
    let script = vec![("content-type", "text/javascript".to_owned())];
    site.put(
        "/worker.js",
        Answer::Raw(
            script,
            b"self.onactivate = (e) => e.waitUntil(clients.claim())".to_vec(),
        ),
    );
    site.put(
        "/start",
        Answer::Page("<title>start</title><p>start</p>".to_owned()),
    );
    put_cached(site, "first");
}

fn put_cached(site: &Site, text: &str) {
    let headers = vec![
        ("content-type", "text/plain".to_owned()),
        ("cache-control", "max-age=3600".to_owned()),
    ];
    site.put("/cached", Answer::Raw(headers, text.as_bytes().to_vec()));
}

/// The third party's frame in a page of the site: `localhost` is another site than 127.0.0.1.
fn framed(site: &Site) -> String {
    let third = site.url("/start").replacen("127.0.0.1", "localhost", 1);
    format!("<iframe src={third}></iframe>")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_a_run_leaves_is_found_by_the_next_in_its_session() {
    let cloud = Cloud::open(LIMITS, &[]).await;
    put_pages(&cloud.site).await;
    cloud.site.put("/framed", Answer::Page(framed(&cloud.site)));
    cloud.site.put(
        "/cookies",
        Answer::Cookies("server=left; Path=/; HttpOnly; Max-Age=9999".to_owned()),
    );
    let (first, _ledger, page) = cloud.run(Wanted::default()).await;
    goto(&first, page, "/cookies").await;
    let allow = GrantPermissions {
        context: 0,
        permissions: vec![Permission::Geolocation],
        origin: None,
    };
    first.grant_permissions(&allow).await.expect("it is allowed");
    goto(&first, page, "/start").await;
    evaluate(&first, page, LEAVE).await;
    let left = evaluate(&first, page, FOUND).await;
    assert_eq!(
        (
            &left["localStorage"],
            &left["databases"],
            &left["workers"],
            &left["files"],
            &left["geolocation"]
        ),
        (&json!(1), &json!(1), &json!(1), &json!(1), &json!("granted")),
        "{left}"
    );
    goto(&first, page, "/framed").await;
    let session = used(&first);
    assert!(!session.is_reused);
    first.release().await;

    put_cached(&cloud.site, "second");
    let (second, _ledger, page) = cloud.run(Wanted::default()).await;
    assert_eq!(used(&second).session, session.session, "it is the same session");
    assert!(used(&second).is_reused);
    goto(&second, page, "/start").await;
    let found = evaluate(&second, page, FOUND).await;
    assert_eq!(
        found,
        json!({
            "localStorage": 0, "sessionStorage": 0, "name": "", "cookies": "", "databases": 0, "caches": 0, "files": 0,
            "workers": 0, "geolocation": "prompt", "history": 2, "cached": "second",
        })
    );
    goto(&second, page, "/cookies").await;
    assert_eq!(
        evaluate(&second, page, "() => document.querySelector('p').textContent").await,
        json!(""),
        "no cookie of the server's either"
    );
    second.release().await;
    cloud.close().await;
}

/// Text of the page's paragraph.
pub(crate) const TEXT: &str = "() => document.querySelector('p').textContent";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_knows_a_password_for_http_is_not_used_again() {
    let cloud = Cloud::open(LIMITS, &[]).await;
    put_pages(&cloud.site).await;
    cloud.site.put("/private", Answer::Private("ada", "secret"));
    let with_password = cloud.site.url("/private").replacen("://", "://ada:secret@", 1);
    let link = format!("<a href={with_password}>sign in</a>");
    cloud.site.put("/link", Answer::Page(link));
    let mut sessions = Vec::new();
    for way in ["credentials", "address", "link", "script"] {
        let (browser, _ledger, page) = cloud.run(Wanted::default()).await;
        goto(&browser, page, "/private").await;
        assert_eq!(
            evaluate(&browser, page, TEXT).await,
            json!("who are you?"),
            "before {way}"
        );
        match way {
            "credentials" => {
                let password = Secret::new("secret".to_owned());
                let set = SetHttpCredentials {
                    context: 0,
                    credentials: Some(HttpCredentials {
                        user: "ada".to_owned(),
                        password,
                        origin: None,
                    }),
                };
                browser.set_http_credentials(&set).await.expect("they are set");
                goto(&browser, page, "/private").await;
            }
            "address" => goto(&browser, page, &with_password).await,
            "script" => {
                let asked = "() => new Promise((done) => {
                    const request = new XMLHttpRequest();
                    request.onloadend = () => done(request.status);
                    request.open('GET', '/private', true, 'ada', 'secret');
                    request.send();
                })";
                assert_eq!(evaluate(&browser, page, asked).await, json!(200));
                goto(&browser, page, "/private").await;
            }
            _ => {
                goto(&browser, page, "/link").await;
                let click = "() => new Promise((done) => { onpagehide = done; document.querySelector('a').click(); setTimeout(done, 500); })";
                let _ = browser
                    .evaluate(&Evaluate {
                        page,
                        script: click.to_owned(),
                        argument: None,
                        timeout_ms: Some(5_000),
                    })
                    .await;
            }
        }
        let expect = flowguard_core::browser::calls::Expect {
            target: flowguard_core::browser::calls::Target {
                page,
                locator: crate::stage::css("p"),
            },
            what: flowguard_core::browser::expectation::Expectation::HasText {
                text: crate::stage::expected("welcome"),
            },
            options: crate::stage::expecting(5_000),
        };
        browser
            .expect(&expect)
            .await
            .unwrap_or_else(|failed| panic!("{way}: {failed:?}"));
        sessions.push(used(&browser).session);
        browser.release().await;
    }
    let (browser, _ledger, _page) = cloud.run(Wanted::default()).await;
    sessions.push(used(&browser).session);
    browser.release().await;
    sessions.dedup();
    assert_eq!(sessions.len(), 5, "each run had a session that knew nothing");
    cloud.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_session_serves_two_tenants_or_two_set_ups_and_one_with_a_context_serves_one_run() {
    let cloud = Cloud::open(PoolLimits { max: 2, ..LIMITS }, &[]).await;
    put_pages(&cloud.site).await;
    let kept = cloud.client.create_context(Some("ann")).await.expect("a context");
    let other_tenant = Wanted {
        tenant: TenantId::parse("other").expect("a tenant"),
        ..Wanted::default()
    };
    let with = |cloud: CloudOptions| Wanted {
        cloud,
        ..Wanted::default()
    };
    let elsewhere = with(CloudOptions {
        region: Some("eu-central-1".to_owned()),
        recording: Some(false),
        window: Some((800, 600)),
        ..CloudOptions::default()
    });
    let with_context = with(CloudOptions {
        context: Some(KeptContext {
            id: kept.id,
            persist: true,
        }),
        ..CloudOptions::default()
    });
    let mut sessions = Vec::new();
    for wanted in [
        Wanted::default(),
        other_tenant.clone(),
        elsewhere,
        with_context.clone(),
        with_context,
        other_tenant,
    ] {
        let (browser, _ledger, page) = cloud.run(wanted).await;
        goto(&browser, page, "/start").await;
        sessions.push(used(&browser));
        browser.release().await;
    }
    assert_eq!(sessions[2].region.as_deref(), Some("eu-central-1"));
    let ids: std::collections::BTreeSet<&str> = sessions.iter().map(|it| it.session.as_str()).collect();
    assert_eq!(ids.len(), 6, "each got one that nobody had used: {sessions:?}");
    assert!(sessions.iter().all(|session| !session.is_reused));
    cloud.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contexts_beside_the_browsers_own_are_apart_and_gone_afterwards() {
    let cloud = Cloud::open(LIMITS, &[]).await;
    put_pages(&cloud.site).await;
    let (browser, _ledger, page) = cloud.run(Wanted::default()).await;
    goto(&browser, page, "/start").await;
    evaluate(&browser, page, "() => { localStorage.own = 'yes'; }").await;
    let made = browser
        .create_context(&CreateContext {
            options: ContextOptions::default(),
        })
        .await
        .expect("a context");
    let beside = browser
        .open_page_in(&OpenPageIn { context: made })
        .await
        .expect("a page");
    goto(&browser, beside, "/start").await;
    assert_eq!(
        evaluate(&browser, beside, "() => localStorage.length").await,
        json!(0)
    );
    browser.release().await;
    let (next, _ledger, page) = cloud.run(Wanted::default()).await;
    assert!(used(&next).is_reused, "it could be wiped");
    goto(&next, page, "/start").await;
    assert_eq!(evaluate(&next, page, "() => localStorage.length").await, json!(0));
    next.release().await;
    cloud.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_ends_in_the_middle_is_a_lost_browser_and_the_next_run_has_another() {
    let cloud = Cloud::open(LIMITS, &[]).await;
    put_pages(&cloud.site).await;
    let (browser, _ledger, page) = cloud.run(Wanted::default()).await;
    goto(&browser, page, "/start").await;
    let session = used(&browser).session;
    cloud.client.release(&session).await.expect("it ends");
    let call = Evaluate {
        page,
        script: "() => new Promise(() => {})".to_owned(),
        argument: None,
        timeout_ms: Some(10_000),
    };
    let failed = browser.evaluate(&call).await.expect_err("the browser is gone");
    assert_eq!(failed.code.blame(), flowguard_core::Blame::Platform, "{failed:?}");
    browser.release().await;
    let (next, _ledger, page) = cloud.run(Wanted::default()).await;
    goto(&next, page, "/start").await;
    assert_ne!(used(&next).session, session);
    next.release().await;
    cloud.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cloud_that_is_out_of_order_is_replaced_by_this_machine_where_that_is_as_good() {
    let cloud = Cloud::open(LIMITS, &["--fault=connect-refused=1"]).await;
    put_pages(&cloud.site).await;
    let wanted = |options: CloudOptions| Wanted {
        place: Place::Cloud,
        cloud: options,
        ..Wanted::default()
    };
    let run = |options| {
        let terms = Terms {
            wanted: wanted(options),
            ..Terms::default()
        };
        run_with(&cloud.places, &cloud.site, terms)
    };
    let (browser, _ledger) = run(CloudOptions::default());
    browser
        .open_page(&OpenPage {})
        .await
        .expect("a page on this machine");
    let info = browser.info().expect("it was leased");
    assert_eq!(info.place, "local");
    let why = info.not_in_cloud.expect("it says why");
    assert!(why.contains("cannot be connected to"), "{why}");
    browser.release().await;
    let (disguised, _ledger) = run(CloudOptions {
        verified: true,
        ..CloudOptions::default()
    });
    let failed = disguised
        .open_page(&OpenPage {})
        .await
        .expect_err("there is no other like it");
    assert_eq!(failed.code.blame(), flowguard_core::Blame::Platform, "{failed:?}");
    assert_eq!(cloud.live().await, 0, "what could not be connected to was ended");
    cloud.close().await;
}
