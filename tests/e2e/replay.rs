//! A run replayed from its recording, on a machine on which no browser can be found: the same verdict, the same
//! steps, or a clear word on where the flow left the recording.

use flowguard_tests::{Flowguard, Outcome, Peer, RunOutcome, flows, guest, shared, shop};
use serde_json::Value;
use std::path::Path;

use crate::desk::Desk;
use crate::desk_flows::YAML;

/// Replays a run with nothing to be found on the path; the report besides.
async fn replayed(shell: &Flowguard, run: &str, more: &[&str]) -> Outcome {
    let report = shell.scratch().join("replay.json");
    let _ = std::fs::remove_file(&report);
    let json = format!("--reporter=json={}", report.display());
    let nowhere = shell.clone().variable("PATH", Path::new("/nowhere"));
    let arguments = [&["replay", run, "--reporter=list", &json], more].concat();
    let mut outcome = nowhere.call(arguments).await;
    let text = std::fs::read_to_string(report).ok();
    outcome.report = text.and_then(|text| serde_json::from_str(&text).ok());
    outcome
}

/// What a replay must repeat of a run: verdicts, failures, steps with their outcomes. Not times and pictures.
fn essence(run: &RunOutcome<'_>) -> Value {
    let attempts = run.0["attempts"].as_array().into_iter().flatten();
    let attempts = attempts.map(|attempt| {
        let failures = attempt["failures"].as_array().into_iter().flatten();
        let failures: Vec<Value> = failures
            .map(|f| serde_json::json!([f["code"], f["message"]]))
            .collect();
        let steps = attempt["steps"].as_array().into_iter().flatten();
        let steps: Vec<Value> = steps
            .map(|s| serde_json::json!([s["parent"], s["source"], s["op"], s["title"], s["outcome"]]))
            .collect();
        serde_json::json!([
            attempt["verdict"],
            attempt["blame"],
            failures,
            attempt["host_calls"],
            steps
        ])
    });
    serde_json::json!([run.verdict(), run.blame(), attempts.collect::<Vec<_>>()])
}

/// Replays each run; its verdict, its steps and its exit code are the recorded ones. How many were replayed.
async fn all_replay(shell: &Flowguard, recorded: &Outcome) -> usize {
    let mut replays = 0;
    for run in recorded.runs() {
        let again = replayed(shell, run.id(), &[]).await;
        let replay = again.run_of(run.name());
        assert_eq!(essence(&replay), essence(&run), "{}", again.text());
        let code = match run.blame() {
            "" => 0,
            "platform" => 3,
            _ => 1,
        };
        assert_eq!(again.code, Some(code), "{}", again.text());
        again.says("times as fast");
        replays += 1;
    }
    replays
}

#[tokio::test]
async fn the_example_flows_replay_without_a_browser() {
    let _turn = shared().await;
    let shop = shop().await;
    let shell = Flowguard::new().base_url(shop.url());
    for bug in ["none", "total"] {
        let recorded = shell.run([flows(), &format!("--param=bug={bug}")]).await;
        assert_eq!(all_replay(&shell, &recorded).await, 13);
    }
}

#[tokio::test]
async fn a_password_is_not_in_its_recording_which_replays_all_the_same() {
    let _turn = shared().await;
    let shop = shop().await;
    let shell = Flowguard::new().base_url(shop.url());
    for password in ["teapot-42", "pencil-sharpener-7"] {
        let password_is = format!("--param=password={password}");
        let recorded = shell.run(["flows/sign-in.yaml", &password_is]).await;
        let run = recorded.run_of("sign-in");
        assert_eq!(
            run.verdict() == "passed",
            password == "teapot-42",
            "{}",
            recorded.text()
        );
        let mut read = 0;
        for file in std::fs::read_dir(shell.data().join("cassettes").join(run.id())).expect("it was recorded")
        {
            let bytes = std::fs::read(file.expect("it can be listed").path()).expect("it can be read");
            let text = String::from_utf8(bytes).expect("a cassette is text");
            assert!(text.contains("not the password"), "it is this flow's: {text}");
            // The flow's own text is there as it is.
            let text = text.replace("${password:-teapot-42}", "");
            assert!(!text.contains(password), "the password is in {text}");
            read += 1;
        }
        assert_eq!(read, 1);
        assert_eq!(all_replay(&shell, &recorded).await, 1);
    }
}

