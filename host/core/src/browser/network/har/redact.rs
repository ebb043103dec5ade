//! What is secret is taken out before anything is written: credentials in headers, cookies, addresses, forms
//! and JSON. Names stay, values go. It is better to take out too much than too little.

use regex::bytes::{Captures, Regex, RegexBuilder};
use std::borrow::Cow;
use std::sync::LazyLock;
use url::Url;

use crate::browser::network::words::Header;

/// What stands in a secret's place.
pub const REDACTED: &str = "[redacted]";

/// Names whose values are secret, in any case, as a part of a longer name too.
const NAMES: &str = "passw(?:or)?d|passwd|passphrase|pwd|secret|token|api[-_ ]?key|access[-_ ]?key|authorization|credential|session[-_ ]?id|private[-_ ]?key|client[-_]?assertion|otp|pin[-_ ]?code|card[-_ ]?number|cvv|cvc";

/// Headers whose whole value is secret.
const HEADERS: [&str; 4] = [
    "authorization",
    "proxy-authorization",
    "x-amz-security-token",
    "x-csrf-token",
];

/// A regular expression of this file; one that is wrong matches nothing, and a test says so.
fn regex(source: &str) -> Option<Regex> {
    RegexBuilder::new(source)
        .unicode(false)
        .case_insensitive(true)
        .build()
        .ok()
}

static SECRET_NAME: LazyLock<Option<Regex>> = LazyLock::new(|| regex(NAMES));
static JSON: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(&format!(
        r#"("[^"\\]*(?:{NAMES})[^"\\]*"\s*:\s*)("(?:[^"\\]|\\[\x00-\x7f])*"?|[0-9.eE+-]+)"#
    ))
});
static FORM: LazyLock<Option<Regex>> =
    LazyLock::new(|| regex(&format!(r"((?:^|[&?;])[^=&?;]*(?:{NAMES})[^=&?;]*=)([^&;]*)")));
static MULTIPART: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(&format!(
        r#"(name="[^"\r\n]*(?:{NAMES})[^"\r\n]*"[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n)([^\r\n]*)"#
    ))
});

/// Whether the value under this name is secret.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    SECRET_NAME
        .as_ref()
        .is_none_or(|regex| regex.is_match(name.as_bytes()))
}

/// A header without its secret.
#[must_use]
pub fn header(header: &Header) -> Header {
    let name = header.name.to_ascii_lowercase();
    let value = match name.as_str() {
        "cookie" => cookies(&header.value),
        "set-cookie" => header
            .value
            .lines()
            .map(set_cookie)
            .collect::<Vec<_>>()
            .join("\n"),
        "referer" | "location" | "content-location" => url(&header.value),
        _ if HEADERS.contains(&name.as_str()) || is_secret(&name) => REDACTED.to_owned(),
        _ => header.value.clone(),
    };
    Header::new(header.name.clone(), value)
}

fn cookies(value: &str) -> String {
    let without = |pair: &str| match pair.split_once('=') {
        Some((name, _)) => format!("{}={REDACTED}", name.trim()),
        None => REDACTED.to_owned(),
    };
    value.split(';').map(without).collect::<Vec<_>>().join("; ")
}

fn set_cookie(line: &str) -> String {
    let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
    let name = pair.split_once('=').map_or("", |(name, _)| name.trim());
    match attributes {
        "" => format!("{name}={REDACTED}"),
        attributes => format!("{name}={REDACTED};{attributes}"),
    }
}

/// An address without user, password and secret parameters.
#[must_use]
pub fn url(address: &str) -> String {
    let has_secret = address.contains('@') || is_secret(address);
    let Some(mut url) = has_secret.then(|| Url::parse(address).ok()).flatten() else {
        return match has_secret {
            true => form(address).into_owned(),
            false => address.to_owned(),
        };
    };
    let _ = url.set_username("");
    let _ = url.set_password(None);
    if let Some(query) = url.query().map(|query| form(query).into_owned()) {
        url.set_query(Some(&query));
    }
    // Some applications hand tokens over in the fragment.
    if let Some(fragment) = url.fragment().map(|fragment| form(fragment).into_owned()) {
        url.set_fragment(Some(&fragment));
    }
    url.into()
}

/// The fields of a form, or the parameters of an address.
fn form(text: &str) -> Cow<'_, str> {
    fields(text, &mut |_| REDACTED.to_owned())
}

