//! The back office of the shop, as far as flows need one: pages that open windows, ask, download, take files,
//! drag, listen to keys, know who looks at them and go by the clock. Never more than a page's own script can do;
//! what the server remembers is how often it was asked.

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{any, get};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The pages, by their path.
const PAGES: [(&str, &str); 8] = [
    ("order", include_str!("desk/order.html")),
    ("packing", include_str!("desk/packing.html")),
    ("inbox", include_str!("desk/inbox.html")),
    ("terms", include_str!("desk/terms.html")),
    ("delivery", include_str!("desk/delivery.html")),
    ("profile", include_str!("desk/profile.html")),
    ("shift", include_str!("desk/shift.html")),
    ("news", include_str!("desk/news.html")),
];

/// How often a parcel was asked after.
type Asked = Arc<Mutex<HashMap<String, u32>>>;

/// A back office on a port of its own.
pub(crate) struct Desk {
    url: String,
    server: JoinHandle<()>,
}

impl Desk {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new()
            .route("/orders.csv", get(orders))
            .route("/api/parcels/{id}", get(parcel))
            .route("/api/notes", any(note))
            .route("/{page}", get(page))
            .with_state(Asked::default());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { url, server }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn page(Path(name): Path<String>) -> Response {
    match PAGES.iter().find(|(known, _)| *known == name) {
        Some((_, html)) => Html(*html).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn orders() -> impl IntoResponse {
    let kept = (header::CONTENT_DISPOSITION, "attachment; filename=\"orders.csv\"");
    let kind = (header::CONTENT_TYPE, "text/csv");
    ([kept, kind], "order,total\n17,12.50\n18,48.00\n")
}

/// Where a parcel is: it goes on each time that somebody asks, and is there the third time.
async fn parcel(State(asked): State<Asked>, Path(id): Path<String>) -> impl IntoResponse {
    let times = {
        let mut asked = asked.lock().expect("nobody panicked");
        let times = asked.entry(id).or_default();
        *times += 1;
        *times
    };
    let state = ["packed", "on its way"]
        .get(times as usize - 1)
        .unwrap_or(&"delivered");
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, format!("{{\"state\":\"{state}\"}}"))
}

/// Says back how it was asked, and what for.
async fn note(headers: HeaderMap, request: Request) -> String {
    let method = request.method().clone();
    let body = axum::body::to_bytes(request.into_body(), 1 << 16).await;
    let text = body.map_or_else(
        |_| String::new(),
        |body| String::from_utf8_lossy(&body).into_owned(),
    );
    let clerk = headers.get("x-clerk").and_then(|clerk| clerk.to_str().ok());
    format!("{method} by {}: {text}", clerk.unwrap_or("nobody"))
}
