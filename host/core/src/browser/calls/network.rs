//! The host calls on the network: routes, requests that are held, what is watched, HAR replay. Data only.

use serde::Serialize;

use super::PageId;
use super::declare::calls;
use crate::artifact::Attachment;
use crate::browser::network::exchange::ExchangeId;
use crate::browser::network::routes::{HeldId, RouteId};
use crate::browser::network::traffic::{Moment, TrafficId};
use crate::browser::network::{
    Body, Decision, Header, RequestInfo, RequestMatch, ResponseInfo, SocketFrame, UrlMatch,
};
use crate::gate::Call;
use crate::grant::Ask;

/// Which pages a route is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RouteScope {
    /// The one page.
    Page,
    /// Every page of its context, those that open later too.
    Context,
}

/// What a route does with the requests that it meets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "is", content = "decision")]
pub enum RouteAction {
    /// Always the same.
    Decide(Decision),
    /// They wait until the flow asks for them.
    Hold,
}

/// What becomes of a request that a HAR does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotFound {
    /// It fails.
    Abort,
    /// It goes on to the next route, at last to the network.
    FallBack,
}

/// A request that waits for the flow's decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct HeldRequest {
    /// Its name.
    pub held: HeldId,
    /// What is asked for.
    pub request: RequestInfo,
}

/// A request that was watched for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct WatchedRequest {
    /// Its name.
    pub exchange: ExchangeId,
    /// What was asked for.
    pub request: RequestInfo,
}

/// A WebSocket that was watched for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct WatchedSocket {
    /// Its name.
    pub socket: ExchangeId,
    /// Its address.
    pub url: String,
}

calls! {
    /// Sets a route.
    AddRoute {
        /// The page.
        page: PageId,
        /// For it alone, or for all of its context.
        scope: RouteScope,
        /// Which requests.
        what: RequestMatch,
        /// What becomes of them.
        action: RouteAction,
        /// How often; none for always.
        times: Option<u32>,
    } "route.add" -> RouteId; title call => format!("route {}", call.what);
        @ask match &call.action {
            RouteAction::Decide(decision) => decision.leads_to().map_or(Ask::Act, Ask::Visit),
            RouteAction::Hold => Ask::Act,
        };

    /// Answers requests from a HAR.
    ReplayHar {
        /// The page.
        page: PageId,
        /// For it alone, or for all of its context.
        scope: RouteScope,
        /// The HAR.
        har: Body,
        /// Which requests.
        url: UrlMatch,
        /// What becomes of those that it does not have.
        not_found: NotFound,
    } "route.replay-har" -> RouteId; title call => format!("replay a HAR for {}", call.url);
        @ask Ask::Act;

    /// Removes a route.
    RemoveRoute {
        /// The route.
        route: RouteId,
    } "route.remove" -> (); title _call => "remove a route".to_owned();
        @ask Ask::Act;

    /// Tells how many requests a route has met.
    RouteHits {
        /// The route.
        route: RouteId,
    } "route.hits" -> u32; title _call => "count a route's requests".to_owned();
        @touches false;

    /// Waits for the next request that a route holds.
    NextHeld {
        /// The route.
        route: RouteId,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "route.next" -> HeldRequest; title _call => "wait for a held request".to_owned();
        @ask Ask::Act;

    /// Decides on a held request.
    DecideHeld {
        /// The request.
        held: HeldId,
        /// What becomes of it.
        decision: Decision,
    } "held-request.decide" -> (); title call => format!("{} the request", call.decision);
        @ask call.decision.leads_to().map_or(Ask::Act, Ask::Visit);

    /// Leaves a held request to the next route.
    FallBackHeld {
        /// The request.
        held: HeldId,
    } "held-request.fall-back" -> (); title _call => "leave the request to the next route".to_owned();
        @ask Ask::Act;

    /// Begins to watch for requests.
    WatchTraffic {
        /// The page.
        page: PageId,
        /// Which requests.
        what: RequestMatch,
    } "traffic.watch" -> TrafficId; title call => format!("watch for {}", call.what);

    /// Waits for the next request that has come so far.
    NextExchange {
        /// The watch.
        watch: TrafficId,
        /// How far.
        moment: Moment,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "traffic.next" -> WatchedRequest; title call => format!("wait for a {}", call.moment);

    /// Waits for the next WebSocket.
    NextSocket {
        /// The watch.
        watch: TrafficId,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "traffic.next-web-socket" -> WatchedSocket; title _call => "wait for a WebSocket".to_owned();

    /// Waits for the response to a request.
    ReadResponse {
        /// The request.
        exchange: ExchangeId,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "exchange.response" -> Result<ResponseInfo, String>; title _call => "read a response".to_owned();
        @touches false;

    /// Waits for all headers of a request.
    ReadRequestHeaders {
        /// The request.
        exchange: ExchangeId,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "exchange.request-headers" -> Vec<Header>; title _call => "read a request's headers".to_owned();
        @touches false;

    /// Waits for the whole body of a response. In the cassette the answer is its digest.
    ReadBody {
        /// The request.
        exchange: ExchangeId,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "exchange.body" -> Attachment; title _call => "read a response's body".to_owned();
        @touches false;

    /// Waits for a WebSocket's next message; none where it is closed.
    NextFrame {
        /// The WebSocket.
        socket: ExchangeId,
        /// Messages that were read already.
        place: u32,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "web-socket.next-frame" -> Option<SocketFrame>; title _call => "wait for a message".to_owned();
}
