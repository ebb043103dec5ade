//! Mouse, keyboard, touch and dragging, as the page sees them: which events come, and what they say.

use flowguard_core::browser::calls::{
    Blur, Click, DispatchEvent, DragOptions, DragTo, ElementState, IsInState, KeyOptions, KeyboardUse,
    MouseUse, PointerOptions, Position, Presence, Press, PressSequentially, ReadContent, ScrollIntoView,
    SelectText, SetChecked, SetContent, Tap, UseKeyboard, UseMouse, WaitFor,
};
use flowguard_core::browser::expectation::Expectation;
use flowguard_core::browser::port::{LoadState, Modifiers, MouseButton};
use flowguard_core::failure::Code;

use crate::stage::{Stage, action, keys, pointer};

/// Notes each event of these types with what matters of it.
const LOG: &str = "<p id=log style='position: fixed; bottom: 0'></p><script>
const told = document.querySelector('#log');
const words = (event) => [event.type, event.isTrusted ? '' : '!', event.key ?? '', event.detail > 1 ? event.detail : '',
  event.buttons ? 'b' + event.buttons : '', event.shiftKey ? 'S' : '', event.altKey ? 'A' : '', event.repeat ? 'R' : ''].join('');
const tell = (event) => told.append(words(event) + ' ');
const hear = (target, ...types) => types.forEach((type) => target.addEventListener(type, tell));
</script>";

async fn showing(body: &str) -> Stage {
    Stage::showing(&format!("{LOG}{body}")).await
}

async fn mouse(stage: &Stage, action: MouseUse) {
    let call = UseMouse {
        page: stage.page,
        action,
    };
    stage.browser.mouse(&call).await.expect("the mouse is used");
}

async fn keyboard(stage: &Stage, action: KeyboardUse) {
    let call = UseKeyboard {
        page: stage.page,
        action,
    };
    stage.browser.keyboard(&call).await.expect("the keyboard is used");
}

const fn at(x: f64, y: f64) -> Position {
    Position { x, y }
}

