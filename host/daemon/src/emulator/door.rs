//! Where connections come in: as they are, or by TLS with a certificate that somebody has named.

use axum::serve::Listener;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use flowguard_core::limits::OPENING_REQUEST_TIMEOUT;

/// A connection.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// How connections are encrypted.
#[derive(Clone)]
pub(crate) struct Tls(TlsAcceptor);

impl Tls {
    /// With this certificate, and those that vouch for it, and its key; both PEM.
    ///
    /// # Errors
    /// Which file is not what it should be.
    pub(crate) fn read(certificate: &Path, key: &Path) -> Result<Self, String> {
        let named = |path: &Path| {
            let path = path.display().to_string();
            move |error: &dyn std::fmt::Display| format!("{path}: {error}")
        };
        let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect);
        let chain: Vec<CertificateDer<'static>> = chain.map_err(|error| named(certificate)(&error))?;
        let private = PrivateKeyDer::from_pem_file(key).map_err(|error| named(key)(&error))?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(chain, private))
            .map_err(|error| named(certificate)(&error))?;
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }
}

/// A listener, with or without TLS.
pub(super) struct Door {
    listener: TcpListener,
    tls: Option<Tls>,
}

impl Door {
    pub(super) const fn new(listener: TcpListener, tls: Option<Tls>) -> Self {
        Self { listener, tls }
    }

    async fn greet(&self, stream: TcpStream) -> io::Result<Box<dyn Wire>> {
        stream.set_nodelay(true)?;
        let Some(Tls(acceptor)) = &self.tls else {
            return Ok(Box::new(stream));
        };
        let greeted = tokio::time::timeout(OPENING_REQUEST_TIMEOUT, acceptor.accept(stream));
        Ok(Box::new(greeted.await??))
    }
}

impl Listener for Door {
    type Io = Box<dyn Wire>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, from) = Listener::accept(&mut self.listener).await;
            match self.greet(stream).await {
                Ok(connection) => return (connection, from),
                Err(error) => tracing::debug!(%error, "a connection was not taken"),
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}
