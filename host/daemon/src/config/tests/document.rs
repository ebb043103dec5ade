//! What the documents say of the configuration is what the code does: the table is made from the list of keys, and every
//! piece of TOML is read.

use std::fmt::Write;

use super::super::Config;
use super::super::key::Key;
use super::super::show::words;

const DOCUMENT: &str = include_str!("../../../../../docs/configuration.md");
const README: &str = include_str!("../../../../../README.md");
const SECRETS: &str = include_str!("../../../../../docs/secrets.md");
const BEGIN: &str = "<!-- keys: made from the code, compared by a test -->\n";
const END: &str = "<!-- end of keys -->\n";

/// The tables of the document, one for each section.
fn tables() -> String {
    let mut out = String::new();
    let mut section = None;
    for key in Config::keys() {
        if section != Some(key.section) {
            section = Some(key.section);
            let title = match key.section {
                "" => "At the top".to_owned(),
                name => format!("`[{name}]`"),
            };
            let _ = writeln!(
                out,
                "\n### {title}\n\n| key | what it is | value | default | variable, flag | a change counts |\n|---|---|---|---|---|---|"
            );
        }
        row(&mut out, &key);
    }
    out.push('\n');
    out
}

fn row(out: &mut String, key: &Key) {
    let said_by = [key.variable, key.flag];
    let said_by: Vec<String> = said_by.iter().flatten().map(|name| format!("`{name}`")).collect();
    let default = match (key.otherwise, words(&(key.default)())) {
        (Some(otherwise), _) => otherwise.to_owned(),
        (None, default) if default == "-" => "none".to_owned(),
        (None, default) => format!("`{default}`"),
    };
    let secret = if key.is_secret { "; secret" } else { "" };
    let _ = writeln!(
        out,
        "| `{}` | {} | {}{secret} | {default} | {} | {} |",
        key.name,
        key.help.trim(),
        (key.expected)(),
        said_by.join(", "),
        key.effect.as_str(),
    );
}

#[test]
fn the_document_has_every_key() {
    let from = DOCUMENT.find(BEGIN).expect("the table begins") + BEGIN.len();
    let to = DOCUMENT.find(END).expect("the table ends");
    let tables = tables();
    assert!(
        DOCUMENT[from..to] == tables,
        "docs/configuration.md must have:\n{tables}"
    );
}

#[test]
fn every_piece_of_toml_in_the_documents_is_read() {
    for (document, least) in [(DOCUMENT, 3), (README, 1), (SECRETS, 1)] {
        let pieces: Vec<&str> = document
            .split("```toml\n")
            .skip(1)
            .filter_map(|rest| rest.split("```").next())
            .collect();
        assert!(pieces.len() >= least, "the pieces were not found");
        for piece in pieces {
            if let Err(mistakes) = super::read(piece) {
                panic!("{mistakes}\n{piece}");
            }
        }
    }
}
