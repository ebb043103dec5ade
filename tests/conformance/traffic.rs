//! What a watch tells of real requests: all headers, bodies, hops, failures; and the messages of WebSockets.

use flowguard_core::browser::calls::{
    NextExchange, NextFrame, NextSocket, ReadBody, ReadRequestHeaders, ReadResponse, WatchTraffic,
    WatchedRequest,
};
use flowguard_core::browser::network::traffic::{Moment, TrafficId};
use flowguard_core::browser::network::{RequestMatch, ResponseInfo};
use flowguard_core::failure::{Code, Failure};
use flowguard_core::timeline::PageEvent;

use crate::network::{ASK, SOON, glob};
use crate::site::Answer;
use crate::socket_server::SocketServer;
use crate::stage::Stage;

impl Stage {
    pub(crate) async fn watch(&self, what: RequestMatch) -> TrafficId {
        let call = WatchTraffic {
            page: self.page,
            what,
        };
        self.browser.watch_traffic(&call).await.expect("it is watched")
    }

    pub(crate) async fn next(&self, watch: TrafficId, moment: Moment) -> Result<WatchedRequest, Failure> {
        let call = NextExchange {
            watch,
            moment,
            timeout_ms: SOON,
        };
        self.browser.next_exchange(&call).await
    }

    pub(crate) async fn response(&self, exchange: u32) -> Result<ResponseInfo, String> {
        let call = ReadResponse {
            exchange,
            timeout_ms: SOON,
        };
        self.browser.read_response(&call).await.expect("in time")
    }

    pub(crate) async fn body(&self, exchange: u32) -> Result<String, Failure> {
        let call = ReadBody {
            exchange,
            timeout_ms: SOON,
        };
        let kept = self.browser.read_body(&call).await?;
        let bytes = self.browser.body_bytes(&kept.digest).await?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_tells_requests_with_all_their_headers_and_bodies() {
    let stage = Stage::asking(ASK).await;
    stage.site.put(
        "/data",
        Answer::Raw(
            vec![
                ("set-cookie", "a=1".to_owned()),
                ("set-cookie", "b=2".to_owned()),
                ("content-type", "text/plain".to_owned()),
            ],
            b"raw".to_vec(),
        ),
    );
    let watch = stage.watch(glob("**/data")).await;
    stage.click("button").await.expect("clicked");
    let seen = stage.next(watch, Moment::Request).await.expect("asked");
    assert_eq!(
        (seen.request.method.as_str(), seen.request.body.as_deref()),
        ("POST", Some(&b"sent"[..]))
    );
    assert!(!seen.request.is_navigation);
    let response = stage.response(seen.exchange).await.expect("answered");
    assert_eq!((response.status, response.url), (200, stage.site.url("/data")));
    let cookies: Vec<&str> = (response.headers.iter())
        .filter(|header| header.name.eq_ignore_ascii_case("set-cookie"))
        .map(|header| header.value.as_str())
        .collect();
    assert_eq!(cookies, ["a=1", "b=2"]);
    assert!(response.server.is_some_and(|server| server.ip == "127.0.0.1"));
    assert_eq!(stage.body(seen.exchange).await.as_deref(), Ok("raw"));
    // The second time the cookies are sent, which only the browser itself knows.
    stage.click("button").await.expect("clicked");
    stage.next(watch, Moment::Request).await.expect("asked");
    let again = stage.next(watch, Moment::Request).await;
    assert_eq!(
        again.map(|_| ()).map_err(|failure| failure.code),
        Err(Code::Timeout)
    );
    stage.next(watch, Moment::Finished).await.expect("the first");
    let second = stage.next(watch, Moment::Finished).await.expect("the second");
    let call = ReadRequestHeaders {
        exchange: second.exchange,
        timeout_ms: SOON,
    };
    let headers = stage.browser.read_request_headers(&call).await.expect("known");
    let cookie = headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("cookie"));
    assert_eq!(cookie.map(|header| header.value.as_str()), Some("a=1; b=2"));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redirects_and_failures_are_told_of_hop_by_hop() {
    let stage = Stage::open().await;
    stage.site.put("/1", Answer::Redirect("/2".to_owned()));
    stage.site.put("/2", Answer::Redirect("/3".to_owned()));
    stage.site.page("/3", "<p>there</p>");
    let watch = stage.watch(RequestMatch::default()).await;
    stage.goto("/1").await.expect("it loads");
    let mut seen = Vec::new();
    for _ in 0..3 {
        let hop = stage.next(watch, Moment::Finished).await.expect("a hop");
        let status = stage.response(hop.exchange).await.expect("answered").status;
        seen.push((
            hop.request.url,
            status,
            hop.request.redirects.len(),
            hop.request.is_navigation,
        ));
    }
    let url = |path| stage.site.url(path);
    assert_eq!(
        seen,
        [
            (url("/1"), 302, 0, true),
            (url("/2"), 302, 1, true),
            (url("/3"), 200, 2, true)
        ]
    );
    let shown = stage
        .events()
        .into_iter()
        .filter(|event| matches!(event, PageEvent::Request { .. }))
        .count();
    assert!(shown >= 3, "the timeline shows them too");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_messages_of_a_web_socket_are_told_in_order() {
    let server = SocketServer::start().await;
    let stage = Stage::showing("").await;
    stage.site.page(
        "/chat",
        &format!(
            "<script>const s = new WebSocket('{}/chat');
             s.onopen = () => {{ s.send('hello'); s.send(new Uint8Array([1, 2, 255])); }};
             let n = 0; s.onmessage = () => {{ if (++n === 2) s.close(); }};</script>",
            server.url()
        ),
    );
    let watch = stage.watch(RequestMatch::default()).await;
    stage.goto("/chat").await.expect("it loads");
    let socket = stage
        .browser
        .next_socket(&NextSocket {
            watch,
            timeout_ms: SOON,
        })
        .await
        .expect("opened");
    assert_eq!(socket.url, format!("{}/chat", server.url()));
    let mut seen = Vec::new();
    loop {
        let place = u32::try_from(seen.len()).unwrap();
        let call = NextFrame {
            socket: socket.socket,
            place,
            timeout_ms: SOON,
        };
        match stage.browser.next_frame(&call).await.expect("in time") {
            Some(frame) => seen.push((frame.sent, frame.opcode, frame.data)),
            None => break,
        }
    }
    seen.sort_by_key(|(sent, opcode, _)| (!sent, *opcode));
    let frame = |sent, opcode, data: &str| (sent, opcode, data.to_owned());
    assert_eq!(
        seen,
        [
            frame(true, 1, "hello"),
            frame(true, 2, "AQL/"),
            frame(false, 1, "hello"),
            frame(false, 2, "AQL/")
        ]
    );
    stage.close().await;
}
