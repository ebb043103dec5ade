//! What the page must be: complete in itself, whole in its references, and deaf to what others wrote.

use std::collections::HashSet;
use std::process::Command;

use super::super::fixtures;
use super::*;

/// The page with the fixtures' pictures.
async fn shown(report: &Report) -> String {
    let (_, shelf) = fixtures::report();
    render(report, &Files::read(report, &shelf).await)
}

/// The markup without the page's own style and script, which are not markup.
fn markup(page: &str) -> String {
    page.replace(STYLE, "").replace(SCRIPT, "")
}

/// Every tag with the names of its attributes, in order; also what lies in `noscript`.
fn skeleton(page: &str) -> Vec<String> {
    let page = markup(page);
    let tags = page
        .split('<')
        .skip(1)
        .map(|tag| tag.split_once('>').map_or(tag, |(tag, _)| tag));
    tags.map(|tag| {
        let outside: String = tag.split('"').step_by(2).collect();
        outside.split_whitespace().collect::<Vec<_>>().join(" ")
    })
    .collect()
}

fn attribute<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let begin = format!(" {name}=\"");
    let values = page.split(begin.as_str()).skip(1);
    values
        .filter_map(|rest| rest.split_once('"').map(|(value, _)| value))
        .collect()
}

#[tokio::test]
async fn texts_of_others_do_not_change_the_markup() {
    let (hostile, benign) = (
        shown(&fixtures::hostile()).await,
        shown(&fixtures::benign()).await,
    );
    assert_eq!(skeleton(&hostile), skeleton(&benign));
    assert!(hostile.contains("&lt;img src=x onerror=&quot;document.title='pwned'&quot;&gt;"));
    let control = |c: &char| c.is_control() && !matches!(c, '\n' | '\t') || *c == '\u{202e}';
    assert_eq!(markup(&hostile).chars().find(control), None);
}

#[tokio::test]
async fn the_policy_allows_only_what_the_page_holds() {
    let page = shown(&fixtures::report().0).await;
    let between = |open: &str, close: &str| {
        let (_, rest) = page.split_once(open).unwrap();
        rest.split_once(close).unwrap().0.to_owned()
    };
    let policy = between("http-equiv=\"Content-Security-Policy\" content=\"", "\"");
    let policy = policy.replace("&#39;", "'");
    assert!(
        policy.starts_with("default-src 'none'; img-src data: blob:;"),
        "{policy}"
    );
    assert!(
        policy.contains(&hash(&between("<style>", "</style>"))),
        "{policy}"
    );
    assert!(
        policy.contains(&hash(&between("<script>", "</script>"))),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    for tag in skeleton(&page) {
        let mut attributes = tag.split(' ').skip(1);
        let forbidden = attributes.find(|name| name.starts_with("style=") || name.starts_with("on"));
        assert_eq!(forbidden, None, "<{tag}>");
    }
}

#[tokio::test]
async fn the_page_asks_for_nothing_and_its_references_lead_somewhere() {
    let page = markup(&shown(&fixtures::report().0).await);
    let ids = attribute(&page, "id");
    let known: HashSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), known.len(), "an id is given twice");
    for link in attribute(&page, "href") {
        let leads = link.strip_prefix('#').is_some_and(|id| known.contains(id));
        assert!(leads || link.starts_with("data:image/svg+xml,"), "{link}");
    }
    for source in attribute(&page, "src") {
        assert!(source.starts_with("data:image/"), "{source}");
    }
    for label in attribute(&page, "aria-labelledby") {
        assert!(known.contains(label), "{label}");
    }
}

#[tokio::test]
async fn a_picture_is_in_the_page_once() {
    let (report, shelf) = fixtures::report();
    let page = shown(&report).await;
    let digest = &fixtures::picture_of(&report, "pay by card").digest;
    let bytes = flowguard_core::artifact::Artifacts::get(&shelf, digest)
        .await
        .unwrap();
    assert_eq!(page.matches(&STANDARD.encode(bytes)).count(), 1);
    assert_eq!(page.matches(&format!("href=\"#p-{digest}\"")).count(), 2);
}

#[tokio::test]
async fn the_failure_comes_before_the_steps_and_names_what_a_newcomer_needs() {
    let (report, _) = fixtures::report();
    let page = shown(&report).await;
    let order = [
        "2 of 8 flows failed, 4 errored",
        "The product under test is wrong",
        "expected heading &quot;Thank you&quot; to be visible, received not there",
        "<dt class=\"expected\">Expected</dt>",
        "Meanwhile, the page had 3 errors",
        "POST http://127.0.0.1:4000/api/payments: 500",
        "What the host tried and saw",
        "<b>Blame: product. </b>",
        "class=\"timeline g6\"",
        "<h4>Console</h4>",
        "<h4>Network</h4>",
    ];
    let mut rest = page.as_str();
    for text in order {
        rest = rest
            .split_once(text)
            .unwrap_or_else(|| panic!("missing, or out of order: {text}"))
            .1;
    }
    assert!(page.contains("account::orders::newest at flows/account/src/orders.rs:41:17"));
    assert!(page.contains("<span class=\"number\">3 inner calls</span>"));
}

#[test]
fn five_hundred_flows_of_two_hundred_steps_stay_within_a_size() {
    let page = render(&fixtures::many(500, 200), &Files::default());
    assert!(page.len() < 40 << 20, "{} bytes", page.len());
    let folded = page.matches("<noscript><div class=\"details\">").count();
    assert_eq!(folded, 500);
}

#[tokio::test]
async fn nothing_that_others_wrote_runs_in_a_browser() {
    let page = shown(&fixtures::hostile()).await;
    let title = "<title>1 of 1 flow could not be decided";
    for (what, page) in [
        ("as it is", page.clone()),
        ("without its policy", without_policy(&page)),
    ] {
        let dom = opened(&page, "#r0");
        assert!(
            dom.contains("class=\"js\""),
            "{what}: the page's own script did not run"
        );
        assert!(
            dom.contains("id=\"r0a2s0\""),
            "{what}: the details were not unfolded"
        );
        assert!(dom.contains(title), "{what}: a script of the page under test ran");
    }
    let raw = "<!doctype html><title>fine</title><img src=x onerror=\"document.title='pwned'\">";
    assert!(
        opened(raw, "").contains("pwned"),
        "the attack does not work even where nothing is escaped"
    );
}

fn without_policy(page: &str) -> String {
    let (before, rest) = page.split_once("<meta http-equiv").unwrap();
    format!("{before}{}", rest.split_once('>').unwrap().1)
}

/// The document after Chromium has opened it, as markup.
fn opened(page: &str, fragment: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("index.html");
    std::fs::write(&file, page).unwrap();
    let named = std::env::var("FLOWGUARD_CHROMIUM").ok();
    let candidates =
        named
            .iter()
            .map(String::as_str)
            .chain(["chromium-headless-shell", "chromium", "google-chrome"]);
    for candidate in candidates {
        let mut command = Command::new(candidate);
        command
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--virtual-time-budget=5000",
                "--dump-dom",
            ])
            .arg(format!(
                "--user-data-dir={}",
                folder.path().join("profile").display()
            ))
            .arg(format!("file://{}{fragment}", file.display()));
        match command.output() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            output => return String::from_utf8_lossy(&output.unwrap().stdout).into_owned(),
        }
    }
    panic!("no Chromium was found; name one with FLOWGUARD_CHROMIUM=PATH");
}
