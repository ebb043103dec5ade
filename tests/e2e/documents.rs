//! What the documents say is true: every command of the README that names no placeholder is run, in order, against
//! the shop, and every piece of Rust in the guide is a piece of a component or example that is compiled.

use flowguard_tests::{Flowguard, guest, root, shared, shop};
use std::path::Path;

use crate::desk_flows::YAML;

/// The README's own words for what differs on the reader's machine.
const SHOP: &str = "http://127.0.0.1:4000";
const PLACEHOLDERS: [&str; 3] = ["PATH...", "FILE", "URL"];

#[tokio::test]
async fn every_command_of_the_readme_does_what_it_says() {
    let _turn = shared().await;
    let shop = shop().await;
    let shell = Flowguard::new();
    let readme = std::fs::read_to_string(root().join("README.md")).expect("there is a README");
    let yaml = blocks(&readme, "yaml")
        .next()
        .expect("it has a first flow in YAML");
    let first_flow = shell.scratch().join("mugs.yaml");
    std::fs::write(&first_flow, yaml).expect("the scratch folder is writable");

    let mut last_run = String::new();
    let mut commands = 0;
    for line in blocks(&readme, "sh").flat_map(str::lines) {
        let Some(arguments) = line
            .split('#')
            .next()
            .and_then(|line| line.trim().strip_prefix("flowguard "))
        else {
            continue;
        };
        if arguments.split(' ').any(|word| PLACEHOLDERS.contains(&word)) {
            continue;
        }
        let here = |word: &str| {
            word.replace(SHOP, &shop.url())
                .replace("mugs.yaml", &first_flow.display().to_string())
                .replace("=report", &format!("={}/report", shell.scratch().display()))
                .replace("RUN", &last_run)
        };
        let words: Vec<String> = arguments.split_whitespace().map(here).collect();
        if words.first().is_some_and(|verb| verb == "dev" || verb == "serve") {
            shell
                .lives(words.into_iter().chain(["--listen=127.0.0.1:0".to_owned()]))
                .await;
            commands += 1;
            continue;
        }
        let outcome = shell.call(&words).await.exits(0);
        commands += 1;
        if words.first().is_some_and(|verb| verb == "runs") {
            let ids = outcome
                .stdout
                .lines()
                .nth(1)
                .and_then(|line| line.split_whitespace().next());
            last_run = ids.expect("a run is listed").to_owned();
        }
    }
    assert!(commands >= 8, "the README's commands were not found: {commands}");
    assert!(shell.scratch().join("report/index.html").is_file());
    assert!(shell.scratch().join("report/junit.xml").is_file());
}

/// The commands of docs/browserbase.md, with an emulated cloud and the shop in the place of the reader's own.
#[tokio::test]
async fn every_command_of_the_document_on_browserbase_does_what_it_says() {
    let _turn = shared().await;
    let shop = shop().await;
    let emulator = Flowguard::new().emulate(Vec::<String>::new()).await;
    let shell = Flowguard::new()
        .variable("BROWSERBASE_API_KEY", "bb_live_any")
        .variable("BROWSERBASE_BASE_URL", emulator.address());
    let document = std::fs::read_to_string(root().join("docs/browserbase.md")).expect("the document");
    let mut session = String::new();
    let mut commands = 0;
    for line in blocks(&document, "sh").flat_map(str::lines) {
        let line = line.split('#').next().unwrap_or_default().trim();
        let arguments = line.strip_prefix("flowguard ").expect("a command of ours");
        let out = shell.scratch().join("recordings").display().to_string();
        let mut words: Vec<String> = arguments
            .split_whitespace()
            .map(|word| match word {
                "https://shop.example" | "http://localhost:3000" => shop.url(),
                "SESSION" => session.clone(),
                _ => word.to_owned(),
            })
            .collect();
        commands += 1;
        match words[0].as_str() {
            "browserbase-emulator" => {
                shell
                    .lives(words.into_iter().chain(["--listen=127.0.0.1:0".to_owned()]))
                    .await;
            }
            "run" => {
                let outcome = shell.run(&words[1..]).await.exits(0).says("in the cloud: ");
                let cloud = &outcome.report()["runs"][0]["attempts"][0]["browser"]["cloud"];
                session = cloud["session"].as_str().expect("a session").to_owned();
            }
            // It has ended already, and that is what is said.
            _ if words[1] == "release" => drop(shell.call(&words).await.exits(2).says("no session")),
            _ => {
                if words[1] == "recordings" {
                    *words.last_mut().expect("a folder") = out;
                }
                drop(shell.call(&words).await.exits(0));
            }
        }
    }
    assert!(
        commands >= 8,
        "the document's commands were not found: {commands}"
    );
    emulator.ends().await;
}

