//! Assertions, readings and input on the page itself.

use flowguard_core::browser::PageId;
use flowguard_core::browser::calls::{
    AriaSnapshotOfPage, ExpectPage, KeyboardUse, MouseUse, PageTitle, ReadContent, SetContent, TapAt,
    UseKeyboard, UseMouse, WaitForUrl,
};
use flowguard_core::browser::port::LoadState;
use flowguard_core::failure::Failure;
use serde_json::{Value, json};

use super::super::case::Case;
use super::Ours;
use super::options::{data, expecting, text, timeout};

impl Ours {
    pub(super) async fn act_on_page(&self, page: PageId, case: &Case) -> Result<Value, Failure> {
        let browser = &self.browser;
        match case.kind() {
            "expect" => {
                let (what, options) = (data(&case.action["expectation"])?, expecting(case)?);
                let call = ExpectPage { page, what, options };
                browser.expect_page(&call).await.map(|_| Value::Null)
            }
            "title" => browser.page_title(&PageTitle { page }).await.map(Value::from),
            "content" => browser.content(&ReadContent { page }).await.map(Value::from),
            "ariaSnapshot" => {
                let call = AriaSnapshotOfPage { page };
                browser.aria_snapshot_of_page(&call).await.map(Value::from)
            }
            "setContent" => {
                let call = SetContent {
                    page,
                    html: text(case, "html"),
                    wait_until: LoadState::Load,
                    timeout_ms: Some(timeout(case)),
                };
                browser.set_content(&call).await.map(|()| Value::Null)
            }
            "waitForUrl" => {
                let call = WaitForUrl {
                    page,
                    url: data(&case.action["text"])?,
                    timeout_ms: Some(timeout(case)),
                };
                browser.wait_for_url(&call).await.map(|()| Value::Null)
            }
            _ => self.use_devices(page, case).await.map(|()| Value::Null),
        }
    }

    async fn use_devices(&self, page: PageId, case: &Case) -> Result<(), Failure> {
        match case.kind() {
            "tap" => {
                let at = data(&case.action["at"])?;
                self.browser.tap_at(&TapAt { page, at }).await
            }
            "mouse" => {
                let action = mouse(&case.action)?;
                self.browser.mouse(&UseMouse { page, action }).await
            }
            "keyboard" => {
                let action = keyboard(case)?;
                self.browser.keyboard(&UseKeyboard { page, action }).await
            }
            "press" => {
                let (key, delay_ms) = (text(case, "key"), None);
                let action = KeyboardUse::Press { key, delay_ms };
                self.browser.keyboard(&UseKeyboard { page, action }).await
            }
            other => panic!("{case}: nothing on a page is called {other}"),
        }
    }
}

/// `{"use": "move", "to": {"x": 1, "y": 2}}`, as the host's own data with what is left out.
fn mouse(action: &Value) -> Result<MouseUse, Failure> {
    let mut said = json!({"kind": action["use"], "steps": 1, "button": "left", "click_count": 1});
    for name in ["to", "at", "delta", "steps", "button", "click_count"] {
        if let Some(value) = action.get(name) {
            said[name] = value.clone();
        }
    }
    data(&said)
}

fn keyboard(case: &Case) -> Result<KeyboardUse, Failure> {
    let mut said = case.action.clone();
    said["kind"] = said["use"].take();
    data(&said)
}
