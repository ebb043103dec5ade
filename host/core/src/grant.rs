//! What a component may touch: what it asks for, as far as the host's policy gives it. Checked at the gate,
//! at each call.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::failure::{Code, Failure};
use crate::flow::Needs;

/// What the host allows at most. `*` allows anything of its kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Hosts, as in [`Needs::hosts`].
    pub hosts: Vec<String>,
    /// Storage buckets.
    pub buckets: Vec<String>,
    /// Custom assertions.
    pub plugins: Vec<String>,
}

impl Policy {
    /// Everything that a component asks for: for one's own flows on one's own machine.
    #[must_use]
    pub fn permissive() -> Self {
        let any = || vec!["*".to_owned()];
        Self {
            hosts: any(),
            buckets: any(),
            plugins: any(),
        }
    }

    /// The part of the needs that this policy gives.
    #[must_use]
    pub fn grant(&self, needs: &Needs, base_url: Option<&Url>) -> Grant {
        let allowed = |wanted: &[String], given: &[String]| {
            wanted
                .iter()
                .filter(|w| given.iter().any(|g| covers(g, w)))
                .cloned()
                .collect()
        };
        Grant {
            base_url: base_url.cloned(),
            hosts: allowed(&needs.hosts, &self.hosts),
            buckets: allowed(&needs.buckets, &self.buckets),
            plugins: allowed(&needs.plugins, &self.plugins),
            secrets: Vec::new(),
            reads_only: false,
            probes_anywhere: false,
        }
    }
}

/// What one component may touch in one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The application under test; its host is always granted.
    pub base_url: Option<Url>,
    /// Other hosts.
    pub hosts: Vec<String>,
    /// Storage buckets.
    pub buckets: Vec<String>,
    /// Custom assertions.
    pub plugins: Vec<String>,
    /// Secrets, by name: those that list the component.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// Whether it may only read pages: no navigation, no action.
    pub reads_only: bool,
    /// Whether it may probe addresses of any host.
    pub probes_anywhere: bool,
}

