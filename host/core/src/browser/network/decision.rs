//! What becomes of a request: answered, sent on or aborted, by a route or by a flow that holds it. Whatever is
//! malformed is found here, before anything is done with it.

use serde::Serialize;

use super::words::{Body, Header, invalid};
use crate::failure::Failure;
use crate::limits::{MAX_HEADERS, MAX_ROUTE_BODY_BYTES};

/// A response that a route gives in the network's place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fulfilment {
    /// HTTP status, 100 to 599.
    pub status: u16,
    /// The headers.
    pub headers: Vec<Header>,
    /// The body.
    pub body: Body,
}

/// What a request is changed to before it goes on. Absent fields stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// The address, of the same scheme. The page does not see the change.
    pub url: Option<String>,
    /// The method.
    pub method: Option<String>,
    /// All headers; those that the browser does not let go of stay.
    pub headers: Option<Vec<Header>>,
    /// What is sent.
    pub body: Option<Body>,
}

/// Why a request is aborted; the page sees the network error of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AbortReason {
    /// By the user.
    Aborted,
    /// Not allowed.
    AccessDenied,
    /// The address cannot be reached.
    AddressUnreachable,
    /// Blocked by the client.
    BlockedByClient,
    /// The response was blocked.
    BlockedByResponse,
    /// The connection was aborted.
    ConnectionAborted,
    /// The connection was closed.
    ConnectionClosed,
    /// The connection failed.
    ConnectionFailed,
    /// The connection was refused.
    ConnectionRefused,
    /// The connection was reset.
    ConnectionReset,
    /// There is no network.
    InternetDisconnected,
    /// The name is not known.
    NameNotResolved,
    /// It took too long.
    TimedOut,
    /// For any other reason.
    Failed,
}

/// What becomes of a paused request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Decision {
    /// It gets this response.
    Fulfil(Fulfilment),
    /// It goes on, changed or not.
    Continue(Changes),
    /// It fails.
    Abort {
        /// Why.
        reason: AbortReason,
    },
}

impl Decision {
    /// Whether it is well formed.
    ///
    /// # Errors
    /// [`crate::Code::InvalidArgument`], with what is wrong.
    pub fn check(&self) -> Result<(), Failure> {
        match self {
            Self::Abort { .. } => Ok(()),
            Self::Fulfil(Fulfilment {
                status,
                headers,
                body,
            }) => {
                if !(100..=599).contains(status) {
                    return Err(invalid(format!("a status is 100 to 599: {status}")));
                }
                check_headers(headers)?;
                check_body(body)
            }
            Self::Continue(changes) => {
                if let Some(method) = &changes.method {
                    check_token("method", method)?;
                }
                check_headers(changes.headers.as_deref().unwrap_or_default())?;
                changes.body.as_ref().map_or(Ok(()), check_body)
            }
        }
    }

    /// The address that it sends a request to, where it names one.
    #[must_use]
    pub fn leads_to(&self) -> Option<&str> {
        match self {
            Self::Continue(Changes { url, .. }) => url.as_deref(),
            Self::Fulfil(_) | Self::Abort { .. } => None,
        }
    }

    /// The bytes that are kept for it.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Fulfil(Fulfilment { body, .. }) | Self::Continue(Changes { body: Some(body), .. }) => {
                body.0.len()
            }
            _ => 0,
        }
    }
}

fn check_headers(headers: &[Header]) -> Result<(), Failure> {
    if headers.len() > MAX_HEADERS {
        return Err(invalid(format!(
            "at most {MAX_HEADERS} headers: {}",
            headers.len()
        )));
    }
    for Header { name, value } in headers {
        check_token("header's name", name)?;
        if value.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            return Err(invalid(format!(
                "the value of header {name:?} has a line break: write one header for each value"
            )));
        }
    }
    Ok(())
}

/// HTTP's token: what methods and the names of headers are made of.
fn check_token(what: &str, text: &str) -> Result<(), Failure> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if text.is_empty() || !text.bytes().all(legal) {
        return Err(invalid(format!(
            "a {what} is made of letters, digits and !#$%&'*+-.^_`|~: {text:?}"
        )));
    }
    Ok(())
}

fn check_body(body: &Body) -> Result<(), Failure> {
    if body.0.len() > MAX_ROUTE_BODY_BYTES {
        return Err(invalid(format!(
            "a route's body has at most {MAX_ROUTE_BODY_BYTES} bytes: {}",
            body.0.len()
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Code;

    fn fulfil(status: u16, name: &str, value: &str) -> Result<(), Failure> {
        let headers = vec![Header::new(name, value)];
        let body = Body::default();
        Decision::Fulfil(Fulfilment {
            status,
            headers,
            body,
        })
        .check()
    }

    #[test]
    fn what_is_malformed_is_refused_before_it_is_used() {
        assert!(fulfil(200, "x-good", "yes").is_ok());
        for (status, name, value, why) in [
            (99, "a", "b", "a status is 100 to 599: 99"),
            (600, "a", "b", "a status is 100 to 599: 600"),
            (200, "a", "b\r\nset-cookie: c=1", "line break"),
            (200, "a b", "c", "header's name"),
            (200, "", "c", "header's name"),
        ] {
            let failure = fulfil(status, name, value).expect_err(why);
            assert_eq!(failure.code, Code::InvalidArgument);
            assert!(failure.message.contains(why), "{}", failure.message);
        }
        let changes = Changes {
            method: Some("GET /".to_owned()),
            ..Changes::default()
        };
        assert!(Decision::Continue(changes).check().is_err());
    }
}
