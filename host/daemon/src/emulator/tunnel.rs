//! Where sessions are connected to: a WebSocket's opening request with the session's key is passed on to the session's
//! browser, and then bytes go both ways. Nothing of the browser's protocol is read here.

use axum::serve::Listener;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use url::Url;

use super::door::{Door, Wire};
use super::fault::{Wrong, is_due};
use super::sessions::Status;
use super::{Emulator, lock};
use flowguard_core::limits::{MAX_OPENING_REQUEST_BYTES, OPENING_REQUEST_TIMEOUT};

/// Bytes that are passed on at once.
const CHUNK: usize = 64 << 10;
/// Chunks that are under way in one direction.
const MAX_ON_THE_WAY: usize = 1_024;
/// How long a session lasts from its connection on that is to end in the middle.
const ENDS_AFTER: Duration = Duration::from_secs(1);

/// Takes connections, and never ends.
pub(super) async fn serve(mut door: Door, emulator: Arc<Emulator>) {
    loop {
        let (stream, _) = door.accept().await;
        let emulator = emulator.clone();
        tokio::spawn(async move {
            if let Err(error) = connect(stream, &emulator).await {
                tracing::debug!(%error, "a connection to a session has ended");
            }
        });
    }
}

async fn connect(mut client: Box<dyn Wire>, emulator: &Emulator) -> std::io::Result<()> {
    let head = tokio::time::timeout(OPENING_REQUEST_TIMEOUT, head_of(&mut client)).await??;
    let faults = &emulator.options.faults;
    if is_due(faults, Wrong::ConnectRefused) {
        return refuse(&mut client).await;
    }
    let Some((id, address, over)) = key_of(&head).and_then(|key| open(emulator, &key)) else {
        return refuse(&mut client).await;
    };
    let passing = pass(&mut client, &address, &head, over, emulator.options.delay);
    let passed = match is_due(faults, Wrong::SessionEnds) {
        false => passing.await,
        true => {
            let ended = tokio::time::timeout(ENDS_AFTER, passing).await;
            emulator.finish(&id, Status::Error).await;
            ended.unwrap_or(Ok(()))
        }
    };
    if is_due(faults, Wrong::SessionStays) {
        return passed;
    }
    let ends = emulator.sessions().disconnect(&id, emulator.clock.wall());
    if ends {
        emulator.finish(&id, Status::Completed).await;
    }
    passed
}

/// The session that a key opens: its id, where its browser is, and when it is over.
fn open(emulator: &Emulator, key: &str) -> Option<(String, String, watch::Receiver<bool>)> {
    let id = emulator.sessions().connect(key)?;
    let running = lock(&emulator.running);
    let opened = running
        .get(&id)
        .map(|session| (session.address.clone(), session.over.subscribe()));
    drop(running);
    match opened {
        Some((address, over)) => Some((id, address, over)),
        None => {
            emulator.sessions().disconnect(&id, emulator.clock.wall());
            None
        }
    }
}

async fn pass(
    client: &mut Box<dyn Wire>,
    address: &str,
    head: &[u8],
    mut over: watch::Receiver<bool>,
    delay: Duration,
) -> std::io::Result<()> {
    let none = || std::io::Error::other("the browser's address is none");
    let url = Url::parse(address).map_err(|_| none())?;
    let (host, port) = (url.host_str().ok_or_else(none)?, url.port().ok_or_else(none)?);
    let mut browser = TcpStream::connect((host, port)).await?;
    browser.set_nodelay(true)?;
    tokio::time::sleep(delay).await;
    browser.write_all(&rewritten(head, &url, host, port)).await?;
    tokio::select! {
        passed = both_ways(client, &mut browser, delay) => passed,
        _ = over.wait_for(|over| *over) => Ok(()),
    }
}

async fn both_ways(
    client: &mut Box<dyn Wire>,
    browser: &mut TcpStream,
    delay: Duration,
) -> std::io::Result<()> {
    if delay.is_zero() {
        return copy_bidirectional(client, browser).await.map(|_| ());
    }
    let (from_client, to_client) = tokio::io::split(client);
    let (from_browser, to_browser) = browser.split();
    tokio::select! {
        passed = late(from_client, to_browser, delay) => passed,
        passed = late(from_browser, to_client, delay) => passed,
    }
}

/// Passes bytes on, each so much later than it came; what comes meanwhile does not wait for what was before.
async fn late(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    delay: Duration,
) -> std::io::Result<()> {
    let (sender, mut receiver) = mpsc::channel::<(Instant, Vec<u8>)>(MAX_ON_THE_WAY);
    let reading = async move {
        loop {
            let mut bytes = vec![0; CHUNK];
            let read = from.read(&mut bytes).await?;
            bytes.truncate(read);
            if read == 0 || sender.send((Instant::now() + delay, bytes)).await.is_err() {
                return Ok(());
            }
        }
    };
    let writing = async move {
        while let Some((at, bytes)) = receiver.recv().await {
            tokio::time::sleep_until(at).await;
            to.write_all(&bytes).await?;
        }
        Ok(())
    };
    tokio::try_join!(reading, writing).map(|_| ())
}

/// The opening request, up to its empty line.
async fn head_of(client: &mut Box<dyn Wire>) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= MAX_OPENING_REQUEST_BYTES {
            return Err(std::io::Error::other("the opening request is too long"));
        }
        head.push(client.read_u8().await?);
    }
    Ok(head)
}

/// The key in the request's address.
fn key_of(head: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(head).ok()?;
    let target = text.lines().next()?.strip_prefix("GET ")?.split(' ').next()?;
    let url = Url::parse("ws://emulator").ok()?.join(target).ok()?;
    let key = url.query_pairs().find(|(name, _)| name == "signingKey")?.1;
    Some(key.into_owned())
}

/// The same request for the browser.
fn rewritten(head: &[u8], url: &Url, host: &str, port: u16) -> Vec<u8> {
    let text = String::from_utf8_lossy(head);
    let lines = text.split("\r\n").enumerate().map(|(number, line)| match number {
        0 => format!("GET {} HTTP/1.1", url.path()),
        _ if line.to_ascii_lowercase().starts_with("host:") => format!("Host: {host}:{port}"),
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\r\n").into_bytes()
}

async fn refuse(client: &mut Box<dyn Wire>) -> std::io::Result<()> {
    let said = "there is no session that this opens, or it has ended\n";
    let answer = format!(
        "HTTP/1.1 410 Gone\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{said}",
        said.len()
    );
    client.write_all(answer.as_bytes()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opening_request_is_passed_on_as_the_browser_wants_it() {
        let head = b"GET /?signingKey=a%20b HTTP/1.1\r\nHost: 127.0.0.1:1\r\nUpgrade: websocket\r\n\r\n";
        assert_eq!(key_of(head).as_deref(), Some("a b"));
        let url = Url::parse("ws://127.0.0.1:9222/devtools/browser/x").expect("an address");
        let passed = rewritten(head, &url, "127.0.0.1", 9222);
        assert_eq!(
            String::from_utf8_lossy(&passed),
            "GET /devtools/browser/x HTTP/1.1\r\nHost: 127.0.0.1:9222\r\nUpgrade: websocket\r\n\r\n"
        );
        for none in [
            "POST /?signingKey=a HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
            "\r\n\r\n",
            "GET //[ HTTP/1.1\r\n\r\n",
        ] {
            assert_eq!(key_of(none.as_bytes()), None, "{none}");
        }
    }
}
