//! A company's proxy on the way to a browser in a cloud: it is asked to pass bytes on (`CONNECT`, RFC 9110, 9.3.6). Which one
//! the environment says, as for requests by HTTP: `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`. Its password is in no message.

use async_tungstenite::tungstenite::http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use flowguard_core::limits::{MAX_OPENING_REQUEST_BYTES, OPENING_REQUEST_TIMEOUT};

/// A proxy.
pub(super) struct Proxy {
    host: String,
    port: u16,
    /// As the header says it.
    authorization: Option<String>,
}

impl Proxy {
    /// The one on the way to this host, if there is one.
    ///
    /// # Errors
    /// Where it is none that speaks HTTP in clear.
    pub(super) fn to(host: &str, port: u16) -> Result<Option<Self>, String> {
        Self::of(&Matcher::from_env(), host, port)
    }

    fn of(proxies: &Matcher, host: &str, port: u16) -> Result<Option<Self>, String> {
        let place: Uri = format!("https://{host}:{port}/")
            .parse()
            .map_err(|_| "its address cannot be used".to_owned())?;
        let Some(proxy) = proxies.intercept(&place) else {
            return Ok(None);
        };
        let (scheme, own) = (proxy.uri().scheme_str(), proxy.uri().host());
        let (Some("http"), Some(own)) = (scheme, own) else {
            return Err("the proxy that HTTPS_PROXY or ALL_PROXY names is not http://HOST:PORT".to_owned());
        };
        let authorization = proxy.basic_auth().and_then(|value| value.to_str().ok());
        Ok(Some(Self {
            host: own.to_owned(),
            port: proxy.uri().port_u16().unwrap_or(80),
            authorization: authorization.map(str::to_owned),
        }))
    }

    /// Connects to a host through it.
    pub(super) async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, String> {
        let named = |why: String| format!("the proxy {}:{}: {why}", self.host, self.port);
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await;
        let mut stream = stream.map_err(|error| named(error.to_string()))?;
        let asked = timeout(OPENING_REQUEST_TIMEOUT, self.ask(&mut stream, host, port)).await;
        let answered = asked.map_err(|_| named("it does not answer".to_owned()))?;
        let status = answered.map_err(|error| named(error.to_string()))?;
        match status.as_bytes() {
            [b'2', _, _] => Ok(stream),
            _ => Err(named(format!("it answered {status}"))),
        }
    }

    /// The status of its answer.
    async fn ask(&self, stream: &mut TcpStream, host: &str, port: u16) -> std::io::Result<String> {
        let authorization = self.authorization.as_ref();
        let authorization =
            authorization.map_or_else(String::new, |value| format!("Proxy-Authorization: {value}\r\n"));
        let request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{authorization}\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut head = Vec::new();
        // What comes after the head is the host's already.
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() >= MAX_OPENING_REQUEST_BYTES {
                return Err(std::io::Error::other("its answer is too long"));
            }
            head.push(stream.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head);
        let status = head.split([' ', '\r']).nth(1).unwrap_or_default();
        Ok(status.chars().filter(char::is_ascii_digit).take(3).collect())
    }
}

#[cfg(test)]
#[allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test ends where it cannot go on"
)]
mod tests {
    use super::*;
    use tokio::io::{AsyncBufReadExt, BufReader};
    use tokio::net::TcpListener;

    fn named(https: &str, no: &str) -> Matcher {
        Matcher::builder().https(https).no(no).build()
    }

    #[test]
    fn what_is_named_is_used_but_for_whom_it_is_not() {
        let proxies = named("http://ada:s3cret@proxy.example:3128", "intranet.example");
        let proxy = Proxy::of(&proxies, "connect.browserbase.com", 443)
            .expect("a proxy")
            .expect("one");
        assert_eq!((proxy.host.as_str(), proxy.port), ("proxy.example", 3128));
        assert_eq!(proxy.authorization.as_deref(), Some("Basic YWRhOnMzY3JldA=="));
        assert!(
            Proxy::of(&proxies, "intranet.example", 443)
                .expect("none")
                .is_none()
        );
        let other = Proxy::of(&named("socks5://ada:s3cret@proxy.example", ""), "a.example", 443);
        let told = other.err().expect("it cannot be used");
        assert!(told.contains("HTTPS_PROXY") && !told.contains("s3cret"), "{told}");
    }

    #[tokio::test]
    async fn it_is_asked_for_the_host_and_says_whether_it_may_be_reached() {
        for (answer, is_good) in [
            ("HTTP/1.1 200 Connection established\r\nvia: x\r\n\r\n", true),
            ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", false),
            ("nonsense\r\n\r\n", false),
            ("", false),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let proxy = Proxy {
                host: "127.0.0.1".to_owned(),
                port,
                authorization: Some("Basic eA==".to_owned()),
            };
            let serves = async {
                let (stream, _) = listener.accept().await.unwrap();
                let mut stream = BufReader::new(stream);
                let mut asked = String::new();
                while !asked.ends_with("\r\n\r\n") {
                    stream.read_line(&mut asked).await.unwrap();
                }
                stream.get_mut().write_all(answer.as_bytes()).await.unwrap();
                stream.get_mut().write_all(b"hello").await.unwrap();
                asked
            };
            let (connected, asked) = tokio::join!(proxy.connect("a.example", 443), serves);
            assert_eq!(
                asked,
                "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\nProxy-Authorization: Basic eA==\r\n\r\n"
            );
            match connected {
                Ok(mut stream) => {
                    let mut first = String::new();
                    stream.read_to_string(&mut first).await.unwrap();
                    assert!(is_good && first == "hello", "{answer}: {first}");
                }
                Err(why) => assert!(!is_good && why.contains("the proxy 127.0.0.1"), "{answer}: {why}"),
            }
        }
    }
}
