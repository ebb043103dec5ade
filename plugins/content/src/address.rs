//! Which addresses of a page are fetched, and what an answer means.

use std::collections::BTreeSet;

use crate::params::Params;

/// Addresses that are fetched at most, links and images together.
pub(crate) const MOST: usize = 100;

/// What an HTTP status says of an address.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Answer {
    /// It is there.
    Alive,
    /// It is not there, or broken.
    Dead,
    /// It refused to say: sign-in, permission, rate limit, method.
    Refused,
}

/// Judges a status.
pub(crate) fn judge(status: u32) -> Answer {
    match status {
        401 | 403 | 405 | 407 | 429 => Answer::Refused,
        400.. => Answer::Dead,
        _ => Answer::Alive,
    }
}

/// Whether an address is to be fetched: of the web, on the page's own host unless others are wanted, and
/// not ignored.
pub(crate) fn is_wanted(address: &str, page: &str, params: &Params) -> bool {
    let Some(host) = authority(address) else {
        return false;
    };
    (params.external || authority(page).as_ref() == Some(&host)) && !params.ignores(address)
}

/// Addresses that were seen; fragments do not tell them apart.
#[derive(Default)]
pub(crate) struct Seen(BTreeSet<String>);

impl Seen {
    /// Whether an address is new.
    pub(crate) fn is_new(&mut self, address: &str) -> bool {
        self.0.insert(without_fragment(address).to_owned())
    }
}

/// The address as it is fetched.
pub(crate) fn without_fragment(address: &str) -> &str {
    address.split('#').next().unwrap_or(address)
}

/// Host and port of a web address.
fn authority(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    (!host.is_empty()).then(|| host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "http://127.0.0.1:4000/about";

    #[test]
    fn only_web_addresses_of_the_same_host_are_wanted() {
        let params = Params::default();
        for address in [
            "http://127.0.0.1:4000/",
            "http://127.0.0.1:4000?x",
            "HTTP://user@127.0.0.1:4000/a#b",
        ] {
            assert!(is_wanted(address, PAGE, &params), "{address}");
        }
        for address in [
            "mailto:a@b.example",
            "javascript:void 0",
            "data:image/png,x",
            "http://127.0.0.1:5000/",
            "http://evil.example/127.0.0.1:4000",
            "http://",
            "",
        ] {
            assert!(!is_wanted(address, PAGE, &params), "{address}");
        }
    }

    #[test]
    fn other_hosts_are_wanted_on_request_and_ignored_ones_never() {
        let params = Params::read(r#"{ "external": true, "ignore": ["ads.example"] }"#).unwrap();
        assert!(is_wanted("https://other.example/", PAGE, &params));
        assert!(!is_wanted("https://ads.example/", PAGE, &params));
    }

    #[test]
    fn an_address_is_seen_once_whatever_its_fragment() {
        let mut seen = Seen::default();
        assert!(seen.is_new("http://a/x#one"));
        assert!(!seen.is_new("http://a/x#two"));
        assert!(seen.is_new("http://a/x?y"));
    }

    #[test]
    fn a_status_is_judged() {
        for (status, answer) in [
            (0, Answer::Alive),
            (200, Answer::Alive),
            (304, Answer::Alive),
            (404, Answer::Dead),
            (410, Answer::Dead),
            (500, Answer::Dead),
            (401, Answer::Refused),
            (403, Answer::Refused),
            (429, Answer::Refused),
        ] {
            assert_eq!(judge(status), answer, "{status}");
        }
    }
}
