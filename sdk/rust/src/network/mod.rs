//! The network of a page: routes that answer in its place, requests that a flow holds or watches for,
//! WebSockets, HAR replay.

mod decide;
mod exchange;
mod ok;

use crate::bindings::flow::flowguard::plugin::network as host;
pub use decide::{Changes, Decision, Fulfil, Requests, abort, continue_with, fulfil};
pub use exchange::{Exchange, NetworkResponse, Request, Traffic, WebSocket};
pub use host::{
    AbortReason, Frame, Header, Message, NotFound, ResourceType, SecurityDetails, ServerAddress, Timing,
};

use crate::failure::Result;
use crate::page::Page;

/// A rule for requests; it stays until it is removed or the run ends.
pub struct Route(host::Route);

impl Route {
    /// How many requests it has met.
    pub fn hits(&self) -> Result<u32> {
        Ok(self.0.hits()?)
    }

    /// Removes it.
    pub fn remove(self) -> Result {
        Ok(self.0.remove()?)
    }
}

/// Requests that wait for the flow: one after another by [`next`](Self::next). What waits goes on when this
/// is dropped.
pub struct Held(host::Route);

impl Held {
    /// Waits for the next one.
    pub fn next(&self) -> Result<HeldRequest> {
        Ok(HeldRequest(self.0.next(None)?))
    }
}

/// A request that waits for the flow; dropped undecided, it goes on.
pub struct HeldRequest(host::HeldRequest);

impl HeldRequest {
    /// What is asked for.
    #[must_use]
    pub fn request(&self) -> Request {
        Request(self.0.request())
    }

    /// Decides.
    pub fn decide(self, decision: impl Into<Decision>) -> Result {
        Ok(self.0.decide(&decision.into().0)?)
    }

    /// Leaves it to the next route, at last to the network.
    pub fn fall_back(self) -> Result {
        Ok(self.0.fall_back()?)
    }
}

impl Page {
    /// Decides on these requests of the page from now on.
    ///
    /// ```no_run
    /// # use flowguard_sdk::prelude::*;
    /// # use flowguard_sdk::{AbortReason, abort, fulfil};
    /// # fn example(page: &Page) -> Result {
    /// page.route("**/*.{png,jpg}", abort(AbortReason::Failed))?;
    /// page.route("**/api/cart", fulfil(200).json(r#"{"items":[]}"#))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn route(&self, requests: impl Into<Requests>, decision: impl Into<Decision>) -> Result<Route> {
        self.add_route(
            host::RouteScope::Page,
            &requests.into(),
            Some(decision.into()),
            None,
        )
        .map(Route)
    }

    /// [`route`](Self::route) for so many requests.
    pub fn route_times(
        &self,
        times: u32,
        requests: impl Into<Requests>,
        decision: impl Into<Decision>,
    ) -> Result<Route> {
        self.add_route(
            host::RouteScope::Page,
            &requests.into(),
            Some(decision.into()),
            Some(times),
        )
        .map(Route)
    }

    /// [`route`](Self::route) for every page of its context, those that open later too.
    pub fn route_context(
        &self,
        requests: impl Into<Requests>,
        decision: impl Into<Decision>,
    ) -> Result<Route> {
        self.add_route(
            host::RouteScope::Context,
            &requests.into(),
            Some(decision.into()),
            None,
        )
        .map(Route)
    }

    /// Has these requests wait for the flow.
    ///
    /// ```no_run
    /// # use flowguard_sdk::prelude::*;
    /// # use flowguard_sdk::fulfil;
    /// # fn example(page: &Page) -> Result {
    /// let payments = page.hold("**/api/pay")?;
    /// page.get_by_role(Role::Button, "Pay").click()?;
    /// let payment = payments.next()?;
    /// expect(page.get_by_role(Role::Status, ())).to_have_text("Paying …")?;
    /// payment.decide(fulfil(402))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn hold(&self, requests: impl Into<Requests>) -> Result<Held> {
        self.add_route(host::RouteScope::Page, &requests.into(), None, None)
            .map(Held)
    }

    fn add_route(
        &self,
        scope: host::RouteScope,
        requests: &Requests,
        decision: Option<Decision>,
        times: Option<u32>,
    ) -> Result<host::Route> {
        let action = match decision {
            Some(decision) => host::RouteAction::Decide(decision.0),
            None => host::RouteAction::Hold,
        };
        Ok(host::Route::add(&self.0, scope, &requests.0, &action, times)?)
    }

    /// Answers these requests from a HAR, for every page of the context.
    pub fn replay_har(
        &self,
        har: &[u8],
        requests: impl Into<Requests>,
        not_found: NotFound,
    ) -> Result<Route> {
        let url = requests.into().0.url;
        let route = host::Route::replay_har(&self.0, host::RouteScope::Context, har, &url, not_found)?;
        Ok(Route(route))
    }

    /// Begins to watch for requests of the page.
    pub fn watch_requests(&self, requests: impl Into<Requests>) -> Result<Traffic> {
        Ok(Traffic::new(host::Traffic::watch(&self.0, &requests.into().0)?))
    }

    /// Does something and waits for the request that it causes.
    pub fn expect_request(
        &self,
        requests: impl Into<Requests>,
        act: impl FnOnce() -> Result,
    ) -> Result<Exchange> {
        self.watched_while(requests, act)?.next_request()
    }

    /// Does something and waits for the response to the request that it causes.
    ///
    /// ```no_run
    /// # use flowguard_sdk::prelude::*;
    /// # fn example(page: &Page) -> Result {
    /// let pay = page.get_by_role(Role::Button, "Pay");
    /// page.expect_response("**/api/pay", || pay.click())?.expect_ok()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn expect_response(
        &self,
        requests: impl Into<Requests>,
        act: impl FnOnce() -> Result,
    ) -> Result<Exchange> {
        self.watched_while(requests, act)?.next_response()
    }

    /// Does something and waits for the WebSocket that it opens.
    pub fn expect_web_socket(
        &self,
        requests: impl Into<Requests>,
        act: impl FnOnce() -> Result,
    ) -> Result<WebSocket> {
        self.watched_while(requests, act)?.next_web_socket()
    }

    /// What was seen from before something was done.
    fn watched_while(&self, requests: impl Into<Requests>, act: impl FnOnce() -> Result) -> Result<Traffic> {
        let traffic = self.watch_requests(requests)?;
        act()?;
        Ok(traffic)
    }
}
