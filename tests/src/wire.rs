//! The wire between a client and a browser: a websocket proxy that counts what passes and can make the way
//! longer. It knows frames and the outer fields of messages, and never changes either.

use serde_json::Value;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

const HEAD_END: &[u8] = b"\r\n\r\n";

/// A wire to any browser of this machine: to `/PORT/rest` it connects as `PORT` with `/rest`.
#[derive(Debug)]
pub struct Wire {
    port: u16,
    traffic: Arc<Mutex<Traffic>>,
    server: JoinHandle<()>,
}

/// What has passed since somebody looked last.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    /// The methods of the commands, in order.
    pub commands: Vec<String>,
    /// The methods of the events, in order.
    pub events: Vec<String>,
    /// Bursts of commands: one begins where a command follows an answer to an earlier one. Each costs the
    /// client a way there and back.
    pub round_trips: usize,
    answered: bool,
}

impl Traffic {
    fn command(&mut self, method: &str) {
        if self.answered || self.round_trips == 0 {
            self.round_trips += 1;
            self.answered = false;
        }
        self.commands.push(method.to_owned());
    }

    fn heard(&mut self, message: &Value) {
        match message["method"].as_str() {
            Some(event) => self.events.push(event.to_owned()),
            None => self.answered = true,
        }
    }
}

impl Wire {
    /// A wire on which every message takes so long each way.
    ///
    /// # Panics
    /// Where no port can be bound.
    pub async fn start(delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let traffic = Arc::new(Mutex::new(Traffic::default()));
        let server = tokio::spawn(serve(listener, delay, traffic.clone()));
        Self {
            port,
            traffic,
            server,
        }
    }

