//! What the pages of a session do, seen through a connection of the emulator's own: events of the browser's protocol as
//! logs, and a picture of each document as it was loaded, which is the recording. Bounded; what is too much is left out.

use async_tungstenite::tokio::{ConnectStream, connect_async};
use async_tungstenite::tungstenite::Message;
use async_tungstenite::{WebSocketReceiver, WebSocketSender};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::StreamExt;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

use super::lock;
use flowguard_core::clock::Clock;
use flowguard_core::limits::{MAX_EMULATED_LOGS, MAX_EMULATED_PICTURES};

/// What is known of the pages of one session.
pub(super) struct Pages {
    clock: Arc<dyn Clock>,
    keeps_logs: bool,
    keeps_pictures: bool,
    state: Mutex<State>,
    orders: mpsc::UnboundedSender<Order>,
}

#[derive(Default)]
struct State {
    /// In the order in which they were opened; a page's number is its place, from 0.
    pages: Vec<Page>,
    logs: Vec<Log>,
}

/// A page.
#[derive(Clone)]
pub(super) struct Page {
    target: String,
    session: String,
    pub(super) url: String,
    pub(super) title: String,
    pub(super) opened_ms: u64,
    pub(super) closed_ms: Option<u64>,
    pub(super) pictures: Vec<Picture>,
}

/// What a document looked like when it was loaded.
#[derive(Clone)]
pub(super) struct Picture {
    pub(super) at_ms: u64,
    pub(super) url: String,
    pub(super) jpeg: Bytes,
}

/// An event of a page.
#[derive(Clone)]
pub(super) struct Log {
    pub(super) page: usize,
    pub(super) at_ms: u64,
    pub(super) method: String,
    pub(super) params: Value,
}

/// What the connection is to ask.
struct Order {
    session: String,
    method: &'static str,
    params: Value,
    answer: oneshot::Sender<Value>,
}

impl Pages {
    /// Begins to look at a browser's pages.
    pub(super) async fn of(
        address: &str,
        clock: Arc<dyn Clock>,
        keeps_logs: bool,
        keeps_pictures: bool,
    ) -> Result<Arc<Self>, String> {
        let (socket, _) = connect_async(address).await.map_err(|error| error.to_string())?;
        let (orders, taken) = mpsc::unbounded_channel();
        let pages = Arc::new(Self {
            clock,
            keeps_logs,
            keeps_pictures,
            state: Mutex::default(),
            orders,
        });
        let (outbox, inbox) = socket.split();
        let waiting = Arc::new(Mutex::new(HashMap::new()));
        tokio::spawn(write(outbox, taken, waiting.clone()));
        tokio::spawn(read(inbox, pages.clone(), waiting));
        let attach = json!({"autoAttach": true, "waitForDebuggerOnStart": false, "flatten": true});
        pages
            .ask("", "Target.setDiscoverTargets", json!({"discover": true}))
            .await;
        pages.ask("", "Target.setAutoAttach", attach).await;
        Ok(pages)
    }

    /// Opens a page in the default context.
    pub(super) async fn open_blank(&self) -> Option<()> {
        let opened = self.ask("", "Target.createTarget", json!({"url": "about:blank"}));
        opened.await.map(|_| ())
    }

    /// All pages, also those that were closed.
    pub(super) fn all(&self) -> Vec<Page> {
        self.state().pages.clone()
    }

    /// All pages, with what the open ones show now.
    pub(super) async fn up_to_date(&self) -> Vec<Page> {
        if let Some(answer) = self.ask("", "Target.getTargets", json!({})).await {
            let targets = answer["targetInfos"].as_array();
            targets.into_iter().flatten().for_each(|info| self.changed(info));
        }
        self.all()
    }

    /// What is kept of events.
    pub(super) fn logs(&self) -> Vec<Log> {
        self.state().logs.clone()
    }

    /// What a page looks like now; none where it was closed.
    pub(super) async fn picture(&self, page: usize) -> Option<Bytes> {
        let session = {
            let state = self.state();
            let page = state.pages.get(page)?;
            page.closed_ms.is_none().then(|| page.session.clone())?
        };
        self.photograph(&session).await
    }

    async fn photograph(&self, session: &str) -> Option<Bytes> {
        let asked = self.ask(
            session,
            "Page.captureScreenshot",
            json!({"format": "jpeg", "quality": 60}),
        );
        let answer = asked.await?;
        Some(STANDARD.decode(answer["data"].as_str()?).ok()?.into())
    }

    /// The answer; none where there is no good one.
    async fn ask(&self, session: &str, method: &'static str, params: Value) -> Option<Value> {
        let (answer, answered) = oneshot::channel();
        let order = Order {
            session: session.to_owned(),
            method,
            params,
            answer,
        };
        self.orders.send(order).ok()?;
        answered.await.ok()
    }

