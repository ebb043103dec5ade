//! What the README says is run: every command in it that names no placeholder, in order, against the shop.

use flowguard_tests::{Flowguard, root, shared, shop};

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
    assert!(commands >= 6, "the README's commands were not found: {commands}");
    assert!(shell.scratch().join("report/index.html").is_file());
    assert!(shell.scratch().join("report/junit.xml").is_file());
}

/// The fenced blocks of a language.
fn blocks<'a>(document: &'a str, language: &'a str) -> impl Iterator<Item = &'a str> {
    let fence = format!("```{language}\n");
    document.match_indices("```").filter_map(move |(start, _)| {
        let rest = document[start..].strip_prefix(&fence)?;
        rest.split("```").next()
    })
}
