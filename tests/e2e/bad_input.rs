//! Everything that can be wrong with what a user names, each ending in one clear message and the right code.

use flowguard_tests::{Flowguard, Peer, flows, guest, guests, shared, shop};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::readable::{settings, words};

/// Commands at once: more do not end sooner on two cores.
const AT_ONCE: usize = 3;

/// Components of which no flow can run, or whose flows end badly.
const BAD: [&str; 10] = [
    "runaway",
    "hoarder",
    "stray",
    "foreign-import",
    "other-contract",
    "other-shape",
    "describe-traps",
    "describe-loops",
    "describe-calls-host",
    "describe-twins",
];

/// A command, and the code that it must end with.
struct Row {
    name: &'static str,
    shell: Flowguard,
    arguments: Vec<String>,
    code: i32,
}

/// A table of commands, run side by side and told in its own order.
struct Table {
    shell: Flowguard,
    rows: Vec<Row>,
}

impl Table {
    fn new(shell: Flowguard) -> Self {
        Self {
            shell,
            rows: Vec::new(),
        }
    }

    /// `flowguard run` with these arguments.
    fn run(&mut self, name: &'static str, arguments: &[&str], code: i32) -> &mut Self {
        let arguments: Vec<&str> = ["run"].iter().chain(arguments).copied().collect();
        self.call(name, &arguments, code)
    }

    /// `flowguard` with these arguments.
    fn call(&mut self, name: &'static str, arguments: &[&str], code: i32) -> &mut Self {
        let shell = self.shell.clone();
        self.call_in(name, shell, arguments, code)
    }

    fn call_in(&mut self, name: &'static str, shell: Flowguard, arguments: &[&str], code: i32) -> &mut Self {
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        self.rows.push(Row {
            name,
            shell,
            arguments,
            code,
        });
        self
    }

