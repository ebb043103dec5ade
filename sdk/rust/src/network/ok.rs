//! Asserting that a response is a good one.

use super::Exchange;
use crate::bindings::flow::flowguard::plugin::assertions as host;
use crate::expect::{Expect, Subject};
use crate::failure::Result;
use crate::page::Response;

impl Subject for &Exchange {
    type Target = Exchange;
    fn target(self) -> Exchange {
        self.clone()
    }
}

impl<'response> Subject for &'response Response {
    type Target = &'response Response;
    fn target(self) -> &'response Response {
        self
    }
}

impl Expect<Exchange> {
    /// Its status is 200 to 299. Waits for the response; there is none where the request failed.
    pub fn to_be_ok(self) -> Result {
        let url = self.target.request().url().to_owned();
        match self.target.host().response(self.options.timeout)? {
            Ok(response) => self.report(&url, is_ok(response.status), response.status.to_string()),
            Err(why) => self.report(&url, false, why),
        }
    }
}

impl Expect<&Response> {
    /// Its status is 200 to 299.
    pub fn to_be_ok(self) -> Result {
        let Response { url, status } = self.target;
        self.report(url, is_ok(*status), status.to_string())
    }
}

fn is_ok(status: u32) -> bool {
    (200..=299).contains(&status)
}

impl<T> Expect<T> {
    fn report(&self, url: &str, is_ok: bool, received: String) -> Result {
        let not = if self.options.negated { "not " } else { "" };
        let because = match self.options.message.as_str() {
            "" => String::new(),
            because => format!("{because}: "),
        };
        Ok(host::report(&host::Check {
            title: format!("{because}the response of {url} is {not}ok"),
            passed: is_ok != self.options.negated,
            expected: format!("{not}200 to 299"),
            received,
            soft: self.options.soft,
        })?)
    }
}
