//! Results outlive the process that made them: in the store, in reports, in the buckets of flows.

use flowguard_tests::{Flowguard, guest, shared, shop};
use quick_xml::events::Event;
use serde_json::Value;
use std::path::Path;

#[tokio::test]
async fn another_process_lists_a_run_and_shows_it_again_with_its_picture() {
    let _turn = shared().await;
    let shop = shop().await;
    let shell = Flowguard::new().base_url(shop.url());
    let outcome = shell
        .run([guest("stray"), "--grep=waits_in_vain".into()])
        .await
        .exits(1);
    let id = outcome.run_of("waits_in_vain").id();

    shell
        .call(["runs"])
        .await
        .exits(0)
        .says(id)
        .says("failed")
        .says("waits_in_vain");
    shell
        .call(["runs", "--flow=reads_home"])
        .await
        .exits(0)
        .says("no runs yet")
        .never_says(id);

    let shown = shell
        .call(["report", id])
        .await
        .exits(0)
        .says("button \"Teleport\" was not ready");
    let picture = shown
        .stdout
        .lines()
        .find_map(|line| line.trim().strip_prefix("picture"));
    let picture = picture.map(str::trim).expect("the failure has a picture");
    let bytes = std::fs::read(picture).expect("the picture is where the report says");
    assert!(bytes.starts_with(b"\x89PNG"), "{picture} is no picture");
    assert!(shell.data().join("reports").join(id).join("index.html").is_file());

    // Nothing but its last character is left out.
    let prefix = &id[..id.len() - 1];
    shell.call(["report", prefix]).await.exits(0).says(id);
}

#[tokio::test]
async fn the_beginning_of_several_ids_names_none_of_them() {
    let _turn = shared().await;
    let shell = Flowguard::new();
    let memory = guest("memory");
    let mut ids = Vec::new();
    for _ in 0..2 {
        let outcome = shell
            .run([&memory, "--grep=expects_a_param", "--param=colour=blue"])
            .await
            .exits(0);
        ids.push(outcome.run_of("expects_a_param").id().to_owned());
    }
    // The century.
    shell
        .call(["report", "20"])
        .await
        .exits(2)
        .says(&ids[0])
        .says(&ids[1])
        .says("begins several runs");
}

#[tokio::test]
async fn two_processes_share_a_data_folder() {
    let _turn = shared().await;
    let shop = shop().await;
    let shell = Flowguard::cold().base_url(shop.url());
    let good = guest("good");
    let (one, other) = tokio::join!(shell.run([&good]), shell.run([&good]));
    let listed = shell.call(["runs"]).await.exits(0);
    for outcome in [one, other] {
        let outcome = outcome.exits(0).never_says("warning");
        for run in outcome.runs() {
            assert!(
                listed.stdout.contains(run.id()),
                "{} is not listed:\n{}",
                run.id(),
                listed.stdout
            );
        }
    }
}

#[tokio::test]
async fn a_bucket_keeps_its_values_over_processes() {
    let _turn = shared().await;
    let shell = Flowguard::new();
    let memory = guest("memory");
    for runs in 1..=3 {
        shell
            .run([&memory, "--grep=counts_its_runs", &format!("--param=runs={runs}")])
            .await
            .exits(0);
    }
    Flowguard::new()
        .run([&memory, "--grep=counts_its_runs", "--param=runs=1"])
        .await
        .exits(0);
}

#[tokio::test]
async fn reports_are_written_and_can_be_parsed() {
    let _turn = shared().await;
    let shop = shop().await;
    let shell = Flowguard::new().base_url(shop.url());
    let folder = shell.scratch().join("out/of/nowhere");
    let (json, junit, html) = (
        folder.join("all.json"),
        folder.join("all.xml"),
        folder.join("page"),
    );
    let stray = guest("stray");
    let good = guest("good");
    let reporters = [
        format!("--reporter=json={}", json.display()),
        format!("--reporter=junit={}", junit.display()),
        format!("--reporter=html={}", html.display()),
    ];
    let mut arguments = vec!["run", &good, &stray, "--grep=_", "--workers=4"];
    arguments.extend(reporters.iter().map(String::as_str));
    let url = format!("--base-url={}", shop.url());
    arguments.push(&url);
    shell.call(arguments).await.exits(1);

    let report: Value = serde_json::from_str(&read(&json)).expect("the JSON report is JSON");
    assert_eq!(
        (&report["schema"], &report["counts"]["flows"]),
        (&Value::from(1), &Value::from(9))
    );
    let junit = cases_of(&read(&junit));
    assert_eq!(
        (junit.cases, junit.failures, junit.errors),
        (9, 1, 4),
        "{junit:?}"
    );
    let page = read(&html.join("index.html"));
    assert!(
        page.contains("waits_in_vain") && page.contains("Teleport"),
        "the page tells of the failure"
    );
    assert!(
        !page.contains("src=\"http") && !page.contains("href=\"http"),
        "the page needs nobody else"
    );
}

/// What a JUnit file counts.
#[derive(Debug, Default)]
struct Cases {
    cases: usize,
    failures: usize,
    errors: usize,
}

fn cases_of(xml: &str) -> Cases {
    let mut reader = quick_xml::Reader::from_str(xml);
    let mut found = Cases::default();
    loop {
        match reader.read_event().expect("the JUnit report is XML") {
            Event::Start(element) | Event::Empty(element) => match element.name().as_ref() {
                b"testcase" => found.cases += 1,
                b"failure" => found.failures += 1,
                b"error" => found.errors += 1,
                _ => {}
            },
            Event::Eof => return found,
            _ => {}
        }
    }
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

#[tokio::test]
async fn a_broken_plugin_does_not_hide_past_runs() {
    let _turn = shared().await;
    let shell = Flowguard::new();
    let plugins = shell.scratch().join("plugins");
    std::fs::create_dir(&plugins).expect("the scratch folder is fresh");
    std::fs::write(plugins.join("broken.wasm"), "no component").expect("it is writable");
    let plugins = format!("--plugins={}", plugins.display());
    shell.call(["runs", &plugins]).await.exits(0).says("no runs yet");
}
