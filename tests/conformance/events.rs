//! What a page does besides what it shows: popups, dialogs, downloads and file choosers reach the flow, which
//! watched before it acted.

use flowguard_core::browser::calls::{
    CancelDownload, ChooseFiles, ClosePage, DownloadBytes, HandleDialogs, KeepDownload, MissedEvents,
    NextEvent, ReadDownload, WaitForDownload, Watch, WatchId,
};
use flowguard_core::browser::context::{
    DialogAnswer, DialogKind, DownloadState, Happening, Kinds, UploadedFile,
};
use flowguard_core::failure::{Code, Failure};

use crate::site::Answer;
use crate::stage::Stage;

async fn watch(stage: &Stage, what: Kinds) -> WatchId {
    let page = stage.page;
    stage
        .browser
        .watch(&Watch { page, what })
        .await
        .expect("it is watched")
}

async fn next_within(stage: &Stage, watch: WatchId, timeout_ms: u32) -> Result<Happening, Failure> {
    let call = NextEvent {
        watch,
        what: Kinds::default(),
        timeout_ms: Some(timeout_ms),
    };
    stage.browser.next_event(&call).await
}

async fn next(stage: &Stage, watch: WatchId) -> Happening {
    next_within(stage, watch, 5_000).await.expect("it comes")
}

async fn handle(stage: &Stage, answer: DialogAnswer, times: Option<u32>) -> Result<(), Failure> {
    let page = stage.page;
    let call = HandleDialogs { page, answer, times };
    stage.browser.handle_dialogs(&call).await
}

