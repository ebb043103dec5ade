//! The daemon over HTTP: runs that are begun, listened to, cancelled; components that are swapped or refused; and who may
//! ask.

use flowguard_tests::{Flowguard, Peer, Serving, guest, root, shared};
use serde_json::{Value, json};

/// A flow that passes at once, or fails at once.
fn flow(passes: bool) -> String {
    let title = if passes { "ready" } else { "never" };
    format!("name: opens\nurl: /\nsteps:\n  - expect: page\n    to-have-title: {title}\n    timeout: 200ms\n")
}

async fn serving(shell: &Flowguard) -> Serving {
    shell.serve(Vec::<String>::new()).await
}

/// Begins a run, listens to it until its end, and answers what it came to.
async fn run(server: &Serving, asked: &Value) -> Value {
    let begun = server.post("/v1/runs", asked).await;
    assert_eq!(begun.status, 202, "{begun:?}");
    let id = begun.json()["id"].as_str().expect("an id").to_owned();
    server
        .listen(&format!("/v1/runs/{id}/events"), None, "run-ended")
        .await;
    server.get(&format!("/v1/runs/{id}")).await.json()
}

#[tokio::test]
async fn a_run_is_begun_listened_to_and_read() {
    let _turn = shared().await;
    let peer = Peer::holding(0).await;
    let shell = Flowguard::new().base_url(peer.url());
    let server = serving(&shell).await;
    assert_eq!(server.get("/ready").await.status, 503, "it has no flow yet");
    let put = server
        .put("/v1/components/opens.yaml", flow(true).as_bytes())
        .await;
    assert_eq!((put.status, &put.json()["flows"]), (200, &json!(["opens"])));
    assert_eq!(server.get("/ready").await.status, 200);
    let flows = server.get("/v1/flows").await.json();
    assert_eq!(flows["flows"][0]["key"], "opens.yaml/opens");

    let ended = run(&server, &json!({"flow": "opens"})).await;
    assert_eq!(
        (&ended["state"], &ended["verdict"]),
        (&json!("ended"), &json!("passed")),
        "{ended}"
    );
    assert_eq!(ended["report"]["runs"][0]["flow"]["name"], "opens");
    let id = ended["id"].as_str().expect("an id");
    let report = server.get(&format!("/v1/runs/{id}/report")).await;
    assert!(report.text().starts_with("<!DOCTYPE html>"), "{}", report.text());

    // Whoever comes back with the last id hears only the rest.
    let all = server
        .listen(&format!("/v1/runs/{id}/events"), None, "run-ended")
        .await;
    let kinds: Vec<&str> = all.iter().filter_map(|(_, event)| event["is"].as_str()).collect();
    assert_eq!(kinds.first(), Some(&"attempt-began"));
    assert!(
        kinds.contains(&"step") && kinds.contains(&"page-event"),
        "{kinds:?}"
    );
    // The runs of a server are runs as any other.
    server.ends().await;
    shell.call(["runs"]).await.exits(0).says(id);
}

#[tokio::test]
async fn a_listener_that_comes_back_hears_the_rest() {
    let _turn = shared().await;
    let mut peer = Peer::holding(1).await;
    let shell = Flowguard::new().base_url(peer.url());
    let server = serving(&shell).await;
    server
        .put("/v1/components/opens.yaml", flow(true).as_bytes())
        .await;
    let begun = server.post("/v1/runs", &json!({"flow": "opens"})).await.json();
    let events = format!("/v1/runs/{}/events", begun["id"].as_str().expect("an id"));
    let held = peer.asked().await;
    let first = server.listen(&events, None, "step").await;
    let last = first.iter().rev().find_map(|(id, _)| id.clone()).expect("an id");
    held.answer().await.expect("the browser waits");
    let rest = server.listen(&events, Some(&last), "run-ended").await;
    let began = |events: &[(Option<String>, Value)]| {
        events
            .iter()
            .filter(|(_, event)| event["is"] == "attempt-began")
            .count()
    };
    assert_eq!((began(&first), began(&rest)), (1, 0));
    assert_eq!(rest.last().expect("one").1["verdict"], "passed");
    server.ends().await;
}

