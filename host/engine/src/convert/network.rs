//! The network's words: what requests are meant, what becomes of them, what came back.

use crate::bindings::network;
use flowguard_core::browser::calls;
use flowguard_core::browser::network::traffic::Moment;
use flowguard_core::browser::network::{
    AbortReason, Body, Changes, Decision, Fulfilment, Header, HeaderMatch, RequestInfo, RequestMatch,
    ResourceType, ResponseInfo, Security, ServerAddress, SocketFrame, Timing, UrlMatch,
};

same_cases! {
    network::AbortReason => AbortReason {
        Aborted, AccessDenied, AddressUnreachable, BlockedByClient, BlockedByResponse, ConnectionAborted,
        ConnectionClosed, ConnectionFailed, ConnectionRefused, ConnectionReset, InternetDisconnected,
        NameNotResolved, TimedOut, Failed
    }
    network::ResourceType => ResourceType {
        Document, Stylesheet, Image, Media, Font, Script, TextTrack, Xhr, Fetch, EventSource, WebSocket,
        Manifest, Ping, Other
    }
    ResourceType => network::ResourceType {
        Document, Stylesheet, Image, Media, Font, Script, TextTrack, Xhr, Fetch, EventSource, WebSocket,
        Manifest, Ping, Other
    }
    network::RouteScope => calls::RouteScope { Page, Context }
    network::NotFound => calls::NotFound { Abort, FallBack }
    network::Moment => Moment { Request, Response, Finished, Failed }
}

impl From<network::Header> for Header {
    fn from(network::Header { name, value }: network::Header) -> Self {
        Self { name, value }
    }
}

impl From<Header> for network::Header {
    fn from(Header { name, value }: Header) -> Self {
        Self { name, value }
    }
}

fn headers<From, To>(headers: Vec<From>) -> Vec<To>
where
    To: std::convert::From<From>,
{
    headers.into_iter().map(Into::into).collect()
}

impl From<network::UrlMatch> for UrlMatch {
    fn from(url: network::UrlMatch) -> Self {
        match url {
            network::UrlMatch::Any => Self::Any,
            network::UrlMatch::Glob(glob) => Self::Glob { glob },
            network::UrlMatch::Pattern(pattern) => Self::Pattern {
                source: pattern.source,
                flags: pattern.flags,
            },
        }
    }
}

impl From<network::RequestMatch> for RequestMatch {
    fn from(what: network::RequestMatch) -> Self {
        let header = |network::HeaderMatch { name, value }| HeaderMatch {
            name,
            value: value.into(),
        };
        Self {
            url: what.url.into(),
            methods: what.methods,
            resource_types: what.resource_types.into_iter().map(Into::into).collect(),
            headers: what.headers.into_iter().map(header).collect(),
        }
    }
}

impl From<network::Decision> for Decision {
    fn from(decision: network::Decision) -> Self {
        match decision {
            network::Decision::Fulfil(response) => Self::Fulfil(Fulfilment {
                status: u16::try_from(response.status).unwrap_or(u16::MAX),
                headers: headers(response.headers),
                body: Body(response.body.into()),
            }),
            network::Decision::ContinueWith(changes) => Self::Continue(Changes {
                url: changes.url,
                method: changes.method,
                headers: changes.headers.map(headers),
                body: changes.body.map(|body| Body(body.into())),
            }),
            network::Decision::Abort(reason) => Self::Abort {
                reason: reason.into(),
            },
        }
    }
}

impl From<network::RouteAction> for calls::RouteAction {
    fn from(action: network::RouteAction) -> Self {
        match action {
            network::RouteAction::Decide(decision) => Self::Decide(decision.into()),
            network::RouteAction::Hold => Self::Hold,
        }
    }
}

impl From<RequestInfo> for network::Request {
    fn from(request: RequestInfo) -> Self {
        let RequestInfo {
            url,
            method,
            headers: sent,
            body,
            resource_type,
            is_navigation,
            redirects,
        } = request;
        Self {
            url,
            method,
            headers: headers(sent),
            body: body.map(|body| body.to_vec()),
            resource_type: resource_type.into(),
            is_navigation,
            redirects,
        }
    }
}

impl From<ResponseInfo> for network::Response {
    fn from(response: ResponseInfo) -> Self {
        Self {
            url: response.url,
            status: response.status.into(),
            status_text: response.status_text,
            headers: headers(response.headers),
            mime_type: response.mime_type,
            protocol: response.protocol,
            from_service_worker: response.from_service_worker,
            from_cache: response.from_cache,
            server: response.server.map(Into::into),
            security: response.security.map(Into::into),
            timing: response.timing.map(Into::into),
        }
    }
}

impl From<ServerAddress> for network::ServerAddress {
    fn from(ServerAddress { ip, port }: ServerAddress) -> Self {
        Self { ip, port }
    }
}

impl From<Security> for network::SecurityDetails {
    fn from(security: Security) -> Self {
        let Security {
            protocol,
            subject,
            issuer,
            valid_from,
            valid_to,
        } = security;
        Self {
            protocol,
            subject,
            issuer,
            valid_from,
            valid_to,
        }
    }
}

impl From<Timing> for network::Timing {
    fn from(timing: Timing) -> Self {
        let Timing {
            dns_start,
            dns_end,
            connect_start,
            connect_end,
            ssl_start,
            ssl_end,
            send_start,
            send_end,
            headers_end,
        } = timing;
        Self {
            dns_start,
            dns_end,
            connect_start,
            connect_end,
            ssl_start,
            ssl_end,
            send_start,
            send_end,
            headers_end,
        }
    }
}

impl From<SocketFrame> for network::Frame {
    fn from(frame: SocketFrame) -> Self {
        let message = match frame.bytes() {
            Some(bytes) => network::Message::Binary(bytes),
            None => network::Message::Text(frame.data),
        };
        Self {
            sent: frame.sent,
            message,
        }
    }
}
