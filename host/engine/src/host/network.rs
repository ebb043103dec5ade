//! `network`: routes, held requests, watches, WebSockets.

use wasmtime::component::Resource;

use super::{ExchangeHandle, Failed, HeldHandle, PageHandle, RouteHandle, SocketHandle, TrafficHandle};
use crate::bindings::network::{
    self, Decision, Frame, Header, Moment, NotFound, Request, RequestMatch, Response, RouteAction,
    RouteScope, UrlMatch,
};
use crate::state::HostState;
use flowguard_core::browser::calls;
use flowguard_core::browser::network::Body;

type Route = Resource<RouteHandle>;
type Held = Resource<HeldHandle>;
type Traffic = Resource<TrafficHandle>;
type Exchange = Resource<ExchangeHandle>;
type Socket = Resource<SocketHandle>;

impl network::Host for HostState {}

impl network::HostRoute for HostState {
    async fn add(
        &mut self,
        page: Resource<PageHandle>,
        scope: RouteScope,
        what: RequestMatch,
        action: RouteAction,
        times: Option<u32>,
    ) -> Result<Route, Failed> {
        let call = calls::AddRoute {
            page: self.table.get(&page)?.0,
            scope: scope.into(),
            what: what.into(),
            action: action.into(),
            times,
        };
        let route = through_gate!(self, add_route, call);
        Ok(self.table.push(RouteHandle(route))?)
    }

    async fn replay_har(
        &mut self,
        page: Resource<PageHandle>,
        scope: RouteScope,
        har: Vec<u8>,
        url: UrlMatch,
        not_found: NotFound,
    ) -> Result<Route, Failed> {
        let call = calls::ReplayHar {
            page: self.table.get(&page)?.0,
            scope: scope.into(),
            har: Body(har.into()),
            url: url.into(),
            not_found: not_found.into(),
        };
        let route = through_gate!(self, replay_har, call);
        Ok(self.table.push(RouteHandle(route))?)
    }

    async fn hits(&mut self, route: Route) -> Result<u32, Failed> {
        let route = self.table.get(&route)?.0;
        Ok(through_gate!(self, route_hits, calls::RouteHits { route }))
    }

    async fn next(&mut self, route: Route, timeout: Option<u32>) -> Result<Held, Failed> {
        let call = calls::NextHeld {
            route: self.table.get(&route)?.0,
            timeout_ms: timeout,
        };
        let held = through_gate!(self, next_held, call);
        Ok(self.table.push(HeldHandle(held))?)
    }

    async fn remove(&mut self, route: Route) -> Result<(), Failed> {
        let route = self.table.get(&route)?.0;
        through_gate!(self, remove_route, calls::RemoveRoute { route });
        Ok(())
    }

    async fn drop(&mut self, route: Route) -> wasmtime::Result<()> {
        let RouteHandle(route) = self.table.delete(route)?;
        if let Ok(run) = self.run() {
            run.browser.forget_route(route);
        }
        Ok(())
    }
}

impl network::HostHeldRequest for HostState {
    async fn request(&mut self, held: Held) -> wasmtime::Result<Request> {
        Ok(self.table.get(&held)?.0.request.clone().into())
    }

    async fn decide(&mut self, held: Held, decision: Decision) -> Result<(), Failed> {
        let call = calls::DecideHeld {
            held: self.table.get(&held)?.0.held,
            decision: decision.into(),
        };
        through_gate!(self, decide_held, call);
        Ok(())
    }

    async fn fall_back(&mut self, held: Held) -> Result<(), Failed> {
        let held = self.table.get(&held)?.0.held;
        through_gate!(self, fall_back_held, calls::FallBackHeld { held });
        Ok(())
    }

    async fn drop(&mut self, held: Held) -> wasmtime::Result<()> {
        let HeldHandle(held) = self.table.delete(held)?;
        if let Ok(run) = self.run() {
            run.browser.forget_held(held.held);
        }
        Ok(())
    }
}

