//! What is secret in an attempt's recording: found before a line is written, and replaced by stand-ins that say
//! nothing of it.
//!
//! A stand-in is the secret's number, in the order in which the attempt came upon it. A replay comes upon the same
//! secrets in the same order, so what the flow itself knows (the password that it types) gets the same number again:
//! its calls are the recorded ones, and answers that hold it are given back whole. A secret that only the world knew
//! stays its stand-in, for the flow too.

use regex::bytes::{Regex, RegexBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use std::borrow::Cow;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use url::Url;

use crate::browser::network::har::redact::{REDACTED, is_secret};
use crate::limits::{MAX_FOUND_SECRET_BYTES, MAX_SECRETS, MIN_FOUND_SECRET_BYTES};
use crate::secrets::HIDDEN;

mod search;

use search::Search;
pub(crate) use search::is_credential;

/// What a stand-in begins with; the number follows. Nothing in it is escaped in an address, a header or JSON.
const STAND_IN: &str = "redacted-secret-";

static STAND_INS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    RegexBuilder::new("redacted-secret-([0-9]{1,4})")
        .unicode(false)
        .build()
        .ok()
});

/// The secrets that an attempt has come upon.
#[derive(Debug, Default)]
pub struct StandIns(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// By number, from 1.
    all: Vec<String>,
    /// Finds those that are long enough to be none by chance, and stand-ins, which are left as they are.
    finder: Option<Regex>,
    /// JSON escapes something in one of them, so that a line must be read to find it.
    is_escaped: bool,
}

/// What a recorded answer comes to.
pub(crate) struct Revealed {
    /// The answer, with the secrets that the flow knows.
    pub(crate) json: String,
    /// Stand-ins are left in it.
    pub(crate) is_partial: bool,
}

impl StandIns {
    /// The flow's parameters without those that are secret by their name.
    #[must_use]
    pub fn parameters(&self, params: &[(String, String)]) -> Vec<(String, String)> {
        let mut known = self.lock();
        let without = |(name, value): &(String, String)| {
            let value = match is_secret(name) {
                true => known.stand_in(value, true),
                false => value.clone(),
            };
            (name.clone(), value)
        };
        params.iter().map(without).collect()
    }

    /// An address without its password.
    #[must_use]
    pub fn address(&self, url: Option<&Url>) -> String {
        let text = url.map(Url::to_string).unwrap_or_default();
        let password = url.and_then(Url::password).map(str::to_owned);
        match password {
            Some(password) => {
                let stand_in = self.lock().stand_in(&password, true);
                text.replacen(&format!(":{password}@"), &format!(":{stand_in}@"), 1)
            }
            None => text,
        }
    }

    /// Arguments or an answer without their secrets. `told`: texts that the call itself says are secret. Of a call
    /// that a changed flow may not make again no secret is learned; it only goes.
    pub(crate) fn hide(&self, json: Box<RawValue>, told: &[&str], learns: bool) -> Box<RawValue> {
        let mut known = self.lock();
        for secret in told {
            known.stand_in(secret, learns);
        }
        if told.is_empty() && !known.may_be_in(json.get()) {
            return json;
        }
        let hidden = match serde_json::from_str(json.get()) {
            Ok(mut value) => match Search::new(&mut known, told, learns).through(&mut value) {
                true => to_raw_value(&value),
                false => return json,
            },
            // It is nested too deeply to be looked through.
            Err(_) => to_raw_value(REDACTED),
        };
        hidden.unwrap_or_else(|_| RawValue::NULL.to_owned())
    }

