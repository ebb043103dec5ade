//! The websocket to a browser, over TLS where the address says so: texts both ways, each at once. It knows nothing of what
//! they say. Of one that is too large only beginning and end come, with [`GAP`](super::sieve::GAP) between them.

use async_tungstenite::tokio::{TokioAdapter, client_async_with_config};
use async_tungstenite::tungstenite::protocol::WebSocketConfig;
use async_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use async_tungstenite::{WebSocketReceiver, WebSocketSender};
use futures::{SinkExt, StreamExt};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use super::proxy::Proxy;
use super::sieve::Sieve;
use flowguard_core::limits::MAX_BROWSER_MESSAGE_BYTES;

type Stream = TokioAdapter<Sieve<Box<dyn Wire>>>;

/// What the bytes come and go by.
pub(in crate::browser) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Connects; the two directions are independent of each other.
pub(in crate::browser) async fn connect(address: &str) -> Result<(Outbox, Inbox), String> {
    let place = url::Url::parse(address).map_err(|error| error.to_string())?;
    let stream = dial(&place, Way::OfTheMachine).await?;
    let limits = WebSocketConfig::default()
        .max_message_size(Some(MAX_BROWSER_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_BROWSER_MESSAGE_BYTES));
    let stream = Sieve::new(stream, MAX_BROWSER_MESSAGE_BYTES);
    let connected = client_async_with_config(address, stream, Some(limits)).await;
    let (socket, _) = connected.map_err(|error| refusal(&error))?;
    let (outbox, inbox) = socket.split();
    Ok((Outbox(outbox), Inbox(inbox)))
}

/// How a host is reached.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::browser) enum Way {
    /// As requests by HTTPS are: through the proxy that the environment names.
    OfTheMachine,
    /// By itself.
    Direct,
}

/// Connects to the host of an address, over TLS where that says so. What is not encrypted goes through no proxy.
pub(in crate::browser) async fn dial(place: &url::Url, way: Way) -> Result<Box<dyn Wire>, String> {
    let host = place.host_str().unwrap_or_default();
    let port = place.port_or_known_default().unwrap_or_default();
    let proxy = match (place.scheme(), way) {
        ("wss", Way::OfTheMachine) => Proxy::to(host, port)?,
        _ => None,
    };
    let stream = match proxy {
        Some(proxy) => proxy.connect(host, port).await?,
        None => {
            let stream = TcpStream::connect((host, port)).await;
            stream.map_err(|error| error.to_string())?
        }
    };
    // Several commands are sent before the first is answered: none may wait for another's acknowledgement.
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    Ok(match place.scheme() {
        "wss" => Box::new(encrypted(stream, host).await?),
        _ => Box::new(stream),
    })
}

/// TLS, with a certificate that this machine's authorities vouch for.
async fn encrypted(stream: TcpStream, host: &str) -> Result<TlsStream<TcpStream>, String> {
    use rustls_platform_verifier::ConfigVerifierExt;
    let config = ClientConfig::with_platform_verifier().map_err(|error| error.to_string())?;
    let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
    let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream);
    connecting.await.map_err(|error| error.to_string())
}

/// Why no websocket was opened. The address is not part of it: it may be a credential.
fn refusal(error: &Error) -> String {
    match error {
        Error::Http(answer) => format!("it answered {}", answer.status()),
        Error::Url(_) => "its address cannot be used".to_owned(),
        other => other.to_string(),
    }
}

/// The way to the browser.
pub(in crate::browser) struct Outbox(WebSocketSender<Stream>);

impl Outbox {
    /// Takes a text; it leaves with the next [`Outbox::flush`] at the latest.
    pub(in crate::browser) async fn feed(&mut self, text: String) -> Result<(), String> {
        self.0
            .feed(Message::text(text))
            .await
            .map_err(|error| error.to_string())
    }

    /// Sends what was taken.
    pub(in crate::browser) async fn flush(&mut self) -> Result<(), String> {
        self.0.flush().await.map_err(|error| error.to_string())
    }
}

/// The way from the browser.
pub(in crate::browser) struct Inbox(WebSocketReceiver<Stream>);

impl Inbox {
    /// The next text; none when the browser has closed the connection.
    pub(in crate::browser) async fn next(&mut self) -> Option<Result<Utf8Bytes, String>> {
        loop {
            match self.0.next().await? {
                Ok(Message::Text(text)) => return Some(Ok(text)),
                Ok(Message::Close(_)) | Err(Error::ConnectionClosed) => return None,
                Ok(_) => {}
                Err(error) => return Some(Err(error.to_string())),
            }
        }
    }
}
