//! What is made of the browser's events, in whatever order they come.

use super::*;
use crate::browser::network::exchange::Kept;
use crate::browser::network::{Header, RequestInfo, RequestMatch, ResourceType, ResponseInfo, SocketFrame};
use crate::browser::port::TabError;
use crate::browser::port::network::{RequestBegan, RequestKey, ResponseCame, Then};
use crate::limits::MAX_TRAFFIC_BYTES;
use bytes::Bytes;
use std::time::Duration;

struct Answers(Result<&'static [u8], TabError>);

impl Bodies for Answers {
    fn read(&self, _key: &RequestKey, then: Then) {
        then(self.0.clone().map(Bytes::from_static));
    }
}

const NONE: Answers = Answers(Err(TabError::Closed));

fn key(name: &str) -> RequestKey {
    RequestKey::new(1, name)
}

fn began(name: &str, url: &str, redirect: Option<ResponseCame>) -> NetworkEvent {
    NetworkEvent::RequestBegan(Box::new(RequestBegan {
        key: key(name),
        request: RequestInfo {
            url: url.to_owned(),
            method: "GET".to_owned(),
            headers: vec![Header::new("x", "provisional")],
            body: None,
            resource_type: ResourceType::Document,
            is_navigation: true,
            redirects: Vec::new(),
        },
        is_main_document: true,
        wall_ms: 1_000.0,
        at: 1.0,
        redirect,
    }))
}

fn came(status: u16, has_extra: bool) -> ResponseCame {
    ResponseCame {
        response: ResponseInfo {
            url: String::new(),
            status,
            status_text: String::new(),
            headers: vec![Header::new("x", "provisional")],
            mime_type: "text/plain".to_owned(),
            protocol: "http/1.1".to_owned(),
            from_service_worker: false,
            from_cache: false,
            server: None,
            security: None,
            timing: None,
        },
        has_extra,
    }
}

fn response(name: &str, status: u16, has_extra: bool) -> NetworkEvent {
    NetworkEvent::ResponseCame(key(name), Box::new(came(status, has_extra)))
}

fn all_headers(name: &str, is_response: bool, value: &str) -> NetworkEvent {
    let headers = vec![Header::new("x", value)];
    match is_response {
        true => NetworkEvent::ResponseHeaders(key(name), headers),
        false => NetworkEvent::RequestHeaders(key(name), headers),
    }
}

fn matcher() -> Matcher {
    Matcher::new(&RequestMatch::default(), None).expect("well formed")
}

fn finished(name: &str) -> NetworkEvent {
    NetworkEvent::Finished(key(name), 1.5, 10)
}

#[tokio::test]
async fn a_watch_tells_each_moment_in_order_and_waits_for_the_next() {
    let traffic = Arc::new(Traffic::new(false));
    let watch = traffic.watch(1, matcher()).expect("room");
    traffic.happened(2, began("0", "http://a.test/other", None), &NONE);
    traffic.happened(1, began("1", "http://a.test/1", None), &NONE);
    traffic.happened(1, began("2", "http://a.test/2", None), &NONE);
    let next = |moment| {
        let traffic = traffic.clone();
        async move {
            traffic
                .next(watch, moment)
                .await
                .expect("one came")
                .request
                .url
                .clone()
        }
    };
    assert_eq!(next(Moment::Request).await, "http://a.test/1");
    assert_eq!(next(Moment::Request).await, "http://a.test/2");
    let later = tokio::spawn(next(Moment::Response));
    traffic.happened(1, response("2", 200, false), &NONE);
    assert_eq!(later.await.expect("whole"), "http://a.test/2");
    let why = "net::ERR_FAILED".to_owned();
    let shown = traffic.happened(1, NetworkEvent::Failed(key("1"), 1.25, why), &NONE);
    let Some(PageEvent::Request { error, took_us, .. }) = shown else {
        panic!("it is shown")
    };
    assert_eq!((error.as_deref(), took_us), (Some("net::ERR_FAILED"), 250_000));
    assert_eq!(next(Moment::Failed).await, "http://a.test/1");
    traffic.forget(watch);
    assert!(traffic.next(watch, Moment::Request).await.is_err());
}

#[tokio::test]
async fn the_hops_of_a_redirect_are_requests_of_their_own_and_keep_their_headers_apart() {
    let traffic = Traffic::new(false);
    let watch = traffic.watch(1, matcher()).expect("room");
    // The events with all headers come when they like: before the request, and after the next hop began.
    traffic.happened(1, all_headers("1", false, "sent 1"), &NONE);
    traffic.happened(1, began("1", "http://a.test/1", None), &NONE);
    let shown = traffic.happened(1, began("1", "http://a.test/2", Some(came(302, true))), &NONE);
    assert!(matches!(
        shown,
        Some(PageEvent::Request {
            status: Some(302),
            ..
        })
    ));
    traffic.happened(1, all_headers("1", true, "received 1"), &NONE);
    traffic.happened(1, all_headers("1", false, "sent 2"), &NONE);
    traffic.happened(1, all_headers("1", true, "received 2"), &NONE);
    traffic.happened(1, response("1", 200, true), &NONE);
    traffic.happened(1, finished("1"), &NONE);
    for (place, status, redirected_to) in [(1, 302, Some("http://a.test/2")), (2, 200, None)] {
        let hop = traffic
            .next(watch, Moment::Finished)
            .await
            .expect("a hop")
            .state();
        let sent = hop.sent_headers.clone().expect("known");
        assert!(hop.has_response() && hop.has_sent_headers());
        let response = hop.response.expect("one came");
        assert_eq!(
            (response.status, hop.redirected_to.as_deref()),
            (status, redirected_to)
        );
        assert_eq!(sent[0].value, format!("sent {place}"));
        assert_eq!(response.headers[0].value, format!("received {place}"));
    }
    traffic.next(watch, Moment::Request).await.expect("the first hop");
    let second = traffic
        .next(watch, Moment::Request)
        .await
        .expect("the second hop");
    assert_eq!(second.request.redirects, ["http://a.test/1"]);
    let record = traffic.take_record();
    assert_eq!((record.exchanges.len(), record.documents.len()), (2, 1));
}

#[tokio::test]
async fn the_head_of_a_response_is_not_whole_before_all_its_headers_are_there() {
    let traffic = Traffic::new(false);
    traffic.happened(1, began("1", "http://a.test/1", None), &NONE);
    let exchange = traffic.take_record().exchanges.remove(0);
    assert!(!exchange.look(super::super::exchange::State::has_response));
    let traffic = Traffic::new(false);
    let watch = traffic.watch(1, matcher()).expect("room");
    traffic.happened(1, began("1", "http://a.test/1", None), &NONE);
    traffic.happened(1, response("1", 200, true), &NONE);
    let exchange = traffic.next(watch, Moment::Response).await.expect("it came");
    assert!(!exchange.state().has_response() && !exchange.state().has_sent_headers());
    traffic.happened(1, all_headers("1", true, "all"), &NONE);
    assert!(exchange.state().has_response());
}

#[tokio::test]
async fn bodies_are_kept_within_their_room_and_never_waited_for_in_vain() {
    let traffic = Traffic::new(true);
    let mut expected = Vec::new();
    for (name, size, body, kept) in [
        ("1", 2, Ok(&b"hi"[..]), Kept::Whole(Bytes::from_static(b"hi"))),
        (
            "2",
            2,
            Err(TabError::Closed),
            Kept::LeftOut("the browser no longer had the body"),
        ),
        (
            "3",
            1 << 30,
            Ok(&b""[..]),
            Kept::LeftOut("the body is larger than what is kept of one"),
        ),
    ] {
        traffic.happened(1, began(name, "http://a.test/", None), &NONE);
        traffic.happened(1, response(name, 200, false), &NONE);
        traffic.happened(1, NetworkEvent::Data(key(name), size), &NONE);
        traffic.happened(1, finished(name), &Answers(body));
        expected.push(kept);
    }
    let settled = tokio::time::timeout(Duration::from_secs(5), traffic.bodies_settled());
    assert!(settled.await.is_ok());
    let kept: Vec<Kept> = (traffic.take_record().exchanges.iter())
        .map(|one| one.state().body)
        .collect();
    assert_eq!(kept, expected);
}

#[tokio::test]
async fn a_page_that_asks_without_end_fills_no_memory() {
    let traffic = Traffic::new(true);
    let watch = traffic.watch(1, matcher()).expect("room");
    let url = format!("http://a.test/{}", "x".repeat(100_000));
    for number in 0..400 {
        traffic.happened(1, began(&number.to_string(), &url, None), &NONE);
    }
    for number in 400..10_000 {
        let shown = traffic.happened(1, finished(&number.to_string()), &NONE);
        assert_eq!(shown, None);
    }
    let mut seen = 0;
    let failure = loop {
        match traffic.next(watch, Moment::Request).await {
            Ok(_) => seen += 1,
            Err(failure) => break failure,
        }
    };
    assert_eq!(failure.code, Code::OverBudget);
    let record = traffic.take_record();
    assert_eq!(
        (record.exchanges.len(), record.dropped),
        (seen, 400 - u32::try_from(seen).expect("few"))
    );
    assert!(seen < 200);
}

#[tokio::test]
async fn a_web_socket_keeps_its_messages() {
    let traffic = Traffic::new(true);
    let watch = traffic.watch(1, matcher()).expect("room");
    traffic.happened(
        1,
        NetworkEvent::SocketOpened(key("s"), "ws://a.test/".to_owned()),
        &NONE,
    );
    let frame = |sent, data: &str| SocketFrame {
        sent,
        opcode: 1,
        data: data.to_owned(),
        at_ms: 1.0,
    };
    traffic.happened(1, NetworkEvent::SocketFrame(key("s"), frame(true, "ping")), &NONE);
    traffic.happened(
        1,
        NetworkEvent::SocketFrame(key("s"), frame(false, "pong")),
        &NONE,
    );
    traffic.happened(
        1,
        NetworkEvent::SocketFrame(key("s"), frame(false, &"x".repeat(MAX_TRAFFIC_BYTES))),
        &NONE,
    );
    traffic.happened(1, NetworkEvent::SocketClosed(key("s")), &NONE);
    let socket = traffic.next_socket(watch).await.expect("one");
    let (frames, dropped, closed) = socket.look(|now| (now.frames.clone(), now.dropped, now.closed));
    assert_eq!(
        (frames, dropped, closed),
        (vec![frame(true, "ping"), frame(false, "pong")], 1, true)
    );
}
