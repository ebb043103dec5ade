//! The search for known values in all that leaves the host: texts, JSON, bytes. A value goes in whatever form it
//! comes: plain, in either case, URL-encoded, escaped as JSON, HTML and program text do it, in hexadecimal, and in base64
//! at each of its three places. One way only: what was taken out never comes back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use regex::bytes::{Regex, RegexBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::{HIDDEN, Secret};
use crate::limits::{MAX_FOUND_SECRET_BYTES, MAX_KNOWN_SECRETS, MIN_FOUND_SECRET_BYTES};

/// Bytes that the expressions of all known values may take when they are compiled.
const MAX_COMPILED_BYTES: usize = 256 << 20;

/// Knows values that must not leave the host, and takes them out.
#[derive(Default)]
pub struct Scrubber {
    /// Newest last, without the space around them: pages trim what is typed.
    known: Mutex<VecDeque<Secret>>,
    found: RwLock<Option<Arc<Forms>>>,
}

/// The forms that the known values come in.
struct Forms {
    texts: Regex,
    /// These are replaced by as many characters, so that what is around them can still be decoded.
    base64: Regex,
}

impl Scrubber {
    /// Whether a value can be looked for: a shorter one would be found by chance, a longer one takes too long.
    #[must_use]
    pub fn can_find(value: &str) -> bool {
        (MIN_FOUND_SECRET_BYTES..=MAX_FOUND_SECRET_BYTES).contains(&value.trim().len())
    }

    /// From now on these are found, beside those of before; the oldest are forgotten where there are too many. One that
    /// cannot be found is passed over.
    pub fn learn<'a>(&self, secrets: impl IntoIterator<Item = &'a Secret>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut is_new = false;
        for secret in secrets {
            let value = Secret::new(secret.reveal().trim().to_owned());
            if Self::can_find(value.reveal()) && !known.contains(&value) {
                known.push_back(value);
                is_new = true;
            }
        }
        if !is_new {
            return;
        }
        while known.len() > MAX_KNOWN_SECRETS {
            known.pop_front();
        }
        let forms = Forms::of(known.iter().map(Secret::reveal)).map(Arc::new);
        *self.found.write().unwrap_or_else(PoisonError::into_inner) = forms;
    }

    /// Whether anything of it is known: a quick look.
    #[must_use]
    pub fn is_in(&self, bytes: &[u8]) -> bool {
        self.forms().is_some_and(|forms| forms.are_in(bytes))
    }

    /// A text without what is known.
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.forms() {
            Some(forms) if forms.are_in(text.as_bytes()) => {
                let clean = forms.without(text.as_bytes());
                Cow::Owned(String::from_utf8_lossy(&clean).into_owned())
            }
            _ => Cow::Borrowed(text),
        }
    }

    /// The same of a text that is owned.
    #[must_use]
    pub fn owned(&self, text: String) -> String {
        match self.text(&text) {
            Cow::Owned(clean) => clean,
            Cow::Borrowed(_) => text,
        }
    }

    /// Bytes without what is known: a body, a file, a line. JSON stays JSON.
    #[must_use]
    pub fn bytes(&self, bytes: Bytes) -> Bytes {
        let Some(forms) = self.forms().filter(|forms| forms.are_in(&bytes)) else {
            return bytes;
        };
        if let Ok(mut value) = serde_json::from_slice::<Value>(&bytes)
            && (value.is_object() || value.is_array())
        {
            forms.clean(&mut value);
            return value.to_string().into();
        }
        forms.without(&bytes).into()
    }

    /// The texts in a value without what is known. FlowGuard's own numbers are left: a page's are texts here.
    pub fn value(&self, value: &mut Value) {
        if let Some(forms) = self.forms() {
            forms.clean(value);
        }
    }

    /// The same of anything that is JSON. None where it does not fit its type any more: it must not be used then.
    #[must_use]
    pub fn record<T: Serialize + DeserializeOwned>(&self, whole: T) -> Option<T> {
        let Some(forms) = self.forms() else {
            return Some(whole);
        };
        let json = serde_json::to_vec(&whole).ok()?;
        if !forms.are_in(&json) {
            return Some(whole);
        }
        let mut value = serde_json::from_slice(&json).ok()?;
        forms.clean(&mut value);
        serde_json::from_value(value).ok()
    }

    fn forms(&self) -> Option<Arc<Forms>> {
        self.found.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scrubber").finish_non_exhaustive()
    }
}

