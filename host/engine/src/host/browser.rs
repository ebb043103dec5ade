//! `browser`: pages and locators.

use wasmtime::component::Resource;

use super::{Failed, ImageHandle, LocatorHandle, PageHandle};
use crate::bindings::browser::{
    self, ExpectOptions, GotoOptions, KeyboardAction, Likeness, LoadState, MouseAction, Outline,
    PageExpectation, Position, Query, Response, ScreenshotOptions,
};
use crate::bindings::types::{ExpectedText, Size};
use crate::state::HostState;
use flowguard_core::browser::calls;
use flowguard_core::browser::locator::Locator;

type Page = Resource<PageHandle>;
type Loc = Resource<LocatorHandle>;

impl browser::Host for HostState {}

impl HostState {
    pub(super) fn page(&self, page: &Page) -> Result<u32, Failed> {
        Ok(self.table.get(page)?.0)
    }

    pub(super) fn shot(
        &self,
        options: ScreenshotOptions,
        mask: &[Loc],
    ) -> Result<calls::ShotOptions, Failed> {
        let mask: wasmtime::Result<Vec<Locator>> = mask.iter().map(|each| self.locator_of(each)).collect();
        Ok(calls::ShotOptions {
            mask: mask?,
            ..options.into()
        })
    }

    pub(super) async fn take_screenshot(
        &mut self,
        page: u32,
        locator: Option<Locator>,
        options: ScreenshotOptions,
        mask: &[Loc],
    ) -> Result<Resource<ImageHandle>, Failed> {
        let shot = self.shot(options, mask)?;
        let call = calls::TakeScreenshot { page, locator, shot };
        let info = through_gate!(self, screenshot, call);
        Ok(self.table.push(ImageHandle(info))?)
    }
}

impl HostState {
    async fn go_through(
        &mut self,
        page: &Page,
        forward: bool,
        options: GotoOptions,
    ) -> Result<Response, Failed> {
        let GotoOptions { wait_until, timeout } = options;
        let call = calls::GoThrough {
            page: self.page(page)?,
            forward,
            wait_until: wait_until.into(),
            timeout_ms: timeout,
        };
        Ok(through_gate!(self, go_through, call).into())
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
        self.go_through(&page, false, options).await
    }

    async fn go_forward(&mut self, page: Page, options: GotoOptions) -> Result<Response, Failed> {
        self.go_through(&page, true, options).await
    }

    async fn set_content(&mut self, page: Page, html: String, options: GotoOptions) -> Result<(), Failed> {
        let GotoOptions { wait_until, timeout } = options;
        let call = calls::SetContent {
            page: self.page(&page)?,
            html,
            wait_until: wait_until.into(),
            timeout_ms: timeout,
        };
        through_gate!(self, set_content, call);
        Ok(())
    }

    async fn content(&mut self, page: Page) -> Result<String, Failed> {
        let page = self.page(&page)?;
        Ok(through_gate!(self, content, calls::ReadContent { page }))
    }

    async fn bring_to_front(&mut self, page: Page) -> Result<(), Failed> {
        let page = self.page(&page)?;
        through_gate!(self, bring_to_front, calls::BringToFront { page });
        Ok(())
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

    async fn wait_for_url(
        &mut self,
        page: Page,
        url: ExpectedText,
        timeout: Option<u32>,
    ) -> Result<(), Failed> {
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

    async fn mouse(&mut self, page: Page, action: MouseAction) -> Result<(), Failed> {
        let page = self.page(&page)?;
        let action = action.into();
        through_gate!(self, mouse, calls::UseMouse { page, action });
        Ok(())
    }

    async fn keyboard(&mut self, page: Page, action: KeyboardAction) -> Result<(), Failed> {
        let page = self.page(&page)?;
        let action = action.into();
        through_gate!(self, keyboard, calls::UseKeyboard { page, action });
        Ok(())
    }

    async fn tap(&mut self, page: Page, at: Position) -> Result<(), Failed> {
        let page = self.page(&page)?;
        let at = at.into();
        through_gate!(self, tap_at, calls::TapAt { page, at });
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

    async fn aria_snapshot(&mut self, page: Page) -> Result<String, Failed> {
        let page = self.page(&page)?;
        let call = calls::AriaSnapshotOfPage { page };
        Ok(through_gate!(self, aria_snapshot_of_page, call))
    }

    async fn screenshot(
        &mut self,
        page: Page,
        options: ScreenshotOptions,
        mask: Vec<Loc>,
    ) -> Result<Resource<ImageHandle>, Failed> {
        let page = self.page(&page)?;
        self.take_screenshot(page, None, options, &mask).await
    }

    async fn expect_screenshot(
        &mut self,
        page: Page,
        shot: ScreenshotOptions,
        mask: Vec<Loc>,
        likeness: Likeness,
        options: ExpectOptions,
    ) -> Result<(), Failed> {
        let page = self.page(&page)?;
        let shot = self.shot(shot, &mask)?;
        let (likeness, options) = (likeness.into(), options.into());
        let call = calls::ExpectScreenshot {
            page,
            locator: None,
            shot,
            likeness,
            options,
        };
        through_gate!(self, expect_screenshot, call);
        Ok(())
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