#[tokio::test]
async fn a_desk_with_windows_dialogs_files_routes_and_retries_replays() {
    let _turn = shared().await;
    let desk = Desk::open().await;
    let shell = Flowguard::new().base_url(desk.url());
    for flows in [
        YAML,
        &guest("desk-forms"),
        &guest("desk-around"),
        &guest("desk-network"),
        &guest("desk-contexts"),
    ] {
        let recorded = shell.run([flows, "--workers=2"]).await;
        all_replay(&shell, &recorded).await;
    }
}

#[tokio::test]
async fn traps_broken_limits_and_deadlines_replay() {
    let _turn = shared().await;
    let shell = Flowguard::new();
    let recorded = shell.run([guest("runaway")]).await.exits(1);
    assert_eq!(recorded.flows_with("errored").len(), 5);
    all_replay(&shell, &recorded).await;
    // Its own second is not waited for again.
    let id = recorded.run_of("loops").id();
    let took = replayed(&shell, id, &[]).await.run_of("loops").took_ms();
    assert!(took < 900.0, "{took} ms");
}

#[tokio::test]
async fn denials_spent_budgets_buckets_and_second_attempts_replay() {
    let _turn = shared().await;
    let shop = shop().await;
    let shell = Flowguard::new().base_url(shop.url());
    for (component, grep) in [
        ("stray", ""),
        ("hoarder", ""),
        ("memory", "fails_at_first"),
        ("memory", "counts"),
    ] {
        let arguments = [
            guest(component),
            format!("--grep={grep}"),
            "--retries=1".to_owned(),
        ];
        let recorded = shell.run(arguments).await;
        assert!(all_replay(&shell, &recorded).await > 0);
        if grep == "fails_at_first" {
            assert_eq!(
                recorded.run_of(grep).attempts(),
                2,
                "both were recorded and replayed"
            );
        }
    }
}

#[tokio::test]
async fn a_recorded_component_that_is_gone_can_be_named() {
    let _turn = shared().await;
    let shell = Flowguard::new();
    let memory = guest("memory");
    let recorded = shell.run([&memory, "--grep=counts_its_runs"]).await.exits(0);
    let id = recorded.run_of("counts_its_runs").id();
    std::fs::remove_dir_all(shell.data().join("artifacts")).expect("it was made");
    let missing = replayed(&shell, id, &[]).await.exits(2);
    missing
        .says("the recorded component")
        .says("name it with --component FILE");
    replayed(&shell, id, &[&format!("--component={memory}")])
        .await
        .exits(0)
        .passes_only(&["counts_its_runs"]);
    // It counts in a bucket: a replay counts nothing.
    let param = "--param=runs=2";
    shell
        .run([&memory, "--grep=counts_its_runs", param])
        .await
        .exits(0);
}

#[tokio::test]
async fn a_run_whose_time_was_over_while_it_waited_replays_at_once() {
    let _turn = shared().await;
    let peer = Peer::holding(1).await;
    let shell = Flowguard::new().base_url(peer.url());
    let memory = guest("memory");
    let recorded = shell
        .run([&memory, "--grep=waits_for_a_page", "--timeout=2s"])
        .await
        .exits(1);
    all_replay(&shell, &recorded).await;
    let run = replayed(&shell, recorded.run_of("waits_for_a_page").id(), &[]).await;
    assert!(
        run.run_of("waits_for_a_page").took_ms() < 1_000.0,
        "{}",
        run.text()
    );
}

#[tokio::test]
async fn custom_assertions_run_again_on_recorded_answers() {
    let _turn = shared().await;
    let shop = shop().await;
    let shell = Flowguard::new().base_url(shop.url());
    for what in ["nothing", "click", "open", "trap", "loop"] {
        let parameter = format!("--param=meddle={what}");
        let recorded = shell
            .run([guest("calls-meddler"), guest("meddler"), parameter])
            .await;
        assert_eq!(all_replay(&shell, &recorded).await, 2, "{what}");
    }
}

