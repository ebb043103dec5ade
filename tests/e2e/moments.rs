//! What is kept of the moments of a run: each step with its line and the page around it, and what a guest's memory held
//! when it trapped. The report is looked at with a flow of our own.

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use flowguard_tests::{Flowguard, flows, guest, shared, shop};
use tokio::net::TcpListener;

/// The steps of a person who goes through the report by the keyboard.
const LOOKS: &str = "
name: looks
intent: Goes through a report from step to step
url: /
steps:
  - expect: { css: .flow .name }
    to-have-text: cart_arithmetic
  - click: { css: summary.row, has-text: 'go to /?bug=total' }
  - expect: { css: 'summary.row:focus + .more .code-places .line', nth: 0 }
    to-contain-text: goto
  - expect: { css: 'summary.row:focus + .more .code-places .place', nth: 0 }
    to-contain-text: 'flows/checkout/src/lib.rs:'
  - expect: { css: 'summary.row:focus + .more .said li', nth: 0 }
    to-contain-text: 'GET http://'
  - press: j
  - expect: { css: 'summary.row:focus' }
    to-contain-text: put into the cart
  - expect: { css: 'summary.row:focus + .more .pages img', nth: 0 }
    to-be: visible
  - press: k
  - expect: { css: 'summary.row:focus' }
    to-contain-text: go to /
";

#[tokio::test]
async fn each_step_of_a_report_shows_its_line_and_the_page_around_it() {
    let _turn = shared().await;
    let shop = shop().await;
    let shell = Flowguard::new().base_url(shop.url());
    let folder = shell.scratch().join("report");
    let html = format!("--reporter=html={}", folder.display());
    let run = shell
        .run([
            flows(),
            "--grep=cart_arithmetic",
            "--param=bug=total",
            "--screencast",
            &html,
        ])
        .await
        .exits(1);
    let frames = run.run_of("cart_arithmetic").0["attempts"][0]["screencast"].clone();
    let frames = frames.as_array().expect("a list");
    assert!(frames.len() > 2, "{frames:?}");
    assert!(
        frames.iter().all(|frame| frame["width"].as_u64() > Some(400)),
        "{frames:?}"
    );

    let page = std::fs::read_to_string(folder.join("index.html")).expect("it was written");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let router = Router::new().route("/", get(move || async move { Html(page) }));
    let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
    let looks = shell.scratch().join("looks.yaml");
    std::fs::write(&looks, LOOKS).expect("it is ours");
    let reader = Flowguard::new().base_url(url);
    reader.run([looks]).await.exits(0).passes_only(&["looks"]);
    server.abort();
}

#[tokio::test]
async fn without_a_screencast_no_picture_is_kept() {
    let _turn = shared().await;
    let shop = shop().await;
    let shell = Flowguard::new().base_url(shop.url());
    let run = shell.run([flows(), "--grep=cart_arithmetic"]).await.exits(0);
    let attempt = &run.run_of("cart_arithmetic").0["attempts"][0];
    assert_eq!(attempt["screencast"], serde_json::json!([]));
}

/// The sections of a Wasm module: number, or name of a custom one, and content.
fn sections(module: &[u8]) -> Vec<(String, &[u8])> {
    fn number(bytes: &[u8], at: &mut usize) -> usize {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = usize::from(bytes[*at]);
            *at += 1;
            value |= (byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                return value;
            }
        }
    }
    assert_eq!(module[..8], *b"\0asm\x01\0\0\0");
    let (mut at, mut found) = (8, Vec::new());
    while at < module.len() {
        let id = module[at];
        at += 1;
        let length = number(module, &mut at);
        let content = &module[at..at + length];
        at += length;
        if id == 0 {
            let mut inner = 0;
            let named = number(content, &mut inner);
            let name = String::from_utf8_lossy(&content[inner..inner + named]).into_owned();
            found.push((name, &content[inner + named..]));
        } else {
            found.push((id.to_string(), content));
        }
    }
    found
}

#[tokio::test]
async fn a_trap_leaves_a_core_dump_where_it_is_asked_for() {
    let _turn = shared().await;
    let shell = Flowguard::new();
    let folder = shell.scratch().join("dumps");
    let run = shell
        .run([
            guest("runaway"),
            "--grep=panics".into(),
            format!("--coredump={}", folder.display()),
        ])
        .await
        .exits(1);
    let id = run.run_of("panics").id();
    let file = folder.join(format!("{id}-1.coredump"));
    run.says(&format!("a core dump of the trap is in {}", file.display()));
    let dump = std::fs::read(&file).expect("it was written");
    let sections = sections(&dump);
    let names: Vec<&str> = sections.iter().map(|(name, _)| name.as_str()).collect();
    // As the tool conventions have it: the process, memories, globals, their content, modules, instances, stack.
    assert_eq!(
        names,
        [
            "core",
            "5",
            "6",
            "11",
            "coremodules",
            "coreinstances",
            "corestack"
        ]
    );
    let holds = |section: usize, text: &str| {
        let bytes = sections[section].1;
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    assert!(holds(0, "runaway.wasm"), "it says of which file");
    assert!(holds(3, "the page shows no total"), "it has the guest's memory");
    #[cfg(unix)]
    {
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).expect("there").permissions());
        assert_eq!(mode & 0o077, 0, "nobody else may read it");
    }
    // A run without the option leaves none.
    shell
        .run([guest("runaway"), "--grep=traps".into()])
        .await
        .exits(1);
    assert_eq!(std::fs::read_dir(folder).expect("there").count(), 1);
}
