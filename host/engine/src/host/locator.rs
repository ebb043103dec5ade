//! `browser`: locators, and what is done with the elements that they find.

use wasmtime::component::Resource;

use super::{Failed, ImageHandle, LocatorHandle};
use crate::bindings::browser::{
    self, ActionOptions, Choice, DragOptions, ElementState, ExpectOptions, Expectation, Filter, KeyOptions,
    Likeness, PointerOptions, Presence, Query, ScreenshotOptions,
};
use crate::bindings::types::Rect;
use crate::state::HostState;
use flowguard_core::browser::calls::{self, Target};
use flowguard_core::browser::locator::{Locator, Part};

type Loc = Resource<LocatorHandle>;

impl HostState {
    pub(super) fn target(&self, locator: &Loc) -> Result<Target, Failed> {
        let LocatorHandle { page, locator } = self.table.get(locator)?.clone();
        Ok(Target { page, locator })
    }

    fn derive(&mut self, from: &Loc, part: Part) -> wasmtime::Result<Loc> {
        let LocatorHandle { page, locator } = self.table.get(from)?;
        let derived = LocatorHandle {
            page: *page,
            locator: locator.then(part),
        };
        Ok(self.table.push(derived)?)
    }

    pub(super) fn locator_of(&self, locator: &Loc) -> wasmtime::Result<Locator> {
        Ok(self.table.get(locator)?.locator.clone())
    }

    async fn read(
        &mut self,
        locator: &Loc,
        reading: calls::Reading,
        timeout: Option<u32>,
    ) -> Result<Option<String>, Failed> {
        let target = self.target(locator)?;
        Ok(through_gate!(
            self,
            read,
            calls::Read {
                target,
                reading,
                timeout_ms: timeout
            }
        ))
    }
}

impl HostState {
    async fn all_texts(&mut self, locator: &Loc, rendered: bool) -> Result<Vec<String>, Failed> {
        let target = self.target(locator)?;
        Ok(through_gate!(
            self,
            all_texts,
            calls::AllTexts { target, rendered }
        ))
    }
}

impl browser::HostLocator for HostState {
    async fn locate(&mut self, locator: Loc, query: Query) -> wasmtime::Result<Loc> {
        self.derive(&locator, query.into())
    }

    async fn filter(&mut self, locator: Loc, condition: Filter) -> wasmtime::Result<Loc> {
        self.derive(&locator, condition.into())
    }

    async fn nth(&mut self, locator: Loc, index: i32) -> wasmtime::Result<Loc> {
        self.derive(&locator, Part::Nth { index })
    }

    async fn has(&mut self, locator: Loc, inner: Loc) -> wasmtime::Result<Loc> {
        let inner = self.locator_of(&inner)?;
        self.derive(&locator, Part::Has { locator: inner })
    }

    async fn has_not(&mut self, locator: Loc, inner: Loc) -> wasmtime::Result<Loc> {
        let inner = self.locator_of(&inner)?;
        self.derive(&locator, Part::HasNot { locator: inner })
    }

    async fn and(&mut self, locator: Loc, other: Loc) -> wasmtime::Result<Loc> {
        let other = self.locator_of(&other)?;
        self.derive(&locator, Part::And { locator: other })
    }

    async fn or(&mut self, locator: Loc, other: Loc) -> wasmtime::Result<Loc> {
        let other = self.locator_of(&other)?;
        self.derive(&locator, Part::Or { locator: other })
    }

    async fn content_frame(&mut self, locator: Loc) -> wasmtime::Result<Loc> {
        self.derive(&locator, Part::Frame)
    }

    async fn describe(&mut self, locator: Loc) -> wasmtime::Result<String> {
        Ok(self.table.get(&locator)?.locator.to_string())
    }

    async fn click(&mut self, locator: Loc, options: PointerOptions) -> Result<(), Failed> {
        act!(
            self,
            locator,
            click,
            Click {
                options: options.into()
            }
        )
    }

