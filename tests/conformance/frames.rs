//! Frames of other origins: the rules of actions and assertions hold in them as in the page's own, whether
//! they share its process or not.

use flowguard_core::browser::calls::{AriaSnapshot, BoundingBox, Click, Count, Expect, Fill, Target};
use flowguard_core::browser::expectation::Expectation;
use flowguard_core::browser::locator::{Locator, Part};
use flowguard_core::failure::{Code, Failure};

use crate::site::Site;
use crate::stage::{Stage, action, css, expected, expecting, pointer};

const INSIDE: &str = "<button onclick=\"document.querySelector('p').textContent = 'clicked'\">go</button>
    <input><p>inside</p>";

/// A page whose frame shows a page of another site; `style` places the frame.
async fn stage(style: &str, inside: &str) -> Stage {
    let stage = Stage::open().await;
    stage.site.page("/inside", inside);
    let frame = stage.site.elsewhere("/inside");
    stage.site.page(
        "/start",
        &format!("<h1>outside</h1><iframe src='{frame}' style='{style}'></iframe>"),
    );
    stage.goto("/start").await.expect("it loads");
    stage
}

fn inside(stage: &Stage, frames: &[&str], selector: &str) -> Target {
    let mut locator: Option<Locator> = None;
    let mut then = |part: Part| {
        locator = Some(
            locator
                .as_ref()
                .map_or_else(|| Locator::new(part.clone()), |l| l.then(part.clone())),
        );
    };
    for frame in frames {
        then(Part::Css {
            selector: (*frame).to_owned(),
        });
        then(Part::Frame);
    }
    then(Part::Css {
        selector: selector.to_owned(),
    });
    Target {
        page: stage.page,
        locator: locator.unwrap_or_else(|| css(selector)),
    }
}

async fn click(stage: &Stage, frames: &[&str], timeout_ms: u32) -> Result<(), Failure> {
    let call = Click {
        target: inside(stage, frames, "button"),
        options: pointer(timeout_ms),
    };
    stage.browser.click(&call).await
}