impl network::HostTraffic for HostState {
    async fn watch(&mut self, page: Resource<PageHandle>, what: RequestMatch) -> Result<Traffic, Failed> {
        let call = calls::WatchTraffic {
            page: self.table.get(&page)?.0,
            what: what.into(),
        };
        let watch = through_gate!(self, watch_traffic, call);
        Ok(self.table.push(TrafficHandle(watch))?)
    }

    async fn next(
        &mut self,
        traffic: Traffic,
        moment: Moment,
        timeout: Option<u32>,
    ) -> Result<Exchange, Failed> {
        let call = calls::NextExchange {
            watch: self.table.get(&traffic)?.0,
            moment: moment.into(),
            timeout_ms: timeout,
        };
        let exchange = through_gate!(self, next_exchange, call);
        Ok(self.table.push(ExchangeHandle(exchange))?)
    }

    async fn next_web_socket(&mut self, traffic: Traffic, timeout: Option<u32>) -> Result<Socket, Failed> {
        let call = calls::NextSocket {
            watch: self.table.get(&traffic)?.0,
            timeout_ms: timeout,
        };
        let socket = through_gate!(self, next_socket, call);
        Ok(self.table.push(SocketHandle { socket, read: 0 })?)
    }

    async fn drop(&mut self, traffic: Traffic) -> wasmtime::Result<()> {
        let TrafficHandle(watch) = self.table.delete(traffic)?;
        if let Ok(run) = self.run() {
            run.browser.forget_watch(watch);
        }
        Ok(())
    }
}

impl network::HostExchange for HostState {
    async fn request(&mut self, exchange: Exchange) -> wasmtime::Result<Request> {
        Ok(self.table.get(&exchange)?.0.request.clone().into())
    }

    async fn request_headers(
        &mut self,
        exchange: Exchange,
        timeout: Option<u32>,
    ) -> Result<Vec<Header>, Failed> {
        let call = calls::ReadRequestHeaders {
            exchange: self.table.get(&exchange)?.0.exchange,
            timeout_ms: timeout,
        };
        let headers = through_gate!(self, read_request_headers, call);
        Ok(headers.into_iter().map(Into::into).collect())
    }

    async fn response(
        &mut self,
        exchange: Exchange,
        timeout: Option<u32>,
    ) -> Result<Result<Response, String>, Failed> {
        let call = calls::ReadResponse {
            exchange: self.table.get(&exchange)?.0.exchange,
            timeout_ms: timeout,
        };
        Ok(through_gate!(self, read_response, call).map(Into::into))
    }

    async fn body(&mut self, exchange: Exchange, timeout: Option<u32>) -> Result<Vec<u8>, Failed> {
        let call = calls::ReadBody {
            exchange: self.table.get(&exchange)?.0.exchange,
            timeout_ms: timeout,
        };
        let kept = through_gate!(self, read_body, call);
        Ok(self.run()?.browser.body_bytes(&kept.digest).await?.to_vec())
    }

    async fn drop(&mut self, exchange: Exchange) -> wasmtime::Result<()> {
        self.table.delete(exchange)?;
        Ok(())
    }
}

impl network::HostWebSocket for HostState {
    async fn url(&mut self, socket: Socket) -> wasmtime::Result<String> {
        Ok(self.table.get(&socket)?.socket.url.clone())
    }

    async fn next_frame(&mut self, socket: Socket, timeout: Option<u32>) -> Result<Option<Frame>, Failed> {
        let handle = self.table.get(&socket)?;
        let call = calls::NextFrame {
            socket: handle.socket.socket,
            place: handle.read,
            timeout_ms: timeout,
        };
        let frame = through_gate!(self, next_frame, call);
        self.table.get_mut(&socket)?.read += u32::from(frame.is_some());
        Ok(frame.map(Into::into))
    }

    async fn drop(&mut self, socket: Socket) -> wasmtime::Result<()> {
        self.table.delete(socket)?;
        Ok(())
    }
}
