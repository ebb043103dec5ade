//! `browser`: pages and locators.

use wasmtime::component::Resource;

use super::{Failed, ImageHandle, LocatorHandle, PageHandle};
use crate::bindings::browser::{
    self, ActionOptions, Choice, ExpectOptions, Expectation, Filter, GotoOptions, LoadState, Outline,
    PageExpectation, PointerOptions, Query, Response, ScreenshotOptions,
};
use crate::bindings::types::{Rect, Size, TextMatch};
use crate::state::HostState;
use flowguard_core::browser::calls::{self, Target};
use flowguard_core::browser::locator::{Locator, Part};

type Page = Resource<PageHandle>;
type Loc = Resource<LocatorHandle>;

impl browser::Host for HostState {}

/// Makes the call through the gate, with the browser's method of that name.
macro_rules! through_gate {
    ($state:expr, $method:ident, $call:expr) => {{
        let run = $state.run()?;
        let call = $call;
        run.gate.call(&call, run.browser.$method(&call)).await?
    }};
}

impl HostState {
    fn page(&self, page: &Page) -> Result<u32, Failed> {
        Ok(self.table.get(page)?.0)
    }

    fn target(&self, locator: &Loc) -> Result<Target, Failed> {
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

    fn locator_of(&self, locator: &Loc) -> wasmtime::Result<Locator> {
        Ok(self.table.get(locator)?.locator.clone())
    }

    async fn take_screenshot(
        &mut self,
        call: calls::TakeScreenshot,
    ) -> Result<Resource<ImageHandle>, Failed> {
        let info = through_gate!(self, screenshot, call);
        Ok(self.table.push(ImageHandle(info))?)
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

impl browser::HostPage for HostState {
    async fn open(&mut self) -> Result<Page, Failed> {
        let page = through_gate!(self, open_page, calls::OpenPage {});
        Ok(self.table.push(PageHandle(page))?)
    }

    async fn goto(&mut self, page: Page, url: String, options: GotoOptions) -> Result<Response, Failed> {
        let page = self.page(&page)?;
        let GotoOptions { wait_until, timeout } = options;
        let call = calls::Goto {
            page,
            url,
            wait_until: wait_until.into(),
            timeout_ms: timeout,
        };
        Ok(through_gate!(self, goto, call).into())
    }

    async fn reload(&mut self, page: Page, options: GotoOptions) -> Result<Response, Failed> {
        let page = self.page(&page)?;
        let GotoOptions { wait_until, timeout } = options;
        let call = calls::Reload {
            page,
            wait_until: wait_until.into(),
            timeout_ms: timeout,
        };
        Ok(through_gate!(self, reload, call).into())
    }

    async fn go_back(&mut self, page: Page, options: GotoOptions) -> Result<Response, Failed> {
        let page = self.page(&page)?;
        let GotoOptions { wait_until, timeout } = options;
        let call = calls::GoBack {
            page,
            wait_until: wait_until.into(),
            timeout_ms: timeout,
        };
        Ok(through_gate!(self, go_back, call).into())
    }

    async fn wait_for_load_state(
        &mut self,
        page: Page,
        state: LoadState,
        timeout: Option<u32>,
    ) -> Result<(), Failed> {
        let page = self.page(&page)?;
        let call = calls::WaitForLoadState {
            page,
            state: state.into(),
            timeout_ms: timeout,
        };
        through_gate!(self, wait_for_load_state, call);
        Ok(())
    }

    async fn wait_for_url(&mut self, page: Page, url: TextMatch, timeout: Option<u32>) -> Result<(), Failed> {
        let page = self.page(&page)?;
        through_gate!(
            self,
            wait_for_url,
            calls::WaitForUrl {
                page,
                url: url.into(),
                timeout_ms: timeout
            }
        );
        Ok(())
    }

    async fn url(&mut self, page: Page) -> Result<String, Failed> {
        let page = self.page(&page)?;
        Ok(through_gate!(self, page_url, calls::PageUrl { page }))
    }

    async fn title(&mut self, page: Page) -> Result<String, Failed> {
        let page = self.page(&page)?;
        Ok(through_gate!(self, page_title, calls::PageTitle { page }))
    }

    async fn set_viewport_size(&mut self, page: Page, size: Size) -> Result<(), Failed> {
        let page = self.page(&page)?;
        through_gate!(
            self,
            set_viewport,
            calls::SetViewport {
                page,
                size: size.into()
            }
        );
        Ok(())
    }

    async fn press(&mut self, page: Page, key: String) -> Result<(), Failed> {
        let page = self.page(&page)?;
        through_gate!(self, press_on_page, calls::PressOnPage { page, key });
        Ok(())
    }

    async fn locate(&mut self, page: Page, query: Query) -> wasmtime::Result<Loc> {
        let page = self.table.get(&page)?.0;
        let locator = Locator::new(query.into());
        Ok(self.table.push(LocatorHandle { page, locator })?)
    }

    async fn expect(
        &mut self,
        page: Page,
        what: PageExpectation,
        options: ExpectOptions,
    ) -> Result<(), Failed> {
        let page = self.page(&page)?;
        let call = calls::ExpectPage {
            page,
            what: what.into(),
            options: options.into(),
        };
        through_gate!(self, expect_page, call);
        Ok(())
    }

    async fn screenshot(
        &mut self,
        page: Page,
        options: ScreenshotOptions,
    ) -> Result<Resource<ImageHandle>, Failed> {
        let ScreenshotOptions {
            name,
            full_page,
            format,
        } = options;
        let page = self.page(&page)?;
        let format = format.into();
        self.take_screenshot(calls::TakeScreenshot {
            page,
            locator: None,
            name,
            full_page,
            format,
            timeout_ms: None,
        })
        .await
    }

    async fn outline(&mut self, page: Page) -> Result<Outline, Failed> {
        let page = self.page(&page)?;
        Ok(through_gate!(self, outline, calls::ReadOutline { page }).into())
    }

    async fn probe(&mut self, page: Page, url: String, timeout: Option<u32>) -> Result<u32, Failed> {
        let page = self.page(&page)?;
        Ok(through_gate!(
            self,
            probe,
            calls::Probe {
                page,
                url,
                timeout_ms: timeout
            }
        )
        .into())
    }

    async fn close(&mut self, page: Page) -> Result<(), Failed> {
        let page = self.page(&page)?;
        through_gate!(self, close_page, calls::ClosePage { page });
        Ok(())
    }

    async fn drop(&mut self, page: Page) -> wasmtime::Result<()> {
        // The page itself stays open to the end of the run: the report may want its picture.
        self.table.delete(page)?;
        Ok(())
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
        let target = self.target(&locator)?;
        through_gate!(
            self,
            click,
            calls::Click {
                target,
                options: options.into()
            }
        );
        Ok(())
    }

    async fn hover(&mut self, locator: Loc, options: PointerOptions) -> Result<(), Failed> {
        let target = self.target(&locator)?;
        through_gate!(
            self,
            hover,
            calls::Hover {
                target,
                options: options.into()
            }
        );
        Ok(())
    }

    async fn fill(&mut self, locator: Loc, value: String, options: ActionOptions) -> Result<(), Failed> {
        let target = self.target(&locator)?;
        through_gate!(
            self,
            fill,
            calls::Fill {
                target,
                value,
                options: options.into()
            }
        );
        Ok(())
    }

    async fn press(&mut self, locator: Loc, key: String, options: ActionOptions) -> Result<(), Failed> {
        let target = self.target(&locator)?;
        through_gate!(
            self,
            press,
            calls::Press {
                target,
                key,
                options: options.into()
            }
        );
        Ok(())
    }

    async fn focus(&mut self, locator: Loc, options: ActionOptions) -> Result<(), Failed> {
        let target = self.target(&locator)?;
        through_gate!(
            self,
            focus,
            calls::Focus {
                target,
                options: options.into()
            }
        );
        Ok(())
    }

    async fn check(&mut self, locator: Loc, options: PointerOptions) -> Result<(), Failed> {
        let target = self.target(&locator)?;
        through_gate!(
            self,
            set_checked,
            calls::SetChecked {
                target,
                checked: true,
                options: options.into()
            }
        );
        Ok(())
    }

    async fn uncheck(&mut self, locator: Loc, options: PointerOptions) -> Result<(), Failed> {
        let target = self.target(&locator)?;
        through_gate!(
            self,
            set_checked,
            calls::SetChecked {
                target,
                checked: false,
                options: options.into()
            }
        );
        Ok(())
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

    async fn count(&mut self, locator: Loc) -> Result<u32, Failed> {
        let target = self.target(&locator)?;
        Ok(through_gate!(self, count, calls::Count { target }))
    }

    async fn is_visible(&mut self, locator: Loc) -> Result<bool, Failed> {
        let target = self.target(&locator)?;
        Ok(through_gate!(self, is_visible, calls::IsVisible { target }))
    }

    async fn text_content(&mut self, locator: Loc, timeout: Option<u32>) -> Result<String, Failed> {
        Ok(self
            .read(&locator, calls::Reading::TextContent, timeout)
            .await?
            .unwrap_or_default())
    }

    async fn all_inner_texts(&mut self, locator: Loc) -> Result<Vec<String>, Failed> {
        let target = self.target(&locator)?;
        Ok(through_gate!(
            self,
            all_inner_texts,
            calls::AllInnerTexts { target }
        ))
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
        timeout: Option<u32>,
    ) -> Result<Resource<ImageHandle>, Failed> {
        let Target { page, locator } = self.target(&locator)?;
        let ScreenshotOptions {
            name,
            full_page: _,
            format,
        } = options;
        let (locator, format) = (Some(locator), format.into());
        self.take_screenshot(calls::TakeScreenshot {
            page,
            locator,
            name,
            full_page: false,
            format,
            timeout_ms: timeout,
        })
        .await
    }

    async fn drop(&mut self, locator: Loc) -> wasmtime::Result<()> {
        self.table.delete(locator)?;
        Ok(())
    }
}