#[tokio::test]
async fn kill_9_leaves_a_recording_that_replays_to_its_last_call() {
    let _turn = shared().await;
    let mut peer = Peer::holding(1).await;
    let shell = Flowguard::new().base_url(peer.url());
    let run = shell.start([guest("memory"), "--grep=waits_for_a_page".into()]);
    let held = peer.asked().await;
    run.kill();
    run.ended().await;
    drop(held);
    let runs = std::fs::read_dir(shell.data().join("cassettes")).expect("there");
    let id = runs
        .flatten()
        .next()
        .expect("one run")
        .file_name()
        .to_string_lossy()
        .into_owned();

    let replay = replayed(&shell, &id, &[]).await.exits(3);
    let replay = replay
        .says("the recording ends after 2 calls")
        .says("replayed 2 calls");
    let run = replay.run_of("waits_for_a_page");
    let ops: Vec<&str> = run.steps().filter_map(|step| step["op"].as_str()).collect();
    assert_eq!(ops, ["page.open", "log", "page.goto"]);

    // By its file, and by the beginning of its name.
    let file = shell.data().join("cassettes").join(&id).join("1.cassette");
    replayed(&shell, &file.display().to_string(), &[]).await.exits(3);
    replayed(&shell, &id[..8], &[]).await.exits(3);
}

const SMOKE: &str = "
name: smoke
url: /
steps:
  - expect: { heading: Things that last, level: 1 }
    to-be: visible
  - click: { link: { exact: Cart } }
  - expect: Your cart is empty
    to-be: visible
";

/// Records this flow, and replays it changed.
async fn changed(from: &str, to: &str) -> Outcome {
    let shop = shop().await;
    let shell = Flowguard::new().base_url(shop.url());
    let (old, new) = (
        shell.scratch().join("smoke.yaml"),
        shell.scratch().join("new.yaml"),
    );
    std::fs::write(&old, SMOKE).expect("writable");
    assert!(SMOKE.contains(from), "{from}");
    std::fs::write(&new, SMOKE.replace(from, to)).expect("writable");
    let recorded = shell.run([old]).await;
    let component = format!("--component={}", new.display());
    replayed(&shell, recorded.run_of("smoke").id(), &[&component]).await
}

#[tokio::test]
async fn a_changed_flow_is_told_at_its_first_other_call() {
    let _turn = shared().await;
    changed("exact: Cart", "exact: Account")
        .await
        .exits(4)
        .says(r#"call 4: expected click link exactly "Cart", got click link exactly "Account""#)
        .says("    recorded  smoke.yaml:7\n              - click: { link: { exact: Cart } }")
        .says("    now       new.yaml:7\n              - click: { link: { exact: Account } }");
    changed("  - click: { link: { exact: Cart } }\n", "")
        .await
        .exits(4)
        .says(r#"call 4: expected click link exactly "Cart", got expect"#);
}

#[tokio::test]
async fn a_changed_flow_that_makes_the_same_calls_has_its_own_verdict() {
    let _turn = shared().await;
    let outcome = changed("  - click", "  - log: on to the cart\n  - click")
        .await
        .exits(0);
    outcome.says("replayed 5 calls").passes_only(&["smoke"]);
}

#[tokio::test]
async fn what_cannot_be_replayed_is_told_with_what_to_do() {
    let _turn = shared().await;
    let shell = Flowguard::new();
    replayed(&shell, "20260101", &[])
        .await
        .exits(2)
        .says("there is no recording of a run");
    let file = shell.scratch().join("1.cassette");
    std::fs::write(&file, "{\"cassette\":1}\n").expect("writable");
    let old = replayed(&shell, &file.display().to_string(), &[]).await.exits(2);
    old.says("has version 1").says("record the run again");
}

#[tokio::test]
async fn a_failure_is_told_with_the_line_of_the_flow_that_asked() {
    let _turn = shared().await;
    let shop = shop().await;
    let shell = Flowguard::new().base_url(shop.url());
    let page = shell.scratch().join("report");
    let html = format!("--reporter=html={}", page.display());
    let outcome = shell
        .run([flows(), "--grep=cart_arithmetic", "--param=bug=total", &html])
        .await
        .exits(1);
    // The path, the function, and the line as it is in the file.
    let outcome = outcome
        .says("at        flows/checkout/src/cart.rs:")
        .says(" in check_sums")
        .says("check_eq(");
    let run = outcome.run_of("cart_arithmetic");
    let places = |op: &str| {
        let step = run.steps().find(|step| step["op"] == op).expect("such a step");
        step["places"].clone()
    };
    let goto = &places("page.goto")[0];
    assert_eq!(goto["file"], "flows/checkout/src/lib.rs", "{goto}");
    assert!(
        goto["text"].as_str().unwrap_or_default().contains("goto"),
        "{goto}"
    );
    let page = std::fs::read_to_string(page.join("index.html")).expect("it was written");
    assert!(
        page.contains("flows/checkout/src/cart.rs:"),
        "the report shows it too"
    );
}
