//! A secret that the host types: the application gets it, and nothing that FlowGuard writes or answers holds it, however
//! a flow tries. Where it must not be typed, it is not.

use flowguard_tests::{Canary, Flowguard, Outcome, guest, root, shared};
use serde_json::Value;

use crate::vault::Vault;

/// With signs that are written otherwise in addresses, JSON and HTML.
const SECRET: &str = "kanarie-7Fv/9+w&\"e<z";

pub(crate) fn configured(vault: &Vault) -> Flowguard {
    let shell = Flowguard::new().base_url(vault.url());
    let policy = |name: &str, component: &str| {
        format!(
            "[secrets.flow.{name}]\norigins = [\"{}\"]\ncomponents = [{component}]\n",
            vault.url()
        )
    };
    let ours = "\"secretive\", \"sign-in\"";
    let text = [
        policy("vault-key", ours),
        policy("short-key", ours),
        policy("other-key", "\"other\""),
    ]
    .concat();
    let file = shell.scratch().join("flowguard.toml");
    std::fs::write(&file, text).expect("the configuration is written");
    shell
        .variable("FLOWGUARD_CONFIG", &file)
        .variable("FLOWGUARD_SECRET_VAULT_KEY", SECRET)
        .variable("FLOWGUARD_SECRET_OTHER_KEY", SECRET)
        .variable("FLOWGUARD_SECRET_SHORT_KEY", "12345")
}

/// Arguments for reports in the shell's folder.
fn reports(shell: &Flowguard) -> [String; 2] {
    ["html=html", "junit=junit.xml"].map(|report| {
        let (reporter, name) = report.split_once('=').expect("both");
        format!("--reporter={reporter}={}", shell.scratch().join(name).display())
    })
}

/// Nothing of the secret is in what was said, nor in any file.
pub(crate) fn leaves_nothing(shell: &Flowguard, outcomes: &[&Outcome]) {
    let canary = Canary::new(SECRET);
    let (mut found, searched) = canary.in_folder(shell.scratch());
    assert!(searched > 100_000, "so little was searched: {searched} bytes");
    for outcome in outcomes {
        found.extend(canary.in_bytes("stdout", outcome.stdout.as_bytes()));
        found.extend(canary.in_bytes("stderr", outcome.stderr.as_bytes()));
    }
    assert!(found.is_empty(), "{} places\n{}", found.len(), found.join("\n"));
}

/// How much of a picture of a run is painted over.
fn masked_pixels(shell: &Flowguard, outcome: &Outcome, flow: &str, name: &str) -> usize {
    let run = outcome.run_of(flow);
    let attachments = run
        .steps()
        .flat_map(|step| step["attachments"].as_array().into_iter().flatten());
    let picture = attachments
        .into_iter()
        .find(|attachment| {
            attachment["name"]
                .as_str()
                .is_some_and(|shown| shown.contains(name))
        })
        .unwrap_or_else(|| panic!("no picture {name:?}"));
    let digest = picture["digest"].as_str().expect("a digest");
    let file = shell
        .data()
        .join("artifacts")
        .join(&digest[..2])
        .join(&digest[2..]);
    let png = png::Decoder::new(std::io::BufReader::new(
        std::fs::File::open(file).expect("it was kept"),
    ));
    let mut reader = png.read_info().expect("a picture");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut pixels).expect("its pixels");
    let bytes = info.color_type.samples();
    pixels
        .chunks(bytes)
        .filter(|pixel| pixel[..3] == [0xff, 0, 0xff])
        .count()
}

