//! Flows in the cloud, as a user runs them there: `--mode cloud`, through a tunnel to an application that only this machine
//! reaches; what the result says of it; what is left when the program is killed; and `flowguard browserbase`.

use flowguard_backends::browserbase::{Client, ClientOptions, CreateSession, Session, Status};
use flowguard_core::secrets::Secret;
use flowguard_tests::{Emulating, Flowguard, Outcome, Peer, flows, shared, shop};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// A shell whose cloud is this one.
pub(crate) fn shell(emulator: &Emulating) -> Flowguard {
    Flowguard::new()
        .variable("BROWSERBASE_API_KEY", "bb_live_any")
        .variable("BROWSERBASE_BASE_URL", emulator.address())
        .variable("FLOWGUARD_CLOUD_MINUTE_PRICE", "0.002")
}

pub(crate) fn client(emulator: &Emulating) -> Client {
    let endpoint = emulator.address().parse().expect("an address");
    let client = Client::new(ClientOptions::new(
        endpoint,
        Secret::new("bb_live_any".to_owned()),
    ));
    client.expect("a client")
}

/// Waits until this holds, at most so many seconds.
async fn comes(seconds: u64, what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let mut looks = tokio::time::interval(Duration::from_millis(50));
    let until = async {
        while !holds().await {
            looks.tick().await;
        }
    };
    let until = tokio::time::timeout(Duration::from_secs(seconds), until).await;
    assert!(until.is_ok(), "it does not come within {seconds} s: {what}");
}

async fn running(client: &Client) -> Vec<Session> {
    let running = client.sessions(Some(&Status::Running), None).await;
    running.expect("the emulator answers")
}

#[tokio::test]
async fn twenty_flows_run_in_the_cloud_against_an_application_of_this_machine() {
    let _turn = shared().await;
    let shop = shop().await;
    let emulator = Flowguard::new().emulate(["--apart"]).await;
    let shell = shell(&emulator).base_url(shop.url());
    let tunnel = format!("--tunnel={}", shop.url());
    let mut attempts = 0;
    let mut sessions = BTreeSet::new();
    for _ in 0..2 {
        let outcome = shell
            .run(["--mode=cloud", &tunnel, "--workers=2", flows()])
            .await
            .exits(0)
            .says("in the cloud: ");
        for run in outcome.report()["runs"].as_array().expect("runs") {
            let browser = &run["attempts"][0]["browser"];
            assert_eq!(browser["place"], "browserbase", "{run}");
            let cost = browser["cloud"]["cost_microdollars"].as_u64().expect("a cost");
            let alone = browser["cloud"]["alone_microdollars"].as_u64().expect("a cost");
            assert!(cost > 0 && cost < alone && alone >= 2_000, "{browser}");
            sessions.insert(browser["cloud"]["session"].as_str().expect("an id").to_owned());
            attempts += 1;
        }
    }
    assert!(
        attempts >= 20 && sessions.len() <= 8,
        "{attempts} attempts in {sessions:?}"
    );
    assert_eq!(
        running(&client(&emulator)).await.len(),
        0,
        "all sessions have ended"
    );
    let outcome = shell
        .run([
            "--mode=cloud",
            "--timeout=10s",
            &format!("{}/smoke.yaml", flows().trim_end_matches("/dist")),
        ])
        .await
        .exits(1);
    assert!(
        outcome.text().contains("net::ERR_NAME_NOT_RESOLVED"),
        "without the tunnel: {}",
        outcome.text()
    );
    emulator.ends().await;
}

/// A flow that waits for what never comes.
const WAITS: &str = "name: waits\nurl: /\ntimeout: 50s\nsteps:\n  - expect: page\n    to-have-title: never\n    timeout: 45s\n";

