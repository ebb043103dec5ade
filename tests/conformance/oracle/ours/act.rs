//! Actions on elements.

use flowguard_core::browser::calls::{
    Blur, Click, DispatchEvent, DragTo, Fill, Focus, Hover, Press, PressSequentially, ScrollIntoView,
    SelectText, SetChecked, Tap, Target,
};
use flowguard_core::failure::Failure;

use super::super::case::Case;
use super::options::{acting, dragging, keying, pointing, text};
use super::{Ours, target};

impl Ours {
    /// Does what the case says to the element; none where it is no action.
    pub(super) async fn act_on_element(&self, target: &Target, case: &Case) -> Option<Result<(), Failure>> {
        Some(match case.kind() {
            "click" | "hover" | "tap" | "setChecked" | "dragTo" => self.point_at(target.clone(), case).await,
            "fill" | "press" | "type" | "selectText" => self.write(target.clone(), case).await,
            "focus" | "blur" | "scrollIntoView" | "dispatchEvent" => self.change(target.clone(), case).await,
            _ => return None,
        })
    }

    async fn point_at(&self, target: Target, case: &Case) -> Result<(), Failure> {
        let options = pointing(case)?;
        match case.kind() {
            "click" => self.browser.click(&Click { target, options }).await,
            "hover" => self.browser.hover(&Hover { target, options }).await,
            "tap" => self.browser.tap(&Tap { target, options }).await,
            "setChecked" => {
                let checked = case.action["checked"] == true;
                let call = SetChecked {
                    target,
                    checked,
                    options,
                };
                self.browser.set_checked(&call).await
            }
            _ => self.drag(target, case).await,
        }
    }

    async fn drag(&self, from: Target, case: &Case) -> Result<(), Failure> {
        let call = DragTo {
            onto: target(from.page, &case.action["onto"])?,
            target: from,
            options: dragging(case)?,
        };
        self.browser.drag_to(&call).await
    }

    async fn write(&self, target: Target, case: &Case) -> Result<(), Failure> {
        match case.kind() {
            "fill" => {
                let call = Fill {
                    target,
                    value: text(case, "value"),
                    options: acting(case)?,
                };
                self.browser.fill(&call).await
            }
            "press" => {
                let call = Press {
                    target,
                    key: text(case, "key"),
                    options: keying(case)?,
                };
                self.browser.press(&call).await
            }
            "type" => {
                let call = PressSequentially {
                    target,
                    text: text(case, "text"),
                    options: keying(case)?,
                };
                self.browser.press_sequentially(&call).await
            }
            _ => {
                let options = acting(case)?;
                self.browser.select_text(&SelectText { target, options }).await
            }
        }
    }

    async fn change(&self, target: Target, case: &Case) -> Result<(), Failure> {
        let options = acting(case)?;
        match case.kind() {
            "focus" => self.browser.focus(&Focus { target, options }).await,
            "blur" => self.browser.blur(&Blur { target, options }).await,
            "scrollIntoView" => {
                let call = ScrollIntoView { target, options };
                self.browser.scroll_into_view(&call).await
            }
            _ => {
                let init = case.action.get("init").map(ToString::to_string);
                let call = DispatchEvent {
                    target,
                    event: text(case, "event"),
                    init,
                    options,
                };
                self.browser.dispatch_event(&call).await
            }
        }
    }
}
