//! The search for secrets in what a call was given or has answered: where they stand, by the names of headers,
//! cookies, stored items, fields of JSON and of forms. It is better to find too much than too little.

use serde_json::Value;
use std::borrow::Cow;

use super::Known;
use crate::browser::network::har::redact::{fields, is_secret};

/// Texts of JSON inside of texts of JSON that are looked through.
const MAX_NESTED: usize = 3;

/// Names of headers, cookies and stored items that hold a credential, beside those that are secret anywhere: one of
/// their words.
const CREDENTIALS: [&str; 10] = [
    "auth",
    "csrf",
    "jwt",
    "sess",
    "sessid",
    "session",
    "sid",
    "sig",
    "signature",
    "xsrf",
];

/// Whether a header, a cookie or a stored item is one by which somebody is known.
pub(crate) fn is_credential(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let is_one = |word: &str| CREDENTIALS.contains(&word) || word.ends_with("sessid");
    is_secret(&name) || words.any(is_one) || looks_drawn(value)
}

/// Whether a value looks as if it had been drawn, and not written: the stand-in of one does, too.
fn looks_drawn(value: &str) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"+/=_.-%~".contains(&b);
    value.len() >= 16
        && value.bytes().all(legal)
        && value.bytes().any(|b| b.is_ascii_digit())
        && value.bytes().any(|b| b.is_ascii_alphabetic())
}

/// The JSON that a text is, if it is one that may hold something.
pub(super) fn json_in(text: &str) -> Option<Value> {
    let begins = text.trim_start().starts_with(['{', '[']);
    begins.then(|| serde_json::from_str(text).ok()).flatten()
}

/// A search through one line.
pub(super) struct Search<'a> {
    known: &'a mut Known,
    /// Texts that the call itself says are secret.
    told: &'a [&'a str],
    learns: bool,
    depth: usize,
    has_found: bool,
}

impl<'a> Search<'a> {
    pub(super) const fn new(known: &'a mut Known, told: &'a [&'a str], learns: bool) -> Self {
        Self {
            known,
            told,
            learns,
            depth: 0,
            has_found: false,
        }
    }

    /// Replaces what is found; whether there was anything.
    pub(super) fn through(mut self, value: &mut Value) -> bool {
        self.look(value);
        self.has_found
    }

    fn look(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => {
                let new = self.text(text);
                self.put(text, new);
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.look(item)),
            Value::Object(fields) => self.look_at(fields),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn look_at(&mut self, fields: &mut serde_json::Map<String, Value>) {
        let name = fields.get("name").and_then(Value::as_str).map(str::to_owned);
        let is_hidden = fields.get("httpOnly") == Some(&Value::Bool(true));
        for (key, field) in fields {
            match (field, &name) {
                (Value::String(text), Some(name)) if key == "value" => {
                    let new = self.named(name, text, is_hidden);
                    self.put(text, new);
                }
                (Value::String(text), _) if is_secret(key) => {
                    let new = self.secret(text);
                    self.put(text, new);
                }
                (field, _) => self.look(field),
            }
        }
    }

    fn put(&mut self, place: &mut String, new: String) {
        self.has_found |= *place != new;
        *place = new;
    }

    /// The value of a header, a cookie or a stored item.
    fn named(&mut self, name: &str, value: &str, is_hidden: bool) -> String {
        match name.to_ascii_lowercase().as_str() {
            "cookie" => self.pairs(value, "; "),
            "set-cookie" => {
                let lines = value.lines().map(|line| match line.split_once(';') {
                    Some((pair, attributes)) => format!("{};{attributes}", self.pairs(pair, "; ")),
                    None => self.pairs(line, "; "),
                });
                lines.collect::<Vec<_>>().join("\n")
            }
            "authorization" | "proxy-authorization" => match value.split_once(' ') {
                Some((scheme, secret)) => format!("{scheme} {}", self.secret(secret)),
                None => self.secret(value),
            },
            _ if is_hidden || is_credential(name, value) => self.secret(value),
            _ => self.text(value),
        }
    }

    /// Names and values of cookies: the names stay.
    fn pairs(&mut self, text: &str, between: &str) -> String {
        let pairs = text.split(';').map(|pair| match pair.trim().split_once('=') {
            Some((name, value)) => format!("{name}={}", self.secret(value)),
            None => self.secret(pair.trim()),
        });
        pairs.collect::<Vec<_>>().join(between)
    }

    fn secret(&mut self, text: &str) -> String {
        self.known.stand_in(text, self.learns)
    }

    /// Any other text: JSON, an address, a form, or one in which a known secret stands.
    fn text(&mut self, text: &str) -> String {
        if self.told.contains(&text) {
            return self.secret(text);
        }
        if self.depth < MAX_NESTED
            && self.known.may_be_in(text)
            && let Some(inner) = json_in(text)
        {
            return self.inside(text, inner);
        }
        let text = self.address(text);
        self.known.without_known(&text).into_owned()
    }

    fn inside(&mut self, text: &str, mut inner: Value) -> String {
        let found_before = std::mem::take(&mut self.has_found);
        self.depth += 1;
        self.look(&mut inner);
        self.depth -= 1;
        let has_found = std::mem::replace(&mut self.has_found, found_before);
        match has_found {
            true => inner.to_string(),
            false => text.to_owned(),
        }
    }

    /// An address or a form without its secret fields and its password. Prose is neither.
    fn address<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        if text.contains(char::is_whitespace) {
            return Cow::Borrowed(text);
        }
        let text = match password_in(text) {
            Some(password) => {
                let stand_in = self.secret(password);
                Cow::Owned(text.replacen(&format!(":{password}@"), &format!(":{stand_in}@"), 1))
            }
            None => Cow::Borrowed(text),
        };
        if !text.contains('=') || !is_secret(&text) {
            return text;
        }
        Cow::Owned(fields(&text, &mut |value| self.secret(value)).into_owned())
    }
}

/// The password of an address.
fn password_in(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (user, _) = authority.rsplit_once('@')?;
    user.split_once(':').map(|(_, password)| password)
}