/// What a call needs a grant for.
#[derive(Clone, Copy, Debug)]
pub enum Ask<'a> {
    /// Nothing: reading a page that is open.
    Nothing,
    /// Changing a page.
    Act,
    /// Opening an address in a page.
    Visit(&'a str),
    /// Fetching an address for its status.
    Probe(&'a str),
    /// A storage bucket.
    Bucket(&'a str),
    /// A custom assertion.
    Plugin(&'a str),
    /// A secret, to be typed into a page.
    Secret(&'a str),
}

impl Grant {
    /// The grant of a custom assertion that this grant's holder calls: the same pages, read only, and
    /// nothing else.
    #[must_use]
    pub fn for_assertion(&self, external_hosts: bool) -> Self {
        Self {
            base_url: self.base_url.clone(),
            hosts: self.hosts.clone(),
            buckets: Vec::new(),
            plugins: Vec::new(),
            secrets: Vec::new(),
            reads_only: true,
            probes_anywhere: external_hosts && self.hosts.iter().any(|h| h == "*"),
        }
    }

    /// Whether the call may be made.
    ///
    /// # Errors
    /// [`Code::Denied`], with what to ask for. It does not say whether the thing exists.
    pub fn check(&self, ask: Ask<'_>) -> Result<(), Failure> {
        match ask {
            Ask::Nothing => Ok(()),
            Ask::Act => self.check_act(),
            Ask::Visit(url) => self.check_act().and_then(|()| self.check_address(url)),
            Ask::Probe(url) if self.probes_anywhere => scheme_is_web(url),
            Ask::Probe(url) => self.check_address(url),
            Ask::Bucket(name) => check_name(&self.buckets, name, "bucket", "buckets"),
            Ask::Plugin(name) => check_name(&self.plugins, name, "custom assertion", "plugins"),
            Ask::Secret(name) => self.check_act().and_then(|()| self.check_secret(name)),
        }
    }

    /// An address as pages understand it: relative ones begin at the base URL.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where it is no address.
    pub fn resolve(&self, address: &str) -> Result<Url, Failure> {
        resolve(self.base_url.as_ref(), address)
    }

    fn check_act(&self) -> Result<(), Failure> {
        if self.reads_only {
            let message = "a custom assertion may read the page, not act on it: do this in the flow";
            return Err(Failure::new(Code::Denied, message));
        }
        Ok(())
    }

    fn check_secret(&self, name: &str) -> Result<(), Failure> {
        let is_given = self.secrets.iter().any(|given| given == "*" || given == name);
        is_given.then_some(()).ok_or_else(|| crate::secrets::denial(name))
    }

    fn check_address(&self, address: &str) -> Result<(), Failure> {
        // What is no address is refused by the work itself, with its own code.
        let Ok(url) = self.resolve(address) else {
            return Ok(());
        };
        if url.as_str() == "about:blank" {
            return Ok(());
        }
        scheme_is_web(url.as_str())?;
        let host = host_and_port(&url);
        let base = self.base_url.as_ref().map(host_and_port);
        if base.as_deref() == Some(host.as_str()) || self.hosts.iter().any(|g| host_covers(g, &url, &host)) {
            return Ok(());
        }
        let message = format!(
            "host {host} is not granted: add it to the component's `hosts`, or run with a base URL on it"
        );
        Err(Failure::new(Code::Denied, message))
    }
}

/// An address as pages understand it: relative ones begin at `base`.
///
/// # Errors
/// [`Code::InvalidArgument`] where it is no address.
pub fn resolve(base: Option<&Url>, address: &str) -> Result<Url, Failure> {
    let parsed = match base {
        Some(base) => base.join(address),
        None => Url::parse(address),
    };
    parsed.map_err(|error| {
        let hint = match (base, error) {
            (None, url::ParseError::RelativeUrlWithoutBase) => {
                "; a relative address needs a base URL (`--base-url`)"
            }
            _ => "",
        };
        Failure::new(
            Code::InvalidArgument,
            format!("not an address: {address:?}: {error}{hint}"),
        )
    })
}

fn scheme_is_web(address: &str) -> Result<(), Failure> {
    match address.split_once(':').map(|(scheme, _)| scheme) {
        Some("http" | "https") => Ok(()),
        _ => Err(Failure::new(
            Code::Denied,
            format!("only http and https addresses may be opened: {address:?}"),
        )),
    }
}

fn check_name(granted: &[String], name: &str, kind: &str, key: &str) -> Result<(), Failure> {
    if granted.iter().any(|g| covers(g, name)) {
        return Ok(());
    }
    let message = format!("{kind} {name:?} is not granted: add it to the component's `{key}`");
    Err(Failure::new(Code::Denied, message))
}

fn host_and_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

fn host_covers(granted: &str, url: &Url, host_and_port: &str) -> bool {
    covers(granted, host_and_port) || url.host_str().is_some_and(|host| covers(granted, host))
}

/// Whether `granted` covers `wanted`: equal, `*` for anything, `*.example` for what ends in `.example`.
fn covers(granted: &str, wanted: &str) -> bool {
    match granted.strip_prefix('*') {
        Some("") => true,
        Some(suffix) => suffix.starts_with('.') && wanted.len() > suffix.len() && wanted.ends_with(suffix),
        None => granted.eq_ignore_ascii_case(wanted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant() -> Grant {
        let needs = Needs {
            hosts: vec!["pay.example".into(), "*.cdn.example".into()],
            buckets: vec!["orders".into()],
            plugins: vec!["content".into()],
        };
        let base = Url::parse("http://127.0.0.1:4000/shop/").expect("address");
        Policy::permissive().grant(&needs, Some(&base))
    }

    #[test]
    fn addresses_are_granted_by_host() {
        let cases = [
            ("/cart", true),
            ("http://127.0.0.1:4000/", true),
            ("http://127.0.0.1:4001/", false),
            ("https://pay.example/card", true),
            ("https://pay.example:8443/card", true),
            ("https://evil-pay.example/", false),
            ("https://a.cdn.example/x.png", true),
            ("https://cdn.example/x.png", false),
            ("https://pay.example@evil.example/", false),
            ("http://127.0.0.1@evil.example/", false),
            ("about:blank", true),
            ("file:///etc/passwd", false),
            ("javascript:alert(1)", false),
            ("data:text/html,x", false),
            ("chrome://version", false),
            ("view-source:http://127.0.0.1:4000/", false),
        ];
        for (address, allowed) in cases {
            assert_eq!(grant().check(Ask::Visit(address)).is_ok(), allowed, "{address}");
        }
    }

    #[test]
    fn the_policy_bounds_what_is_asked_for() {
        let policy = Policy {
            hosts: vec!["*.example".into()],
            buckets: vec![],
            plugins: vec!["*".into()],
        };
        let needs = Needs {
            hosts: vec!["pay.example".into(), "other.test".into()],
            buckets: vec!["orders".into()],
            plugins: vec!["content".into()],
        };
        let grant = policy.grant(&needs, None);
        assert_eq!(grant.hosts, ["pay.example"]);
        assert!(grant.buckets.is_empty());
        assert_eq!(grant.plugins, ["content"]);
    }

    #[test]
    fn secrets_are_those_that_list_the_component_and_the_needs_give_none() {
        let mut grant = grant();
        let denied = |grant: &Grant, name: &str| grant.check(Ask::Secret(name)).map_err(|f| f.code);
        assert_eq!(denied(&grant, "shop-password"), Err(Code::Denied));
        grant.secrets = vec!["shop-password".into()];
        assert_eq!(denied(&grant, "shop-password"), Ok(()));
        assert_eq!(denied(&grant, "other"), Err(Code::Denied));
        assert_eq!(
            denied(&grant.for_assertion(true), "shop-password"),
            Err(Code::Denied)
        );
    }

    #[test]
    fn a_custom_assertion_reads_only() {
        let grant = grant().for_assertion(false);
        assert!(grant.check(Ask::Nothing).is_ok());
        assert!(grant.check(Ask::Probe("/about")).is_ok());
        assert_eq!(grant.check(Ask::Act).map_err(|f| f.code), Err(Code::Denied));
        assert_eq!(
            grant.check(Ask::Visit("/")).map_err(|f| f.code),
            Err(Code::Denied)
        );
        assert_eq!(
            grant.check(Ask::Bucket("orders")).map_err(|f| f.code),
            Err(Code::Denied)
        );
        assert_eq!(
            grant.check(Ask::Probe("https://other.test/")).map_err(|f| f.code),
            Err(Code::Denied)
        );
    }
}
