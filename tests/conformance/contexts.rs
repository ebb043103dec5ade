//! Contexts: each is apart from the others, and its pages believe what it was made to say.

use flowguard_core::browser::calls::{
    AddCookies, ClearCookies, ClearPermissions, CloseContext, ContextId, ContextPages, CreateContext,
    EmulateMedia, Expect, Goto, GrantPermissions, LoadStorageState, OpenPage, OpenPageIn, ReadCookies,
    SaveStorageState, SetExtraHeaders, SetGeolocation, SetOffline, Size, Target,
};
use flowguard_core::browser::context::{
    ColorScheme, ContextOptions, CookieFilter, Geolocation, Header, Media, MediaType, NewCookie, Permission,
    Secret,
};
use flowguard_core::browser::expectation::Expectation;
use flowguard_core::browser::locator::Part;
use flowguard_core::browser::{LoadState, PageId};
use flowguard_core::failure::{Code, Failure};
use serde_json::{Value, json};

use crate::site::Answer;
use crate::stage::{Stage, css, expected, expecting};

/// Writes what the page sees into its title.
const TELL: &str = "<script>
  const media = (query) => matchMedia(query).matches;
  const facts = () => JSON.stringify({
    language: navigator.language, agent: navigator.userAgent,
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone, number: (1234.5).toLocaleString(),
    dark: media('(prefers-color-scheme: dark)'), reduced: media('(prefers-reduced-motion: reduce)'),
    forced: media('(forced-colors: active)'), contrast: media('(prefers-contrast: more)'), print: media('print'),
    ratio: devicePixelRatio, width: innerWidth, touch: 'ontouchstart' in window, online: navigator.onLine,
  });
  document.title = facts();
</script>";

pub(crate) async fn create(stage: &Stage, options: ContextOptions) -> (ContextId, PageId) {
    let context = stage.browser.create_context(&CreateContext { options }).await;
    let context = context.expect("a context");
    let page = stage.browser.open_page_in(&OpenPageIn { context }).await;
    (context, page.expect("a page"))
}

pub(crate) async fn goto(stage: &Stage, page: PageId, url: &str) -> Result<(), Failure> {
    let call = Goto {
        page,
        url: url.to_owned(),
        wait_until: LoadState::Load,
        timeout_ms: Some(10_000),
    };
    stage.browser.goto(&call).await.map(|_| ())
}