/// The fenced blocks of a language.
fn blocks<'a>(document: &'a str, language: &'a str) -> impl Iterator<Item = &'a str> {
    let fence = format!("```{language}\n");
    document.match_indices("```").filter_map(move |(start, _)| {
        let rest = document[start..].strip_prefix(&fence)?;
        rest.split("```").next()
    })
}

/// Where the guide's pieces come from: the flows of these tests, which are run, and the SDK's examples, which are
/// compiled.
const SOURCES: [&str; 3] = ["tests/guests/examples", "sdk/rust/src", "sdk/rust/examples"];

#[test]
fn every_piece_of_rust_in_the_guide_is_compiled() {
    let guide = std::fs::read_to_string(root().join("docs/writing-flows-in-rust.md")).expect("the guide");
    let mut sources = String::new();
    for folder in SOURCES {
        read_all(&root().join(folder), &mut sources);
    }
    let missing: Vec<&str> = blocks(&guide, "rust")
        .filter(|piece| !sources.contains(&squeezed(piece)))
        .collect();
    assert!(missing.is_empty(), "in no source:\n{}", missing.join("\n"));
    assert!(
        blocks(&guide, "rust").count() > 20,
        "the guide's pieces were not found"
    );
}

#[test]
fn what_the_guide_for_yaml_shows_of_the_back_office_is_run() {
    let guide = std::fs::read_to_string(root().join("docs/writing-flows-in-yaml.md")).expect("the guide");
    let flows = std::fs::read_to_string(root().join(YAML)).expect("the flows");
    let from = guide.find("## Context").expect("the chapter");
    let to = guide.find("## The assertion `content`").expect("the chapter");
    let pieces: Vec<&str> = blocks(&guide[from..to], "yaml").collect();
    assert!(pieces.len() >= 5, "the guide's pieces were not found");
    for piece in pieces {
        assert!(
            squeezed(&flows).contains(&squeezed(piece)),
            "no flow has\n{piece}"
        );
    }
}

/// The code of all Rust files of a folder, that of their documentation too, without blanks and line ends.
fn read_all(folder: &Path, sources: &mut String) {
    for entry in std::fs::read_dir(folder).expect("the folder is there").flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(&path).expect("it can be read");
            sources.push_str(&squeezed(&text));
        } else if path.is_dir() {
            read_all(&path, sources);
        }
    }
}

fn squeezed(code: &str) -> String {
    code.lines().flat_map(undocumented).collect()
}

/// The words of a line, without the marks that make it documentation.
fn undocumented(line: &str) -> impl Iterator<Item = &str> {
    let mut line = line.trim_start();
    while let Some(rest) = ["//!", "///"].iter().find_map(|mark| line.strip_prefix(mark)) {
        line = rest.trim_start();
    }
    line.split_whitespace()
}

#[tokio::test]
async fn the_assertion_of_the_guide_finds_what_it_says() {
    let _turn = shared().await;
    let shop = shop().await;
    let shell = Flowguard::new().base_url(shop.url());
    let flow = shell.scratch().join("pictures.yaml");
    std::fs::write(&flow, "url: /\nsteps:\n  - assert: alt_texts\n").expect("the folder is writable");
    let outcome = shell.run([guest("alt-texts"), flow.display().to_string()]).await;
    outcome
        .exits(1)
        .says("pictures.yaml:3: alt_texts: 5 of 6 images lack a text");
}
