//! A cloud that is spoken to as the service is: by HTTPS and WSS, with a certificate that the system's authorities vouch for,
//! and through a company's proxy where there is one.

use flowguard_tests::{Flowguard, Peer, shared};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::cloud::{opens, shell};

/// An authority, and the certificate and key of a server on this machine that it vouches for.
struct Certificates {
    authority: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

impl Certificates {
    fn in_folder(folder: &Path) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let own = KeyPair::generate().expect("a key");
        let authority = CertifiedIssuer::self_signed(params, own).expect("an authority");
        let key = KeyPair::generate().expect("a key");
        let server = CertificateParams::new(["127.0.0.1".to_owned()]).expect("a name");
        let server = server.signed_by(&key, &authority).expect("a certificate");
        let file = |name: &str, text: String| {
            let file = folder.join(name);
            std::fs::write(&file, text).expect("the folder is the test's");
            file
        };
        Self {
            authority: file("authority.pem", authority.pem()),
            certificate: file("server.pem", server.pem()),
            key: file("server.key", key.serialize_pem()),
        }
    }
}

/// A proxy that connects whoever asks.
struct Proxy {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let heard = asked.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(pass(stream, heard.clone()));
            }
        });
        Self { address, asked }
    }

    /// For which hosts it was asked.
    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("nobody panics with it").clone()
    }
}

async fn pass(mut client: TcpStream, asked: Arc<Mutex<Vec<String>>>) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let host = head.split(' ').nth(1).unwrap_or_default().to_owned();
    assert!(head.starts_with("CONNECT "), "{head}");
    asked.lock().expect("nobody panics with it").push(host.clone());
    let mut server = TcpStream::connect(host).await?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
    copy_bidirectional(&mut client, &mut server).await.map(|_| ())
}

#[tokio::test]
async fn a_session_is_connected_to_by_tls_also_through_a_proxy_where_the_certificate_is_good() {
    let _turn = shared().await;
    let peer = Peer::holding(0).await;
    let scratch = Flowguard::new();
    let certificates = Certificates::in_folder(scratch.scratch());
    let named = |flag: &str, file: &Path| format!("--{flag}={}", file.display());
    let emulator = Flowguard::new()
        .emulate([
            "--apart".to_owned(),
            named("certificate", &certificates.certificate),
            named("key", &certificates.key),
        ])
        .await;
    assert!(emulator.address().starts_with("https://127.0.0.1:"));
    let flow = opens(&scratch);
    let shell = || shell(&emulator).base_url(peer.url());
    let tunnel = format!("--tunnel={}", peer.url());
    let trusting = shell().variable("SSL_CERT_FILE", &certificates.authority);
    let outcome = trusting.run(["--mode=cloud", &tunnel, &flow]).await.exits(0);
    let browser = &outcome.report()["runs"][0]["attempts"][0]["browser"];
    assert_eq!(browser["place"], "browserbase", "{browser}");
    let proxy = Proxy::start().await;
    let behind_a_proxy = shell()
        .variable("SSL_CERT_FILE", &certificates.authority)
        .variable("HTTPS_PROXY", format!("http://{}", proxy.address));
    behind_a_proxy
        .run(["--mode=cloud", &tunnel, &flow])
        .await
        .exits(0);
    let asked = proxy.asked();
    let api = emulator.address().trim_start_matches("https://").to_owned();
    let (to_api, to_browsers): (Vec<String>, Vec<String>) = asked.into_iter().partition(|host| *host == api);
    assert!(
        !to_api.is_empty() && to_browsers.len() == 1,
        "{to_api:?}, {to_browsers:?}"
    );
    // Nobody vouches for it: nothing is said to it, the key above all.
    shell()
        .call(["browserbase", "usage"])
        .await
        .exits(3)
        .says("certificate");
    emulator.ends().await;
}