    fn now_ms(&self) -> u64 {
        milliseconds(self.clock.wall())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn happened(self: &Arc<Self>, session: &str, method: &str, params: &Value) {
        match method {
            "Target.attachedToTarget" => self.attached(params),
            "Target.detachedFromTarget" => self.detached(params["sessionId"].as_str().unwrap_or_default()),
            "Target.targetInfoChanged" => self.changed(&params["targetInfo"]),
            "Page.loadEventFired" if self.keeps_pictures => {
                let (pages, session) = (self.clone(), session.to_owned());
                tokio::spawn(async move { pages.keep_picture(&session).await });
            }
            _ => {}
        }
        if self.keeps_logs && !session.is_empty() {
            self.log(session, method, params);
        }
    }

    fn attached(self: &Arc<Self>, params: &Value) {
        let info = &params["targetInfo"];
        if info["type"] != "page" {
            return;
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let session = text(&params["sessionId"]);
        self.state().pages.push(Page {
            target: text(&info["targetId"]),
            session: session.clone(),
            url: text(&info["url"]),
            title: text(&info["title"]),
            opened_ms: self.now_ms(),
            closed_ms: None,
            pictures: Vec::new(),
        });
        let pages = self.clone();
        tokio::spawn(async move {
            for domain in ["Page.enable", "Network.enable", "Log.enable"] {
                pages.ask(&session, domain, json!({})).await;
            }
        });
    }

    fn detached(&self, session: &str) {
        let now = self.now_ms();
        let mut state = self.state();
        if let Some(page) = state.pages.iter_mut().find(|page| page.session == session) {
            page.closed_ms = Some(now);
        }
    }

    fn changed(&self, info: &Value) {
        let mut state = self.state();
        if let Some(page) = state
            .pages
            .iter_mut()
            .find(|page| info["targetId"] == page.target.as_str())
        {
            page.url = info["url"].as_str().unwrap_or_default().to_owned();
            page.title = info["title"].as_str().unwrap_or_default().to_owned();
        }
    }

    async fn keep_picture(&self, session: &str) {
        let Some(jpeg) = self.photograph(session).await else {
            return;
        };
        let at_ms = self.now_ms();
        let mut state = self.state();
        let kept: usize = state.pages.iter().map(|page| page.pictures.len()).sum();
        if kept < MAX_EMULATED_PICTURES
            && let Some(page) = state.pages.iter_mut().find(|page| page.session == session)
        {
            let url = page.url.clone();
            page.pictures.push(Picture { at_ms, url, jpeg });
        }
    }

    fn log(&self, session: &str, method: &str, params: &Value) {
        let at_ms = self.now_ms();
        let mut state = self.state();
        let page = state.pages.iter().position(|page| page.session == session);
        if let Some(page) = page
            && state.logs.len() < MAX_EMULATED_LOGS
        {
            state.logs.push(Log {
                page,
                at_ms,
                method: method.to_owned(),
                params: params.clone(),
            });
        }
    }
}

/// A time since 1970.
pub(super) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Value>>>>;

async fn write(
    mut outbox: WebSocketSender<ConnectStream>,
    mut orders: mpsc::UnboundedReceiver<Order>,
    waiting: Waiting,
) {
    let mut last = 0;
    while let Some(order) = orders.recv().await {
        last += 1;
        let mut message = json!({"id": last, "method": order.method, "params": order.params});
        if !order.session.is_empty() {
            message["sessionId"] = json!(order.session);
        }
        lock(&waiting).insert(last, order.answer);
        if outbox.send(Message::text(message.to_string())).await.is_err() {
            return;
        }
    }
}

async fn read(mut inbox: WebSocketReceiver<ConnectStream>, pages: Arc<Pages>, waiting: Waiting) {
    while let Some(Ok(message)) = inbox.next().await {
        let text = message.to_text().unwrap_or_default();
        let mut message: Value = serde_json::from_str(text).unwrap_or_default();
        match (message["id"].as_u64(), message["method"].as_str()) {
            // A refusal has no result: whoever waits hears that none comes.
            (Some(id), _) => {
                let waits = lock(&waiting).remove(&id);
                if let (Some(waits), Some(result)) = (waits, message.get_mut("result")) {
                    let _ = waits.send(result.take());
                }
            }
            (None, Some(method)) => {
                let session = message["sessionId"].as_str().unwrap_or_default();
                pages.happened(session, method, &message["params"]);
            }
            (None, None) => {}
        }
    }
    // Nobody waits for a browser that is gone.
    lock(&waiting).clear();
}
