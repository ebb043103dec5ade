//! Whether the gallery holds all that it should: its table names every page, every page has a case, and every
//! call of the contract that has a counterpart in Playwright is compared. Reads files only; no browser.

use flowguard_tests::root;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

use super::case::{Case, all_cases};
use crate::site::gallery;

/// The words of the contract that the cases call otherwise.
const OTHER_WORDS: [(&str, &str); 7] = [
    ("press-sequentially", "type"),
    ("select-option", "select"),
    ("attribute", "read"),
    ("text-content", "read"),
    ("inner-text", "read"),
    ("inner-html", "read"),
    ("input-value", "read"),
];

/// Calls that are not compared page by page, and where they are tested.
const ELSEWHERE: [(&str, &str); 23] = [
    ("open", "every case opens a page"),
    ("goto", "navigation.rs"),
    ("reload", "navigation.rs"),
    ("go-back", "navigation.rs"),
    ("go-forward", "navigation.rs"),
    ("bring-to-front", "documents.rs"),
    ("wait-for-load-state", "navigation.rs"),
    ("url", "navigation.rs"),
    ("set-viewport-size", "navigation.rs"),
    ("locate", "every case locates"),
    ("screenshot", "screenshots.rs"),
    ("expect-screenshot", "screenshots.rs"),
    ("outline", "a call of FlowGuard's own; cases.json"),
    ("probe", "a call of FlowGuard's own; navigation.rs"),
    ("close", "every case closes a page"),
    ("filter", "a part of locators"),
    ("nth", "a part of locators"),
    ("has", "a part of locators"),
    ("has-not", "a part of locators"),
    ("and", "a part of locators"),
    ("or", "a part of locators"),
    ("content-frame", "a part of locators"),
    ("describe", "locators.rs"),
];

/// The title above the table.
const TABLE: &str = "## Which page asserts which rule";

#[test]
fn the_table_of_the_gallery_names_every_page_and_each_is_used() {
    let files: BTreeSet<String> = names_in(&gallery());
    let readme = read(&gallery().join("README.md"));
    let (_, table) = readme.split_once(TABLE).expect("the table");
    let rows = table
        .lines()
        .take_while(|line| !line.starts_with("## "))
        .filter(|line| line.starts_with("| ") && line.ends_with("` |"));
    let named: Vec<String> = rows
        .filter_map(|row| row.trim_matches('|').rsplit_once('|'))
        .flat_map(|(_, pages)| {
            pages
                .split(',')
                .map(|page| format!("{}.html", page.trim().trim_matches('`')))
        })
        .collect();
    let distinct: BTreeSet<String> = named.iter().cloned().collect();
    assert_eq!(named.len(), distinct.len(), "a page stands in the table once");
    assert_eq!(distinct, files, "the table and the folder");

    let cases = written();
    let with_cases: BTreeSet<&str> = cases.iter().map(|case| case.page.as_str()).collect();
    let documents: String = files.iter().map(|file| read(&gallery().join(file))).collect();
    let unused: Vec<&String> = files
        .iter()
        .filter(|file| !with_cases.contains(file.as_str()) && !documents.contains(file.as_str()))
        .collect();
    assert!(unused.is_empty(), "pages without a case: {unused:?}");
}

#[test]
fn every_call_and_expectation_of_the_contract_is_compared() {
    let kinds: BTreeSet<String> = written().iter().flat_map(kinds_of).collect();
    let wit = read(&root().join("wit/browser.wit"));
    let calls = declared(&wit, &["resource page {", "resource locator {"], ": func(");
    assert!(calls.len() > 40, "the contract is read: {calls:?}");
    let elsewhere = |call: &String| ELSEWHERE.iter().any(|(name, _)| name == call);
    let missing = calls
        .iter()
        .filter(|call| !elsewhere(call) && !kinds.contains(&kind_of(call)));
    let missing: Vec<&String> = missing.collect();
    assert!(missing.is_empty(), "calls that no case makes: {missing:?}");

    let expectations = declared(&wit, &["variant expectation {", "variant page-expectation {"], "");
    assert!(expectations.len() > 30, "the contract is read: {expectations:?}");
    let missing = expectations.iter().map(|name| expectation_of(name));
    let missing: Vec<String> = missing.filter(|kind| !kinds.contains(kind)).collect();
    assert!(missing.is_empty(), "expectations that no case has: {missing:?}");
}

/// The cases that somebody wrote, with the steps before them.
fn written() -> Vec<Case> {
    let all = all_cases().into_iter().flatten();
    let written = all.filter(|case| !["its tree", "its elements"].contains(&case.title.as_str()));
    written
        .flat_map(|case| {
            let steps = case.first.clone();
            steps.into_iter().chain([case])
        })
        .collect()
}

/// What a case does or expects.
fn kinds_of(case: &Case) -> Vec<String> {
    let of = |value: &Value| value["kind"].as_str().map(str::to_owned);
    [of(&case.action), of(&case.action["expectation"])]
        .into_iter()
        .flatten()
        .collect()
}

/// The names that blocks of the contract declare: of functions, or of the cases of a variant.
fn declared(wit: &str, blocks: &[&str], sign: &str) -> Vec<String> {
    let mut names = Vec::new();
    for block in blocks {
        let (_, after) = wit.split_once(block).expect("the contract has it");
        let lines = after.lines().skip(1).map(str::trim);
        for line in lines.take_while(|line| *line != "}") {
            let is_name = line.starts_with(|first: char| first.is_ascii_lowercase()) && line.contains(sign);
            if is_name {
                let end = line.find([':', '(', ',']).unwrap_or(line.len());
                names.push(line[..end].to_owned());
            }
        }
    }
    names
}

fn kind_of(call: &str) -> String {
    let other = OTHER_WORDS.iter().find(|(name, _)| *name == call);
    other.map_or_else(|| camel(call), |(_, kind)| (*kind).to_owned())
}

fn expectation_of(name: &str) -> String {
    match name {
        "matches-aria-snapshot" => "matchesAria".to_owned(),
        name => camel(&name.replace("accessible-", "")),
    }
}

/// `set-content` as `setContent`.
fn camel(name: &str) -> String {
    let mut words = name.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |all, word| {
        let (initial, rest) = word.split_at(1);
        all + &initial.to_uppercase() + rest
    })
}

fn names_in(folder: &Path) -> BTreeSet<String> {
    let files = std::fs::read_dir(folder).expect("the gallery can be listed");
    let names = files.map(|file| file.expect("a file").file_name().into_string().expect("a name"));
    names.filter(|name| name.ends_with(".html")).collect()
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).expect("a file of the project")
}
