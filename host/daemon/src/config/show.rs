//! Every value with its source, for people as a table and for machines as JSON. Secrets are `[secret]` in both.

use serde::Serialize;
use serde_json::Value;
use std::fmt::Write;

use super::read::{Loaded, Shown};

/// Characters of the column of values at most; a longer value makes its own row longer, not all of them.
const WIDEST: usize = 48;

/// The table for people.
pub(crate) fn table(loaded: &Loaded) -> String {
    let rows: Vec<[String; 3]> = loaded.shown.iter().map(row).collect();
    let header = ["KEY", "VALUE", "SOURCE"].map(str::to_owned);
    let width = |column: usize| {
        let cells = rows.iter().chain([&header]).filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .filter(|width| *width <= WIDEST)
            .max()
    };
    let (keys, values) = (width(0).unwrap_or(0), width(1).unwrap_or(0));
    let mut out = String::new();
    for [key, value, source] in [&header].into_iter().chain(&rows) {
        let _ = writeln!(out, "{key:keys$}  {value:values$}  {source}");
    }
    out
}

fn row(shown: &Shown) -> [String; 3] {
    [shown.path.clone(), words(&shown.value), shown.source.to_string()]
}

/// A value in words: a list with commas, what is not there as `-`.
pub(super) fn words(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(list) if list.is_empty() => "-".to_owned(),
        Value::Array(list) => list.iter().map(words).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[derive(Serialize)]
struct Document<'a> {
    profile: &'static str,
    /// Where the file is; `null` where there is none.
    file: Option<String>,
    settings: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    key: &'a str,
    description: &'static str,
    /// `null` where nobody says it and there is no default; `"[secret]"` where it may not be shown.
    value: &'a Value,
    source: String,
    secret: bool,
    /// What a value must be, in words.
    expected: String,
    default: Value,
    /// What counts where nobody says it and `default` does not tell.
    otherwise: Option<&'static str>,
    variable: Option<&'static str>,
    flag: Option<&'static str>,
    /// When a server hears of a change: `at once`, `next run` or `restart`.
    takes_effect: &'static str,
}

impl<'a> Entry<'a> {
    fn of(shown: &'a Shown) -> Self {
        let key = &shown.key;
        Self {
            key: &shown.path,
            description: key.help.trim(),
            value: &shown.value,
            source: shown.source.to_string(),
            secret: key.is_secret,
            expected: (key.expected)(),
            default: (key.default)(),
            otherwise: key.otherwise,
            variable: key.variable,
            flag: key.flag,
            takes_effect: key.effect.as_str(),
        }
    }
}

/// The document for machines.
pub(crate) fn json(loaded: &Loaded) -> serde_json::Result<String> {
    let document = Document {
        profile: loaded.config.top.profile.as_str(),
        file: loaded.file.as_ref().map(|file| file.path.display().to_string()),
        settings: loaded.shown.iter().map(Entry::of).collect(),
    };
    serde_json::to_string_pretty(&document).map(|text| text + "\n")
}
