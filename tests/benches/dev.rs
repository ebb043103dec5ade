//! From a save to the first call on the page that is open: `flowguard dev` on a package of Rust whose fourth step
//! changes again and again. The page counts in its own memory, and the server how often it was loaded.

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use flowguard_tests::{Flowguard, root};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::net::TcpListener;

const SAVES: u32 = 20;
const PAGE: &str = "<!doctype html><title>Counter</title><button onclick='sum.textContent = ++count'>Add</button>\
    <output id=sum data-testid=sum>0</output><script>let count = 0; const sum = document.querySelector('#sum');</script>";

/// Saves, and prints the medians.
pub(crate) async fn measure() {
    let loads = Arc::new(AtomicU32::new(0));
    let counted = loads.clone();
    let page = move || {
        counted.fetch_add(1, Ordering::Relaxed);
        async { Html(PAGE) }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", get(page))).await });

    let shell = Flowguard::new()
        .base_url(url)
        .variable("CARGO_TARGET_DIR", Flowguard::target().join("dev-packages"));
    let folder = shell.scratch().join("package");
    package(&folder);
    let save = |number: u32| std::fs::write(folder.join("src/lib.rs"), flow(number)).unwrap();
    save(0);
    let mut dev = shell.develop([&folder]);
    dev.next("run-ended").await;
    let mut parts: [Vec<f64>; 5] = Default::default();
    for number in 1..=SAVES {
        save(number);
        let run = dev.next("run-ended").await;
        let timings = &run["timings"];
        assert_eq!(run["verdict"], "passed", "{run}");
        assert_eq!(timings["live_from"]["call"], 5, "{run}");
        for (part, name) in parts
            .iter_mut()
            .zip(["notice_ms", "build_ms", "load_ms", "prefix_ms", "live_ms"])
        {
            part.push(timings[name].as_f64().unwrap());
        }
    }
    dev.interrupted().await;
    let [notice, build, load, prefix, live] = parts.map(crate::beside::middle);
    println!("{:<64}{:>14}", "from a save to the open page, median of 20", "");
    for (name, ms) in [
        ("noticed, and made sure that no other save follows", notice),
        ("built by cargo", build),
        ("loaded: read, checked, compiled, described", load),
        ("prefix: the page looked at, the recorded calls answered", prefix),
        ("live: the first call on the page", live),
        (
            "the host's own part: all but the build",
            notice + load + prefix + live,
        ),
    ] {
        println!("{name:<64}{ms:>11.1} ms");
    }
    println!(
        "the page was loaded {} time(s) in {} runs\n",
        loads.load(Ordering::Relaxed),
        SAVES + 1
    );
}

fn package(folder: &Path) {
    let sdk = root().join("sdk/rust");
    let manifest = format!(
        "[package]\nname = \"counting-in-rust\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"cdylib\"]\n\
         [dependencies]\nflowguard-sdk = {{ path = {sdk:?} }}\n[workspace]\n"
    );
    std::fs::create_dir_all(folder.join("src")).unwrap();
    std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    std::fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
}

/// Opens, loads, clicks twice, and expects something else in its fourth step each time.
fn flow(number: u32) -> String {
    format!(
        "use flowguard_sdk::prelude::*;\nflowguard_sdk::component! {{ name: \"counting\", flows: [counting] }}\n\
         /// Counts.\n#[flow]\nfn counting(page: Page, _: Context) -> Result {{\n    page.goto(\"/\")?;\n    \
         let add = page.get_by_role(Role::Button, \"Add\");\n    add.click()?;\n    add.click()?;\n    \
         expect(page.get_by_test_id(\"sum\")).not().to_have_text(\"{}\")?;\n    \
         expect(page.get_by_test_id(\"sum\")).to_have_text(\"2\")\n}}\n",
        number + 100
    )
}