    /// Runs all rows; every wrong code is told at once, then the messages are compared.
    async fn compare(self, snapshot: &str) {
        let slots = Arc::new(Semaphore::new(AT_ONCE));
        let mut running = JoinSet::new();
        for (place, row) in self.rows.into_iter().enumerate() {
            let slots = slots.clone();
            running.spawn(async move {
                let _slot = slots.acquire_owned().await;
                let outcome = row.shell.call(&row.arguments).await;
                (place, row, outcome)
            });
        }
        let mut ended = running.join_all().await;
        ended.sort_by_key(|(place, ..)| *place);
        let mut text = String::new();
        let mut wrong = Vec::new();
        for (_, row, outcome) in &ended {
            let code = outcome
                .code
                .map_or_else(|| "a signal".to_owned(), |code| code.to_string());
            if outcome.code != Some(row.code) {
                wrong.push(format!(
                    "{}: exit {code}, not {}\n{}",
                    row.name,
                    row.code,
                    outcome.text()
                ));
            }
            let _ = writeln!(text, "== {} → {code}\n{}\n", row.name, words(outcome).trim_end());
        }
        settings().bind(|| insta::assert_snapshot!(snapshot, text));
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// Writes a file into the shell's own folder; its path.
fn file(shell: &Flowguard, name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path = shell.scratch().join(name);
    std::fs::write(&path, bytes).expect("the folder is writable");
    path.display().to_string()
}

#[tokio::test]
async fn files_that_cannot_be_loaded() {
    let _turn = shared().await;
    let shell = Flowguard::new();
    let whole = std::fs::read(guests().join("good.wasm")).expect("the guests are built");
    let text = file(&shell, "notes.txt", "buy a mug\n");
    let text_as_wasm = file(&shell, "notes.wasm", "buy a mug\n");
    let empty = file(&shell, "empty.wasm", "");
    let module = file(&shell, "module.wasm", b"\0asm\x01\0\0\0");
    let truncated = file(&shell, "truncated.wasm", &whole[..whole.len() / 2]);
    let malformed = file(&shell, "malformed.yaml", "name: x\nsteps:\n  - click: [\n");
    let unknown_step = file(
        &shell,
        "unknown.yaml",
        "name: x\nurl: /\nsteps:\n  - teleport: home\n",
    );
    let not_text = file(&shell, "latin.yaml", b"name: caf\xe9\n");
    let empty_folder = shell.scratch().join("nothing");
    std::fs::create_dir(&empty_folder).expect("the folder is fresh");
    let missing = shell.scratch().join("missing.wasm").display().to_string();

    let mut table = Table::new(shell.clone());
    table
        .run("a text file", &[&text], 2)
        .run("a text file that is called a component", &[&text_as_wasm], 2)
        .run("an empty file", &[&empty], 2)
        .run("a core module", &[&module], 2)
        .run("a truncated component", &[&truncated], 2)
        .run(
            "a component that imports what no world offers",
            &[&guest("foreign-import")],
            2,
        )
        .run(
            "a component for another version of the contract",
            &[&guest("other-contract")],
            2,
        )
        .run("a component of another shape", &[&guest("other-shape")], 2)
        .run("a describe that panics", &[&guest("describe-traps")], 2)
        .run("a describe that never returns", &[&guest("describe-loops")], 2)
        .run(
            "a describe that calls the host",
            &[&guest("describe-calls-host")],
            2,
        )
        .run(
            "a describe that names two flows alike",
            &[&guest("describe-twins")],
            2,
        )
        .run("malformed YAML", &[&malformed], 2)
        .run("YAML with an unknown step", &[&unknown_step], 2)
        .run("YAML that is not UTF-8", &[&not_text], 2)
        .run("a path that does not exist", &[&missing], 2)
        .run("an empty folder", &[&empty_folder.display().to_string()], 2)
        .call(
            "a component of another shape, inspected",
            &["inspect", &guest("other-shape")],
            2,
        )
        .call("a folder, inspected", &["inspect", flows()], 2);
    table.compare("files_that_cannot_be_loaded").await;
}

#[tokio::test]
async fn flows_that_misbehave() {
    let _turn = shared().await;
    let shop = shop().await;
    let absent = Peer::absent().await;
    let (runaway, hoarder, stray) = (guest("runaway"), guest("hoarder"), guest("stray"));
    let url = format!("--base-url={}", shop.url());
    let mut table = Table::new(Flowguard::new());
    let mut flow = |name, file: &str, flow: &str, code| {
        table.run(name, &[file, "--grep", flow, &url], code);
    };
    flow("a panic", &runaway, "panics", 1);
    flow("a trap", &runaway, "traps", 1);
    flow("an endless loop", &runaway, "loops", 1);
    flow("a memory bomb", &runaway, "fills_memory", 1);
    flow("an unbounded recursion", &runaway, "recurses", 1);
    flow("a leak of handles", &hoarder, "keeps_locators", 1);
    flow("a flood of log lines", &hoarder, "floods_the_log", 1);
    flow("too many steps open", &hoarder, "opens_steps", 1);
    flow("steps never ended", &hoarder, "leaves_steps_open", 0);
    flow("a host that is not granted", &stray, "opens_a_foreign_host", 1);
    flow(
        "a bucket that is not granted",
        &stray,
        "opens_a_foreign_bucket",
        1,
    );
    flow("a file of the machine", &stray, "opens_a_file", 1);
    flow("a locator that matches several", &stray, "clicks_one_of_many", 1);
    flow("an element that never comes", &stray, "waits_in_vain", 1);
    let unreachable = format!("--base-url={absent}");
    table.run(
        "an address where nobody listens",
        &[&stray, "--grep=opens_home", &unreachable],
        1,
    );
    table.run("no base URL", &[&stray, "--grep=opens_home"], 1);
    table.compare("flows_that_misbehave").await;
}

#[tokio::test]
async fn commands_that_make_no_sense() {
    let _turn = shared().await;
    let shell = Flowguard::new();
    let good = guest("good");
    let smoke = "flows/smoke.yaml";
    let nowhere = Path::new("/nowhere");
    let no_browser = Flowguard::new().variable("FLOWGUARD_CHROMIUM", nowhere);
    let not_a_folder = Flowguard::cold();
    let a_file = file(&not_a_folder, "a-file", "");
    let not_a_folder = not_a_folder.variable("FLOWGUARD_DATA", &a_file);
    let mut table = Table::new(shell);
    table
        .run("an unknown reporter", &[&good, "--reporter=smoke-signals"], 2)
        .run("a reporter without a place", &[&good, "--reporter=json="], 2)
        .run("a timeout that is none", &[&good, "--timeout=soon"], 2)
        .run("a timeout of nothing", &[&good, "--timeout=0s"], 2)
        .run("a base URL that is none", &[&good, "--base-url=shop"], 2)
        .run("a parameter without a value", &[&good, "--param=bug"], 2)
        .run("no workers", &[&good, "--workers=0"], 2)
        .run("no flow of this name", &[&good, "--grep=checkout"], 2)
        .run("no flow with this tag", &[&good, "--tag=nightly"], 2)
        .run("no path", &[], 2)
        .run(
            "plugins in a folder that is not there",
            &[smoke, "--plugins=/nowhere"],
            2,
        )
        .call("an unknown verb", &["walk"], 2)
        .call("an unknown run", &["report", "20200101-000000-aaaaaa"], 2)
        .call("a run id that is none", &["report", "../../etc/passwd"], 2)
        .call("no runs yet", &["runs"], 0);
    let url = "--base-url=http://127.0.0.1:9";
    table.call_in(
        "no browser",
        no_browser,
        &["run", &good, "--grep=reads_home", url],
        3,
    );
    table.call_in("a data folder that is a file", not_a_folder, &["runs"], 2);
    table.compare("commands_that_make_no_sense").await;
}

#[tokio::test]
async fn good_flows_beside_bad_ones_are_not_disturbed() {
    let _turn = shared().await;
    let shop = shop().await;
    let shell = Flowguard::new().base_url(shop.url());
    let folder = shell.scratch().join("flows");
    std::fs::create_dir(&folder).expect("the folder is fresh");
    for name in BAD.iter().chain(&["good"]) {
        std::fs::copy(
            guests().join(format!("{name}.wasm")),
            folder.join(format!("{name}.wasm")),
        )
        .expect("built");
    }
    file(&shell, "flows/empty.wasm", "");
    file(&shell, "flows/malformed.yaml", "name: x\nsteps:\n  - click: [\n");

    let outcome = shell
        .run([folder.as_os_str(), "--workers=4".as_ref()])
        .await
        .exits(2);
    assert_eq!(
        outcome.flows_with("passed"),
        [
            "keeps_a_picture",
            "leaves_steps_open",
            "opens_home",
            "reads_cart",
            "reads_home"
        ],
        "{}",
        outcome.text()
    );
    let picture = outcome.run_of("keeps_a_picture");
    let attached = picture
        .steps()
        .filter(|step| step["attachments"][0]["name"] == "the mug")
        .count();
    assert_eq!(attached, 1, "the good flow's picture is in its report");
    for good in ["reads_home", "reads_cart", "keeps_a_picture"] {
        assert_eq!(outcome.run_of(good).attempts(), 1, "{good}");
    }
    assert_eq!(outcome.flows_with("failed"), ["waits_in_vain"]);
    let not_loaded = outcome.report()["load_failures"].as_array().map_or(0, Vec::len);
    assert_eq!(not_loaded, 9, "each of the files is told: {}", outcome.text());
}