#[tokio::test]
async fn a_bad_component_is_refused_and_the_old_one_stays() {
    let _turn = shared().await;
    let peer = Peer::holding(0).await;
    let shell = Flowguard::new().base_url(peer.url());
    let server = serving(&shell).await;
    server
        .put("/v1/components/opens.yaml", flow(true).as_bytes())
        .await;
    for (bad, why) in [
        (b"name: opens\nsteps:\n  - clack: 1\n".to_vec(), "clack"),
        (
            std::fs::read(root().join(guest("other-contract"))).expect("built"),
            "contract version",
        ),
        (b"no component".to_vec(), ""),
    ] {
        let name = if bad.starts_with(b"name") {
            "opens.yaml"
        } else {
            "opens.wasm"
        };
        let refused = server.put(&format!("/v1/components/{name}"), &bad).await;
        let detail = refused.json()["detail"].as_str().unwrap_or_default().to_owned();
        assert_eq!(refused.status, 422, "{refused:?}");
        assert!(
            detail.contains(why) && detail.contains("what was there before stays"),
            "{detail}"
        );
    }
    assert_eq!(run(&server, &json!({"flow": "opens"})).await["verdict"], "passed");
    // A good one is taken, and all of it is written down and counted.
    server
        .put("/v1/components/opens.yaml", flow(false).as_bytes())
        .await;
    assert_eq!(run(&server, &json!({"flow": "opens"})).await["verdict"], "failed");
    let audit = server.get("/v1/audit").await.json();
    assert_eq!(audit["entries"][0]["via"], "http");
    let entries = audit["entries"].as_array().expect("a list");
    let refused: Vec<bool> = entries.iter().map(|entry| entry["refused"].is_string()).collect();
    assert_eq!(refused, [false, true, true, true, false]);
    assert_eq!(entries[4]["before"], entries[0]["after"]);
    let status = server.get("/v1/status").await.json();
    assert_eq!(
        (&status["components_swapped"], &status["components_refused"]),
        (&json!(2), &json!(3))
    );
    server.ends().await;
}

#[tokio::test]
async fn a_server_that_is_started_anew_has_what_was_put_there() {
    let _turn = shared().await;
    let peer = Peer::holding(0).await;
    let shell = Flowguard::new().base_url(peer.url());
    let server = serving(&shell).await;
    for (name, passes) in [("opens.yaml", true), ("gone.yaml", true), ("file.yaml", true)] {
        let put = server
            .put(&format!("/v1/components/{name}"), flow(passes).as_bytes())
            .await;
        assert_eq!(put.status, 200, "{put:?}");
    }
    let deleted = server.raw_with_token("DELETE", "/v1/components/gone.yaml").await;
    assert_eq!(deleted.status, 204, "{deleted:?}");
    let again = server.raw_with_token("DELETE", "/v1/components/gone.yaml").await;
    assert_eq!(again.status, 404, "{again:?}");
    server.ends().await;

    // A file that is named at the start is the one that counts.
    let file = shell.scratch().join("file.yaml");
    std::fs::write(&file, flow(false)).expect("the folder is writable");
    let server = shell.serve([file.as_os_str()]).await;
    let listed = server.get("/v1/components").await.json();
    let names: Vec<&str> = listed["components"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|component| component["name"].as_str())
        .collect();
    assert_eq!(names, ["file.yaml", "opens.yaml"]);
    assert_eq!(
        run(&server, &json!({"flow": "opens.yaml/opens"})).await["verdict"],
        "passed"
    );
    assert_eq!(
        run(&server, &json!({"flow": "file.yaml/opens"})).await["verdict"],
        "failed"
    );
    let audit = server.get("/v1/audit").await.json();
    let told: Vec<String> = audit["entries"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| format!("{} {} {}", entry["action"], entry["component"], entry["via"]).replace('"', ""))
        .collect();
    assert_eq!(
        told,
        [
            "put opens.yaml http",
            "put gone.yaml http",
            "put file.yaml http",
            "delete gone.yaml http",
            "put file.yaml start"
        ]
    );
    server.ends().await;
}