async fn expect_text(stage: &Stage, frames: &[&str], text: &str) -> Result<(), Failure> {
    let call = Expect {
        target: inside(stage, frames, "p"),
        what: Expectation::HasText { text: expected(text) },
        options: expecting(10_000),
    };
    stage.browser.expect(&call).await.map(|_| ())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_of_another_site_is_acted_in() {
    let stage = stage("margin: 50px; padding: 7px; border: 3px solid", INSIDE).await;
    let frames = &["iframe"];
    expect_text(&stage, frames, "inside").await.expect("it is read");
    click(&stage, frames, 10_000).await.expect("it is clicked");
    expect_text(&stage, frames, "clicked")
        .await
        .expect("the click landed");
    let fill = Fill {
        target: inside(&stage, frames, "input"),
        value: "text".to_owned(),
        options: action(10_000),
    };
    stage.browser.fill(&fill).await.expect("it is filled");
    let filled = Expect {
        target: inside(&stage, frames, "input"),
        what: Expectation::HasValue {
            text: expected("text"),
        },
        options: expecting(5_000),
    };
    stage.browser.expect(&filled).await.expect("the text is there");
    let count = Count {
        target: inside(&stage, frames, "button, input"),
    };
    assert_eq!(stage.browser.count(&count).await, Ok(2));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_far_below_is_scrolled_to_and_boxes_are_the_pages() {
    let stage = stage("margin: 3000px 40px; border: 3px solid", INSIDE).await;
    click(&stage, &["iframe"], 10_000).await.expect("it is clicked");
    expect_text(&stage, &["iframe"], "clicked")
        .await
        .expect("the click landed");
    let call = BoundingBox {
        target: inside(&stage, &["iframe"], "button"),
        timeout_ms: Some(5_000),
    };
    let found = stage
        .browser
        .bounding_box(&call)
        .await
        .expect("it is there")
        .expect("a box");
    // The margins of the page, the frame and the page inside, and the frame's border.
    assert_eq!(found.x, 8.0 + 40.0 + 3.0 + 8.0, "{found:?}");
    assert!((0.0..720.0).contains(&found.y), "it is on the screen: {found:?}");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tree_of_a_frame_of_another_site_is_read() {
    let stage = stage("", INSIDE).await;
    let call = AriaSnapshot {
        target: inside(&stage, &["iframe"], "body"),
        timeout_ms: Some(10_000),
    };
    let tree = stage.browser.aria_snapshot(&call).await.expect("a tree");
    assert_eq!(tree, "- button \"go\"\n- textbox\n- paragraph: inside");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_of_another_site_that_is_scaled_and_turned_is_clicked_in() {
    for style in ["scale(0.5)", "rotate(30deg)", "rotate(90deg) scale(0.7)"] {
        let stage = stage(&format!("margin: 120px; transform: {style}"), INSIDE).await;
        click(&stage, &["iframe"], 10_000).await.expect(style);
        expect_text(&stage, &["iframe"], "clicked").await.expect(style);
        stage.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_that_is_covered_is_not_clicked_through() {
    let stage = stage("border: 0", INSIDE).await;
    stage.site.page(
        "/covered",
        &format!(
            "<iframe src='{}'></iframe><div id=cover style='position: fixed; inset: 0'></div>",
            stage.site.elsewhere("/inside")
        ),
    );
    stage.goto("/covered").await.expect("it loads");
    let blocked = click(&stage, &["iframe"], 1_500)
        .await
        .expect_err("it is covered");
    assert_eq!(blocked.code, Code::Timeout);
    assert!(
        blocked.message.contains("<div id=\"cover\"")
            && blocked.message.contains("intercepts pointer events"),
        "{}",
        blocked.message
    );
    expect_text(&stage, &["iframe"], "inside")
        .await
        .expect("nothing was clicked");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_of_other_sites_are_entered_to_any_depth() {
    let stage = Stage::open().await;
    stage.site.page("/inside", INSIDE);
    // Another site, and the page's own site again in it: neither may look into the other.
    let middle = format!(
        "<iframe id=inner src='{}' style='margin: 20px'></iframe>",
        stage.site.url("/inside")
    );
    stage.site.page("/middle", &middle);
    let outer = format!(
        "<iframe id=outer src='{}' style='width: 500px; height: 400px'></iframe>",
        stage.site.elsewhere("/middle")
    );
    stage.site.page("/start", &outer);
    stage.goto("/start").await.expect("it loads");
    let frames = &["#outer", "#inner"];
    click(&stage, frames, 10_000).await.expect("it is clicked");
    expect_text(&stage, frames, "clicked")
        .await
        .expect("the click landed");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_of_another_origin_in_the_same_process_is_acted_in() {
    let stage = Stage::open().await;
    let other = Site::start().await;
    other.page("/inside", INSIDE);
    stage.site.page(
        "/start",
        &format!("<iframe src='{}'></iframe>", other.url("/inside")),
    );
    stage.goto("/start").await.expect("it loads");
    let frames = &["iframe"];
    click(&stage, frames, 10_000).await.expect("it is clicked");
    expect_text(&stage, frames, "clicked")
        .await
        .expect("the click landed");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_that_is_replaced_or_removed_midway_is_looked_for_again() {
    let stage = Stage::open().await;
    stage.site.page("/inside", INSIDE);
    stage.site.page("/empty", "nothing");
    let [inside, empty] = ["/inside", "/empty"].map(|path| stage.site.elsewhere(path));
    let page = format!(
        "<iframe src='{empty}'></iframe><script>
         const again = (src) => {{ const next = document.createElement('iframe'); next.src = src;
             document.querySelector('iframe').replaceWith(next); }};
         setTimeout(() => again('{empty}'), 300);
         setTimeout(() => {{ document.querySelector('iframe').src = '{inside}' }}, 600);</script>"
    );
    stage.site.page("/start", &page);
    stage.goto("/start").await.expect("it loads");
    click(&stage, &["iframe"], 10_000).await.expect("it is clicked");
    expect_text(&stage, &["iframe"], "clicked")
        .await
        .expect("the click landed");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_frame_will_show_is_waited_for() {
    let late = "<script>setTimeout(() => document.body.innerHTML = '<p>late</p>', 300)</script>";
    let stage = stage("", late).await;
    expect_text(&stage, &["iframe"], "late").await.expect("it comes");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_that_is_put_elsewhere_is_another_frame_and_is_found() {
    let stage = stage("", INSIDE).await;
    for _ in 0..3 {
        click(&stage, &["iframe"], 5_000).await.expect("it is clicked");
        expect_text(&stage, &["iframe"], "clicked")
            .await
            .expect("it was clicked");
        let moves = "document.body.append(document.querySelector('iframe'))";
        let mut inspector = stage.inspector().await;
        inspector.evaluate(&stage.site.url("/start"), moves).await;
        expect_text(&stage, &["iframe"], "inside")
            .await
            .expect("it is loaded anew");
    }
    stage.close().await;
}
