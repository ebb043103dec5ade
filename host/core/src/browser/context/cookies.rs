//! Cookies as flows read and write them, in the words of Playwright's storage state.

use serde::{Deserialize, Serialize};
use url::Url;

use super::Secret;
use super::options::wrong;
use crate::failure::Failure;
use crate::limits::MAX_COOKIES;

/// When a cookie goes along with requests of other sites.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SameSite {
    /// Never.
    Strict,
    /// With navigations only.
    #[default]
    Lax,
    /// Always.
    None,
}

/// A cookie of a context.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The host, with a leading dot where its subdomains count too.
    pub domain: String,
    /// The path.
    pub path: String,
    /// Seconds since 1970; -1 where it ends with the context.
    #[serde(default = "session")]
    pub expires: f64,
    /// Whether scripts cannot see it.
    #[serde(default)]
    pub http_only: bool,
    /// Whether it is sent over TLS only.
    #[serde(default)]
    pub secure: bool,
    /// When other sites send it.
    #[serde(default)]
    pub same_site: SameSite,
    /// The top-level site that it is kept for, where it is partitioned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition_key: Option<String>,
}

const fn session() -> f64 {
    -1.0
}

/// A cookie to be added: for an address, or for a domain and a path.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NewCookie {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Secret,
    /// The address that it is for; then there is no domain and no path.
    pub url: Option<String>,
    /// The host, with a leading dot where its subdomains count too.
    pub domain: Option<String>,
    /// The path.
    pub path: Option<String>,
    /// Seconds since 1970; none where it ends with the context.
    pub expires: Option<f64>,
    /// Whether scripts cannot see it.
    pub http_only: bool,
    /// Whether it is sent over TLS only; an `https` address implies it.
    pub secure: bool,
    /// When other sites send it.
    pub same_site: Option<SameSite>,
    /// The top-level site that it is kept for.
    pub partition_key: Option<String>,
}

/// Which cookies; absent fields do not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CookieFilter {
    /// Of this name.
    pub name: Option<String>,
    /// Of this domain, written as the cookie has it.
    pub domain: Option<String>,
    /// Of this path.
    pub path: Option<String>,
}

impl CookieFilter {
    /// Whether the cookie is meant.
    #[must_use]
    pub fn matches(&self, cookie: &Cookie) -> bool {
        let is = |wanted: &Option<String>, value: &str| wanted.as_ref().is_none_or(|wanted| wanted == value);
        is(&self.name, &cookie.name) && is(&self.domain, &cookie.domain) && is(&self.path, &cookie.path)
    }
}

impl NewCookie {
    /// The cookie that this makes.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::failure::Code::InvalidArgument); the value is never shown.
    pub fn check(&self) -> Result<Cookie, Failure> {
        let name = &self.name;
        let (domain, path, is_secure) = match (&self.url, &self.domain, &self.path) {
            (Some(url), None, None) => place_of(name, url)?,
            (None, Some(domain), Some(path)) => (domain.clone(), path.clone(), false),
            _ => {
                return wrong(format!(
                    "cookie {name:?} is for an address, or for a domain and a path"
                ));
            }
        };
        let cookie = Cookie {
            name: name.clone(),
            value: self.value.reveal().to_owned(),
            domain,
            path,
            expires: self.expires.unwrap_or_else(session),
            http_only: self.http_only,
            secure: self.secure || is_secure,
            same_site: self.same_site.unwrap_or_default(),
            partition_key: self.partition_key.clone(),
        };
        cookie.check()?;
        Ok(cookie)
    }
}

impl Cookie {
    /// Whether a browser could hold it.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::failure::Code::InvalidArgument); the value is never shown.
    pub fn check(&self) -> Result<(), Failure> {
        const MAX_BYTES: usize = 4_096;
        let name = &self.name;
        let is_bad = |text: &str| text.bytes().any(|b| b.is_ascii_control() || b == b';');
        if name.is_empty() || is_bad(name) || name.contains('=') {
            return wrong(format!(
                "a cookie's name is not empty and holds no ; = or control characters: {name:?}"
            ));
        }
        if is_bad(&self.value) {
            return wrong(format!(
                "the value of cookie {name:?} holds no ; or control characters"
            ));
        }
        if name.len() + self.value.len() > MAX_BYTES {
            return wrong(format!(
                "name and value of cookie {name:?} have at most {MAX_BYTES} bytes"
            ));
        }
        if self.domain.trim_start_matches('.').is_empty() || is_bad(&self.domain) {
            return wrong(format!(
                "the domain of cookie {name:?} is a host: {:?}",
                self.domain
            ));
        }
        if !self.path.starts_with('/') || is_bad(&self.path) {
            return wrong(format!(
                "the path of cookie {name:?} begins with /: {:?}",
                self.path
            ));
        }
        let is_time = self.expires > 0.0 && self.expires.is_finite();
        if !is_time && self.expires != session() {
            return wrong(format!(
                "cookie {name:?} expires at a time in seconds since 1970, or at -1 with its context: {}",
                self.expires
            ));
        }
        if self.same_site == SameSite::None && !self.secure {
            return wrong(format!(
                "cookie {name:?} is for all sites (None), so it must be secure"
            ));
        }
        Ok(())
    }
}