#[tokio::test]
async fn a_run_goes_on_with_the_version_that_it_began_with() {
    let _turn = shared().await;
    let mut peer = Peer::holding(1).await;
    let shell = Flowguard::new().base_url(peer.url());
    let server = serving(&shell).await;
    server
        .put("/v1/components/opens.yaml", flow(true).as_bytes())
        .await;
    let begun = server.post("/v1/runs", &json!({"flow": "opens"})).await.json();
    let held = peer.asked().await;
    server
        .put("/v1/components/opens.yaml", flow(false).as_bytes())
        .await;
    held.answer().await.expect("the browser waits");
    let id = begun["id"].as_str().expect("an id");
    server
        .listen(&format!("/v1/runs/{id}/events"), None, "run-ended")
        .await;
    assert_eq!(
        server.get(&format!("/v1/runs/{id}")).await.json()["verdict"],
        "passed"
    );
    assert_eq!(run(&server, &json!({"flow": "opens"})).await["verdict"], "failed");
    server.ends().await;
}

#[tokio::test]
async fn a_run_is_cancelled_and_an_end_leaves_no_process() {
    let _turn = shared().await;
    let mut peer = Peer::holding(2).await;
    let shell = Flowguard::new().base_url(peer.url());
    let server = serving(&shell).await;
    server
        .put("/v1/components/opens.yaml", flow(true).as_bytes())
        .await;
    let begun = server.post("/v1/runs", &json!({"flow": "opens"})).await.json();
    let held = peer.asked().await;
    let id = begun["id"].as_str().expect("an id");
    assert_eq!(
        server
            .post(&format!("/v1/runs/{id}/cancel"), &json!({}))
            .await
            .status,
        202
    );
    server
        .listen(&format!("/v1/runs/{id}/events"), None, "run-ended")
        .await;
    assert_eq!(
        server.get(&format!("/v1/runs/{id}")).await.json()["blame"],
        "platform"
    );
    drop(held);
    // Asked to end in the middle of a run, it ends, and its browser with it.
    server.post("/v1/runs", &json!({"flow": "opens"})).await;
    let _held = peer.asked().await;
    server.ends().await;
}

#[tokio::test]
async fn only_who_has_the_token_and_comes_from_here_may_ask() {
    let _turn = shared().await;
    let shell = Flowguard::new();
    let server = serving(&shell).await;
    let token = server.token().to_owned();
    let ask = async |headers: &[(&str, &str)]| server.raw("GET", "/v1/flows", headers, b"").await.status;
    let bearer = format!("Bearer {token}");
    assert_eq!(ask(&[("authorization", &bearer)]).await, 200);
    assert_eq!(ask(&[]).await, 401);
    assert_eq!(ask(&[("authorization", "Bearer wrong")]).await, 401);
    let foreign = [("authorization", bearer.as_str()), ("origin", "http://evil.test")];
    assert_eq!(ask(&foreign).await, 403);
    let rebound = [("authorization", bearer.as_str()), ("host", "evil.test")];
    assert_eq!(ask(&rebound).await, 403);
    // A form of another site cannot send JSON.
    let form = [("authorization", bearer.as_str()), ("content-type", "text/plain")];
    assert_eq!(
        server
            .raw("POST", "/v1/runs", &form, b"{\"flow\":\"x\"}")
            .await
            .status,
        400
    );
    assert_eq!(server.raw("GET", "/health", &[], b"").await.status, 200);
    // A browser would send a cookie to every server of this machine, whatever its port: none is taken.
    let cookie = format!("flowguard={token}");
    assert_eq!(ask(&[("cookie", &cookie)]).await, 401);
    // Whatever is not there, or is asked otherwise, is told as any refusal.
    for (answer, status) in [
        (server.get("/v1/nothing").await, 404),
        (server.post("/v1/flows", &json!({})).await, 405),
    ] {
        assert_eq!(answer.status, status);
        assert!(
            answer.head().contains("application/problem+json"),
            "{}",
            answer.head()
        );
        assert!(answer.text().contains("GET /openapi.json"), "{}", answer.text());
    }
    server.ends().await;
}

