//! Files for elements: an input gets them as if a person had chosen them, a dropzone as if they came from another
//! program.

use flowguard_core::browser::calls::{DropFiles, DropOptions, DroppedData, Position, SetInputFiles, Target};
use flowguard_core::browser::context::UploadedFile;
use flowguard_core::browser::locator::Part;
use flowguard_core::failure::{Code, Failure};
use flowguard_core::limits::{MAX_GUEST_FILE_BYTES, MAX_UPLOADED_FILES};
use serde_json::json;

use crate::stage::{Stage, css};

fn file(name: &str, content: &str) -> UploadedFile {
    UploadedFile {
        name: name.to_owned(),
        media_type: "text/plain".to_owned(),
        bytes: content.to_owned().into(),
    }
}

async fn choose(stage: &Stage, selector: &str, files: Vec<UploadedFile>) -> Result<(), Failure> {
    choose_in(stage, stage.target(selector), files).await
}

async fn choose_in(stage: &Stage, target: Target, files: Vec<UploadedFile>) -> Result<(), Failure> {
    let call = SetInputFiles {
        target,
        files,
        timeout_ms: Some(1_000),
    };
    stage.browser.set_input_files(&call).await
}

const FORM: &str = "<form>
    <label>Invoice <input id=one type=file style='display: none'></label>
    <label id=many-label for=many>All</label><input id=many type=file multiple disabled>
    <input id=folder type=file webkitdirectory>
    <input id=text></form>
    <script>
      window.heard = [];
      for (const type of ['input', 'change']) addEventListener(type, (event) => {
        const { isTrusted, bubbles, composed, cancelable, target } = event;
        heard.push([type, target.id, isTrusted, bubbles, composed, cancelable]);
      });
      window.read = async (input) => Promise.all([...input.files].map(async (file) =>
        [file.name, file.type, await file.text()]));
    </script>";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_input_gets_files_as_if_a_person_had_chosen_them() {
    let stage = Stage::showing(FORM).await;
    // Hidden, and found by its label.
    choose(&stage, "label:has(#one)", vec![file("invoice.txt", "é 1")])
        .await
        .expect("it takes one");
    let read = stage.evaluate("read(document.querySelector('#one'))").await;
    assert_eq!(read, Ok(json!([["invoice.txt", "text/plain", "é 1"]])));
    let heard = stage.evaluate("heard").await;
    assert_eq!(
        heard,
        Ok(json!([
            ["input", "one", false, true, true, false],
            ["change", "one", false, true, false, false]
        ]))
    );
    choose(&stage, "#one", vec![file("other.txt", "2")])
        .await
        .expect("it takes another instead");
    let read = stage.evaluate("read(document.querySelector('#one'))").await;
    assert_eq!(read, Ok(json!([["other.txt", "text/plain", "2"]])));
    choose(&stage, "#one", vec![]).await.expect("it is cleared");
    assert_eq!(
        stage.evaluate("document.querySelector('#one').value").await,
        Ok(json!(""))
    );
    assert_eq!(stage.evaluate("heard.length").await, Ok(json!(6)));
    // Several, by a label that is elsewhere; a person could not, as it is disabled.
    choose(&stage, "#many-label", vec![file("a", "1"), file("b", "")])
        .await
        .expect("it takes several");
    let read = stage.evaluate("read(document.querySelector('#many'))").await;
    assert_eq!(
        read,
        Ok(json!([["a", "text/plain", "1"], ["b", "text/plain", ""]]))
    );
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_chosen_is_refused_at_once() {
    let stage = Stage::showing(FORM).await;
    let two = || vec![file("a", "1"), file("b", "2")];
    let many = vec![file("a", ""); MAX_UPLOADED_FILES + 1];
    let large = vec![file("a", &"x".repeat(MAX_GUEST_FILE_BYTES + 1))];
    let cases = [
        ("#one", two(), Code::InvalidArgument, "takes one file, not 2"),
        ("#many", many, Code::InvalidArgument, "at most 20 files"),
        ("#many", large, Code::InvalidArgument, "bytes together"),
        (
            "#many",
            vec![file("../a", "")],
            Code::InvalidArgument,
            "without folders",
        ),
        (
            "#many",
            vec![file("", "")],
            Code::InvalidArgument,
            "1 to 255 bytes",
        ),
        (
            "#folder",
            vec![file("a", "")],
            Code::WrongElement,
            "takes a folder",
        ),
        (
            "#text",
            vec![file("a", "")],
            Code::WrongElement,
            "not an input of type \"file\"",
        ),
        (
            "form",
            vec![file("a", "")],
            Code::WrongElement,
            "not an input of type \"file\"",
        ),
        ("input", vec![file("a", "")], Code::AmbiguousLocator, ""),
        ("#none", vec![file("a", "")], Code::Timeout, "no element matches"),
    ];
    for (selector, files, code, message) in cases {
        let failure = choose(&stage, selector, files).await.expect_err(selector);
        assert_eq!(failure.code, code, "{selector}: {}", failure.message);
        assert!(
            failure.message.contains(message),
            "{selector}: {}",
            failure.message
        );
    }
    assert_eq!(stage.evaluate("heard").await, Ok(json!([])));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_reach_inputs_in_frames_of_other_origins_and_shadow_trees_late() {
    let stage = Stage::open().await;
    stage.site.page("/inside", FORM);
    let address = stage.site.elsewhere("/inside");
    stage.site.page(
        "/start",
        &format!("<iframe src='{address}'></iframe><div id=host></div><script>
            setTimeout(() => {{ host.attachShadow({{mode: 'open'}}).innerHTML = '<input id=late type=file>' }}, 100);
        </script>"),
    );
    stage.goto("/start").await.expect("it loads");
    let locator = css("iframe").then(Part::Frame).then(Part::Css {
        selector: "#one".to_owned(),
    });
    let target = Target {
        page: stage.page,
        locator: locator.clone(),
    };
    choose_in(&stage, target, vec![file("a.txt", "inside")])
        .await
        .expect("it takes it");
    let read = stage.evaluate_on(locator, "(input) => read(input)").await;
    assert_eq!(read, Ok(json!([["a.txt", "text/plain", "inside"]])));
    choose(&stage, "#late", vec![file("b.txt", "late")])
        .await
        .expect("it is waited for");
    stage.close().await;
}

const ZONE: &str = "<style>#zone { width: 200px; height: 100px; padding: 10px }</style>
    <div id=zone>drop</div><div id=deaf>no</div><div id=cover style='position: fixed; inset: 0; display: none'></div>
    <script>
      window.heard = [];
      for (const type of ['dragenter', 'dragover', 'dragleave', 'drop']) document.addEventListener(type, (event) => {
        if (event.target.id === 'zone') event.preventDefault();
        heard.push(type);
        if (type !== 'drop') return;
        const { dataTransfer, clientX, clientY } = event;
        window.at = [clientX, clientY];
        window.data = dataTransfer.getData('text/plain');
        Promise.all([...dataTransfer.files].map(async (file) => [file.name, await file.text()]))
          .then((files) => { window.dropped = files });
      });
    </script>";

async fn drop_on(
    stage: &Stage,
    selector: &str,
    files: Vec<UploadedFile>,
    options: DropOptions,
) -> Result<(), Failure> {
    let call = DropFiles {
        target: stage.target(selector),
        files,
        data: vec![DroppedData {
            media_type: "text/plain".to_owned(),
            value: "and a word".to_owned(),
        }],
        options: DropOptions {
            timeout_ms: Some(500),
            ..options
        },
    };
    stage.browser.drop_files(&call).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_dropped_where_something_takes_them() {
    let stage = Stage::showing(ZONE).await;
    let files = || vec![file("a.txt", "1"), file("b.txt", "2")];
    let corner = DropOptions {
        position: Some(Position { x: 5.0, y: 5.0 }),
        ..DropOptions::default()
    };
    let trial = DropOptions {
        trial: true,
        ..DropOptions::default()
    };
    drop_on(&stage, "#zone", files(), trial)
        .await
        .expect("it would take them");
    assert_eq!(stage.evaluate("heard").await, Ok(json!([])));
    drop_on(&stage, "#zone", files(), corner)
        .await
        .expect("it takes them");
    stage
        .wait_for_function("window.dropped", 5_000)
        .await
        .expect("they are read");
    let seen = stage
        .evaluate("[heard, dropped, data, at]")
        .await
        .expect("what was seen");
    assert_eq!(
        seen,
        json!([
            ["dragenter", "dragover", "drop"],
            [["a.txt", "1"], ["b.txt", "2"]],
            "and a word",
            [13, 13]
        ])
    );
    let refused = drop_on(&stage, "#deaf", files(), DropOptions::default())
        .await
        .expect_err("it does not");
    assert_eq!(refused.code, Code::WrongElement);
    assert!(
        refused.message.contains("nothing takes what is dropped there"),
        "{}",
        refused.message
    );
    assert_eq!(
        stage.evaluate("heard.slice(3)").await,
        Ok(json!(["dragenter", "dragover", "dragleave"]))
    );
    stage
        .evaluate("() => { cover.style.display = 'block' }")
        .await
        .expect("it is covered");
    let covered = drop_on(&stage, "#zone", files(), DropOptions::default())
        .await
        .expect_err("it is covered");
    assert_eq!(covered.code, Code::Timeout);
    assert!(covered.message.contains("intercepts"), "{}", covered.message);
    let forced = DropOptions {
        force: true,
        ..DropOptions::default()
    };
    drop_on(&stage, "#zone", files(), forced)
        .await
        .expect("it is not looked at");
    stage.close().await;
}
