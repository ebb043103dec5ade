//! A run as a trace, opened where people know traces: in Playwright's own viewer, with its service worker, in a real
//! browser. A flow of our own looks at it.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use flowguard_tests::{Flowguard, flows, install_playwright, oracle, shared, shop};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;

/// The viewer's files, and the trace.
struct Viewer {
    folder: PathBuf,
    trace: Vec<u8>,
}

async fn file(State(viewer): State<Arc<Viewer>>, Path(path): Path<String>) -> Response {
    if path == "trace.zip" {
        return ([(header::CONTENT_TYPE, "application/zip")], viewer.trace.clone()).into_response();
    }
    let kind = match path.rsplit('.').next() {
        Some("html") => "text/html",
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    };
    match std::fs::read(viewer.folder.join(path.trim_start_matches("viewer/"))) {
        Ok(bytes) => ([(header::CONTENT_TYPE, kind)], bytes).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

const LOOKS: &str = "
name: looks
steps:
  - expect: { text: { exact: 'check the sums with shipping' } }
    to-be: visible
  - click: { text: 'put into the cart: 2 × tea-towel' }
  - click: { role: tab, name: After }
  - expect: { css: iframe.snapshot-visible }
    to-be: visible
  - expect: { css: .film-strip-frame, nth: 0 }
    to-be: visible
  - click: { role: tab, name: Source }
  - expect: { css: .source-tab-file-name }
    to-contain-text: lib.rs
  - expect: { css: .source-line-running }
    to-contain-text: put into the cart
  - click: { role: tab, name: Errors }
  - expect: { role: tabpanel, name: Errors }
    to-contain-text: 'expected 3640, received 3150'
  - click: { role: tab, name: Network }
  - expect: { role: tabpanel, name: Network }
    to-contain-text: shop.css
";

#[tokio::test]
async fn playwright_s_viewer_opens_the_trace_of_a_run() {
    let _turn = shared().await;
    install_playwright().await;
    let shop = shop().await;
    let shell = Flowguard::new().base_url(shop.url());
    let run = shell
        .run([
            flows(),
            "--grep=cart_arithmetic",
            "--param=bug=total",
            "--screencast",
        ])
        .await
        .exits(1);
    let trace = shell.scratch().join("trace.zip");
    let to = format!("--output={}", trace.display());
    let told = shell
        .call(["trace", run.run_of("cart_arithmetic").id(), &to])
        .await
        .exits(0);
    told.says("steps");

    let viewer = Viewer {
        folder: oracle().join("node_modules/playwright-core/lib/vite/traceViewer"),
        trace: std::fs::read(trace).expect("it was written"),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let router = Router::new()
        .route("/{*path}", get(file))
        .with_state(Arc::new(viewer));
    let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
    let page = format!("url: /viewer/index.html?trace={url}/trace.zip\nsteps:");
    let looks = shell.scratch().join("looks.yaml");
    std::fs::write(&looks, LOOKS.replace("steps:", &page)).expect("it is ours");
    Flowguard::new()
        .base_url(url)
        .run([looks])
        .await
        .exits(0)
        .passes_only(&["looks"]);
    server.abort();
}

#[tokio::test]
async fn a_run_without_pictures_has_a_trace_too_and_one_that_is_not_there_is_told() {
    let _turn = shared().await;
    let shop = shop().await;
    let shell = Flowguard::new().base_url(shop.url());
    let run = shell.run([flows(), "--grep=cart_arithmetic"]).await.exits(0);
    let to = format!("--output={}", shell.scratch().join("trace.zip").display());
    let id = run.run_of("cart_arithmetic").id();
    shell
        .call(["trace", id, &to])
        .await
        .exits(0)
        .says("record the run with --screencast");
    shell
        .call(["trace", id, &to, "--attempt=7"])
        .await
        .exits(2)
        .says("has 1 attempts");
    shell
        .call(["trace", "20200101", &to])
        .await
        .exits(2)
        .says("there is no run");
}