#[tokio::test]
async fn what_is_asked_wrongly_is_told_with_what_to_do() {
    let _turn = shared().await;
    let shell = Flowguard::new();
    let server = serving(&shell).await;
    let told = async |asked: Value| {
        let answer = server.post("/v1/runs", &asked).await;
        (
            answer.status,
            answer.json()["detail"].as_str().unwrap_or_default().to_owned(),
        )
    };
    assert_eq!(
        told(json!({"flow": "none"})).await,
        (
            404,
            "there is no flow \"none\": GET /v1/flows lists them".to_owned()
        )
    );
    let (status, detail) = told(json!({"flow": "none", "retrys": 1})).await;
    assert!(status == 400 && detail.contains("retrys"), "{detail}");
    assert_eq!(server.get("/v1/runs/nothing").await.status, 404);
    assert_eq!(server.get("/v1/artifacts/..%2fserver.token").await.status, 404);
    assert_eq!(server.put("/v1/components/..%2fx.yaml", b"").await.status, 400);
    server.ends().await;
    shell
        .call(["serve", "--listen=192.0.2.1:80"])
        .await
        .exits(2)
        .says("no address of this machine alone");
}

#[tokio::test]
async fn run_with_a_server_says_and_ends_as_without() {
    let _turn = shared().await;
    let peer = Peer::holding(0).await;
    let shell = Flowguard::new().base_url(peer.url());
    let server = serving(&shell).await;
    let there = format!("--server=http://{}", server.address());
    let (good, bad) = (
        shell.scratch().join("good.yaml"),
        shell.scratch().join("bad.yaml"),
    );
    std::fs::write(&good, flow(true)).expect("it is ours");
    std::fs::write(&bad, flow(false).replace("name: opens", "name: fails")).expect("it is ours");
    let page = shell.scratch().join("page");
    let html = format!("--reporter=html={}", page.display());

    let outcome = shell
        .run([good.as_os_str(), bad.as_os_str(), there.as_ref(), html.as_ref()])
        .await
        .exits(1);
    assert_eq!(
        (outcome.flows_with("passed"), outcome.flows_with("failed")),
        (vec!["opens"], vec!["fails"])
    );
    let outcome = outcome.says("expected the page to have title \"never\", received \"ready\"");
    outcome.says("1 failed, 1 passed");
    assert!(page.join("index.html").is_file());
    // Without a path, what the server has.
    shell
        .run([there.as_str(), "--grep=opens"])
        .await
        .exits(0)
        .passes_only(&["opens"]);
    shell
        .run([there.as_str(), "--grep=none"])
        .await
        .exits(2)
        .says("has no flow with the name");

    // A bad file is refused there and said here, and the others run: as without a server.
    std::fs::write(&bad, "name: fails\nsteps:\n  - clack: 1\n").expect("it is ours");
    shell
        .run([bad.as_os_str(), good.as_os_str(), there.as_ref()])
        .await
        .exits(2)
        .says("clack")
        .passes_only(&["opens"]);
    shell
        .run([bad.as_os_str(), there.as_ref()])
        .await
        .exits(2)
        .says("clack")
        .passes_only(&[]);
    // Another data folder has another token, or none.
    let stranger = Flowguard::new();
    stranger.run([there.as_str()]).await.exits(2).says("no token for");
    let wrong = Flowguard::new().variable("FLOWGUARD_SERVER_TOKEN", "wrong");
    wrong
        .run([there.as_str()])
        .await
        .exits(2)
        .says("does not know this token");
    let right = Flowguard::new().variable("FLOWGUARD_SERVER_TOKEN", server.token());
    let copy = right.scratch().join("page");
    let html = format!("--reporter=html={}", copy.display());
    right
        .run([there.as_str(), "--grep=fails", "--screencast", &html])
        .await
        .exits(1);
    // Its pictures came over.
    let text = std::fs::read_to_string(copy.join("index.html")).expect("it was written");
    assert!(
        text.contains("data:image/png;base64"),
        "the picture of the failure"
    );
    server.ends().await;
    shell
        .run([there.as_str()])
        .await
        .exits(3)
        .says("is `flowguard serve` running there?");
}

#[tokio::test]
async fn an_interrupt_cancels_the_run_on_the_server() {
    let _turn = shared().await;
    let mut peer = Peer::holding(1).await;
    let shell = Flowguard::new().base_url(peer.url());
    let server = serving(&shell).await;
    server
        .put("/v1/components/opens.yaml", flow(true).as_bytes())
        .await;
    let run = shell.start([format!("--server=http://{}", server.address())]);
    let _held = peer.asked().await;
    run.interrupt();
    run.ended().await.exits(130);
    assert_eq!(
        server.get("/v1/status").await.json()["runs"],
        0,
        "it has ended there as well"
    );
    server.ends().await;
}