    /// A line for a person without the secrets that are known.
    pub(crate) fn hide_text<'a>(&self, text: &'a str, told: &[&str]) -> Cow<'a, str> {
        let mut hidden = self.lock().without_known(text);
        for secret in told.iter().filter(|secret| !secret.is_empty()) {
            if hidden.contains(secret) {
                hidden = Cow::Owned(hidden.replace(secret, REDACTED));
            }
        }
        hidden
    }

    /// The same without the secrets that are known.
    #[must_use]
    pub fn without_known<T: Serialize + DeserializeOwned + Clone>(&self, whole: &T) -> T {
        let hidden = to_raw_value(whole).map(|json| self.hide(json, &[], false));
        let read = hidden.and_then(|json| serde_json::from_str(json.get()));
        read.unwrap_or_else(|_| whole.clone())
    }

    /// A recorded answer with the secrets that the flow knows.
    pub(crate) fn reveal(&self, json: &str) -> Revealed {
        if !json.contains(STAND_IN) {
            return Revealed {
                json: json.to_owned(),
                is_partial: false,
            };
        }
        let known = self.lock();
        let json = match serde_json::from_str(json) {
            Ok(mut value) => {
                known.reveal_in(&mut value);
                value.to_string()
            }
            Err(_) => json.to_owned(),
        };
        Revealed {
            is_partial: json.contains(STAND_IN),
            json,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// What stands in for a secret.
    fn stand_in(&mut self, secret: &str, learns: bool) -> String {
        // What stands in the place of a secret of the host was put there for everybody, the flow included.
        if secret.is_empty() || secret == REDACTED || secret == HIDDEN {
            return secret.to_owned();
        }
        let number = match self.all.iter().position(|known| known == secret) {
            Some(place) => place + 1,
            None if learns && self.all.len() < MAX_SECRETS => {
                self.all.push(secret.to_owned());
                self.find(secret);
                self.all.len()
            }
            None => return REDACTED.to_owned(),
        };
        format!("{STAND_IN}{number}")
    }

    /// Has this secret found wherever it stands, unless it is so short that it would be found by chance.
    fn find(&mut self, secret: &str) {
        let is_findable =
            |secret: &&String| (MIN_FOUND_SECRET_BYTES..=MAX_FOUND_SECRET_BYTES).contains(&secret.len());
        if !is_findable(&&secret.to_owned()) {
            return;
        }
        self.is_escaped |= serde_json::to_string(secret).is_ok_and(|json| json.len() != secret.len() + 2);
        let mut findable: Vec<&String> = self.all.iter().filter(is_findable).collect();
        findable.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let mut source = format!("{STAND_IN}[0-9]+");
        for secret in findable {
            source.push('|');
            source.push_str(&regex::escape(secret));
        }
        self.finder = RegexBuilder::new(&source).build().ok().or(self.finder.take());
    }

    /// Whether a line may hold a secret: what cannot is not looked through.
    fn may_be_in(&self, json: &str) -> bool {
        let is_found = |finder: &Regex| finder.is_match(json.as_bytes());
        self.is_escaped
            || json.contains("\"value\":")
            || json.contains("://") && json.contains('@')
            || is_secret(json)
            || self.finder.as_ref().is_some_and(is_found)
    }

    fn without_known<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let Some(finder) = &self.finder else {
            return Cow::Borrowed(text);
        };
        let stand_in = |found: &[u8]| {
            let is_it = |known: &String| known.as_bytes() == found;
            match self.all.iter().position(is_it) {
                Some(place) => format!("{STAND_IN}{}", place + 1).into_bytes(),
                None => found.to_vec(),
            }
        };
        replaced(finder, text, |found| {
            stand_in(found.get(0).map_or(&[], |all| all.as_bytes()))
        })
    }

    fn reveal_in(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some(mut inner) = search::json_in(text) {
                    self.reveal_in(&mut inner);
                    *text = inner.to_string();
                } else if let Some(stand_ins) = STAND_INS.as_ref() {
                    let revealed = replaced(stand_ins, text, |found| {
                        let number = found.get(1).and_then(|n| std::str::from_utf8(n.as_bytes()).ok());
                        let place = number.and_then(|n| n.parse::<usize>().ok()?.checked_sub(1));
                        let known = place.and_then(|place| self.all.get(place));
                        let whole = || found.get(0).map_or(&[][..], |all| all.as_bytes()).to_vec();
                        known.map_or_else(whole, |known| known.clone().into_bytes())
                    });
                    *text = revealed.into_owned();
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.reveal_in(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.reveal_in(field)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

fn replaced<'a>(
    regex: &Regex,
    text: &'a str,
    with: impl Fn(&regex::bytes::Captures<'_>) -> Vec<u8>,
) -> Cow<'a, str> {
    match regex.replace_all(text.as_bytes(), |found: &regex::bytes::Captures<'_>| with(found)) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

#[cfg(test)]
mod tests;
