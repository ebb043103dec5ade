//! A browser that misbehaves on the wire: a real one with somebody between it and the host, who says what no
//! browser says, keeps silent, or hangs up. The run that it concerns gets a typed failure of the platform, and
//! the next run another browser.

use async_tungstenite::tokio::{accept_async, connect_async};
use async_tungstenite::tungstenite::Message;
use flowguard_backends::browser::{LocalBrowsers, LocalOptions};
use flowguard_core::browser::calls::OpenPage;
use flowguard_core::browser::expectation::Expectation;
use flowguard_core::failure::Code;
use futures::StreamExt;
use serde_json::Value;
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::stage::{Stage, Terms, local_browsers, run_on};

/// What the one between does with what comes from the browser.
#[derive(Clone, Debug, Default, PartialEq)]
enum Manner {
    /// It hands everything on.
    #[default]
    Honest,
    /// It says this once, and then is honest. `SESSION` stands for each session there is.
    Says(Vec<String>),
    /// It hands nothing on.
    Silent,
    /// It hangs up.
    Gone,
}

/// Somebody between a browser and the host.
struct Between {
    real: LocalBrowsers,
    manner: watch::Sender<Manner>,
    said: watch::Receiver<u32>,
    connections: Arc<AtomicU32>,
    script: tempfile::TempDir,
    serving: JoinHandle<()>,
}

impl Between {
    async fn start() -> Self {
        let real = local_browsers();
        real.warm_up().await.expect("a browser starts");
        let address = real.address().await.expect("it runs");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let own = format!("ws://{}", listener.local_addr().expect("an address"));
        let script = tempfile::tempdir().expect("a folder");
        let path = script.path().join("browser");
        let text = format!("#!/bin/sh\necho 'DevTools listening on {own}' >&2\nexec sleep 1000\n");
        std::fs::write(&path, text).expect("it is written");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("it is ours");
        let manner = watch::Sender::default();
        let (saying, said) = watch::channel(0);
        let connections = Arc::new(AtomicU32::new(0));
        let (manners, counted) = (manner.clone(), connections.clone());
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                let (address, manner, saying) = (address.clone(), manners.subscribe(), saying.clone());
                tokio::spawn(relay(stream, address, manner, saying));
            }
        });
        Self {
            real,
            manner,
            said,
            connections,
            script,
            serving,
        }
    }

    /// A stage whose browser is this one.
    async fn stage(&self, terms: Terms) -> Stage {
        let browsers = LocalBrowsers::new(LocalOptions {
            executable: Some(self.script.path().join("browser")),
            ..LocalOptions::default()
        });
        let stage = Stage::open_on(browsers, terms).await;
        stage.site.page("/start", "<button>Go</button><p>here</p>");
        stage.goto("/start").await.expect("it loads");
        stage
    }

    fn be(&self, manner: Manner) {
        self.manner.send_replace(manner);
    }

    async fn say(&mut self, texts: Vec<String>) {
        let before = *self.said.borrow_and_update();
        self.be(Manner::Says(texts));
        let said = self.said.wait_for(|said| *said > before).await;
        assert!(said.is_ok(), "it is connected");
    }

    async fn end(self) {
        self.serving.abort();
        self.real.shut_down().await;
    }
}

async fn relay(
    stream: TcpStream,
    address: String,
    mut manner: watch::Receiver<Manner>,
    saying: watch::Sender<u32>,
) {
    let near = accept_async(stream).await.expect("the host connects");
    let (far, _) = connect_async(address).await.expect("the browser listens");
    let (mut near_out, mut near_in) = near.split();
    let (mut far_out, mut far_in) = far.split();
    let sessions = Mutex::new(BTreeSet::from([String::new()]));
    let outward = async {
        while let Some(Ok(message)) = near_in.next().await {
            if far_out.send(message).await.is_err() {
                return;
            }
        }
    };
    let inward = async {
        let mut known = Manner::Honest;
        loop {
            let changed = tokio::select! {
                message = far_in.next() => {
                    let Some(Ok(message)) = message else { return };
                    if let Ok(text) = message.to_text() {
                        note_session(&sessions, text);
                    }
                    if known != Manner::Silent && near_out.send(message).await.is_err() {
                        return;
                    }
                    false
                }
                changed = manner.changed() => changed.is_ok(),
            };
            if !changed {
                continue;
            }
            known = manner.borrow_and_update().clone();
            match &known {
                Manner::Gone => return,
                Manner::Says(texts) => {
                    for text in texts {
                        let sessions = sessions.lock().unwrap().clone();
                        for session in sessions {
                            let text = text.replace("SESSION", &session);
                            if near_out.send(Message::text(text)).await.is_err() {
                                return;
                            }
                        }
                    }
                    saying.send_modify(|said| *said += 1);
                }
                Manner::Honest | Manner::Silent => {}
            }
        }
    };
    tokio::select! {
        () = outward => {}
        () = inward => {}
    }
}

fn note_session(sessions: &Mutex<BTreeSet<String>>, text: &str) {
    let said: Value = serde_json::from_str(text).expect("the browser speaks JSON");
    if let Some(session) = said["params"]["sessionId"].as_str() {
        sessions.lock().unwrap().insert(session.to_owned());
    }
}

/// Events that the host listens to, or might.
const EVENTS: [&str; 24] = [
    "Page.frameNavigated",
    "Page.lifecycleEvent",
    "Page.navigatedWithinDocument",
    "Page.frameRequestedNavigation",
    "Page.frameStartedNavigating",
    "Page.frameStoppedLoading",
    "Page.javascriptDialogOpening",
    "Page.fileChooserOpened",
    "Runtime.executionContextCreated",
    "Runtime.executionContextDestroyed",
    "Runtime.consoleAPICalled",
    "Runtime.exceptionThrown",
    "Runtime.bindingCalled",
    "Log.entryAdded",
    "Network.requestWillBeSent",
    "Network.responseReceived",
    "Network.dataReceived",
    "Network.loadingFinished",
    "Network.webSocketFrameReceived",
    "Fetch.requestPaused",
    "Fetch.authRequired",
    "Target.attachedToTarget",
    "Browser.downloadProgress",
    "Future.thingHappened",
];