const OPENERS: &str = "<a href=/popup target=_blank>link</a>
    <button id=open onclick=\"window.open('/popup')\">open</button>
    <button id=apart onclick=\"window.open('/popup', '', 'noopener')\">apart</button>
    <button id=brief onclick=\"window.open('/brief')\">brief</button>";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_popup_reaches_the_flow_and_is_acted_on() {
    let mut stage = Stage::showing(OPENERS).await;
    stage.site.page("/popup", "<p>popup</p>");
    let opener = stage.page;
    let watcher = watch(&stage, popups()).await;
    for opens in ["a", "#open", "#apart"] {
        stage.page = opener;
        stage.click(opens).await.expect("it opens");
        let Happening::Popup { page } = next(&stage, watcher).await else {
            panic!("{opens}: it is a popup")
        };
        let nothing = next_within(&stage, watcher, 50).await;
        assert_eq!(nothing.map_err(|f| f.code), Err(Code::Timeout), "{opens}");
        stage.page = page;
        stage.expect_text("p", "popup").await.expect("its content");
        let closing = watch(&stage, closes()).await;
        stage
            .browser
            .close_page(&ClosePage { page })
            .await
            .expect("it closes");
        assert_eq!(next(&stage, closing).await, Happening::Close, "{opens}");
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_popup_that_closes_itself_is_told_and_is_gone() {
    let mut stage = Stage::showing(OPENERS).await;
    stage
        .site
        .page("/brief", "<button onclick=window.close()>close</button>");
    let watcher = watch(&stage, popups()).await;
    stage.click("#brief").await.expect("it opens");
    let Happening::Popup { page } = next(&stage, watcher).await else {
        panic!("it is a popup")
    };
    let opener = std::mem::replace(&mut stage.page, page);
    let closing = watch(&stage, closes()).await;
    stage.click("button").await.expect("it closes itself");
    assert_eq!(next(&stage, closing).await, Happening::Close);
    let gone = stage.click("button").await.expect_err("it is gone");
    assert_eq!(gone.code, Code::PageLost);
    // Nobody has time to look at one that closes at once.
    stage.page = opener;
    stage.site.page("/brief", "<script>window.close()</script>");
    stage.click("#brief").await.expect("it opens");
    let Happening::Popup { page } = next(&stage, watcher).await else {
        panic!("it is a popup")
    };
    stage.page = page;
    let gone = stage.click("button").await.expect_err("it is gone");
    assert_eq!(gone.code, Code::PageLost);
    stage.close().await;
}

fn popups() -> Kinds {
    Kinds {
        popup: true,
        ..Kinds::default()
    }
}

fn closes() -> Kinds {
    Kinds {
        close: true,
        ..Kinds::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dialogs_are_answered_by_rules_the_latest_first() {
    let stage = Stage::showing(
        "<p></p><button onclick=\"tell(confirm('Sure?') + ' ' + prompt('Name?', 'Ada'))\">ask</button>
         <script>const tell = (text) => document.querySelector('p').textContent = text</script>",
    )
    .await;
    let kinds = Kinds {
        dialog: true,
        ..Kinds::default()
    };
    let watcher = watch(&stage, kinds).await;
    handle(&stage, DialogAnswer::Accept, None).await.expect("a rule");
    stage.click("button").await.expect("it is clicked");
    stage.expect_text("p", "true Ada").await.expect("accepted");
    let with = DialogAnswer::AcceptWith {
        text: "Grace".to_owned(),
    };
    handle(&stage, with, Some(1)).await.expect("a rule");
    handle(&stage, DialogAnswer::Dismiss, Some(1))
        .await
        .expect("a rule");
    stage.click("button").await.expect("it is clicked");
    stage
        .expect_text("p", "false Grace")
        .await
        .expect("as the rules say");
    let Happening::Dialog(first) = next(&stage, watcher).await else {
        panic!("it is a dialog")
    };
    assert_eq!(
        (first.kind, first.message.as_str()),
        (DialogKind::Confirm, "Sure?")
    );
    let Happening::Dialog(second) = next(&stage, watcher).await else {
        panic!("it is a dialog")
    };
    assert_eq!((second.default_value.as_str(), second.accepted), ("Ada", true));
    assert!(second.url.ends_with("/start"), "{}", second.url);
    assert!(stage.ledger.faults().soft.is_empty());
    handle(&stage, DialogAnswer::Fail, Some(1)).await.expect("a rule");
    stage.click("button").await.expect("it is clicked");
    stage.expect_text("p", "false Ada").await.expect("dismissed");
    let soft = stage.ledger.faults().soft;
    assert_eq!(soft[0].code, Code::AssertionFailed);
    assert!(soft[0].message.contains("Sure?"), "{}", soft[0].message);
    let never = handle(&stage, DialogAnswer::Accept, Some(0)).await;
    assert_eq!(never.map_err(|f| f.code), Err(Code::InvalidArgument));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_dialogs_and_messages_are_counted_and_hold_nothing_up() {
    let stage = Stage::showing(
        "<p></p><button onclick=\"for (let n = 0; n < 1000; n++) alert(n); for (let n = 0; n < 1500; n++) console.log(n); document.querySelector('p').textContent = 'done'\">many</button>",
    )
    .await;
    let kinds = Kinds {
        dialog: true,
        console: true,
        ..Kinds::default()
    };
    let watcher = watch(&stage, kinds).await;
    stage.click_within("button", 30_000).await.expect("it is clicked");
    stage.expect_text("p", "done").await.expect("it went through");
    let Happening::Dialog(first) = next(&stage, watcher).await else {
        panic!("it is a dialog")
    };
    assert_eq!(first.message, "0");
    let missed = MissedEvents { watch: watcher };
    assert_eq!(stage.browser.missed_events(&missed).await, Ok(1_500));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_is_told_read_and_kept() {
    let stage = Stage::showing("<a href=/order>get</a>").await;
    stage.site.put("/order", Answer::Download);
    let kinds = Kinds {
        download: true,
        ..Kinds::default()
    };
    let watcher = watch(&stage, kinds).await;
    stage.click("a").await.expect("it is clicked");
    let Happening::Download { id, download } = next(&stage, watcher).await else {
        panic!("it is a download")
    };
    assert_eq!(download.suggested_filename, "order.bin");
    assert!(download.url.ends_with("/order"), "{}", download.url);
    let wait = WaitForDownload {
        download: id,
        timeout_ms: Some(5_000),
    };
    assert_eq!(stage.browser.wait_for_download(&wait).await, Ok(5));
    let read = DownloadBytes {
        download: id,
        timeout_ms: None,
    };
    let digest = stage.browser.download_bytes(&read).await.expect("its bytes");
    let bytes = stage.browser.kept_bytes(&digest).await.expect("its bytes");
    assert_eq!(bytes, "bytes");
    let keep = KeepDownload {
        download: id,
        timeout_ms: None,
    };
    assert_eq!(stage.browser.keep_download(&keep).await, Ok(digest));
    // What has ended cannot be cancelled any more.
    let cancel = CancelDownload { download: id };
    stage
        .browser
        .cancel_download(&cancel)
        .await
        .expect("nothing is to be done");
    let state = stage.browser.download_state(&ReadDownload { download: id }).await;
    assert_eq!(state, Ok(DownloadState::Completed));
    let none = stage.browser.download_state(&ReadDownload { download: 99 }).await;
    assert_eq!(none.map_err(|f| f.code), Err(Code::InvalidArgument));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chooser_takes_files_without_a_file_system() {
    let stage = Stage::showing(
        "<input type=file id=one><input type=file id=many multiple><p></p><script>
         for (const input of document.querySelectorAll('input')) input.onchange = async () => {
           const files = await Promise.all([...input.files].map(async (file) => file.name + ':' + file.type + ':' + await file.text()));
           document.querySelector('p').textContent = files.join() || 'none';
         }</script>",
    )
    .await;
    let kinds = Kinds {
        file_chooser: true,
        ..Kinds::default()
    };
    let watcher = watch(&stage, kinds).await;
    let file = |name: &str| UploadedFile {
        name: name.to_owned(),
        media_type: "text/plain".to_owned(),
        bytes: name.to_uppercase().into_bytes().into(),
    };
    stage.click("#one").await.expect("it is clicked");
    let Happening::FileChooser { id, multiple } = next(&stage, watcher).await else {
        panic!("it is a chooser")
    };
    assert!(!multiple);
    let choose = |files| ChooseFiles { chooser: id, files };
    stage
        .browser
        .choose_files(&choose(vec![file("a")]))
        .await
        .expect("it is given");
    stage
        .expect_text("p", "a:text/plain:A")
        .await
        .expect("the page has it");
    let both = stage
        .browser
        .choose_files(&choose(vec![file("a"), file("b")]))
        .await;
    assert_eq!(both.map_err(|f| f.code), Err(Code::InvalidArgument));
    let bad = stage.browser.choose_files(&choose(vec![file("../a")])).await;
    assert_eq!(bad.map_err(|f| f.code), Err(Code::InvalidArgument));
    stage.click("#many").await.expect("it is clicked");
    let Happening::FileChooser { id, multiple } = next(&stage, watcher).await else {
        panic!("it is a chooser")
    };
    assert!(multiple);
    let two = ChooseFiles {
        chooser: id,
        files: vec![file("a"), file("b")],
    };
    stage.browser.choose_files(&two).await.expect("they are given");
    stage
        .expect_text("p", "a:text/plain:A,b:text/plain:B")
        .await
        .expect("the page has them");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watchers_are_bounded_and_end() {
    let stage = Stage::showing("<button onclick=\"console.warn('careful'); setTimeout(() => { throw new Error('broken') })\">go</button>").await;
    let kinds = Kinds {
        console: true,
        page_error: true,
        ..Kinds::default()
    };
    let mut watchers = Vec::new();
    for _ in 0..16 {
        watchers.push(watch(&stage, kinds).await);
    }
    let page = stage.page;
    let more = stage.browser.watch(&Watch { page, what: kinds }).await;
    assert_eq!(more.map_err(|f| f.code), Err(Code::OverBudget));
    let nothing = Watch {
        page,
        what: Kinds::default(),
    };
    let refused = stage.browser.watch(&nothing).await;
    assert_eq!(refused.map_err(|f| f.code), Err(Code::InvalidArgument));
    stage.browser.end_watch(watchers[0]).await;
    let ended = next_within(&stage, watchers[0], 1_000).await;
    assert_eq!(ended.map_err(|f| f.code), Err(Code::InvalidArgument));
    stage.click("button").await.expect("it is clicked");
    let Happening::Console { level, text, .. } = next(&stage, watchers[1]).await else {
        panic!("it is a message")
    };
    assert_eq!((level.as_str(), text.as_str()), ("warning", "careful"));
    let Happening::PageError { text } = next(&stage, watchers[1]).await else {
        panic!("it is an error")
    };
    assert!(text.contains("broken"), "{text}");
    // A wait for what cannot come any more ends.
    stage
        .browser
        .close_page(&ClosePage { page })
        .await
        .expect("it is closed");
    let lost = next_within(&stage, watchers[2], 30_000).await;
    assert!(lost.is_ok(), "what came before is told: {lost:?}");
    assert!(next_within(&stage, watchers[2], 30_000).await.is_ok());
    let lost = next_within(&stage, watchers[2], 30_000).await;
    assert_eq!(lost.map_err(|f| f.code), Err(Code::PageLost));
    stage.close().await;
}
