//! The development loop: a source is saved, and what it changes happens on the page that is still open; or it is
//! said why not. The page counts in its own memory, and the server how often it was loaded.

use axum::Router;
use axum::extract::State;
use axum::response::Html;
use axum::routing::get;
use flowguard_tests::{Developing, Flowguard, guest, root, shared};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A page whose script counts clicks, and tells the time where it is asked for.
const COUNTER: &str = "<!doctype html><title>Counter</title><h1>Counter</h1>\
    <button onclick='sum.textContent = ++count'>Add</button><button onclick='tick()'>Tick</button>\
    <output id=sum data-testid=sum>0</output><p id=time></p>\
    <script>let count = 0; const sum = document.querySelector('#sum');\
    const tick = () => setInterval(() => document.querySelector('#time').textContent = performance.now(), 5);</script>";

struct Counter {
    url: String,
    loads: Arc<AtomicU32>,
    server: JoinHandle<()>,
}

impl Counter {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let loads = Arc::new(AtomicU32::new(0));
        let page = |State(loads): State<Arc<AtomicU32>>| async move {
            loads.fetch_add(1, Ordering::Relaxed);
            Html(COUNTER)
        };
        let router = Router::new().route("/", get(page)).with_state(loads.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { url, loads, server }
    }

    fn loads(&self) -> u32 {
        self.loads.load(Ordering::Relaxed)
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A flow in YAML that ends with these steps.
fn counting(steps: &str) -> String {
    format!("name: counting\nintent: Counts\nurl: /\nsteps:\n  - click: {{ button: Add }}\n{steps}")
}

/// That the sum is so much, at once.
fn sum(of: u32) -> String {
    format!("  - expect: {{ test-id: sum }}\n    to-have-text: \"{of}\"\n    timeout: 200ms\n")
}

struct Editor {
    file: PathBuf,
    dev: Developing,
}

impl Editor {
    /// A session with this flow, after its first run.
    async fn opens(shell: &Flowguard, text: &str) -> (Self, Value) {
        let file = shell.scratch().join("flows").join("counting.yaml");
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("it is ours");
        std::fs::write(&file, text).expect("it is ours");
        let dev = shell.develop([&file]);
        let mut editor = Self { file, dev };
        let first = editor.dev.next("run-ended").await;
        (editor, first)
    }

    /// Saves the flow; how its run ended.
    async fn saves(&mut self, text: &str) -> Value {
        std::fs::write(&self.file, text).expect("it is ours");
        self.dev.next("run-ended").await
    }
}

fn live_from(run: &Value) -> &str {
    run["timings"]["live_from"]["title"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_changed_step_goes_on_with_the_page_that_is_open() {
    let _turn = shared().await;
    let counter = Counter::open().await;
    let shell = Flowguard::new().base_url(&counter.url);
    let (mut editor, first) = Editor::opens(&shell, &counting(&sum(2))).await;
    assert_eq!(first["verdict"], "failed");
    // The step that failed is mended: the click before it is not made again.
    let mended = editor.saves(&counting(&sum(1))).await;
    assert_eq!(
        (mended["verdict"].as_str(), counter.loads()),
        (Some("passed"), 1),
        "{mended}"
    );
    assert_eq!(live_from(&mended), "expect test-id \"sum\" to have text \"1\"");
    // Steps that are added happen on the same page, one save after another.
    for clicks in 2..5 {
        let more = "  - click: { button: Add }\n".repeat(clicks - 1);
        let of = u32::try_from(clicks).expect("few");
        let added = editor.saves(&counting(&format!("{more}{}", sum(of)))).await;
        assert_eq!(added["verdict"], "passed", "{added}");
        assert_eq!(live_from(&added), "click button \"Add\"");
    }
    assert_eq!(counter.loads(), 1, "the page was never loaded again");
    // It is a run as any other: it is listed, and it replays.
    let last = editor
        .saves(&counting(&format!(
            "{}{}",
            "  - click: { button: Add }\n".repeat(4),
            sum(5)
        )))
        .await;
    let run = last["run"].as_str().expect("an id").to_owned();
    assert_eq!(editor.dev.interrupted().await, Some(130));
    shell.call(["runs"]).await.exits(0).says(&run);
    shell.call(["replay", &run]).await.exits(0).says("times as fast");
}

#[tokio::test]
async fn where_it_cannot_go_on_it_says_why_and_runs_from_the_start() {
    let _turn = shared().await;
    let counter = Counter::open().await;
    let shell = Flowguard::new().base_url(&counter.url);
    let twice = format!("{}  - click: {{ button: Add }}\n{}", sum(1), sum(2));
    let (mut editor, first) = Editor::opens(&shell, &counting(&twice)).await;
    assert_eq!(first["verdict"], "passed");
    let why = |run: &Value| {
        run["timings"]["from_the_start"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };

    // A step before a click that was made.
    let earlier = editor.saves(&counting(&twice.replace("\"1\"", "\"0\""))).await;
    assert_eq!(
        (earlier["verdict"].as_str(), counter.loads()),
        (Some("failed"), 2)
    );
    assert!(
        why(&earlier).contains("click button \"Add\", has touched the page after that"),
        "{earlier}"
    );

    // A page that changes by itself.
    let ticks = format!("{}  - click: {{ button: Tick }}\n", sum(1));
    editor.saves(&counting(&ticks)).await;
    let ticked = editor.saves(&counting(&format!("{ticks}{}", sum(1)))).await;
    assert_eq!(ticked["verdict"], "passed");
    assert!(
        why(&ticked).contains("the page is not what the run had left"),
        "{ticked}"
    );
    editor.dev.interrupted().await;
}

#[tokio::test]
async fn what_changes_nothing_that_is_done_is_answered_from_the_recording() {
    let _turn = shared().await;
    let counter = Counter::open().await;
    let shell = Flowguard::new().base_url(&counter.url);
    let (mut editor, _) = Editor::opens(&shell, &counting(&sum(1))).await;
    let same = editor
        .saves(&counting(&format!("  - log: a word\n{}", sum(1))))
        .await;
    assert_eq!(
        (same["verdict"].as_str(), &same["timings"]["answered"]),
        (Some("passed"), &Value::Bool(true))
    );
    // And what comes after that goes on from there.
    let more = format!(
        "  - log: a word\n{}  - click: {{ button: Add }}\n{}",
        sum(1),
        sum(2)
    );
    let more = editor.saves(&counting(&more)).await;
    assert_eq!(
        (more["verdict"].as_str(), live_from(&more)),
        (Some("passed"), "click button \"Add\"")
    );
    assert_eq!(counter.loads(), 1);
    editor.dev.interrupted().await;
}

#[tokio::test]
async fn a_flow_that_cannot_be_read_keeps_its_last_good_version() {
    let _turn = shared().await;
    let counter = Counter::open().await;
    let shell = Flowguard::new().base_url(&counter.url);
    let (mut editor, _) = Editor::opens(&shell, &counting(&sum(1))).await;
    std::fs::write(&editor.file, counting("  - clack: { button: Add }\n")).expect("it is ours");
    let refused = editor.dev.next("refused").await;
    assert!(
        refused["message"].as_str().unwrap_or_default().contains("clack"),
        "{refused}"
    );
    let good = editor
        .saves(&counting(&format!("  - click: {{ button: Add }}\n{}", sum(2))))
        .await;
    assert_eq!(
        (good["verdict"].as_str(), live_from(&good)),
        (Some("passed"), "click button \"Add\"")
    );
    assert_eq!(counter.loads(), 1);
    editor.dev.interrupted().await;
}

#[tokio::test]
async fn ten_saves_in_one_second_are_one_reload() {
    let _turn = shared().await;
    let counter = Counter::open().await;
    let shell = Flowguard::new().base_url(&counter.url);
    let (mut editor, _) = Editor::opens(&shell, &counting(&sum(1))).await;
    for save in 1..=10 {
        std::fs::write(
            &editor.file,
            counting(&format!("  - log: save {save}\n{}", sum(1))),
        )
        .expect("it is ours");
    }
    let ended = editor.dev.until("run-ended").await;
    assert_eq!(
        ended.iter().filter(|event| event["is"] == "flows").count(),
        1,
        "{ended:?}"
    );
    // Nothing was left over: the next event is of the next save.
    std::fs::write(&editor.file, counting("  - clack: { button: Add }\n")).expect("it is ours");
    let next = editor.dev.until("refused").await;
    assert_eq!(next.len(), 1, "{next:?}");
    editor.dev.interrupted().await;
}

#[tokio::test]
async fn a_custom_assertion_is_swapped_and_its_flows_run_again() {
    let _turn = shared().await;
    let shop = flowguard_tests::shop().await;
    let shell = Flowguard::new().base_url(shop.url());
    let folder = shell.scratch().join("flows");
    std::fs::create_dir(&folder).expect("it is ours");
    std::fs::copy(root().join(guest("calls-meddler")), folder.join("calls.wasm")).expect("it is built");
    std::fs::copy(root().join(guest("meddler")), folder.join("meddler.wasm")).expect("it is built");
    let mut dev = shell.develop([folder.as_os_str(), "--grep=calls_meddler".as_ref()]);
    assert_eq!(dev.next("run-ended").await["verdict"], "passed");
    // One that is no component is refused, the old one stays.
    std::fs::write(folder.join("meddler.wasm"), "no component").expect("it is ours");
    let refused = dev.next("refused").await;
    assert!(
        refused["message"]
            .as_str()
            .unwrap_or_default()
            .contains("no WebAssembly"),
        "{refused}"
    );
    // It is taken away: the flow that calls it runs again, and fails.
    std::fs::remove_file(folder.join("meddler.wasm")).expect("it is there");
    let without = dev.next("run-ended").await;
    assert_ne!(without["verdict"], "passed", "{without}");
    let processes = dev.processes();
    assert_eq!(dev.interrupted().await, Some(130));
    processes.all_end_within(Duration::from_secs(5)).await;
}

/// A person at the session's page, which is looked at with flows of our own.
struct Reader {
    shell: Flowguard,
    link: String,
}

impl Reader {
    fn of(dev: &Developing) -> Self {
        let link = dev
            .said()
            .lines()
            .find_map(|line| line.strip_prefix("the session's page is at "));
        let link = link.expect("it says where").to_owned();
        Self {
            shell: Flowguard::new().base_url(&link),
            link,
        }
    }

    async fn sees(&self, steps: &str) {
        let file = self.shell.scratch().join("reader.yaml");
        let text = format!("name: reader\nurl: {}\nsteps:\n{steps}", self.link);
        std::fs::write(&file, text).expect("it is ours");
        self.shell.run([file]).await.exits(0).passes_only(&["reader"]);
    }
}

#[tokio::test]
async fn the_session_s_page_shows_what_happens_and_does_what_is_asked() {
    let _turn = shared().await;
    let counter = Counter::open().await;
    let shell = Flowguard::new().base_url(&counter.url);
    let (mut editor, _) = Editor::opens(&shell, &counting(&sum(2))).await;
    let reader = Reader::of(&editor.dev);
    reader
        .sees(
            "  - expect: { css: '#flows [aria-selected=true]' }
    to-contain-text: counting
  - expect: { css: '#build' }
    to-have-text: watching
  - expect: { css: '#message' }
    to-contain-text: 'expected test-id \"sum\" to have text \"2\", received \"1\"'
  - expect: { css: '#line' }
    to-contain-text: '- expect:'
  - expect: { css: '#place' }
    to-have-text: 'counting.yaml:6'
  - expect: { css: '#picture' }
    to-be: visible
  - expect: { css: '#steps li', nth: 2 }
    to-contain-text: click button \"Add\"
  - expect: { css: '#events li', nth: 0 }
    to-contain-text: 'GET http://127.0.0.1'
",
        )
        .await;
    editor.saves(&counting(&sum(1))).await;
    reader
        .sees(
            "  - expect: { css: '#how' }
    to-contain-text: 'passed in'
  - expect: { css: '#how' }
    to-contain-text: 'went on with the open page, live from call 4'
  - expect: { css: '#times' }
    to-contain-text: 'load'
  - expect: { css: '#failure' }
    to-be: hidden
  - press: '?'
  - expect: { css: '#keys' }
    to-be: visible
  - press: Escape
  - press: r
  - expect: { css: '#how', has-text: 'went on' }
    to-be: hidden
",
        )
        .await;
    let again = editor.dev.next("run-ended").await;
    assert_eq!(
        (&again["timings"]["live_from"], counter.loads()),
        (&Value::Null, 2),
        "{again}"
    );
    let unseen = format!("--param=link={}", reader.link);
    let unseen = reader.shell.run([guest("unseen").as_str(), &unseen]).await;
    unseen.exits(0).passes_only(&["lets_go_of_its_streams"]);
    editor.dev.next("run-ended").await;
    // A build or a file that fails is told where nobody can miss it.
    std::fs::write(&editor.file, counting("  - clack: { button: Add }\n")).expect("it is ours");
    editor.dev.next("refused").await;
    reader
        .sees("  - expect: { css: '#trouble' }\n    to-contain-text: clack\n")
        .await;
    editor.dev.interrupted().await;
}

/// A package that holds one flow, with the SDK of this house.
fn package(folder: &Path, more: &str) {
    let sdk = root().join("sdk/rust");
    let manifest = format!(
        "[package]\nname = \"counting-in-rust\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{more}\
         [lib]\ncrate-type = [\"cdylib\"]\n[dependencies]\nflowguard-sdk = {{ path = {sdk:?} }}\n[workspace]\n"
    );
    std::fs::create_dir_all(folder.join("src")).expect("it is ours");
    std::fs::write(folder.join("Cargo.toml"), manifest).expect("it is ours");
    std::fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).expect("it is there");
}

fn in_rust(of: u32) -> String {
    format!(
        "use flowguard_sdk::prelude::*;\nflowguard_sdk::component! {{ name: \"counting\", flows: [counting] }}\n\
         /// Counts.\n#[flow]\nfn counting(page: Page, _: Context) -> Result {{\n    page.goto(\"/\")?;\n    \
         page.get_by_role(Role::Button, \"Add\").click()?;\n    expect(page.get_by_test_id(\"sum\")).within(200.milliseconds())\
         .to_have_text(\"{of}\")\n}}\n"
    )
}

#[tokio::test]
async fn a_package_is_built_by_cargo_and_a_failing_build_keeps_the_last_good_one() {
    let _turn = shared().await;
    let counter = Counter::open().await;
    // The target folder of the tests keeps what the flow is made from.
    let target = Flowguard::target().join("dev-packages");
    let shell = Flowguard::new()
        .base_url(&counter.url)
        .variable("CARGO_TARGET_DIR", target);
    let folder = shell.scratch().join("package");
    package(&folder, "");
    let source = folder.join("src/lib.rs");
    std::fs::write(&source, in_rust(2)).expect("it is ours");
    let mut dev = shell.develop([&folder]);
    assert_eq!(dev.next("run-ended").await["verdict"], "failed", "{}", dev.said());

    std::fs::write(&source, in_rust(1).replace(".click()", ".clack()")).expect("it is ours");
    let failed = dev.next("build-failed").await;
    assert!(
        failed["output"].as_str().unwrap_or_default().contains("clack"),
        "{failed}"
    );

    std::fs::write(&source, in_rust(1)).expect("it is ours");
    let mended = dev.next("run-ended").await;
    assert_eq!(
        (mended["verdict"].as_str(), counter.loads()),
        (Some("passed"), 1),
        "{mended}"
    );
    assert!(
        live_from(&mended).starts_with("expect test-id \"sum\""),
        "{mended}"
    );

    for save in 1..=10 {
        std::fs::write(
            &source,
            format!("{}// {save}\n", in_rust(1).replace("Counts", "Counts on")),
        )
        .expect("it is ours");
    }
    let events = dev.until("run-ended").await;
    let builds = events.iter().filter(|event| event["is"] == "built").count();
    assert_eq!(builds, 1, "{events:?}");
    dev.interrupted().await;
}

#[tokio::test]
async fn a_build_that_writes_its_own_sources_does_not_go_on_for_ever() {
    let _turn = shared().await;
    let shell = Flowguard::new().variable("CARGO_TARGET_DIR", Flowguard::target().join("dev-packages"));
    let folder = shell.scratch().join("package");
    package(&folder, "build = \"build.rs\"\n");
    std::fs::write(folder.join("src/lib.rs"), in_rust(1)).expect("it is ours");
    let build = "fn main() { let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();\n\
                 std::fs::write(\"src/generated.rs\", format!(\"// {now}\")).unwrap(); }\n";
    std::fs::write(folder.join("build.rs"), build).expect("it is ours");
    let mut dev = shell.develop([folder.as_os_str(), "--base-url=http://127.0.0.1:9".as_ref()]);
    let note = dev.next("note").await;
    let message = note["message"].as_str().unwrap_or_default();
    assert!(
        message.contains("generated.rs is written by the build itself"),
        "{message}"
    );
    dev.interrupted().await;
}
