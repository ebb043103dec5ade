//! The house's own rules, as tests: which crate may know which, how long a file may be, that every file says
//! what it is for, and that nothing names the machine that it was written on.

#![cfg(test)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::guests::metadata;
use crate::run::root;

/// Lines of a Rust or JavaScript file; what is longer is more than one room.
const MAX_LINES: usize = 500;
/// Files that may be longer, each with its reason.
const LONGER: [(&str, usize, &str); 1] = [(
    "host/core/src/browser/calls.rs",
    600,
    "the list of the browser's calls, one after another",
)];

/// What each room may depend on of the house's own crates.
const MAY_USE: [(&str, &[&str]); 5] = [
    ("flowguard-core", &[]),
    ("flowguard-engine", &["flowguard-core"]),
    ("flowguard-backends", &["flowguard-core"]),
    (
        "flowguard",
        &["flowguard-core", "flowguard-engine", "flowguard-backends"],
    ),
    ("flowguard-sdk", &["flowguard-sdk-macros"]),
];

/// Crates that only one room may name.
const ONLY_IN: [(&str, &str); 9] = [
    ("axum", "flowguard"),
    ("notify", "flowguard"),
    ("wasmtime", "flowguard-engine"),
    ("wasmtime-wasi", "flowguard-engine"),
    ("chromiumoxide", "flowguard-backends"),
    ("rusqlite", "flowguard-backends"),
    ("clap", "flowguard"),
    ("indicatif", "flowguard"),
    ("quick-junit", "flowguard"),
];

fn dependencies() -> BTreeMap<String, Vec<String>> {
    let metadata = metadata().expect("cargo metadata");
    let packages = metadata["packages"].as_array().expect("packages");
    let normal = |package: &serde_json::Value| {
        let all = package["dependencies"].as_array().expect("dependencies");
        let normal = all.iter().filter(|dependency| dependency["kind"].is_null());
        normal
            .map(|dependency| dependency["name"].as_str().expect("name").to_owned())
            .collect()
    };
    packages
        .iter()
        .map(|p| (p["name"].as_str().expect("name").to_owned(), normal(p)))
        .collect()
}

#[test]
fn no_crate_knows_one_that_it_must_not() {
    let all = dependencies();
    for (room, allowed) in MAY_USE {
        let own: Vec<&String> = all[room]
            .iter()
            .filter(|name| name.starts_with("flowguard"))
            .collect();
        for name in own {
            assert!(
                allowed.contains(&name.as_str()),
                "{room} must not depend on {name}: see ARCHITECTURE.md"
            );
        }
    }
    for (vendor, room) in ONLY_IN {
        for host in [
            "flowguard-core",
            "flowguard-engine",
            "flowguard-backends",
            "flowguard",
        ] {
            let uses = all[host].iter().any(|name| name == vendor);
            assert!(
                !uses || host == room,
                "{host} must not name {vendor}: only {room} may"
            );
        }
    }
}

#[test]
fn every_file_is_one_room_and_says_which() {
    let mut wrong = Vec::new();
    for file in sources() {
        let name = file
            .strip_prefix(root())
            .expect("below the root")
            .display()
            .to_string();
        let text = std::fs::read_to_string(&file).expect("readable");
        let limit = LONGER
            .iter()
            .find(|(long, ..)| *long == name)
            .map_or(MAX_LINES, |(_, limit, _)| *limit);
        let lines = text.lines().count();
        if lines > limit {
            wrong.push(format!(
                "{name} has {lines} lines; more than {limit} is more than one room"
            ));
        }
        let says = text.starts_with("//!") || text.starts_with("// ") || text.starts_with("/*");
        if !says {
            wrong.push(format!("{name} does not say at its top what it is for"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_names_the_machine_it_was_written_on() {
    let signs = [
        ["/ro", "ot/"].concat(),
        ["/wo", "rk/"].concat(),
        ["/ho", "me/"].concat(),
    ];
    for file in sources() {
        let text = std::fs::read_to_string(&file).expect("readable");
        // A path of an imagined user in a test is none of a machine's.
        let found = signs.iter().find(|sign| {
            text.replace(&["/ho", "me/someone"].concat(), "")
                .contains(sign.as_str())
        });
        assert_eq!(found, None, "{}", file.display());
    }
}

/// The Rust and JavaScript files of the repository that people write.
fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for room in ["host", "plugins", "flows", "sdk", "tests", "xtask"] {
        walk(&root().join(room), &mut found);
    }
    found
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            if !["node_modules", "dist", "target", "snapshots"].contains(&name.as_str()) {
                walk(&path, found);
            }
        } else if name.ends_with(".rs") || name.ends_with(".js") || name.ends_with(".mjs") {
            found.push(path);
        }
    }
}

#[test]
fn every_word_of_the_contract_is_explained() {
    let mut silent = Vec::new();
    for entry in std::fs::read_dir(root().join("wit")).expect("readable") {
        let file = entry.expect("readable").path();
        let text = std::fs::read_to_string(&file).expect("readable");
        let mut explained = false;
        // The roles are ARIA's own; their names are their explanation.
        let mut in_roles = false;
        for line in text.lines().map(str::trim) {
            in_roles = (in_roles || line.starts_with("enum role")) && line != "}";
            let declares = !line.is_empty()
                && !["}", "///", "package", "use ", "import", "export"]
                    .iter()
                    .any(|sign| line.starts_with(sign));
            if declares && !explained && !in_roles {
                silent.push(format!(
                    "{}: {line}",
                    file.file_name().unwrap_or_default().display()
                ));
            }
            explained = line.starts_with("///");
        }
    }
    assert!(silent.is_empty(), "without a doc comment:\n{}", silent.join("\n"));
}

/// The words in back quotes that begin the rows of a document's tables.
fn rows(document: &str) -> std::collections::BTreeSet<String> {
    let text = std::fs::read_to_string(root().join(document)).expect("readable");
    let row = |line: &str| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned());
    text.lines().filter_map(row).collect()
}

#[test]
fn every_limit_is_in_its_document() {
    let source = std::fs::read_to_string(root().join("host/core/src/limits.rs")).expect("readable");
    let name = |line: &str| Some(line.strip_prefix("pub const ")?.split_once(':')?.0.to_owned());
    let limits = source.lines().filter_map(name).collect();
    assert_eq!(rows("docs/limits.md"), limits);
}

#[test]
fn every_dependency_has_its_reason() {
    let metadata = metadata().expect("cargo metadata");
    let packages = metadata["packages"].as_array().expect("packages");
    let all = packages
        .iter()
        .flat_map(|p| p["dependencies"].as_array().expect("dependencies"));
    let foreign = all.filter(|dependency| dependency["path"].is_null());
    let document = std::fs::read_to_string(root().join("docs/dependencies.md")).expect("readable");
    let first_cells = document
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    let named: std::collections::BTreeSet<&str> = first_cells
        .flat_map(|cell| cell.split(", "))
        .map(|name| name.trim_matches('`'))
        .collect();
    for dependency in foreign {
        let name = dependency["name"].as_str().expect("name");
        assert!(
            named.contains(name),
            "docs/dependencies.md does not say why {name} is here"
        );
    }
}
