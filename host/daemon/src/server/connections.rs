//! The connections of the HTTP side: how many there are at once, how long the head of a request may take, and their end.
//! What is said on them is the router's.

use axum::Router;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use flowguard_core::limits::{MAX_SERVER_CONNECTIONS, SERVER_HEAD_TIMEOUT};

/// Takes requests until `over` ends, and then answers those that have begun.
pub(crate) async fn serve(mut listener: TcpListener, router: Router, over: impl Future<Output = ()> + Send) {
    let room = Arc::new(Semaphore::new(MAX_SERVER_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(SERVER_HEAD_TIMEOUT);
    tokio::pin!(over);
    loop {
        let (stream, place) = tokio::select! {
            accepted = accept(&mut listener, &room) => accepted,
            () = &mut over => break,
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = http.serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // It ended early, by either side: nobody is left who could be told.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

/// The next connection, once there is room for it.
async fn accept(
    listener: &mut TcpListener,
    room: &Arc<Semaphore>,
) -> (TcpStream, Option<OwnedSemaphorePermit>) {
    // It is never closed.
    let place = room.clone().acquire_owned().await.ok();
    let (stream, _) = Listener::accept(listener).await;
    (stream, place)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]
mod tests {
    use super::*;
    use axum::routing::get;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::Instant;

    async fn served() -> (std::net::SocketAddr, tokio::sync::oneshot::Sender<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(|| async { "here" }));
        let (end, over) = tokio::sync::oneshot::channel();
        tokio::spawn(serve(listener, router, async move {
            let _ = over.await;
        }));
        (address, end)
    }

    async fn says(connection: &mut TcpStream) -> String {
        let mut said = Vec::new();
        let _ = connection.read_to_end(&mut said).await;
        String::from_utf8_lossy(&said).into_owned()
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_does_not_end_ends_its_connection() {
        let (address, _end) = served().await;
        let mut slow = TcpStream::connect(address).await.unwrap();
        slow.write_all(b"GET / HTTP/1.1\r\nx-slow: ").await.unwrap();
        let began = Instant::now();
        assert!(!says(&mut slow).await.contains("200"));
        let took = began.elapsed();
        assert!(
            took >= SERVER_HEAD_TIMEOUT && took < SERVER_HEAD_TIMEOUT * 2,
            "{took:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn who_holds_all_connections_does_so_for_a_while() {
        let (address, _end) = served().await;
        let mut idle = Vec::new();
        for _ in 0..MAX_SERVER_CONNECTIONS {
            idle.push(TcpStream::connect(address).await.unwrap());
        }
        let mut late = TcpStream::connect(address).await.unwrap();
        let began = Instant::now();
        late.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        assert!(says(&mut late).await.ends_with("here"));
        assert!(
            began.elapsed() >= SERVER_HEAD_TIMEOUT - Duration::from_secs(1),
            "{:?}",
            began.elapsed()
        );
    }

    #[tokio::test]
    async fn what_has_begun_is_answered_at_the_end() {
        let (address, end) = served().await;
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection
            .write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            .await
            .unwrap();
        let mut first = [0; 12];
        connection.read_exact(&mut first).await.unwrap();
        end.send(()).unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
        assert!(
            says(&mut connection).await.ends_with("here"),
            "and its connection ends"
        );
    }
}
