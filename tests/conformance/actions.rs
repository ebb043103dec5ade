//! Each action and reading once, through the capability: what a person would see of it in the page.

use flowguard_core::browser::calls::{
    AllTexts, BoundingBox, Choice, Count, ElementState, Focus, Hover, IsInState, Press, ReadOutline, Rect,
    SelectOption, SetChecked,
};
use flowguard_core::browser::expectation::Expectation;
use flowguard_core::browser::locator::Tristate;
use flowguard_core::failure::Code;

use crate::stage::{Stage, action, keys, pointer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clicks_fills_and_keys_do_what_a_person_does() {
    let stage = Stage::showing(
        "<button onclick=\"tell('click ' + event.detail)\" ondblclick=\"tell('double')\" oncontextmenu=\"tell('menu')\">Go</button>
         <input value=old oninput=\"tell('input')\" onkeydown=\"tell(event.key)\"><div contenteditable>old</div>
         <p></p><script>function tell(text) { document.querySelector('p').append(text + ';') }</script>",
    )
    .await;
    stage.click("button").await.expect("it is clicked");
    stage.expect_text("p", "click 1;").await.expect("one click");
    stage.fill("input", "new").await.expect("it is filled");
    let value = stage.expect(
        "input",
        Expectation::HasValue {
            text: crate::stage::expected("new"),
        },
        1_000,
    );
    value.await.expect("the new value");
    stage
        .fill("[contenteditable]", "rich")
        .await
        .expect("it is filled");
    assert_eq!(stage.text("[contenteditable]").await.as_deref(), Ok("rich"));
    stage.fill("[contenteditable]", "").await.expect("it is cleared");
    assert_eq!(stage.text("[contenteditable]").await.as_deref(), Ok(""));
    for key in ["Control+a", "x", "Shift+Y"] {
        let press = Press {
            target: stage.target("input"),
            key: key.to_owned(),
            options: keys(5_000),
        };
        stage.browser.press(&press).await.expect(key);
    }
    let value = stage.expect(
        "input",
        Expectation::HasValue {
            text: crate::stage::expected("xY"),
        },
        1_000,
    );
    value.await.expect("the selected text is replaced");
    let unknown = Press {
        target: stage.target("input"),
        key: "Entr".to_owned(),
        options: keys(1_000),
    };
    let unknown = stage.browser.press(&unknown).await.expect_err("no such key");
    assert_eq!(unknown.code, Code::InvalidArgument, "{}", unknown.message);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boxes_options_hover_and_focus() {
    let stage = Stage::showing(
        "<style>i { display: none } u:hover + i { display: block }</style>
         <input type=checkbox><select><option>a</option><option>b</option></select><u>menu</u><i>item</i><button>x</button>",
    )
    .await;
    for checked in [true, true, false] {
        let call = SetChecked {
            target: stage.target("input"),
            checked,
            options: pointer(5_000),
        };
        stage.browser.set_checked(&call).await.expect("it changes");
        let state = if checked { Tristate::On } else { Tristate::Off };
        stage
            .expect("input", Expectation::Checked { state }, 1_000)
            .await
            .expect("it changed");
    }
    let choices = vec![Choice::Label { text: "b".to_owned() }];
    let select = SelectOption {
        target: stage.target("select"),
        choices,
        options: action(5_000),
    };
    assert_eq!(
        stage.browser.select_option(&select).await,
        Ok(vec!["b".to_owned()])
    );
    let hover = Hover {
        target: stage.target("u"),
        options: pointer(5_000),
    };
    stage.browser.hover(&hover).await.expect("the mouse is there");
    stage
        .browser
        .hover(&hover)
        .await
        .expect("a mouse that is there already is there");
    stage
        .expect("i", Expectation::Visible, 1_000)
        .await
        .expect("the menu opened");
    let focus = Focus {
        target: stage.target("button"),
        options: action(5_000),
    };
    stage.browser.focus(&focus).await.expect("it takes the focus");
    stage
        .expect("button", Expectation::Focused, 1_000)
        .await
        .expect("it has the focus");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readings_that_do_not_wait_answer_at_once() {
    let stage = Stage::showing(
        "<ul><li>one</li><li>two</li></ul><p style='position: absolute; left: 10px; top: 90px; width: 30px; height: 40px; margin: 0'></p>
         <a href='/cart'>Cart</a><img src='/missing.png' alt=Logo>",
    )
    .await;
    let items = stage.target("li");
    assert_eq!(
        stage
            .browser
            .count(&Count {
                target: items.clone()
            })
            .await,
        Ok(2)
    );
    let texts = stage
        .browser
        .all_texts(&AllTexts {
            target: items,
            rendered: true,
        })
        .await;
    assert_eq!(texts, Ok(vec!["one".to_owned(), "two".to_owned()]));
    let visible = |selector: &str| IsInState {
        target: stage.target(selector),
        state: ElementState::Visible,
        timeout_ms: None,
    };
    assert_eq!(stage.browser.is_in_state(&visible("ul")).await, Ok(true));
    assert_eq!(stage.browser.is_in_state(&visible("#none")).await, Ok(false));
    let rect = BoundingBox {
        target: stage.target("p"),
        timeout_ms: None,
    };
    let expected = Rect {
        x: 10.0,
        y: 90.0,
        width: 30.0,
        height: 40.0,
    };
    assert_eq!(stage.browser.bounding_box(&rect).await, Ok(Some(expected)));
    let outline = stage
        .browser
        .outline(&ReadOutline { page: stage.page })
        .await
        .expect("an outline");
    assert_eq!(outline.links[0].url, stage.site.url("/cart"));
    assert_eq!(
        (outline.images[0].name.as_str(), outline.images[0].loaded),
        ("Logo", false)
    );
    assert!(outline.text.contains("one"), "{}", outline.text);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_click_waits_for_the_end_of_a_transition_that_has_just_begun() {
    let stage = Stage::showing(
        "<style>button { position: absolute; left: 0; top: 80px; transition: left 300ms linear }
                .slid { left: 300px }</style>
         <input oninput=\"document.querySelector('p').textContent = 'filled';
                          requestAnimationFrame(() => document.querySelector('button').classList.toggle('slid'))\">
         <button onclick=\"document.querySelector('p').textContent = getComputedStyle(this).left\">go</button><p></p>",
    )
    .await;
    for round in 0..6 {
        stage
            .fill("input", &format!("text {round}"))
            .await
            .expect("it is filled");
        stage.click("button").await.expect("it is clicked");
        let ends = if round % 2 == 0 { "300px" } else { "0px" };
        stage.expect_text("p", ends).await.expect("it stood still");
    }
    stage.close().await;
}
