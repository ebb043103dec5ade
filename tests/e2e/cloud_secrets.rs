//! Secrets in a browser of a cloud: what the cloud would keep of them, it is asked not to keep.

use flowguard_tests::{Flowguard, root, shared};

use crate::cloud::client;
use crate::secrets::{configured, leaves_nothing};
use crate::vault::Vault;

#[tokio::test]
async fn a_session_in_which_secrets_may_be_typed_is_logged_and_recorded_by_nobody() {
    let _turn = shared().await;
    let vault = Vault::open().await;
    let emulator = Flowguard::new().emulate(Vec::<String>::new()).await;
    let shell = configured(&vault)
        .variable("BROWSERBASE_API_KEY", "bb_live_any")
        .variable("BROWSERBASE_BASE_URL", emulator.address());
    let flow = root().join("tests/e2e/vault/sign-in.yaml").display().to_string();
    let recorded = [
        (None, "the session was not recorded"),
        (Some("true"), "page-0.zip"),
    ];
    for (recording, told) in recorded {
        let shell = match recording {
            Some(recording) => shell.clone().variable("FLOWGUARD_CLOUD_RECORDING", recording),
            None => shell.clone(),
        };
        let run = shell.run(["--mode=cloud", &flow]).await.exits(0);
        let browser = &run.report()["runs"][0]["attempts"][0]["browser"];
        let session = browser["cloud"]["session"].as_str().expect("a session");
        let logs = client(&emulator).logs(session).await.expect("it answers");
        assert!(logs.is_empty(), "{} lines", logs.len());
        let out = format!("--out={}", shell.scratch().join("films").display());
        let fetched = shell.call(["browserbase", "recordings", session, &out]).await;
        assert!(fetched.text().contains(told), "{}", fetched.text());
        leaves_nothing(&shell, &[&run, &fetched]);
    }
    emulator.ends().await;
}