async fn log(stage: &Stage) -> String {
    stage.text("#log").await.expect("a log").trim().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn modifiers_are_keys_that_go_down_and_up_around_a_click() {
    let stage = showing(
        "<button>Go</button><script>hear(document, 'keydown', 'keyup', 'mousedown', 'click')</script>",
    )
    .await;
    let mut options = pointer(5_000);
    options.modifiers = Modifiers {
        shift: true,
        alt: true,
        ..Modifiers::default()
    };
    let click = Click {
        target: stage.target("button"),
        options,
    };
    stage.browser.click(&click).await.expect("it is clicked");
    assert_eq!(
        log(&stage).await,
        "keydownAltA keydownShiftSA mousedownb1SA clickSA keyupAltS keyupShift"
    );
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_held_key_repeats_and_holds_for_clicks() {
    let stage =
        showing("<input><script>hear(document, 'keydown', 'keyup'); hear(document, 'click')</script>").await;
    let down = |key: &str| KeyboardUse::Down { key: key.to_owned() };
    let up = |key: &str| KeyboardUse::Up { key: key.to_owned() };
    keyboard(&stage, down("Shift")).await;
    stage.click("input").await.expect("it is clicked");
    keyboard(&stage, down("a")).await;
    keyboard(&stage, down("a")).await;
    keyboard(&stage, up("a")).await;
    keyboard(&stage, up("Shift")).await;
    assert_eq!(
        log(&stage).await,
        "keydownShiftS clickS keydownAS keydownASR keyupAS keyupShift"
    );
    let value = crate::stage::expected("AA");
    let value = Expectation::HasValue { text: value };
    stage.expect("input", value, 1_000).await.expect("both are typed");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typing_presses_each_key_and_inserts_what_has_none() {
    let stage = showing("<input value=old><script>hear(document, 'keydown', 'input')</script>").await;
    let typing = PressSequentially {
        target: stage.target("input"),
        text: "aЖ!".to_owned(),
        options: KeyOptions {
            timeout_ms: Some(5_000),
            delay_ms: Some(5),
        },
    };
    stage.browser.press_sequentially(&typing).await.expect("it types");
    assert_eq!(log(&stage).await, "keydowna input input keydown! input");
    let value = crate::stage::expected("aЖ!old");
    let value = Expectation::HasValue { text: value };
    stage
        .expect("input", value, 1_000)
        .await
        .expect("it is typed at the start");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_mouse_keeps_its_place_and_its_buttons() {
    let stage = showing(
        "<div style='position: fixed; left: 100px; top: 100px; width: 300px; height: 100px; background: teal'></div>
         <script>hear(document.querySelector('div'), 'mousedown', 'mousemove', 'mouseup', 'click', 'dblclick', 'wheel')</script>",
    )
    .await;
    let button = MouseButton::Left;
    mouse(
        &stage,
        MouseUse::Move {
            to: at(110.0, 110.0),
            steps: 1,
        },
    )
    .await;
    mouse(
        &stage,
        MouseUse::Down {
            button,
            click_count: 1,
        },
    )
    .await;
    mouse(
        &stage,
        MouseUse::Move {
            to: at(210.0, 110.0),
            steps: 3,
        },
    )
    .await;
    mouse(
        &stage,
        MouseUse::Up {
            button,
            click_count: 1,
        },
    )
    .await;
    assert_eq!(
        log(&stage).await,
        "mousemove mousedownb1 mousemoveb1 mousemoveb1 mousemoveb1 mouseup click"
    );
    mouse(
        &stage,
        MouseUse::Click {
            at: at(120.0, 120.0),
            button,
            click_count: 2,
            delay_ms: None,
        },
    )
    .await;
    let after = log(&stage).await;
    assert!(
        after.ends_with("mousedownb1 mouseup click mousedown2b1 mouseup2 click2 dblclick2"),
        "{after}"
    );
    mouse(&stage, MouseUse::Wheel { delta: at(0.0, 50.0) }).await;
    let wheel = stage.expect_text("#log", &format!("{after} wheel")).await;
    wheel.expect("the wheel turns where the mouse is");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trial_goes_there_and_the_page_sees_nothing_of_it() {
    let stage = showing(
        "<button>Go</button><input type=checkbox><script>hear(document, 'mousedown', 'mouseup', 'click', 'change')</script>",
    )
    .await;
    let mut options = pointer(5_000);
    options.trial = true;
    let click = Click {
        target: stage.target("button"),
        options: options.clone(),
    };
    stage.browser.click(&click).await.expect("it could be clicked");
    let check = SetChecked {
        target: stage.target("input"),
        checked: true,
        options,
    };
    stage
        .browser
        .set_checked(&check)
        .await
        .expect("it could be checked");
    stage.click("button").await.expect("it is clicked");
    assert_eq!(log(&stage).await, "mousedownb1 mouseup click");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drag_that_the_page_begins_is_dropped_with_its_data() {
    let stage = showing(
        "<style>div { width: 100px; height: 60px; margin: 20px; background: teal }</style>
         <div id=a draggable=true>drag</div><div id=b></div>
         <script>
         const [a, b] = [document.querySelector('#a'), document.querySelector('#b')];
         a.addEventListener('dragstart', (event) => { event.dataTransfer.setData('text/plain', 'cargo') });
         b.addEventListener('dragover', (event) => { event.preventDefault() });
         b.addEventListener('drop', (event) => { told.append(event.dataTransfer.getData('text/plain') + ' ') });
         hear(a, 'mousedown', 'dragstart', 'dragend', 'mouseup');
         hear(b, 'dragenter', 'drop', 'mouseup');
         </script>",
    )
    .await;
    let drag = |trial| DragTo {
        target: stage.target("#a"),
        onto: stage.target("#b"),
        options: dragging(trial),
    };
    stage
        .browser
        .drag_to(&drag(true))
        .await
        .expect("it could be dragged");
    assert_eq!(log(&stage).await, "");
    stage.browser.drag_to(&drag(false)).await.expect("it is dragged");
    assert_eq!(
        log(&stage).await,
        "mousedownb1 dragstartb1 dragenter cargo drop dragend"
    );
    // The next click is a click: nothing is held any more.
    stage.click("#b").await.expect("it is clicked");
    assert!(log(&stage).await.ends_with("mouseup"), "{}", log(&stage).await);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_page_does_not_drag_is_moved_by_the_mouse() {
    let stage = showing(
        "<style>div { width: 100px; height: 60px; margin: 20px; background: teal }</style>
         <div id=a>drag</div><div id=b></div>
         <script>
         hear(document.querySelector('#a'), 'mousedown', 'mouseup');
         hear(document.querySelector('#b'), 'mousemove', 'mouseup');
         </script>",
    )
    .await;
    let drag = DragTo {
        target: stage.target("#a"),
        onto: stage.target("#b"),
        options: dragging(false),
    };
    stage.browser.drag_to(&drag).await.expect("it is dragged");
    assert_eq!(log(&stage).await, "mousedownb1 mousemoveb1 mouseup");
    stage.close().await;
}

fn dragging(trial: bool) -> DragOptions {
    DragOptions {
        timeout_ms: Some(5_000),
        force: false,
        trial,
        source_position: None,
        target_position: None,
        steps: 1,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_without_a_touch_screen_is_not_tapped() {
    let stage = showing("<button>Go</button>").await;
    let tap = Tap {
        target: stage.target("button"),
        options: pointer(5_000),
    };
    let failure = stage
        .browser
        .tap(&tap)
        .await
        .expect_err("there is no touch screen");
    assert_eq!(failure.code, Code::WrongElement, "{}", failure.message);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn focus_selection_scrolling_and_made_up_events() {
    let stage = showing(
        "<input value=old><textarea>text</textarea><label>Name<input id=named value=Ada></label>
         <div style='height: 3000px'></div><button>far</button>
         <script>hear(document.querySelector('button'), 'click', 'touchstart', 'drop', 'custom');
         hear(document.querySelector('input'), 'blur')</script>",
    )
    .await;
    let browser = &stage.browser;
    for (selector, expected) in [("textarea", "text"), ("label", "Ada")] {
        let select = SelectText {
            target: stage.target(selector),
            options: action(5_000),
        };
        browser.select_text(&select).await.expect(selector);
        keyboard(
            &stage,
            KeyboardUse::Press {
                key: "Control+c".to_owned(),
                delay_ms: None,
            },
        )
        .await;
        keyboard(
            &stage,
            KeyboardUse::Insert {
                text: format!("[{expected}]"),
            },
        )
        .await;
    }
    let named = Expectation::HasValue {
        text: crate::stage::expected("[Ada]"),
    };
    stage
        .expect("#named", named, 1_000)
        .await
        .expect("all was selected");
    stage.click("body > input").await.expect("it has the focus");
    let blur = Blur {
        target: stage.target("body > input"),
        options: action(5_000),
    };
    browser.blur(&blur).await.expect("it loses the focus");
    let scroll = ScrollIntoView {
        target: stage.target("button"),
        options: action(5_000),
    };
    browser.scroll_into_view(&scroll).await.expect("it is shown");
    let seen = Expectation::InViewport { ratio: 0.0 };
    stage.expect("button", seen, 1_000).await.expect("it is in view");
    let event = |event: &str, init: Option<&str>| DispatchEvent {
        target: stage.target("button"),
        event: event.to_owned(),
        init: init.map(str::to_owned),
        options: action(5_000),
    };
    for (name, init) in [
        ("click", Some(r#"{"shiftKey": true}"#)),
        ("touchstart", Some(r#"{"touches": [{"clientX": 1}]}"#)),
        ("drop", None),
        ("custom", None),
    ] {
        browser.dispatch_event(&event(name, init)).await.expect(name);
    }
    assert_eq!(log(&stage).await, "blur click!S touchstart! drop! custom!");
    for init in ["[1]", "{", "\"text\""] {
        let refused = browser
            .dispatch_event(&event("click", Some(init)))
            .await
            .expect_err(init);
        assert_eq!(refused.code, Code::InvalidArgument, "{}", refused.message);
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn states_are_asked_for_and_presence_is_waited_for() {
    let stage = Stage::showing(
        "<button disabled>a</button><input readonly><input id=box type=checkbox checked>
         <script>setTimeout(() => { document.querySelector('button').remove() }, 300)</script>",
    )
    .await;
    let is = async |selector: &str, state| {
        let call = IsInState {
            target: stage.target(selector),
            state,
            timeout_ms: Some(500),
        };
        stage
            .browser
            .is_in_state(&call)
            .await
            .map_err(|failure| failure.code)
    };
    assert_eq!(is("#box", ElementState::Checked).await, Ok(true));
    assert_eq!(is("#box", ElementState::Enabled).await, Ok(true));
    assert_eq!(is("[readonly]", ElementState::Editable).await, Ok(false));
    assert_eq!(is("#none", ElementState::Hidden).await, Ok(true));
    assert_eq!(is("body", ElementState::Checked).await, Err(Code::WrongElement));
    assert_eq!(is("#none", ElementState::Enabled).await, Err(Code::Timeout));
    let wait = |state| WaitFor {
        target: stage.target("button"),
        state,
        timeout_ms: Some(5_000),
    };
    stage
        .browser
        .wait_for(&wait(Presence::Detached))
        .await
        .expect("it goes");
    stage
        .browser
        .wait_for(&wait(Presence::Hidden))
        .await
        .expect("what is gone is hidden");
    let gone = WaitFor {
        timeout_ms: Some(100),
        ..wait(Presence::Attached)
    };
    let failure = stage.browser.wait_for(&gone).await.expect_err("it is gone");
    assert_eq!(failure.code, Code::Timeout, "{}", failure.message);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_is_set_and_read() {
    let stage = Stage::showing("<p>before</p>").await;
    let set = |html: &str, wait_until| SetContent {
        page: stage.page,
        html: html.to_owned(),
        wait_until,
        timeout_ms: Some(5_000),
    };
    let html = "<!DOCTYPE html><title>Set</title><button onclick='this.textContent = 1'>Go</button>";
    stage
        .browser
        .set_content(&set(html, LoadState::Load))
        .await
        .expect("it is set");
    stage.click("button").await.expect("it works");
    stage.expect_text("button", "1").await.expect("it was clicked");
    let content = stage
        .browser
        .content(&ReadContent { page: stage.page })
        .await
        .expect("the markup");
    assert!(
        content.starts_with("<!DOCTYPE html><html><head><title>Set</title>"),
        "{content}"
    );
    let idle = stage
        .browser
        .set_content(&set("", LoadState::NetworkIdle))
        .await
        .expect_err("no navigation");
    assert_eq!(idle.code, Code::InvalidArgument, "{}", idle.message);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_out_of_range_is_refused_at_once() {
    let stage = Stage::showing("<p>nothing to click</p>").await;
    let refused = async |change: &dyn Fn(&mut PointerOptions)| {
        let mut options = pointer(60_000);
        change(&mut options);
        let target = stage.target("button");
        let refused = stage.browser.click(&Click { target, options }).await;
        refused.map_err(|failure| failure.code)
    };
    assert_eq!(refused(&|o| o.click_count = 4).await, Err(Code::InvalidArgument));
    assert_eq!(refused(&|o| o.steps = 0).await, Err(Code::InvalidArgument));
    assert_eq!(
        refused(&|o| o.delay_ms = Some(60_001)).await,
        Err(Code::InvalidArgument)
    );
    assert_eq!(
        refused(&|o| o.position = Some(at(f64::NAN, 0.0))).await,
        Err(Code::InvalidArgument)
    );
    let press = Press {
        target: stage.target("button"),
        key: "Nokey".to_owned(),
        options: keys(60_000),
    };
    let unknown = stage.browser.press(&press).await.expect_err("no such key");
    assert_eq!(unknown.code, Code::InvalidArgument, "{}", unknown.message);
    stage.close().await;
}