fn nonsense() -> Vec<String> {
    let mut all: Vec<String> = [
        "",
        "{",
        "[]",
        "null",
        "\"text\"",
        "{\"id\":null}",
        "{\"id\":-1}",
        "{\"id\":4000000000}",
        "{\"id\":1e400}",
        "{\"id\":18446744073709551616,\"result\":{}}",
        "{\"id\":18446744073709551615,\"result\":{}}",
        "{\"method\":7}",
        "{\"method\":\"\"}",
        "{\"method\":\"Page\"}",
        "{\"error\":{\"code\":1e999,\"message\":7}}",
        "\0",
    ]
    .map(str::to_owned)
    .into();
    all.push(format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)));
    let deep = "{\"a\":".repeat(2_000) + "1" + &"}".repeat(2_000);
    // Numbers at the edges of what they are read as, names that nothing has, types that are others'.
    let odd = [
        "null".to_owned(),
        "[]".to_owned(),
        deep,
        "{\"frame\":7,\"context\":\"x\",\"entry\":1,\"args\":{},\"request\":[],\"targetInfo\":null}".to_owned(),
        "{\"requestId\":\"x\",\"timestamp\":1e308,\"encodedDataLength\":-1e308,\"dataLength\":18446744073709551615}"
            .to_owned(),
        "{\"requestId\":\"x\",\"timestamp\":-1e308,\"wallTime\":1e308,\"loaderId\":\"x\",\"frameId\":\"x\",\"type\":\"Document\",
          \"request\":{\"url\":\"http://x.test/\",\"method\":\"GET\",\"headers\":{}},
          \"response\":{\"url\":\"\",\"status\":-9007199254740993,\"opcode\":1e308,\"payloadData\":\"x\",\"headers\":{}}}"
            .to_owned(),
        "{\"context\":{\"id\":-9223372036854775808,\"origin\":\"\",\"name\":\"flowguard\",\"uniqueId\":\"\",
          \"auxData\":{\"frameId\":\"nowhere\"}},\"executionContextId\":9223372036854775807}"
            .to_owned(),
    ];
    for event in EVENTS {
        for params in &odd {
            all.push(format!(
                "{{\"method\":\"{event}\",\"params\":{params},\"sessionId\":\"SESSION\"}}"
            ));
        }
    }
    // More than can be counted.
    let data = "{\"requestId\":\"x\",\"dataLength\":18446744073709551615}";
    let data = format!("{{\"method\":\"Network.dataReceived\",\"params\":{data},\"sessionId\":\"SESSION\"}}");
    all.extend([data.clone(), data]);
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_browser_says_does_no_harm() {
    let mut between = Between::start().await;
    let terms = Terms {
        records_har: true,
        ..Terms::default()
    };
    let stage = between.stage(terms).await;
    // Twice: sums of what is said must not run over either.
    for _ in 0..2 {
        between.say(nonsense()).await;
    }
    stage.click("button").await.expect("the page is in use");
    stage.goto("/start").await.expect("it loads again");
    assert_eq!(stage.text("p").await.as_deref(), Ok("here"));
    stage.browser.keep_har().await.expect("the HAR is written");
    assert_eq!(
        between.connections.load(Ordering::Relaxed),
        1,
        "the first connection still serves"
    );
    stage.close().await;
    between.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_is_unavailable_at_once_and_the_next_run_gets_another() {
    let between = Between::start().await;
    let stage = between.stage(Terms::default()).await;
    let waiting = stage.expect("#never", Expectation::Visible, 20_000);
    let began = Instant::now();
    let (waited, ()) = tokio::join!(waiting, async { between.be(Manner::Gone) });
    assert_eq!(waited.expect_err("nobody answers").code, Code::Unavailable);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    between.be(Manner::Honest);
    another_run_works(&stage).await;
    stage.close().await;
    between.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_that_keeps_silent_is_unavailable_and_replaced() {
    let between = Between::start().await;
    let stage = between.stage(Terms::default()).await;
    between.be(Manner::Silent);
    let began = Instant::now();
    let silent = stage
        .click_within("button", 500)
        .await
        .expect_err("nobody answers");
    assert_eq!(silent.code, Code::Unavailable, "{silent}");
    // The action's time, and the browser's own for a word.
    assert!(began.elapsed() < Duration::from_secs(9), "{:?}", began.elapsed());
    let began = Instant::now();
    let later = stage.text("p").await.expect_err("its browser is given up");
    assert_eq!(later.code, Code::Unavailable);
    stage.browser.release().await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    between.be(Manner::Honest);
    another_run_works(&stage).await;
    stage.close().await;
    between.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_on_a_browser_that_fell_silent_still_ends() {
    let between = Between::start().await;
    let stage = between.stage(Terms::default()).await;
    between.be(Manner::Silent);
    let began = Instant::now();
    let opened = stage.browser.open_page(&OpenPage {}).await;
    assert_eq!(opened.expect_err("nobody answers").code, Code::Unavailable);
    stage.close().await;
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    between.end().await;
}

async fn another_run_works(stage: &Stage) {
    let (next, _ledger) = run_on(&stage.browsers, &stage.site);
    next.open_page(&OpenPage {})
        .await
        .expect("the next run has a browser");
    next.release().await;
}