/// A form, or an address, with something else in the place of each secret value.
pub(crate) fn fields<'a>(text: &'a str, instead: &mut dyn FnMut(&str) -> String) -> Cow<'a, str> {
    replaced(FORM.as_ref(), text, |found| {
        let value = found.get(2).map_or(&[][..], |value| value.as_bytes());
        instead(&String::from_utf8_lossy(value))
    })
}

/// A body: JSON, a form, or the parts of one.
#[must_use]
pub fn body<'a>(text: &'a str, mime_type: &str) -> Cow<'a, str> {
    if !is_secret(text) {
        return Cow::Borrowed(text);
    }
    if mime_type.contains("x-www-form-urlencoded") {
        return form(text);
    }
    if mime_type.contains("multipart/") {
        return replaced(MULTIPART.as_ref(), text, |_| REDACTED.to_owned());
    }
    if mime_type.contains("json") || text.trim_start().starts_with(['{', '[']) {
        return json(text);
    }
    Cow::Borrowed(text)
}

fn json(text: &str) -> Cow<'_, str> {
    replaced(JSON.as_ref(), text, |_| "\"[redacted]\"".to_owned())
}

fn replaced<'a>(
    regex: Option<&Regex>,
    text: &'a str,
    mut with: impl FnMut(&Captures<'_>) -> String,
) -> Cow<'a, str> {
    let Some(regex) = regex else {
        return Cow::Borrowed("");
    };
    let replacement = |found: &Captures<'_>| {
        let mut kept = found.get(1).map_or(&[][..], |kept| kept.as_bytes()).to_vec();
        kept.extend_from_slice(with(found).as_bytes());
        kept
    };
    match regex.replace_all(text.as_bytes(), replacement) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expression_of_this_file_is_one() {
        for regex in [&SECRET_NAME, &JSON, &FORM, &MULTIPART] {
            assert!(regex.is_some());
        }
    }

    #[test]
    fn headers_keep_their_names_and_lose_their_secrets() {
        for (name, value, expected) in [
            ("Authorization", "Bearer abc", "[redacted]"),
            ("Proxy-Authorization", "Basic abc", "[redacted]"),
            ("X-Api-Key", "abc", "[redacted]"),
            (
                "Cookie",
                "sid=abc; theme=dark",
                "sid=[redacted]; theme=[redacted]",
            ),
            (
                "Set-Cookie",
                "sid=abc; Path=/; HttpOnly",
                "sid=[redacted]; Path=/; HttpOnly",
            ),
            (
                "Set-Cookie",
                "a=1\nb=2; Secure",
                "a=[redacted]\nb=[redacted]; Secure",
            ),
            (
                "Location",
                "/next?token=abc&page=2",
                "/next?token=[redacted]&page=2",
            ),
            ("Content-Type", "text/html", "text/html"),
        ] {
            assert_eq!(header(&Header::new(name, value)).value, expected, "{name}");
        }
    }

    #[test]
    fn addresses_lose_users_and_secret_parameters() {
        for (address, expected) in [
            ("http://user:pass@a.test/x?y=1", "http://a.test/x?y=1"),
            (
                "http://a.test/x?access_token=abc&y=1",
                "http://a.test/x?access_token=[redacted]&y=1",
            ),
            (
                "http://a.test/#id_token=abc",
                "http://a.test/#id_token=[redacted]",
            ),
            ("http://a.test/plain?q=a%20b", "http://a.test/plain?q=a%20b"),
        ] {
            assert_eq!(url(address), expected);
        }
    }

    #[test]
    fn bodies_lose_the_values_under_secret_names_only() {
        for (mime_type, text, expected) in [
            (
                "application/json",
                r#"{"user":"ann","password":"a\"b","nested":{"refresh_token" : "x"},"pwd":12}"#,
                r#"{"user":"ann","password":"[redacted]","nested":{"refresh_token" : "[redacted]"},"pwd":"[redacted]"}"#,
            ),
            (
                "application/x-www-form-urlencoded",
                "user=ann&password=a%26b&c=",
                "user=ann&password=[redacted]&c=",
            ),
            (
                "multipart/form-data; boundary=b",
                "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nabc\r\n--b--",
                "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n[redacted]\r\n--b--",
            ),
            ("text/plain", r#"{"token":"cut off"#, r#"{"token":"[redacted]""#),
            ("text/html", "<label>Password</label>", "<label>Password</label>"),
        ] {
            assert_eq!(body(text, mime_type), expected, "{mime_type}");
        }
    }
}
