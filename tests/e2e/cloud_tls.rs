//! A cloud that is spoken to as the service is: by HTTPS and WSS, with a certificate that the system's authorities vouch for.

use flowguard_tests::{Flowguard, Peer, shared};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::path::{Path, PathBuf};

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

#[tokio::test]
async fn a_session_is_connected_to_by_tls_where_the_certificate_is_good() {
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
    let flow = scratch.scratch().join("opens.yaml");
    let text = "name: opens\nurl: /\nsteps:\n  - expect: page\n    to-have-title: ready\n";
    std::fs::write(&flow, text).expect("a file");
    let flow = flow.display().to_string();
    let shell = || {
        Flowguard::new()
            .base_url(peer.url())
            .variable("BROWSERBASE_API_KEY", "bb_live_any")
            .variable("BROWSERBASE_BASE_URL", emulator.address())
    };
    let tunnel = format!("--tunnel={}", peer.url());
    let trusting = shell().variable("SSL_CERT_FILE", &certificates.authority);
    let outcome = trusting.run(["--mode=cloud", &tunnel, &flow]).await.exits(0);
    let browser = &outcome.report()["runs"][0]["attempts"][0]["browser"];
    assert_eq!(browser["place"], "browserbase", "{browser}");
    // Nobody vouches for it: nothing is said to it, the key above all.
    shell()
        .call(["browserbase", "usage"])
        .await
        .exits(3)
        .says("certificate");
    emulator.ends().await;
}
