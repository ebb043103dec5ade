//! Pages that do more of a thing than anybody needs: dialogs, windows, words, changes, redirects, memory. Each
//! run comes to its end in its time with what it was asked for or a typed failure; the others go on.

use flowguard_core::browser::calls::{OpenPage, SetContent};
use flowguard_core::browser::expectation::Expectation;
use flowguard_core::browser::{Browser, LoadState, PageId};
use flowguard_core::failure::Code;
use flowguard_core::limits::{MAX_EVENTS, MAX_PAGES};
use flowguard_core::timeline::PageEvent;
use std::time::{Duration, Instant};

use crate::site::Answer;
use crate::stage::{Stage, expected, run_on};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_dialogs_in_a_row_are_answered() {
    let stage = Stage::showing(
        "<button onclick=\"for (let i = 0; i < 1000; i++) alert(i); document.querySelector('p').textContent = 'told'\">
         tell</button><p></p>",
    )
    .await;
    stage.click_within("button", 30_000).await.expect("it is clicked");
    stage.expect_text("p", "told").await.expect("all were answered");
    let dialogs = stage.events().into_iter();
    let dialogs: Vec<String> = dialogs
        .filter_map(|event| match event {
            PageEvent::Dialog { text, .. } => Some(text),
            _ => None,
        })
        .collect();
    assert_eq!(dialogs.len(), 1_000);
    assert_eq!(dialogs.last().map(String::as_str), Some("999"));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dialogs_while_an_action_waits_do_not_end_its_wait() {
    let stage = Stage::showing(
        "<button disabled onclick=\"document.querySelector('p').textContent = 'clicked'\">Go</button><p></p>
         <script>
         let told = 0;
         const telling = setInterval(() => {
           confirm('Stay?');
           if (++told < 20) return;
           clearInterval(telling);
           document.querySelector('button').disabled = false;
         }, 10)</script>",
    )
    .await;
    stage.click("button").await.expect("it waits for the button");
    stage.expect_text("p", "clicked").await.expect("it was clicked");
    let is_dialog = |event: &PageEvent| matches!(event, PageEvent::Dialog { .. });
    assert_eq!(stage.events().iter().filter(|event| is_dialog(event)).count(), 20);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dialogs_of_a_page_that_is_left_do_not_keep_it() {
    let stage = Stage::showing(
        "<input><script>
         onbeforeunload = (event) => { alert('wait'); confirm('really?'); event.preventDefault(); return 'Stay?' };
         onpagehide = () => { alert('bye') }</script>",
    )
    .await;
    stage.site.page("/next", "<p>next</p>");
    stage.click("input").await.expect("a person was active");
    stage.goto("/next").await.expect("it is left");
    assert_eq!(stage.text("p").await.as_deref(), Ok("next"));
    stage.goto("/start").await.expect("it loads");
    stage.click("input").await.expect("a person was active");
    let began = Instant::now();
    stage.browser.release().await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert_eq!(stage.inspector().await.contexts().await, 0);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_windows_are_kept_to_the_limit() {
    let stage = Stage::showing(
        "<button>open</button><p></p><script>
         document.querySelector('button').onclick = () => {
           let opened = 0;
           const opening = setInterval(() => {
             for (let i = 0; i < 20; i++, opened++) window.open('/next');
             if (opened < 1000) return;
             clearInterval(opening);
             document.querySelector('p').textContent = 'opened';
           }, 1);
         }</script>",
    )
    .await;
    stage.site.page("/next", "<p>next</p>");
    let (other, _ledger) = run_on(&stage.browsers, &stage.site);
    let page = other.open_page(&OpenPage {}).await.expect("a page");
    stage.click("button").await.expect("it is clicked");
    let opened = Expectation::HasText {
        text: expected("opened"),
    };
    let (opened, ()) = tokio::join!(stage.expect("p", opened, 50_000), works(&other, page));
    opened.expect("the page is in use");
    let closed = |event: &PageEvent| *event == PageEvent::PopupClosed;
    let closed = stage.events().iter().filter(|event| closed(event)).count();
    assert_eq!(closed, 1_001 - MAX_PAGES);
    // One of them is the other run's.
    stage.inspector().await.pages_come_to(MAX_PAGES + 1).await;
    works(&other, page).await;
    other.release().await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_megabytes_of_console_are_not_kept() {
    let stage = Stage::showing(
        "<button onclick=\"const word = 'x'.repeat(1 << 20); for (let i = 0; i < 200; i++) console.log(word + i);
           document.querySelector('p').textContent = 'said'\">say</button><p></p>",
    )
    .await;
    let (other, _ledger) = run_on(&stage.browsers, &stage.site);
    let page = other.open_page(&OpenPage {}).await.expect("a page");
    let before = memory();
    let saying = stage.click_within("button", 30_000);
    let (said, ()) = tokio::join!(saying, works(&other, page));
    said.expect("it is clicked");
    stage.expect_text("p", "said").await.expect("the page is in use");
    // Other tests share the process: what they hold goes again, what was kept of the console would stay.
    let said = Instant::now();
    while memory().saturating_sub(before) >= 64 << 20 {
        let grown = memory().saturating_sub(before);
        assert!(
            said.elapsed() < Duration::from_secs(30),
            "the host has grown by {grown} bytes"
        );
        works(&other, page).await;
    }
    let words: usize = stage.events().iter().map(word_bytes).sum();
    assert!(words > 0 && words < 200 * 5_000, "{words} bytes are kept");
    works(&other, page).await;
    other.release().await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_lines_of_console_are_counted_and_left_out() {
    let stage = Stage::showing(
        "<button onclick=\"for (let i = 0; i < 100000; i++) console.log(i);
           document.querySelector('p').textContent = 'said'\">say</button><p></p>",
    )
    .await;
    stage.click_within("button", 30_000).await.expect("it is clicked");
    stage.expect_text("p", "said").await.expect("the page is in use");
    assert_eq!(stage.events().len(), MAX_EVENTS);
    assert!(stage.ledger.timeline.history().events_dropped > 90_000);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_changes_a_hundred_thousand_times_a_second_is_acted_on() {
    let stage = Stage::showing(
        "<button onclick=\"document.querySelector('p').textContent = 'clicked'\">Go</button><p></p><ul></ul>
         <script>
         const list = document.querySelector('ul');
         const channel = new MessageChannel();
         let changes = 0;
         channel.port1.onmessage = () => {
           for (let i = 0; i < 500; i++) {
             list.setAttribute('data-n', ++changes);
             if (i % 10 === 0) list.replaceChildren(document.createElement('li'));
           }
           channel.port2.postMessage(0);
         };
         channel.port2.postMessage(0)</script>",
    )
    .await;
    stage.click("button").await.expect("it is clicked");
    stage.expect_text("p", "clicked").await.expect("it is seen");
    let failure = stage
        .expect("#never", Expectation::Visible, 2_000)
        .await
        .expect_err("it is not there");
    assert_eq!(failure.code, Code::AssertionFailed);
    let changes = stage
        .inspector()
        .await
        .evaluate(&stage.site.url("/start"), "changes")
        .await;
    assert!(changes.as_u64() > Some(100_000), "{changes}");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redirects_without_end_are_a_typed_failure() {
    let stage = Stage::open().await;
    stage.site.put("/round", Answer::Redirect("/round".to_owned()));
    let failure = stage.goto("/round").await.expect_err("it never comes");
    assert_eq!(failure.code, Code::NavigationFailed);
    assert!(
        failure.message.contains("ERR_TOO_MANY_REDIRECTS"),
        "{}",
        failure.message
    );
    // By script, each is a document of its own.
    stage
        .site
        .page("/here", "<script>location.href = '/there'</script>");
    stage
        .site
        .page("/there", "<script>location.href = '/here'</script>");
    let began = Instant::now();
    let ended = stage.goto_until("/here", LoadState::NetworkIdle, 1_500).await;
    let failure = ended.expect_err("it is never idle");
    assert_eq!(failure.code, Code::Timeout);
    let failure = stage
        .click_within("button", 1_000)
        .await
        .expect_err("none is there");
    assert_eq!(failure.code, Code::Timeout);
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    // A page that goes on navigating may yet win against a goto: here it comes to rest first.
    for path in ["/here", "/there"] {
        stage.site.page(path, "<p>rest</p>");
    }
    stage.expect_text("p", "rest").await.expect("it comes to rest");
    stage.site.page("/calm", "<p>calm</p>");
    stage.goto("/calm").await.expect("another page is loaded");
    assert_eq!(stage.text("p").await.as_deref(), Ok("calm"));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_that_never_ends_is_acted_on_before_its_end() {
    let stage = Stage::open().await;
    stage.site.put(
        "/endless",
        Answer::Endless(
            "<!doctype html><button onclick=\"document.querySelector('p').textContent = 'clicked'\">Go</button><p></p>"
                .to_owned(),
        ),
    );
    let failure = stage
        .goto_until("/endless", LoadState::DomContentLoaded, 500)
        .await
        .expect_err("its end never comes");
    assert_eq!(failure.code, Code::Timeout);
    assert!(
        failure.message.contains("the page is at commit"),
        "{}",
        failure.message
    );
    stage
        .goto_until("/endless", LoadState::Commit, 5_000)
        .await
        .expect("its beginning is there");
    stage.click("button").await.expect("it is clicked");
    stage.expect_text("p", "clicked").await.expect("it is seen");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_takes_all_memory_is_lost_and_the_others_are_not() {
    let stage = Stage::showing("<p>here</p>").await;
    stage.site.page(
        "/hungry",
        "<button onclick=\"const all = []; for (;;) all.push(new Array(1 << 24).fill(all.length))\">eat</button>",
    );
    let (other, _ledger) = run_on(&stage.browsers, &stage.site);
    let page = other.open_page(&OpenPage {}).await.expect("a page");
    stage.goto("/hungry").await.expect("it loads");
    let failure = stage.click_within("button", 60_000).await.err();
    let failure = match failure {
        Some(failure) => failure,
        // The click was done before the memory was gone.
        None => stage
            .expect("#never", Expectation::Visible, 60_000)
            .await
            .expect_err("its page is gone"),
    };
    assert_eq!(
        (failure.code, failure.message.as_str()),
        (Code::PageLost, "the page crashed")
    );
    works(&other, page).await;
    other.release().await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_of_console_that_is_too_large_ends_nothing() {
    let stage = Stage::showing(
        "<p>here</p><button onclick=\"console.log('x'.repeat(150 << 20)); document.querySelector('p').textContent = 'said'\">
         say</button>",
    )
    .await;
    let (other, _ledger) = run_on(&stage.browsers, &stage.site);
    let page = other.open_page(&OpenPage {}).await.expect("a page");
    stage.click_within("button", 30_000).await.expect("it is clicked");
    stage.expect_text("p", "said").await.expect("the page is in use");
    let too_large = PageEvent::Console {
        level: "warning".to_owned(),
        text: "(what was said here is too large to be read)".to_owned(),
        place: String::new(),
    };
    assert!(stage.events().contains(&too_large), "{:?}", stage.events());
    assert_eq!(stage.text("p").await.as_deref(), Ok("said"));
    works(&other, page).await;
    other.release().await;
    stage.close().await;
}

/// A page of another run does what it is asked for, in an action's time.
async fn works(browser: &Browser, page: PageId) {
    let call = SetContent {
        page,
        html: "<p>fine</p>".to_owned(),
        wait_until: LoadState::Load,
        timeout_ms: Some(10_000),
    };
    browser.set_content(&call).await.expect("it is shown");
}

fn word_bytes(event: &PageEvent) -> usize {
    match event {
        PageEvent::Console { text, .. } => text.len(),
        _ => 0,
    }
}

/// Bytes of this process in memory.
fn memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = resident.and_then(|text| text.trim().strip_suffix(" kB"));
    kilobytes
        .expect("a number of kB")
        .parse::<usize>()
        .expect("a number")
        << 10
}
