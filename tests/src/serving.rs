//! `flowguard serve`, started as a user starts it, and spoken to in plain HTTP: a test decides on each header.

use serde_json::Value;
use std::ffi::OsStr;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::ChildStdout;

use crate::program::{Flowguard, Running};

/// A browser that was started has done its work by then.
const LONGEST: Duration = Duration::from_secs(30);

/// A server.
#[derive(Debug)]
pub struct Serving {
    running: Running,
    said: Lines<BufReader<ChildStdout>>,
    address: String,
    token: String,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The head.
    #[must_use]
    pub fn head(&self) -> &str {
        &self.head
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// Where it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }
}

impl Flowguard {
    /// Starts `flowguard serve` with these arguments, on a free port.
    ///
    /// # Panics
    /// Where it does not say where it is.
    pub async fn serve<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Serving {
        let mut running = self.spawn_serve(arguments);
        let (said, address) = running.announces().await;
        let address = address.trim_start_matches("http://").to_owned();
        let token = std::fs::read_to_string(self.data().join("server.token")).expect("it was made");
        Serving {
            running,
            said,
            address,
            token,
        }
    }
}

impl Serving {
    /// The token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Where it is: host and port.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Waits until it says this.
    ///
    /// # Panics
    /// Where it does not.
    pub async fn says(&mut self, text: &str) {
        let said = async {
            while let Some(line) = self.said.next_line().await.expect("its output can be read") {
                if line.contains(text) {
                    return true;
                }
            }
            false
        };
        let said = tokio::time::timeout(LONGEST, said).await;
        assert_eq!(said, Ok(true), "it never said {text:?}");
    }

    /// Waits until it warns of this in its log, once.
    ///
    /// # Panics
    /// Where it does not.
    pub async fn warns(&mut self, text: &str) {
        self.running.hears(text).await;
    }

    /// Asks in another way, without a body.
    pub async fn raw_with_token(&self, method: &str, path: &str) -> Answer {
        self.with_token(method, path, "", b"").await
    }

    /// Asks for something.
    pub async fn get(&self, path: &str) -> Answer {
        self.with_token("GET", path, "", b"").await
    }

    /// Sends JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.with_token("POST", path, "application/json", body.to_string().as_bytes())
            .await
    }

    /// Sends bytes.
    pub async fn put(&self, path: &str, body: &[u8]) -> Answer {
        self.with_token("PUT", path, "application/octet-stream", body)
            .await
    }

    async fn with_token(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("authorization", bearer.as_str()), ("content-type", kind)];
        let sent = &headers[..if kind.is_empty() { 1 } else { 2 }];
        self.raw(method, path, sent, body).await
    }

    /// Sends exactly this; the host is the server's unless a header says otherwise.
    ///
    /// # Panics
    /// Where no whole answer comes.
    pub async fn raw(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut stream = self.send(method, path, headers, body).await;
        let mut answer = Vec::new();
        let read = tokio::time::timeout(LONGEST, stream.read_to_end(&mut answer)).await;
        read.expect("an answer comes").expect("the connection holds");
        let end = answer
            .windows(4)
            .position(|part| part == b"\r\n\r\n")
            .expect("a head");
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        Answer {
            status: status.expect("a status"),
            body: answer[end + 4..].to_vec(),
            head,
        }
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).await.expect("it listens");
        let mut head = format!("{method} {path} HTTP/1.0\r\ncontent-length: {}\r\n", body.len());
        if !headers.iter().any(|(name, _)| *name == "host") {
            head.push_str(&format!("host: {}\r\n", self.address));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).await.expect("it reads");
        // It may refuse before it has read all of a body.
        let _ = stream.write_all(body).await;
        stream
    }

    /// Listens to server-sent events until one of this kind: each with its id, where it has one.
    ///
    /// # Panics
    /// Where none comes.
    pub async fn listen(
        &self,
        path: &str,
        last_id: Option<&str>,
        until: &str,
    ) -> Vec<(Option<String>, Value)> {
        let bearer = format!("Bearer {}", self.token);
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(last_id.map(|id| ("last-event-id", id)));
        let stream = self.send("GET", path, &headers, b"").await;
        let mut lines = BufReader::new(stream).lines();
        let mut events: Vec<(Option<String>, Value)> = Vec::new();
        let heard = async {
            let mut is_last = false;
            while let Some(line) = lines.next_line().await.expect("the connection holds") {
                if let Some(data) = line.strip_prefix("data: ") {
                    let event: Value = serde_json::from_str(data).expect("JSON");
                    is_last |= event["is"] == until;
                    events.push((None, event));
                } else if let Some(id) = line.strip_prefix("id: ") {
                    if let Some((known, _)) = events.last_mut() {
                        *known = Some(id.to_owned());
                    }
                    if is_last {
                        return true;
                    }
                }
            }
            is_last
        };
        let heard = tokio::time::timeout(LONGEST, heard).await.unwrap_or_default();
        assert!(heard, "{until} did not come: {events:?}");
        events
    }

    /// Ends it as a supervisor does, and makes sure that nothing of it is left.
    ///
    /// # Panics
    /// Where something is.
    pub async fn ends(self) {
        let processes = self.running.processes();
        self.running.terminate();
        self.running.ended().await.exits(0);
        processes.all_end_within(Duration::from_secs(5)).await;
    }
}