    /// What has passed; counting begins anew.
    pub fn take(&self) -> Traffic {
        std::mem::take(&mut self.traffic.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A program that starts this browser and announces it at the wire's end instead of its own.
    ///
    /// # Panics
    /// Where it cannot be written down.
    #[must_use]
    pub fn in_front_of(&self, browser: &Path, folder: &Path) -> PathBuf {
        let program = folder.join(format!("browser-behind-{}", self.port));
        let script = format!(
            "#!/bin/sh\n'{}' \"$@\" 2>&1 >/dev/null | sed -u 's#ws://127.0.0.1:\\([0-9]*\\)/#ws://127.0.0.1:{}/\\1/#' >&2\n",
            browser.display(),
            self.port
        );
        std::fs::write(&program, script).expect("a folder for a program");
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&program, executable).expect("our own file");
        program
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, delay: Duration, traffic: Arc<Mutex<Traffic>>) {
    while let Ok((client, _)) = listener.accept().await {
        let traffic = traffic.clone();
        tokio::spawn(async move {
            // A client or browser that goes away ends its own connection only.
            let _ = connect(client, delay, traffic).await;
        });
    }
}

async fn connect(mut client: TcpStream, delay: Duration, traffic: Arc<Mutex<Traffic>>) -> io::Result<()> {
    client.set_nodelay(true)?;
    let head = read_head(&mut client).await?;
    let (port, head) = addressed(&head).ok_or_else(|| io::Error::other("no port in the path"))?;
    let mut browser = TcpStream::connect(("127.0.0.1", port)).await?;
    browser.set_nodelay(true)?;
    browser.write_all(head.as_bytes()).await?;
    let answer = read_head(&mut browser).await?;
    client.write_all(answer.as_bytes()).await?;

    let (from_client, to_client) = client.into_split();
    let (from_browser, to_browser) = browser.into_split();
    let seen = traffic.clone();
    let there = carry(from_client, to_browser, delay, When::Read, move |message| {
        if let Some(method) = message["method"].as_str() {
            seen.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .command(method);
        }
    });
    let back = carry(from_browser, to_client, delay, When::Written, move |message| {
        traffic
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .heard(message);
    });
    // One side that has ended ends the other.
    tokio::select! { done = there => done, done = back => done }
}

async fn read_head(stream: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(HEAD_END) {
        head.push(stream.read_u8().await?);
    }
    String::from_utf8(head).map_err(io::Error::other)
}

/// The port that the request's path begins with, and the request as that port wants it.
fn addressed(head: &str) -> Option<(u16, String)> {
    let (verb, rest) = head.split_once(" /")?;
    let (port, rest) = rest.split_once('/')?;
    let port: u16 = port.parse().ok()?;
    let lines = rest.split("\r\n").filter_map(|line| match line.split_once(": ") {
        Some((name, _)) if name.eq_ignore_ascii_case("host") => Some(format!("Host: 127.0.0.1:{port}")),
        // Neither side compresses what it is not offered, so that messages can be read here.
        Some((name, _)) if name.eq_ignore_ascii_case("sec-websocket-extensions") => None,
        _ => Some(line.to_owned()),
    });
    Some((
        port,
        format!("{verb} /{}", lines.collect::<Vec<_>>().join("\r\n")),
    ))
}

/// When a message counts as seen by the client: as it leaves, or as it arrives.
#[derive(Clone, Copy, PartialEq)]
enum When {
    Read,
    Written,
}

/// Carries bytes one way, each so much later, and shows every message once.
async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    delay: Duration,
    when: When,
    mut show: impl FnMut(&Value),
) -> io::Result<()> {
    let (under_way, mut arriving) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let mut frames = Frames::default();
    let mut late = Frames::default();
    let mut chunk = vec![0; 64 * 1024];
    let mut due: Option<(Instant, Vec<u8>)> = None;
    loop {
        let arrival = async {
            match &due {
                Some((at, _)) => tokio::time::sleep_until(*at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            length = from.read(&mut chunk) => {
                let bytes = &chunk[..length?];
                if bytes.is_empty() {
                    return Ok(());
                }
                if when == When::Read {
                    frames.push(bytes).iter().for_each(&mut show);
                }
                let _ = under_way.send((Instant::now() + delay, bytes.to_vec()));
            }
            next = arriving.recv(), if due.is_none() => due = next,
            () = arrival => {
                let Some((_, bytes)) = due.take() else { continue };
                if when == When::Written {
                    late.push(&bytes).iter().for_each(&mut show);
                }
                to.write_all(&bytes).await?;
            }
        }
    }
}

/// Cuts a stream of bytes into websocket messages.
#[derive(Default)]
struct Frames {
    bytes: Vec<u8>,
    message: Vec<u8>,
}

impl Frames {
    /// The messages that these bytes complete.
    fn push(&mut self, bytes: &[u8]) -> Vec<Value> {
        self.bytes.extend_from_slice(bytes);
        let mut complete = Vec::new();
        while let Some((is_last, is_text, payload, length)) = frame(&self.bytes) {
            self.bytes.drain(..length);
            if is_text {
                self.message.extend_from_slice(&payload);
            }
            if is_text && is_last {
                complete.extend(serde_json::from_slice(&std::mem::take(&mut self.message)));
            }
        }
        complete
    }
}

/// The first frame: whether it ends a message, whether it carries text, its payload, and its length with head.
fn frame(bytes: &[u8]) -> Option<(bool, bool, Vec<u8>, usize)> {
    let (kind, size) = (*bytes.first()?, *bytes.get(1)?);
    let (length, mut at) = match size & 0x7f {
        126 => (
            u64::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)),
            4,
        ),
        127 => (u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?), 10),
        short => (u64::from(short), 2),
    };
    let mask = match size & 0x80 {
        0 => [0; 4],
        _ => {
            at += 4;
            bytes.get(at - 4..at)?.try_into().ok()?
        }
    };
    let end = at.checked_add(usize::try_from(length).ok()?)?;
    let masked = bytes.get(at..end)?.iter().enumerate();
    let payload = masked.map(|(index, byte)| byte ^ mask[index % 4]).collect();
    Some((kind & 0x80 != 0, kind & 0x0f <= 2, payload, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_message_in_two_frames_and_many_pieces_is_one() {
        let text = br#"{"id":1,"method":"Page.enable"}"#;
        let mask = [1, 2, 3, 4];
        let masked = |part: &[u8], kind: u8| {
            let length = u8::try_from(part.len()).expect("short");
            let mut frame = vec![kind, 0x80 | length];
            frame.extend(mask);
            frame.extend(
                part.iter()
                    .enumerate()
                    .map(|(index, byte)| byte ^ mask[index % 4]),
            );
            frame
        };
        let bytes = [masked(&text[..10], 0x01), masked(&text[10..], 0x80)].concat();
        let mut frames = Frames::default();
        let messages: Vec<Value> = bytes.chunks(3).flat_map(|piece| frames.push(piece)).collect();
        assert_eq!(messages, [serde_json::from_slice::<Value>(text).expect("JSON")]);
    }

    #[test]
    fn a_round_trip_begins_with_a_command_after_an_answer() {
        let mut traffic = Traffic::default();
        let answer = serde_json::json!({"id": 1, "result": {}});
        traffic.command("a");
        traffic.command("b");
        traffic.heard(&answer);
        traffic.heard(&answer);
        traffic.heard(&serde_json::json!({"method": "event"}));
        traffic.command("c");
        assert_eq!(
            (traffic.round_trips, traffic.commands.len(), traffic.events.len()),
            (2, 3, 1)
        );
    }
}