impl Cookie {
    /// Whether it goes with a request to this address.
    #[must_use]
    pub fn goes_to(&self, address: &Url) -> bool {
        let host = address.host_str().unwrap_or_default();
        let is_host = match self.domain.strip_prefix('.') {
            Some(domain) => host == domain || host.ends_with(&self.domain),
            None => host == self.domain,
        };
        let below = address.path().strip_prefix(self.path.trim_end_matches('/'));
        let is_path = below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        // Browsers take this machine for safe.
        let is_safe = address.scheme() == "https" || host == "localhost" || host.ends_with(".localhost");
        is_host && is_path && (is_safe || !self.secure)
    }
}

/// Whether there are not too many.
pub(crate) fn check_count(cookies: usize) -> Result<(), Failure> {
    if cookies > MAX_COOKIES {
        return wrong(format!("at most {MAX_COOKIES} cookies: {cookies}"));
    }
    Ok(())
}

/// Domain, path and security that an address means.
fn place_of(name: &str, address: &str) -> Result<(String, String, bool), Failure> {
    let url = Url::parse(address).ok();
    let web = url.filter(|url| matches!(url.scheme(), "http" | "https"));
    let Some((url, host)) = web.as_ref().and_then(|url| Some((url, url.host_str()?))) else {
        return wrong(format!(
            "cookie {name:?} is for an http or https address: {address:?}"
        ));
    };
    let folder = url.path().rfind('/').map_or("/", |end| &url.path()[..=end]);
    Ok((host.to_owned(), folder.to_owned(), url.scheme() == "https"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Code;

    fn cookie(change: impl FnOnce(&mut NewCookie)) -> Result<Cookie, Failure> {
        let mut cookie = NewCookie {
            name: "session".to_owned(),
            value: Secret::new("hunter2".to_owned()),
            url: None,
            domain: Some("shop.example".to_owned()),
            path: Some("/".to_owned()),
            expires: None,
            http_only: false,
            secure: false,
            same_site: None,
            partition_key: None,
        };
        change(&mut cookie);
        cookie.check()
    }

    #[test]
    fn an_address_gives_domain_path_and_security() {
        let made = cookie(|c| {
            (c.domain, c.path) = (None, None);
            c.url = Some("https://shop.example:8443/de/cart?x=1".to_owned());
        })
        .expect("a cookie");
        assert_eq!(
            (made.domain.as_str(), made.path.as_str(), made.secure),
            ("shop.example", "/de/", true)
        );
        assert_eq!((made.expires, made.same_site), (-1.0, SameSite::Lax));
    }

    #[test]
    fn malformed_cookies_are_refused_and_their_values_not_shown() {
        type Change = fn(&mut NewCookie);
        let changes: [(&str, Change); 10] = [
            ("no place", |c| c.domain = None),
            ("two places", |c| c.url = Some("https://shop.example/".to_owned())),
            ("no web address", |c| {
                (c.domain, c.path, c.url) = (None, None, Some("about:blank".to_owned()));
            }),
            ("no name", |c| c.name.clear()),
            ("name", |c| c.name = "a=b".to_owned()),
            ("value", |c| c.value = Secret::new("hunter2;".to_owned())),
            ("path", |c| c.path = Some("cart".to_owned())),
            ("expiry", |c| c.expires = Some(-5.0)),
            ("expiry is no number", |c| c.expires = Some(f64::NAN)),
            ("all sites", |c| c.same_site = Some(SameSite::None)),
        ];
        for (what, change) in changes {
            let failure = cookie(change).expect_err(what);
            assert_eq!(failure.code, Code::InvalidArgument, "{what}");
            assert!(
                !failure.message.contains("hunter2"),
                "{what}: {}",
                failure.message
            );
        }
    }

    #[test]
    fn a_cookie_goes_to_its_host_and_below_its_path() {
        let of = |domain: &str, path: &str, secure: bool| Cookie {
            domain: domain.to_owned(),
            path: path.to_owned(),
            secure,
            ..cookie(|_| ()).expect("a cookie")
        };
        let cases = [
            (of("shop.example", "/", false), "http://shop.example/cart", true),
            (of("shop.example", "/", false), "http://www.shop.example/", false),
            (of(".shop.example", "/", false), "http://www.shop.example/", true),
            (of(".shop.example", "/", false), "http://shop.example/", true),
            (of(".shop.example", "/", false), "http://evilshop.example/", false),
            (
                of("shop.example", "/de", false),
                "http://shop.example/de/cart",
                true,
            ),
            (of("shop.example", "/de/", false), "http://shop.example/de", true),
            (
                of("shop.example", "/de", false),
                "http://shop.example/demo",
                false,
            ),
            (of("shop.example", "/", true), "http://shop.example/", false),
            (of("shop.example", "/", true), "https://shop.example/", true),
            (of("localhost", "/", true), "http://localhost:4000/", true),
        ];
        for (cookie, address, goes) in cases {
            let url = Url::parse(address).expect("an address");
            assert_eq!(
                cookie.goes_to(&url),
                goes,
                "{address} {} {}",
                cookie.domain,
                cookie.path
            );
        }
    }

    #[test]
    fn a_filter_restricts_by_what_it_names() {
        let made = cookie(|_| ()).expect("a cookie");
        let by_name = |name: &str| CookieFilter {
            name: Some(name.to_owned()),
            ..CookieFilter::default()
        };
        assert!(CookieFilter::default().matches(&made));
        assert!(by_name("session").matches(&made));
        assert!(!by_name("other").matches(&made));
    }
}