#[tokio::test]
async fn a_flow_signs_in_with_a_secret_and_nothing_is_left_of_it() {
    let _turn = shared().await;
    let vault = Vault::open().await;
    let shell = configured(&vault).variable("FLOWGUARD_LOG", "trace");
    let [html, junit] = reports(&shell);
    let run = shell
        .run([
            guest("secretive").as_str(),
            root()
                .join("tests/e2e/vault/sign-in.yaml")
                .to_str()
                .expect("a path"),
            "--grep=signs",
            "--screencast",
            &html,
            &junit,
        ])
        .await
        .exits(0);
    let got = vault.seen();
    let whole = got.iter().filter(|sent| *sent == SECRET).count();
    assert_eq!(whole, 4, "each flow fills two fields: {got:?}");
    assert_eq!(
        got.iter()
            .filter(|sent| sent.starts_with("user=ann&password=kanarie"))
            .count(),
        2,
        "{got:?}"
    );

    for flow in ["signs_in", "signs in by YAML"] {
        let masked = masked_pixels(&shell, &run, flow, "the form");
        // Two fields of 300 by 30 pixels, and two lines of text that repeat one of them.
        assert!((21_000..35_000).contains(&masked), "{flow}: {masked}");
        no_picture_between(&run, flow);
    }
    let titles: Vec<&str> = run
        .run_of("signs_in")
        .steps()
        .filter_map(|step| step["title"].as_str())
        .collect();
    assert!(
        titles.contains(&"fill label \"Password\" with the secret \"vault-key\""),
        "{titles:?}"
    );

    let id = run.run_of("signs_in").id().to_owned();
    let trace = shell.scratch().join("trace.zip").display().to_string();
    // What lies encrypted in the store is read as well.
    let whole = format!("--reporter=json={}", shell.scratch().join("past.json").display());
    shell.call(["report", &id, &whole]).await.exits(0);
    let past = [
        shell.call(["report", &id]).await,
        shell.call(["runs"]).await,
        shell.call(["trace", &id, "--output", &trace]).await,
    ];
    // A replay needs no secret at all.
    let bare = shell
        .clone()
        .variable("FLOWGUARD_CONFIG", "/dev/null")
        .variable("FLOWGUARD_SECRET_VAULT_KEY", "");
    let replayed = bare.call(["replay", &id]).await.exits(0);
    leaves_nothing(&shell, &[&run, &past[0], &past[1], &past[2], &replayed]);
}

/// From the first secret that is typed until the form is sent, the screencast has no picture.
fn no_picture_between(run: &Outcome, flow: &str) {
    let run = run.run_of(flow);
    let time = |step: &Value| step["start_ms"].as_f64().expect("a time");
    let step = |op: &str| {
        let found = run.steps().find(|step| step["op"] == op);
        found.unwrap_or_else(|| panic!("no step {op}"))
    };
    let (typed, sent) = (time(step("locator.fill-secret")), time(step("locator.click")));
    let frames = run.0["attempts"][0]["screencast"].as_array().expect("a list");
    assert!(!frames.is_empty(), "there is a screencast");
    let within = |frame: &&Value| (typed..sent).contains(&frame["at_ms"].as_f64().expect("a time"));
    assert_eq!(
        frames.iter().filter(within).count(),
        0,
        "{typed} to {sent}: {frames:?}"
    );
}

#[tokio::test]
async fn a_text_that_shows_the_secret_is_masked() {
    let _turn = shared().await;
    let vault = Vault::open().await;
    let shell = configured(&vault);
    let run = shell
        .run([guest("secretive").as_str(), "--grep=sees_it_sent", "--screencast"])
        .await
        .exits(0);
    let masked = masked_pixels(&shell, &run, "sees_it_sent", "what was sent");
    // One line of text, and not its heading.
    assert!((4_000..25_000).contains(&masked), "{masked}");
    leaves_nothing(&shell, &[&run]);
}

#[tokio::test]
async fn looks_for_a_secret_are_in_no_action_s_way() {
    let _turn = shared().await;
    let vault = Vault::open().await;
    let shell = configured(&vault);
    let run = shell
        .run([guest("secretive").as_str(), "--grep=clicks_while", "--screencast"])
        .await
        .exits(0);
    let steps = run.run_of("clicks_while_it_is_looked_at").steps().count();
    assert!(steps > 100, "{steps}");
    leaves_nothing(&shell, &[&run]);
}

#[tokio::test]
async fn a_flow_that_tells_all_that_it_hears_tells_nothing() {
    let _turn = shared().await;
    let vault = Vault::open().await;
    let shell = configured(&vault).variable("FLOWGUARD_LOG", "trace");
    let [html, junit] = reports(&shell);
    let run = shell
        .run([
            guest("secretive").as_str(),
            "--tag=tells",
            "--screencast",
            &html,
            &junit,
        ])
        .await
        .exits(1);
    assert!(vault.seen().iter().any(|sent| sent == SECRET), "it was typed");
    let told = run.run_of("tells_everything");
    let (code, message) = told.failed_with();
    assert_eq!(code, "assertion-failed", "{message}");
    assert!(message.contains("received \"[secret]\""), "{message}");
    let (_, message) = run.run_of("panics_with_it").failed_with();
    assert!(message.contains("the key is [secret]"), "{message}");
    assert!(masked_pixels(&shell, &run, "tells_everything", "page 1 at the end") > 17_000);

    let id = told.id().to_owned();
    let whole = format!("--reporter=json={}", shell.scratch().join("past.json").display());
    shell.call(["report", &id, &whole]).await.exits(0);
    let report = shell.call(["report", &id]).await;
    let replayed = shell.call(["replay", &id]).await;
    leaves_nothing(&shell, &[&run, &report, &replayed]);
}