    async fn tap(&mut self, locator: Loc, options: PointerOptions) -> Result<(), Failed> {
        act!(
            self,
            locator,
            tap,
            Tap {
                options: options.into()
            }
        )
    }

    async fn hover(&mut self, locator: Loc, options: PointerOptions) -> Result<(), Failed> {
        act!(
            self,
            locator,
            hover,
            Hover {
                options: options.into()
            }
        )
    }

    async fn drag_to(&mut self, locator: Loc, onto: Loc, options: DragOptions) -> Result<(), Failed> {
        let onto = self.target(&onto)?;
        let options = options.into();
        act!(self, locator, drag_to, DragTo { onto, options })
    }

    async fn fill(&mut self, locator: Loc, value: String, options: ActionOptions) -> Result<(), Failed> {
        let options = options.into();
        act!(self, locator, fill, Fill { value, options })
    }

    async fn press(&mut self, locator: Loc, key: String, options: KeyOptions) -> Result<(), Failed> {
        let options = options.into();
        act!(self, locator, press, Press { key, options })
    }

    async fn press_sequentially(
        &mut self,
        locator: Loc,
        text: String,
        options: KeyOptions,
    ) -> Result<(), Failed> {
        let options = options.into();
        act!(
            self,
            locator,
            press_sequentially,
            PressSequentially { text, options }
        )
    }

    async fn select_text(&mut self, locator: Loc, options: ActionOptions) -> Result<(), Failed> {
        act!(
            self,
            locator,
            select_text,
            SelectText {
                options: options.into()
            }
        )
    }

    async fn focus(&mut self, locator: Loc, options: ActionOptions) -> Result<(), Failed> {
        act!(
            self,
            locator,
            focus,
            Focus {
                options: options.into()
            }
        )
    }

    async fn blur(&mut self, locator: Loc, options: ActionOptions) -> Result<(), Failed> {
        act!(
            self,
            locator,
            blur,
            Blur {
                options: options.into()
            }
        )
    }

    async fn set_checked(
        &mut self,
        locator: Loc,
        checked: bool,
        options: PointerOptions,
    ) -> Result<(), Failed> {
        let options = options.into();
        act!(self, locator, set_checked, SetChecked { checked, options })
    }

    async fn scroll_into_view(&mut self, locator: Loc, options: ActionOptions) -> Result<(), Failed> {
        act!(
            self,
            locator,
            scroll_into_view,
            ScrollIntoView {
                options: options.into()
            }
        )
    }

    async fn dispatch_event(
        &mut self,
        locator: Loc,
        event: String,
        init: Option<String>,
        options: ActionOptions,
    ) -> Result<(), Failed> {
        let options = options.into();
        act!(
            self,
            locator,
            dispatch_event,
            DispatchEvent { event, init, options }
        )
    }

    async fn wait_for(&mut self, locator: Loc, state: Presence, timeout: Option<u32>) -> Result<(), Failed> {
        act!(
            self,
            locator,
            wait_for,
            WaitFor {
                state: state.into(),
                timeout_ms: timeout
            }
        )
    }

    async fn select_option(
        &mut self,
        locator: Loc,
        choices: Vec<Choice>,
        options: ActionOptions,
    ) -> Result<Vec<String>, Failed> {
        let target = self.target(&locator)?;
        let choices = choices.into_iter().map(Into::into).collect();
        Ok(through_gate!(
            self,
            select_option,
            calls::SelectOption {
                target,
                choices,
                options: options.into()
            }
        ))
    }

    async fn expect(
        &mut self,
        locator: Loc,
        what: Expectation,
        options: ExpectOptions,
    ) -> Result<(), Failed> {
        let target = self.target(&locator)?;
        through_gate!(
            self,
            expect,
            calls::Expect {
                target,
                what: what.into(),
                options: options.into()
            }
        );
        Ok(())
    }

