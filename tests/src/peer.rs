//! A web server that answers when the test says so: what a test does while a request hangs happens in the
//! middle of a run, with no guessing by the clock.

use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;

/// A browser that was started has asked by then.
const LONGEST: Duration = Duration::from_secs(20);
const PAGE: &str = "<!doctype html><title>ready</title><h1>Ready</h1>";

/// A server on a free port. It holds the first requests, and answers all later ones at once.
#[derive(Debug)]
pub struct Peer {
    url: String,
    held: mpsc::UnboundedReceiver<HeldRequest>,
    server: JoinHandle<()>,
}

/// A request that waits for its answer. Dropping it closes the connection.
#[derive(Debug)]
pub struct HeldRequest(TcpStream);

impl Peer {
    /// Starts a server that holds so many requests.
    ///
    /// # Panics
    /// Where no port can be bound.
    pub async fn holding(requests: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let (hold, held) = mpsc::unbounded_channel();
        let server = tokio::spawn(serve(listener, requests, hold));
        Self { url, held, server }
    }

    /// An address at which nobody listens.
    ///
    /// # Panics
    /// Where no port can be bound.
    pub async fn absent() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        format!("http://{}", listener.local_addr().expect("bound"))
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits for a request that is held.
    ///
    /// # Panics
    /// Where none comes.
    pub async fn asked(&mut self) -> HeldRequest {
        let asked = tokio::time::timeout(LONGEST, self.held.recv()).await;
        let asked = asked.ok().flatten();
        asked.expect("a browser asks for the page within 20 s")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl HeldRequest {
    /// Answers it.
    ///
    /// # Errors
    /// What the connection failed with, where the browser is gone.
    pub async fn answer(mut self) -> io::Result<()> {
        answer(&mut self.0).await
    }
}

async fn serve(listener: TcpListener, to_hold: usize, hold: mpsc::UnboundedSender<HeldRequest>) {
    let places = Arc::new(Semaphore::new(to_hold));
    while let Ok((mut stream, _)) = listener.accept().await {
        let (places, hold) = (places.clone(), hold.clone());
        tokio::spawn(async move {
            // A browser may connect ahead of need and send nothing; that is no request.
            let Ok(true) = read_request(&mut stream).await else {
                return;
            };
            match places.try_acquire() {
                Ok(place) => {
                    place.forget();
                    let _ = hold.send(HeldRequest(stream));
                }
                Err(_) => drop(answer(&mut stream).await),
            }
        });
    }
}

/// Reads to the end of the request's head; whether there was one.
async fn read_request(stream: &mut TcpStream) -> io::Result<bool> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

async fn answer(stream: &mut TcpStream) -> io::Result<()> {
    let length = PAGE.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(PAGE.as_bytes()).await?;
    stream.shutdown().await
}