async fn facts(stage: &Stage, page: PageId) -> Value {
    goto(stage, page, "/facts").await.expect("it loads");
    let mut inspector = stage.inspector().await;
    let targets = inspector.targets_at(&stage.site.url("/facts")).await;
    let target = targets.last().expect("the page");
    let told = inspector.evaluate_in(target, "facts()").await;
    serde_json::from_str(told.as_str().expect("a text")).expect("facts")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_believe_what_their_context_says() {
    let stage = Stage::open().await;
    stage.site.page("/facts", TELL);
    let options = ContextOptions {
        viewport: Some(Size {
            width: 390,
            height: 844,
        }),
        device_scale_factor: Some(3.0),
        is_mobile: false,
        has_touch: true,
        user_agent: Some("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Test/1".to_owned()),
        locale: Some("de-DE".to_owned()),
        time_zone: Some("America/Jamaica".to_owned()),
        media: Media {
            color_scheme: Some(ColorScheme::Dark),
            ..Media::default()
        },
        ..ContextOptions::default()
    };
    let (_, page) = create(&stage, options).await;
    let seen = facts(&stage, page).await;
    let expected = json!({
        "language": "de-DE", "zone": "America/Jamaica", "number": "1.234,5", "dark": true, "reduced": false,
        "forced": false, "contrast": false, "print": false, "ratio": 3, "width": 390, "touch": true,
        "online": true, "agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Test/1",
    });
    assert_eq!(seen, expected);

    let media = Media {
        media_type: Some(MediaType::Print),
        ..Media::default()
    };
    let emulated = stage.browser.emulate_media(&EmulateMedia { page, media }).await;
    emulated.expect("it is emulated");
    let seen = facts(&stage, page).await;
    assert_eq!((&seen["print"], &seen["dark"]), (&json!(true), &json!(true)));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn popups_and_frames_believe_it_too() {
    let stage = Stage::open().await;
    let elsewhere = stage.site.elsewhere("/told");
    stage.site.page("/told", "<p></p><script>document.querySelector('p').textContent = navigator.language + ' ' + Intl.DateTimeFormat().resolvedOptions().timeZone + ' ' + new Date(0).getHours()</script>");
    stage.site.page(
        "/frames",
        &format!("<iframe src='{elsewhere}'></iframe><a href=/told target=_blank>open</a>"),
    );
    let options = ContextOptions {
        locale: Some("fr-CH".to_owned()),
        time_zone: Some("Asia/Tokyo".to_owned()),
        ..ContextOptions::default()
    };
    let (context, page) = create(&stage, options).await;
    goto(&stage, page, "/frames").await.expect("it loads");
    let in_frame = css("iframe").then(Part::Frame).then(Part::Css {
        selector: "p".to_owned(),
    });
    let believed = Expect {
        target: Target {
            page,
            locator: in_frame,
        },
        what: Expectation::HasText {
            text: expected("fr-CH Asia/Tokyo 9"),
        },
        options: expecting(5_000),
    };
    stage
        .browser
        .expect(&believed)
        .await
        .expect("the frame believes it");
    let stage_page = Stage { page, ..stage };
    stage_page.click("a").await.expect("it opens");
    let pages = stage_page.browser.context_pages(&ContextPages { context }).await;
    let popup = *pages.expect("pages").last().expect("a popup");
    assert_ne!(popup, page);
    let popup = Stage {
        page: popup,
        ..stage_page
    };
    popup
        .expect_text("p", "fr-CH Asia/Tokyo 9")
        .await
        .expect("the popup believes it");
    popup.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contexts_share_nothing_and_close_with_their_pages() {
    let stage = Stage::open().await;
    stage
        .site
        .put("/cookies", Answer::Cookies("visitor=first; Path=/".to_owned()));
    stage.goto("/cookies").await.expect("it loads");
    let (context, page) = create(&stage, ContextOptions::default()).await;
    goto(&stage, page, "/cookies").await.expect("it loads");
    let other = Stage { page, ..stage };
    other.expect_text("p", "").await.expect("no cookie came along");
    let read = ReadCookies {
        context,
        urls: vec![],
    };
    let cookies = other.browser.cookies(&read).await.expect("cookies");
    assert_eq!(cookies.len(), 1);
    assert_eq!((cookies[0].name.as_str(), cookies[0].expires), ("visitor", -1.0));
    let mut inspector = other.inspector().await;
    let before = inspector.contexts().await;
    let close = CloseContext { context };
    other.browser.close_context(&close).await.expect("it is closed");
    assert_eq!(inspector.contexts().await, before - 1);
    let closed = goto(&other, page, "/cookies").await.expect_err("it is closed");
    assert_eq!(closed.code, Code::InvalidArgument);
    let own = CloseContext { context: 0 };
    let kept = other.browser.close_context(&own).await.expect_err("it stays");
    assert_eq!(kept.code, Code::InvalidArgument);
    other.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_zone_or_locale_that_the_browser_does_not_know_is_told_at_once() {
    let stage = Stage::open().await;
    let options = ContextOptions {
        time_zone: Some("Europe/Atlantis".to_owned()),
        ..ContextOptions::default()
    };
    let context = stage.browser.create_context(&CreateContext { options }).await;
    let context = context.expect("a context");
    let failure = stage.browser.open_page_in(&OpenPageIn { context }).await;
    let failure = failure.expect_err("there is no such zone");
    assert_eq!(failure.code, Code::InvalidArgument);
    assert!(failure.message.contains("Europe/Atlantis"), "{}", failure.message);
    let options = ContextOptions {
        device_scale_factor: Some(0.0),
        ..ContextOptions::default()
    };
    let refused = stage.browser.create_context(&CreateContext { options }).await;
    assert_eq!(refused.map_err(|f| f.code), Err(Code::InvalidArgument));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_is_seen_where_it_is_allowed() {
    let stage = Stage::showing(
        "<p></p><button onclick=\"navigator.geolocation.getCurrentPosition(
            (at) => tell(at.coords.latitude + ' ' + at.coords.longitude), (error) => tell('error ' + error.code))\">where</button>
         <script>const tell = (text) => document.querySelector('p').textContent = text</script>",
    )
    .await;
    let place = Geolocation {
        latitude: 59.95,
        longitude: 30.31,
        accuracy: 10.0,
    };
    let set = SetGeolocation {
        context: 0,
        place: Some(place),
    };
    stage.browser.set_geolocation(&set).await.expect("it is moved");
    let grant = GrantPermissions {
        context: 0,
        permissions: vec![Permission::Geolocation],
        origin: Some(stage.site.url("")),
    };
    stage
        .browser
        .grant_permissions(&grant)
        .await
        .expect("it is allowed");
    stage.click("button").await.expect("it is clicked");
    stage.expect_text("p", "59.95 30.31").await.expect("it is there");
    let clear = ClearPermissions { context: 0 };
    stage
        .browser
        .clear_permissions(&clear)
        .await
        .expect("it is taken back");
    let nowhere = GrantPermissions {
        origin: Some("nowhere".to_owned()),
        ..grant
    };
    let refused = stage.browser.grant_permissions(&nowhere).await;
    assert_eq!(refused.map_err(|f| f.code), Err(Code::InvalidArgument));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offline_browser_loads_nothing_until_it_is_online() {
    let stage = Stage::showing("<p>here</p>").await;
    let offline = |offline| SetOffline { context: 0, offline };
    stage
        .browser
        .set_offline(&offline(true))
        .await
        .expect("it is offline");
    let failure = stage.goto("/start").await.expect_err("there is no network");
    assert_eq!(failure.code, Code::NavigationFailed);
    // A page that is opened now is offline too.
    let second = stage.browser.open_page(&OpenPage {}).await.expect("a page");
    let failure = goto(&stage, second, "/start")
        .await
        .expect_err("there is no network");
    assert_eq!(failure.code, Code::NavigationFailed);
    stage
        .browser
        .set_offline(&offline(false))
        .await
        .expect("it is online");
    stage.goto("/start").await.expect("it loads");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn extra_headers_go_with_every_request() {
    let stage = Stage::open().await;
    let headers = |value: &str| SetExtraHeaders {
        context: 0,
        headers: vec![Header {
            name: "Cookie".to_owned(),
            value: Secret::new(value.to_owned()),
        }],
    };
    stage
        .site
        .put("/cookies", Answer::Cookies("x=y; Max-Age=0".to_owned()));
    stage
        .browser
        .set_extra_headers(&headers("from=header"))
        .await
        .expect("they are set");
    stage.goto("/cookies").await.expect("it loads");
    stage
        .expect_text("p", "from=header")
        .await
        .expect("the header went along");
    let bad = stage.browser.set_extra_headers(&headers("a\r\nb: c")).await;
    assert_eq!(bad.map_err(|f| f.code), Err(Code::InvalidArgument));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cookies_are_added_read_and_cleared() {
    let stage = Stage::open().await;
    stage.site.put(
        "/cookies",
        Answer::Cookies("seen=1; Path=/; Max-Age=0".to_owned()),
    );
    let cookie = |name: &str, url: Option<String>| NewCookie {
        name: name.to_owned(),
        value: Secret::new(format!("{name}-value")),
        url,
        domain: None,
        path: None,
        expires: None,
        http_only: false,
        secure: false,
        same_site: None,
        partition_key: None,
    };
    let here = || Some(stage.site.url("/"));
    // The stage's page made the run's own context.
    let add = AddCookies {
        context: 0,
        cookies: vec![cookie("a", here()), cookie("b", here())],
    };
    stage.browser.add_cookies(&add).await.expect("they are added");
    stage.goto("/cookies").await.expect("it loads");
    stage
        .expect_text("p", "a=a-value; b=b-value")
        .await
        .expect("they are sent");
    let which = CookieFilter {
        name: Some("a".to_owned()),
        ..CookieFilter::default()
    };
    let clear = ClearCookies { context: 0, which };
    stage.browser.clear_cookies(&clear).await.expect("one is cleared");
    let read = ReadCookies {
        context: 0,
        urls: vec![stage.site.url("/")],
    };
    let left = stage.browser.cookies(&read).await.expect("cookies");
    assert_eq!(left.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["b"]);
    // All or none.
    let bad = AddCookies {
        context: 0,
        cookies: vec![cookie("c", here()), cookie("d", None)],
    };
    let refused = stage.browser.add_cookies(&bad).await;
    assert_eq!(refused.map_err(|f| f.code), Err(Code::InvalidArgument));
    assert_eq!(stage.browser.cookies(&read).await.expect("cookies").len(), 1);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_saved_state_is_there_in_another_context() {
    let stage = Stage::showing(
        "<p></p><button onclick=\"keep()\">keep</button><i onclick=\"show()\">show</i><script>
        const tell = (text) => document.querySelector('p').textContent = text;
        const open = () => new Promise((resolve, reject) => {
          const request = indexedDB.open('shop', 3);
          request.onupgradeneeded = () => {
            request.result.createObjectStore('orders', { keyPath: 'id' }).createIndex('by', 'when');
            request.result.createObjectStore('loose', { autoIncrement: true });
          };
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error);
        });
        async function keep() {
          localStorage.cart = 'mug';
          document.cookie = 'sid=secret; Path=/';
          const database = await open();
          const change = database.transaction(['orders', 'loose'], 'readwrite');
          change.objectStore('orders').put({ id: 1, when: new Date(5), tags: new Set(['a']), bytes: new Uint8Array([1, 2]) });
          change.objectStore('loose').put('plain', 7);
          change.oncomplete = () => { database.close(); tell('kept'); };
        }
        async function show() {
          const database = await open();
          const read = database.transaction(['orders', 'loose']);
          const order = read.objectStore('orders').index('by').get(new Date(5));
          const loose = read.objectStore('loose').get(7);
          read.oncomplete = () => tell([localStorage.cart, document.cookie, order.result?.when.getTime(),
            order.result?.tags.has('a'), order.result?.bytes[1], loose.result].join());
        }</script>",
    )
    .await;
    stage.click("button").await.expect("it is clicked");
    stage.expect_text("p", "kept").await.expect("it is kept");
    let save = SaveStorageState {
        context: 0,
        indexed_db: true,
    };
    let saved = stage.browser.save_storage_state(&save).await.expect("a state");
    let state: Value = serde_json::from_str(&saved).expect("JSON");
    assert_eq!(state["origins"][0]["origin"], json!(stage.site.url("")));
    assert_eq!(
        state["origins"][0]["localStorage"],
        json!([{"name": "cart", "value": "mug"}])
    );
    assert_eq!(state["origins"][0]["indexedDB"][0]["version"], json!(3));

    let options = ContextOptions {
        storage_state: Some(Secret::new(saved)),
        ..ContextOptions::default()
    };
    let (context, page) = create(&stage, options).await;
    goto(&stage, page, "/start").await.expect("it loads");
    let other = Stage { page, ..stage };
    other.click("i").await.expect("it is clicked");
    other
        .expect_text("p", "mug,sid=secret,5,true,2,plain")
        .await
        .expect("all of it is there");

    // An empty state leaves nothing behind.
    let empty = LoadStorageState {
        context,
        state: Secret::new("{}".to_owned()),
    };
    goto(&other, page, "about:blank").await.expect("it is left");
    other
        .browser
        .load_storage_state(&empty)
        .await
        .expect("it is loaded");
    let save = SaveStorageState {
        context,
        indexed_db: true,
    };
    let saved = other.browser.save_storage_state(&save).await.expect("a state");
    assert_eq!(saved, r#"{"cookies":[],"origins":[]}"#);
    let bad = LoadStorageState {
        context,
        state: Secret::new("[1]".to_owned()),
    };
    let refused = other.browser.load_storage_state(&bad).await;
    assert_eq!(refused.map_err(|f| f.code), Err(Code::InvalidArgument));
    other.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_context_has_a_base_url_of_its_own() {
    let stage = Stage::open().await;
    stage.site.page("/shop/cart", "<p>cart</p>");
    let options = ContextOptions {
        base_url: Some(stage.site.url("/shop/")),
        ..ContextOptions::default()
    };
    let (_, page) = create(&stage, options).await;
    goto(&stage, page, "cart").await.expect("it loads");
    let other = Stage { page, ..stage };
    other.expect_text("p", "cart").await.expect("it is there");
    other.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_without_scripts_are_acted_on_all_the_same() {
    let stage = Stage::open().await;
    stage.site.page("/still", "<p>before</p><a href=/next>next</a><script>document.querySelector('p').textContent = 'after'</script>");
    stage.site.page("/next", "<p>next</p>");
    let options = ContextOptions {
        scripts_disabled: true,
        ..ContextOptions::default()
    };
    let (_, page) = create(&stage, options).await;
    goto(&stage, page, "/still").await.expect("it loads");
    let other = Stage { page, ..stage };
    other.expect_text("p", "before").await.expect("no script has run");
    other.click("a").await.expect("it is clicked");
    other.expect_text("p", "next").await.expect("it was followed");
    other.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_site_has_stored_is_read_without_asking_the_site() {
    let stage = Stage::open().await;
    let counts = "<script>localStorage.visits = Number(localStorage.visits ?? 0) + 1</script>";
    for path in ["/", "/start"] {
        stage.site.page(path, counts);
    }
    stage.goto("/start").await.expect("it loads");
    let save = SaveStorageState {
        context: 0,
        indexed_db: true,
    };
    for _ in 0..2 {
        let saved = stage.browser.save_storage_state(&save).await.expect("a state");
        assert!(saved.contains("\"visits\",\"value\":\"1\""), "{saved}");
    }
    stage.close().await;
}