impl Forms {
    fn of<'a>(values: impl Iterator<Item = &'a str>) -> Option<Self> {
        // One that is a part of another must not hide it.
        let mut values: Vec<&str> = values.collect();
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        let all = |form: fn(&str) -> String| values.iter().map(|v| form(v)).collect::<Vec<_>>().join("|");
        Some(Self {
            texts: compiled(&all(text_forms), true)?,
            base64: compiled(&all(base64_forms), false)?,
        })
    }

    fn are_in(&self, bytes: &[u8]) -> bool {
        self.texts.is_match(bytes) || self.base64.is_match(bytes)
    }

    fn without(&self, bytes: &[u8]) -> Vec<u8> {
        let clean = self.texts.replace_all(bytes, HIDDEN.as_bytes());
        let blank = |found: &regex::bytes::Captures<'_>| {
            let length = found.get(0).map_or(0, |all| all.len());
            vec![b'A'; length]
        };
        self.base64.replace_all(&clean, blank).into_owned()
    }

    fn clean(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if self.are_in(text.as_bytes()) {
                    *text = String::from_utf8_lossy(&self.without(text.as_bytes())).into_owned();
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.clean(item)),
            Value::Object(fields) => {
                let is_named = fields.keys().any(|name| self.are_in(name.as_bytes()));
                if is_named {
                    let all = std::mem::take(fields);
                    let clean =
                        |name: String| String::from_utf8_lossy(&self.without(name.as_bytes())).into_owned();
                    fields.extend(all.into_iter().map(|(name, field)| (clean(name), field)));
                }
                fields.values_mut().for_each(|field| self.clean(field));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

fn compiled(source: &str, any_case: bool) -> Option<Regex> {
    let built = RegexBuilder::new(source)
        .unicode(false)
        .case_insensitive(any_case)
        .size_limit(MAX_COMPILED_BYTES)
        .build();
    debug_assert!(built.is_ok(), "values are escaped");
    built.ok()
}

/// A value as texts hold it, each character in any of its forms; in hexadecimal; and as a list of numbers.
fn text_forms(value: &str) -> String {
    let characters: String = value.chars().map(character_forms).collect();
    let hexadecimal: String = value.bytes().fold(String::new(), |mut all, byte| {
        let _ = write!(all, "{byte:02x}");
        all
    });
    let numbers: Vec<String> = value.bytes().map(|byte| byte.to_string()).collect();
    format!(r"{characters}|{hexadecimal}|\b{}\b", numbers.join(r",\s*"))
}

fn character_forms(character: char) -> String {
    let mut buffer = [0; 4];
    let encoded = character.encode_utf8(&mut buffer);
    // `%25` is a percent sign that was encoded once more.
    let percent: String = encoded
        .bytes()
        .map(|byte| format!("%(?:25)*{byte:02x}"))
        .collect();
    let mut forms = vec![regex::escape(encoded), percent];
    let code = u32::from(character);
    if !character.is_ascii_alphanumeric() {
        let mut units = [0; 2];
        let units = character.encode_utf16(&mut units);
        let json: String = units.iter().map(|unit| format!(r"\\+u{unit:04x}")).collect();
        let program: String = encoded.bytes().map(|byte| format!(r"\\+x{byte:02x}")).collect();
        forms.extend([json, program]);
        forms.push(format!(r"\\+u\{{0*{code:x}\}}"));
        forms.push(format!("&(?:amp;)*#0*{code};"));
        forms.push(format!("&(?:amp;)*#x0*{code:x};"));
    }
    match character {
        ' ' => forms.push(r"\+".to_owned()),
        '"' | '\'' | '\\' | '/' => forms.push(format!(r"\\+{}", regex::escape(encoded))),
        _ => {}
    }
    let entity = match character {
        '&' => "amp",
        '<' => "lt",
        '>' => "gt",
        '"' => "quot",
        '\'' => "apos",
        _ => "",
    };
    if !entity.is_empty() {
        // What ends in the sign itself comes after what is longer.
        forms.insert(0, format!("&(?:amp;)*{entity};"));
    }
    format!("(?:{})", forms.join("|"))
}

/// The characters of base64 that only the value decides on, at each place that it can have in what is encoded.
fn base64_forms(value: &str) -> String {
    let at = |before: usize| {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(value.as_bytes());
        let encoded = STANDARD_NO_PAD.encode(&bytes);
        let first = (before * 8).div_ceil(6);
        let last = bytes.len() * 8 / 6;
        encoded[first..last]
            .chars()
            .map(base64_character)
            .collect::<String>()
    };
    (0..3).map(at).collect::<Vec<_>>().join("|")
}

/// Of both alphabets, and as addresses and JSON write them.
fn base64_character(character: char) -> String {
    match character {
        '+' => r"(?:[+\-]|%(?:25)*2[Bb]|\\+u002[Bb])".to_owned(),
        '/' => r"(?:\\*[/_]|%(?:25)*2[Ff])".to_owned(),
        plain => plain.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use serde_json::json;

    const VALUE: &str = "C4nary/\"p\\w&<é> +1?";

    fn knowing(values: &[&str]) -> Scrubber {
        let scrubber = Scrubber::default();
        let secrets: Vec<Secret> = values.iter().map(|v| Secret::new((*v).to_owned())).collect();
        scrubber.learn(&secrets);
        scrubber
    }

    fn url_encoded(text: &str, upper: bool, space: &str) -> String {
        text.bytes()
            .map(|byte| match byte {
                b' ' => space.to_owned(),
                byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
                byte if upper => format!("%{byte:02X}"),
                byte => format!("%{byte:02x}"),
            })
            .collect()
    }

    #[test]
    fn a_value_goes_in_every_form() {
        let scrubber = knowing(&[VALUE]);
        let json = serde_json::to_string(VALUE).expect("JSON");
        let nested = serde_json::to_string(&json).expect("JSON");
        let html = VALUE
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('"', "&quot;")
            .replace('>', "&#62;");
        let forms = [
            VALUE.to_owned(),
            VALUE.to_uppercase().replace('É', "é"),
            url_encoded(VALUE, true, "%20"),
            url_encoded(VALUE, false, "+"),
            url_encoded(VALUE, true, "+").replace('%', "%25"),
            json[1..json.len() - 1].to_owned(),
            json[1..json.len() - 1]
                .replace('é', "\\u00e9")
                .replace('/', "\\/"),
            nested[3..nested.len() - 3].to_owned(),
            html.replace('&', "&amp;"),
            html,
            format!("{VALUE:?}").trim_matches('"').to_owned(),
            VALUE.bytes().map(|b| format!("{b:02X}")).collect(),
            format!("{:?}", VALUE.as_bytes())
                .trim_matches(['[', ']'])
                .to_owned(),
        ];
        for form in forms {
            assert_eq!(scrubber.text(&format!("a={form}&b")), "a=[secret]&b", "{form}");
        }
        assert_eq!(
            scrubber.text("C4nary/ and nothing else"),
            "C4nary/ and nothing else"
        );
    }

    #[test]
    fn base64_goes_at_each_place_and_what_is_around_it_can_still_be_decoded() {
        let scrubber = knowing(&[VALUE]);
        for before in ["", "u", "us", "ann:"] {
            let whole = format!("{before}{VALUE}, and more");
            for encoded in [STANDARD.encode(&whole), URL_SAFE.encode(&whole)] {
                let clean = scrubber.text(&encoded);
                assert_eq!(clean.len(), encoded.len());
                let decoded = STANDARD
                    .decode(clean.replace('-', "+").replace('_', "/"))
                    .expect("base64");
                let decoded = String::from_utf8_lossy(&decoded).into_owned();
                assert!(
                    decoded.starts_with(before) && decoded.ends_with(", and more"),
                    "{decoded:?}"
                );
                assert!(
                    !decoded.contains("nary") && !decoded.contains("+1?"),
                    "{decoded:?}"
                );
            }
        }
        let url = STANDARD
            .encode(VALUE)
            .replace('+', "%2b")
            .replace('/', "%2F")
            .replace('=', "%3D");
        assert!(!scrubber.text(&url).contains(&url[..16]));
    }

    #[test]
    fn what_is_json_stays_json() {
        let scrubber = knowing(&["nabcdef", "123456"]);
        // A line break, and then something that is no part of the value.
        let text = "\nabcdef";
        assert_eq!(scrubber.record(json!({"a": text})), Some(json!({"a": text})));
        let record = json!({"took": 123_456, "nabcdef": ["x nabcdef y"], "body": "{\"pin\":123456}"});
        let clean = json!({"took": 123_456, "[secret]": ["x [secret] y"], "body": "{\"pin\":[secret]}"});
        assert_eq!(scrubber.record(record.clone()), Some(clean.clone()));
        let bytes = scrubber.bytes(record.to_string().into());
        assert_eq!(serde_json::from_slice::<Value>(&bytes).expect("JSON"), clean);
        assert_eq!(
            scrubber.bytes(Bytes::from_static(b"\xffnabcdef\xff")),
            &b"\xff[secret]\xff"[..]
        );
        // What does not fit its type any more is not given out.
        let layer = crate::timeline::StepOutcome::Passed;
        assert_eq!(knowing(&["passed"]).record(layer), None);
    }

    #[test]
    fn values_that_chance_would_find_are_not_looked_for() {
        let long = "x".repeat(MAX_FOUND_SECRET_BYTES + 1);
        for value in ["", "12345", " 1234 ", long.as_str()] {
            assert!(!Scrubber::can_find(value));
            assert!(!knowing(&[value]).is_in(long.as_bytes()));
        }
        let longest = &long[1..];
        assert_eq!(knowing(&[longest]).text(longest), "[secret]");
        // Pages trim what is typed.
        assert_eq!(knowing(&[" hunter2 "]).text("hunter2!"), "[secret]!");
    }

    #[test]
    fn old_values_stay_known_and_the_oldest_go_where_there_are_too_many() {
        let scrubber = knowing(&["first-value"]);
        scrubber.learn(&[Secret::new("first-value-and-more".to_owned())]);
        assert_eq!(
            scrubber.text("first-value, first-value-and-more"),
            "[secret], [secret]"
        );
        let more: Vec<Secret> = (0..MAX_KNOWN_SECRETS)
            .map(|n| Secret::new(format!("value number {n}.")))
            .collect();
        scrubber.learn(&more);
        assert_eq!(scrubber.text("first-value"), "first-value");
        assert_eq!(
            scrubber.text("value number 0., value number 255."),
            "[secret], [secret]"
        );
    }
}