#[tokio::test]
async fn a_form_that_the_browser_fills_again_and_a_frame_of_its_own_are_masked() {
    let _turn = shared().await;
    let vault = Vault::open().await;
    let shell = configured(&vault);
    let run = shell
        .run([guest("secretive").as_str(), "--tag=masked"])
        .await
        .exits(1);
    let again = masked_pixels(&shell, &run, "comes_back_to_the_form", "again");
    assert!(again >= 8_500, "{again}");
    assert_eq!(
        run.run_of("fills_a_frame_on_the_list").verdict(),
        "passed",
        "{}",
        run.text()
    );
    // The script of the page around cannot look into the frame: all of it is masked.
    let frame = masked_pixels(&shell, &run, "fills_a_frame_on_the_list", "the frame");
    assert!(frame > 300_000, "{frame}");
    assert_eq!(vault.seen().iter().filter(|sent| *sent == SECRET).count(), 3);
    leaves_nothing(&shell, &[&run]);
}

#[tokio::test]
async fn a_secret_is_not_typed_where_its_list_does_not_say_so() {
    let _turn = shared().await;
    let vault = Vault::open().await;
    let shell = configured(&vault);
    let run = shell
        .run([guest("secretive").as_str(), "--grep=asks"])
        .await
        .exits(1);
    let denied = [
        ("asks_in_a_foreign_frame", "vault-key"),
        ("asks_in_a_sandbox", "vault-key"),
        ("asks_at_a_look_alike", "vault-key"),
        ("asks_while_the_frame_leaves", "vault-key"),
        ("asks_for_another_s", "other-key"),
        ("asks_for_none", "no-such-key"),
    ];
    for (flow, secret) in denied {
        let run = run.run_of(flow);
        let (code, message) = run.failed_with();
        assert_eq!((code, run.blame()), ("denied", "policy"), "{flow}: {message}");
        // Word for word the same, whether there is such a secret or not.
        assert_eq!(
            message,
            format!(
                "the secret \"{secret}\" may not be typed here by this component: the secret's own list names the components and the origins"
            )
        );
        assert!(
            run.failure()["call_log"].as_array().is_none_or(Vec::is_empty),
            "{flow}"
        );
    }
    let (code, message) = run.run_of("asks_for_a_short_one").failed_with();
    assert_eq!(code, "not-configured", "{message}");
    assert!(message.contains("it must have 6 to 8192 bytes"), "{message}");
    let (code, message) = run.run_of("asks_in_an_editor").failed_with();
    assert_eq!(code, "wrong-element", "{message}");
    assert_eq!(vault.seen(), Vec::<String>::new(), "nothing was typed anywhere");
    leaves_nothing(&shell, &[&run]);
}

#[tokio::test]
async fn a_list_that_is_none_is_told_before_anything_runs() {
    let shell = Flowguard::new();
    let file = shell.scratch().join("flowguard.toml");
    let cases = [
        (
            "[secrets.flow.a]\norigins = [\"https://*.shop.example\"]\ncomponents = [\"a\"]",
            "each an origin such as https://shop.example",
        ),
        ("[secrets.flow.A]\n", "expected the name of a secret"),
        ("[secrets.flow.a]\norigin = []\n", "did you mean `origins`?"),
        (
            "[secrets.flow.a]\norigins = []\n",
            "`secrets.flow.a.components` must be said",
        ),
        ("[secrets.flow.a\n", "flowguard.toml:1"),
    ];
    for (text, expected) in cases {
        std::fs::write(&file, text).expect("it is written");
        let shell = shell.clone().variable("FLOWGUARD_CONFIG", &file);
        shell.call(["runs"]).await.exits(2).says(expected);
    }
}