    async fn aria_snapshot(&mut self, locator: Loc, timeout: Option<u32>) -> Result<String, Failed> {
        let target = self.target(&locator)?;
        let call = calls::AriaSnapshot {
            target,
            timeout_ms: timeout,
        };
        Ok(through_gate!(self, aria_snapshot, call))
    }

    async fn count(&mut self, locator: Loc) -> Result<u32, Failed> {
        let target = self.target(&locator)?;
        Ok(through_gate!(self, count, calls::Count { target }))
    }

    async fn is_in_state(
        &mut self,
        locator: Loc,
        state: ElementState,
        timeout: Option<u32>,
    ) -> Result<bool, Failed> {
        let call = calls::IsInState {
            target: self.target(&locator)?,
            state: state.into(),
            timeout_ms: timeout,
        };
        Ok(through_gate!(self, is_in_state, call))
    }

    async fn text_content(&mut self, locator: Loc, timeout: Option<u32>) -> Result<String, Failed> {
        Ok(self
            .read(&locator, calls::Reading::TextContent, timeout)
            .await?
            .unwrap_or_default())
    }

    async fn inner_text(&mut self, locator: Loc, timeout: Option<u32>) -> Result<String, Failed> {
        let text = self.read(&locator, calls::Reading::InnerText, timeout).await?;
        Ok(text.unwrap_or_default())
    }

    async fn inner_html(&mut self, locator: Loc, timeout: Option<u32>) -> Result<String, Failed> {
        let markup = self.read(&locator, calls::Reading::InnerHtml, timeout).await?;
        Ok(markup.unwrap_or_default())
    }

    async fn all_text_contents(&mut self, locator: Loc) -> Result<Vec<String>, Failed> {
        self.all_texts(&locator, false).await
    }

    async fn all_inner_texts(&mut self, locator: Loc) -> Result<Vec<String>, Failed> {
        self.all_texts(&locator, true).await
    }

    async fn input_value(&mut self, locator: Loc, timeout: Option<u32>) -> Result<String, Failed> {
        Ok(self
            .read(&locator, calls::Reading::InputValue, timeout)
            .await?
            .unwrap_or_default())
    }

    async fn attribute(
        &mut self,
        locator: Loc,
        name: String,
        timeout: Option<u32>,
    ) -> Result<Option<String>, Failed> {
        self.read(&locator, calls::Reading::Attribute { name }, timeout)
            .await
    }

    async fn bounding_box(&mut self, locator: Loc, timeout: Option<u32>) -> Result<Option<Rect>, Failed> {
        let target = self.target(&locator)?;
        let found = through_gate!(
            self,
            bounding_box,
            calls::BoundingBox {
                target,
                timeout_ms: timeout
            }
        );
        Ok(found.map(Into::into))
    }

    async fn screenshot(
        &mut self,
        locator: Loc,
        options: ScreenshotOptions,
        mask: Vec<Loc>,
    ) -> Result<Resource<ImageHandle>, Failed> {
        let Target { page, locator } = self.target(&locator)?;
        self.take_screenshot(page, Some(locator), options, &mask).await
    }

    async fn expect_screenshot(
        &mut self,
        locator: Loc,
        shot: ScreenshotOptions,
        mask: Vec<Loc>,
        likeness: Likeness,
        options: ExpectOptions,
    ) -> Result<(), Failed> {
        let Target { page, locator } = self.target(&locator)?;
        let shot = self.shot(shot, &mask)?;
        let (likeness, options) = (likeness.into(), options.into());
        let call = calls::ExpectScreenshot {
            page,
            locator: Some(locator),
            shot,
            likeness,
            options,
        };
        through_gate!(self, expect_screenshot, call);
        Ok(())
    }

    async fn drop(&mut self, locator: Loc) -> wasmtime::Result<()> {
        self.table.delete(locator)?;
        Ok(())
    }
}
