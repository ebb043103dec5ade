//! Which requests are meant, and what becomes of them.

use crate::bindings::flow::flowguard::plugin::network as host;
use host::{AbortReason, Header, ResourceType};

use super::Exchange;
use crate::failure::Result;
use crate::text::{Pattern, Text};

/// Which requests: a glob, a [`pattern`](crate::pattern()), and what else restricts them.
///
/// ```no_run
/// # use flowguard_sdk::prelude::*;
/// # use flowguard_sdk::{Requests, fulfil};
/// # fn example(page: &Page) -> Result {
/// page.route(Requests::to("**/api/cart").method("POST"), fulfil(500))?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Requests(pub(super) host::RequestMatch);

impl Requests {
    /// Every request.
    #[must_use]
    pub const fn all() -> Self {
        Self::by(host::UrlMatch::Any)
    }

    /// Those to such an address: a glob as `**/api/*`, resolved against the run's base URL unless it begins
    /// with `*`, or a regular expression.
    pub fn to(address: impl Into<Self>) -> Self {
        address.into()
    }

    const fn by(url: host::UrlMatch) -> Self {
        Self(host::RequestMatch {
            url,
            methods: Vec::new(),
            resource_types: Vec::new(),
            headers: Vec::new(),
        })
    }

    /// With this method; given again, with any of them.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.0.methods.push(method.to_owned());
        self
    }

    /// For this kind of resource; given again, for any of them.
    #[must_use]
    pub fn resource_type(mut self, kind: ResourceType) -> Self {
        self.0.resource_types.push(kind);
        self
    }

    /// With this header; given again, with all of them.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Text>) -> Self {
        let value = value.into().0;
        let name = name.to_owned();
        self.0.headers.push(host::HeaderMatch { name, value });
        self
    }
}

impl From<&str> for Requests {
    fn from(glob: &str) -> Self {
        Self::by(host::UrlMatch::Glob(glob.to_owned()))
    }
}

impl From<Pattern> for Requests {
    fn from(pattern: Pattern) -> Self {
        Self::by(host::UrlMatch::Pattern(pattern.into()))
    }
}

/// A response in the network's place, to be completed: `fulfil(200).json(r#"{"items":[]}"#)`.
#[must_use]
pub const fn fulfil(status: u32) -> Fulfil {
    Fulfil(host::Fulfilment {
        status,
        headers: Vec::new(),
        body: Vec::new(),
    })
}

/// Lets a request go on, to be changed first: `continue_with().method("PUT")`.
#[must_use]
pub const fn continue_with() -> Changes {
    Changes(host::Changes {
        url: None,
        method: None,
        headers: None,
        body: None,
    })
}

/// Fails a request with this network error.
#[must_use]
pub const fn abort(reason: AbortReason) -> Decision {
    Decision(host::Decision::Abort(reason))
}

/// What becomes of a request: made by [`fulfil`], [`continue_with`], [`abort`].
#[derive(Clone, Debug, PartialEq)]
pub struct Decision(pub(super) host::Decision);

/// A response in the network's place; made by [`fulfil`].
#[derive(Clone, Debug, PartialEq)]
pub struct Fulfil(host::Fulfilment);

impl Fulfil {
    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.0.headers.push(line(name, value));
        self
    }

    /// The body, of this media type.
    #[must_use]
    pub fn body(mut self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.0.body = body.into();
        self.0
            .headers
            .retain(|header| !header.name.eq_ignore_ascii_case("content-type"));
        self.header("content-type", media_type)
    }

    /// A body that is text.
    #[must_use]
    pub fn text(self, text: &str) -> Self {
        self.body("text/plain; charset=utf-8", text)
    }

    /// A body that is HTML.
    #[must_use]
    pub fn html(self, html: &str) -> Self {
        self.body("text/html; charset=utf-8", html)
    }

    /// A body that is JSON, written out.
    #[must_use]
    pub fn json(self, json: &str) -> Self {
        self.body("application/json", json)
    }

    /// As an earlier response was, with its body; change what should differ.
    pub fn like(exchange: &Exchange) -> Result<Self> {
        let response = exchange.response()?;
        let mut fulfil = fulfil(response.0.status);
        fulfil.0.body = exchange.body()?;
        let is_of_body = |name: &str| {
            ["content-encoding", "content-length", "transfer-encoding"]
                .iter()
                .any(|own| name.eq_ignore_ascii_case(own))
        };
        let headers = response.0.headers.into_iter();
        fulfil.0.headers = headers.filter(|header| !is_of_body(&header.name)).collect();
        Ok(fulfil)
    }
}

/// What a request is changed to; made by [`continue_with`].
#[derive(Clone, Debug, PartialEq)]
pub struct Changes(host::Changes);

impl Changes {
    /// To another address of the same scheme, on a host that is granted.
    #[must_use]
    pub fn url(mut self, url: &str) -> Self {
        self.0.url = Some(url.to_owned());
        self
    }

    /// With another method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.0.method = Some(method.to_owned());
        self
    }

    /// With these headers instead of all that the page set.
    #[must_use]
    pub fn headers(mut self, headers: impl IntoIterator<Item = Header>) -> Self {
        self.0.headers = Some(headers.into_iter().collect());
        self
    }

    /// With another body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.0.body = Some(body.into());
        self
    }
}

impl From<Fulfil> for Decision {
    fn from(fulfil: Fulfil) -> Self {
        Self(host::Decision::Fulfil(fulfil.0))
    }
}

impl From<Changes> for Decision {
    fn from(changes: Changes) -> Self {
        Self(host::Decision::ContinueWith(changes.0))
    }
}

fn line(name: &str, value: &str) -> Header {
    Header {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}