#[tokio::test]
async fn what_a_killed_server_leaves_running_is_ended_by_the_next_one() {
    const PERIOD: Duration = Duration::from_secs(5);
    let _turn = shared().await;
    let peer = Peer::holding(0).await;
    // The worst of clouds: it does not notice that nobody is there any more.
    let emulator = Flowguard::new()
        .emulate(["--apart", "--fault=session-stays=1"])
        .await;
    let client = client(&emulator);
    let shell = shell(&emulator)
        .base_url(peer.url())
        .variable("FLOWGUARD_CLOUD_SESSIONS_MAX", "10")
        .variable("FLOWGUARD_CLOUD_REAPER_PERIOD", "5s");
    let tunnel = format!("--tunnel={}", peer.url());
    let arguments = ["--mode=cloud", &tunnel, "--workers=10"];
    let server = shell.serve(arguments).await;
    let put = server.put("/v1/components/waits.yaml", WAITS.as_bytes()).await;
    assert_eq!(put.status, 200, "{put:?}");
    for _ in 0..10 {
        assert_eq!(
            server.post("/v1/runs", &json!({"flow": "waits"})).await.status,
            202
        );
    }
    let all_run = async || server.get("/v1/status").await.json()["cloud"]["used"] == 10;
    comes(40, "ten sessions run", all_run).await;
    let noted = running(&client).await[0].user_metadata["flowguard"]
        .as_str()
        .expect("a tag")
        .to_owned();
    let (installation, _) = noted.split_once('-').expect("an installation");
    let foreign = CreateSession {
        keep_alive: Some(true),
        ..CreateSession::default()
    };
    let foreign = client
        .create_session(&foreign)
        .await
        .expect("somebody else's")
        .session
        .id;
    let orphan = CreateSession {
        keep_alive: Some(true),
        user_metadata: [("flowguard".to_owned(), json!(format!("{installation}-unnoted")))]
            .into_iter()
            .collect(),
        ..CreateSession::default()
    };
    client.create_session(&orphan).await.expect("an orphan");

    // As `kill -9` does.
    drop(server);
    assert!(
        running(&client).await.len() >= 11,
        "the cloud has noticed nothing"
    );
    let server = shell.serve(arguments).await;
    let began = Instant::now();
    comes(30, "they are ended", async || running(&client).await.len() <= 1).await;
    assert!(began.elapsed() <= 2 * PERIOD, "it took {:?}", began.elapsed());
    assert_eq!(
        running(&client).await[0].id,
        foreign,
        "what others have made is left alone"
    );
    server.ends().await;
    emulator.ends().await;
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_hand() {
    let _turn = shared().await;
    let emulator = Flowguard::new().emulate(Vec::<String>::new()).await;
    let (client, shell) = (client(&emulator), shell(&emulator));
    shell
        .call(["browserbase", "sessions"])
        .await
        .exits(0)
        .says("no session runs in the cloud");
    let kept = CreateSession {
        keep_alive: Some(true),
        ..CreateSession::default()
    };
    let id = client.create_session(&kept).await.expect("a session").session.id;
    let listed = shell.call(["browserbase:sessions"]).await.exits(0);
    assert!(
        listed.stdout.contains(&id) && listed.stdout.contains("foreign"),
        "{}",
        listed.text()
    );
    let listed = shell
        .call(["browserbase", "sessions", "--json", "--live"])
        .await
        .exits(0);
    let listed: Value = serde_json::from_str(&listed.stdout).expect("JSON");
    assert_eq!(
        (&listed[0]["session"], &listed[0]["whose"]),
        (&json!(id), &json!("foreign"))
    );
    let live = listed[0]["live"].as_str().expect("a link");
    assert!(live.starts_with(emulator.address()), "{live}");
    shell
        .call(["browserbase", "release", &id])
        .await
        .exits(2)
        .says("add --foreign");
    shell
        .call(["browserbase", "release", "nobody"])
        .await
        .exits(2)
        .says("no session \"nobody\" runs");
    shell.call(["browserbase", "reap"]).await.exits(0).says("0 ended");
    shell
        .call(["browserbase", "release", "--foreign", &id])
        .await
        .exits(0)
        .says("has ended");
    shell
        .call(["browserbase", "usage"])
        .await
        .exits(0)
        .says("$0.002000");
    emulator.ends().await;
    shell
        .call(["browserbase", "sessions"])
        .await
        .exits(3)
        .says("check the network, and BROWSERBASE_BASE_URL");
    Flowguard::new()
        .call(["browserbase", "usage"])
        .await
        .exits(2)
        .says("BROWSERBASE_API_KEY");
    let run = Flowguard::new().run(["--mode=cloud", flows()]).await;
    run.exits(2).says("BROWSERBASE_API_KEY");
}

/// A flow that opens a page.
pub(crate) fn opens(shell: &Flowguard) -> String {
    let file = shell.scratch().join("opens.yaml");
    let flow = "name: opens\nurl: /\nsteps:\n  - expect: page\n    to-have-title: ready\n";
    std::fs::write(&file, flow).expect("a file");
    file.display().to_string()
}

/// What is said of the first look at which this is said: a host that was there only just may be there still.
async fn reaped(shell: &Flowguard, said: &str) -> Outcome {
    let until = async {
        loop {
            let looked = shell.call(["browserbase", "reap"]).await;
            if looked.stdout.contains(said) {
                return looked;
            }
        }
    };
    let until = tokio::time::timeout(Duration::from_secs(20), until).await;
    until.expect("it is said in time")
}

/// The session that the first run had.
fn session_of(outcome: &Outcome) -> String {
    let session = &outcome.report()["runs"][0]["attempts"][0]["browser"]["cloud"]["session"];
    session.as_str().expect("a session").to_owned()
}

#[tokio::test]
async fn recordings_and_the_log_of_a_session_are_fetched() {
    let _turn = shared().await;
    let peer = Peer::holding(0).await;
    let emulator = Flowguard::new().emulate(["--apart"]).await;
    let shell = shell(&emulator).base_url(peer.url());
    let file = opens(&shell);
    let outcome = shell
        .run(["--mode=cloud", &format!("--tunnel={}", peer.url()), &file])
        .await
        .exits(0);
    let session = session_of(&outcome);
    let out = shell.scratch().join("recordings");
    let fetched = shell
        .call([
            "browserbase",
            "recordings",
            &session,
            "--out",
            &out.display().to_string(),
        ])
        .await
        .exits(0);
    let folder = out.join(&session);
    let log = std::fs::read_to_string(folder.join("log.ndjson")).expect("a log");
    assert!(log.contains("Page.frameNavigated"), "{log}");
    let mut pictures = 0;
    for line in fetched.stdout.lines().filter(|line| line.ends_with(".zip")) {
        let zip = zip::ZipArchive::new(std::fs::File::open(line).expect("a film")).expect("a ZIP");
        pictures += zip.file_names().filter(|name| name.ends_with(".jpg")).count();
    }
    assert!(pictures > 0, "{}", fetched.stdout);
    let page = folder.join("page-0.zip");
    let film = std::fs::read(&page).expect("a film");
    shell
        .call(["browserbase", "recordings", "nobody"])
        .await
        .exits(3)
        .says("404");
    emulator.ends().await;
    std::fs::remove_file(&page).expect("it is there");
    let recordings = ["browserbase", "recordings", &session];
    let out = format!("--out={}", out.display());
    shell
        .call(recordings.into_iter().chain([out.as_str()]))
        .await
        .exits(0)
        .says("page-0.zip");
    assert!(
        std::fs::read(&page).is_ok_and(|kept| kept == film),
        "what was kept is there without the cloud"
    );
}

#[tokio::test]
async fn recordings_that_a_killed_server_has_not_kept_are_kept_later() {
    let _turn = shared().await;
    let peer = Peer::holding(0).await;
    let emulator = Flowguard::new().emulate(["--apart"]).await;
    let client = client(&emulator);
    let shell = shell(&emulator)
        .base_url(peer.url())
        .variable("FLOWGUARD_CLOUD_REAPER_PERIOD", "500ms");
    let server = shell
        .serve(["--mode=cloud", &format!("--tunnel={}", peer.url())])
        .await;
    let flow = std::fs::read(opens(&shell)).expect("a flow");
    server.put("/v1/components/opens.yaml", &flow).await;
    let run = server.post("/v1/runs", &json!({"flow": "opens"})).await;
    assert_eq!(run.status, 202, "{run:?}");
    let has_run = async || server.get("/v1/status").await.json()["cloud"]["idle"] == 1;
    comes(40, "the session waits for another run", has_run).await;
    let session = running(&client).await[0].id.clone();
    // As `kill -9` does. The cloud ends the session, and nobody keeps its recording.
    drop(server);
    comes(20, "the cloud notices", async || {
        running(&client).await.is_empty()
    })
    .await;
    let kept = reaped(&shell, "recordings:").await.exits(0);
    assert!(kept.stdout.contains("1 kept, 0 not yet"), "{}", kept.text());
    let again = shell.call(["browserbase", "reap"]).await.exits(0);
    assert!(!again.stdout.contains("recordings"), "{}", again.text());
    emulator.ends().await;
    let out = format!("--out={}", shell.scratch().join("kept").display());
    shell
        .call(["browserbase", "recordings", &session, &out])
        .await
        .exits(0)
        .says("page-0.zip");
}

#[tokio::test]
async fn a_recording_that_cannot_be_had_yet_is_not_forgotten() {
    let _turn = shared().await;
    let peer = Peer::holding(0).await;
    let emulator = Flowguard::new()
        .emulate(["--apart", "--fault=recording-fails=1"])
        .await;
    let shell = shell(&emulator)
        .base_url(peer.url())
        .variable("FLOWGUARD_CLOUD_REAPER_PERIOD", "100ms");
    let tunnel = format!("--tunnel={}", peer.url());
    let run = shell.run(["--mode=cloud", &tunnel, &opens(&shell)]).await;
    let session = session_of(&run.exits(0).says("is not kept yet"));
    for _ in 0..2 {
        reaped(&shell, "recordings: 0 kept, 1 not yet").await.exits(3);
    }
    shell
        .call(["browserbase", "recordings", &session])
        .await
        .exits(3)
        .says("502");
    // Where nothing is to be kept, nothing is asked for.
    let shell = shell.variable("FLOWGUARD_CLOUD_ARCHIVE", "false");
    let run = shell
        .run(["--mode=cloud", &tunnel, &opens(&shell)])
        .await
        .exits(0);
    assert!(!run.text().contains("not kept"), "{}", run.text());
    let reaped = shell.call(["browserbase", "reap"]).await.exits(0);
    assert!(!reaped.stdout.contains("recordings"), "{}", reaped.text());
    emulator.ends().await;
}

#[tokio::test]
async fn how_long_a_run_waits_for_its_session_is_not_its_own_time() {
    let _turn = shared().await;
    let peer = Peer::holding(0).await;
    let emulator = Flowguard::new().emulate(["--apart", "--creation-time=4s"]).await;
    let shell = shell(&emulator).base_url(peer.url());
    let tunnel = format!("--tunnel={}", peer.url());
    shell
        .run(["--mode=cloud", &tunnel, "--timeout=3s", &opens(&shell)])
        .await
        .exits(0);
    emulator.ends().await;
}

#[tokio::test]
async fn critical_flows_go_to_the_cloud_in_ci_and_to_this_machine_where_it_is_out_of_order() {
    let _turn = shared().await;
    let peer = Peer::holding(0).await;
    let emulator = Flowguard::new().emulate(["--apart"]).await;
    let shell = shell(&emulator)
        .base_url(peer.url())
        .variable("CI", "true")
        .variable("FLOWGUARD_TUNNEL", peer.url());
    let flow = |name: &str, critical: bool| {
        let file = shell.scratch().join(format!("{name}.yaml"));
        let text = format!(
            "name: {name}\nurl: /\ncritical: {critical}\nsteps:\n  - expect: page\n    to-have-title: ready\n"
        );
        std::fs::write(&file, text).expect("the folder is the test's");
        file.display().to_string()
    };
    let (critical, usual) = (flow("critical", true), flow("usual", false));
    let place = |outcome: &Outcome, flow: &str| {
        let runs = outcome.report()["runs"].as_array().expect("runs").clone();
        let run = runs
            .iter()
            .find(|run| run["flow"]["name"] == flow)
            .expect("it ran")
            .clone();
        run["attempts"][0]["browser"]["place"]
            .as_str()
            .expect("a place")
            .to_owned()
    };
    let outcome = shell.run([&critical, &usual]).await.exits(0);
    assert_eq!(place(&outcome, "critical"), "browserbase");
    assert_eq!(place(&outcome, "usual"), "local");
    let outcome = shell.run(["--mode=local", &critical]).await.exits(0);
    assert_eq!(place(&outcome, "critical"), "local", "said for all flows");
    emulator.ends().await;
    let outcome = shell.run([&critical]).await.exits(0).says("and not in the cloud");
    assert_eq!(place(&outcome, "critical"), "local");
}
