//! `script`: the author's own JavaScript in pages.

use wasmtime::component::Resource;

use super::{BrowserContextHandle, Failed, LocatorHandle, PageHandle};
use crate::bindings::browser::ExpectOptions;
use crate::bindings::script::{self, Tag, TagSource};
use crate::state::HostState;
use flowguard_core::browser::calls;

type Page = Resource<PageHandle>;
type Locator = Resource<LocatorHandle>;
type Context = Resource<BrowserContextHandle>;

impl script::Host for HostState {
    async fn evaluate(
        &mut self,
        page: Page,
        script: String,
        argument: Option<String>,
        timeout_ms: Option<u32>,
    ) -> Result<String, Failed> {
        let call = calls::Evaluate {
            page: self.page(&page)?,
            script,
            argument,
            timeout_ms,
        };
        Ok(through_gate!(self, evaluate, call))
    }

    async fn evaluate_on(
        &mut self,
        element: Locator,
        script: String,
        argument: Option<String>,
        timeout_ms: Option<u32>,
    ) -> Result<String, Failed> {
        let call = calls::EvaluateOn {
            target: self.target(&element)?,
            script,
            argument,
            timeout_ms,
        };
        Ok(through_gate!(self, evaluate_on, call))
    }

    async fn evaluate_on_all(
        &mut self,
        elements: Locator,
        script: String,
        argument: Option<String>,
        timeout_ms: Option<u32>,
    ) -> Result<String, Failed> {
        let call = calls::EvaluateOnAll {
            target: self.target(&elements)?,
            script,
            argument,
            timeout_ms,
        };
        Ok(through_gate!(self, evaluate_on_all, call))
    }

    async fn wait_for_function(
        &mut self,
        page: Page,
        script: String,
        argument: Option<String>,
        timeout_ms: Option<u32>,
    ) -> Result<(), Failed> {
        let call = calls::WaitForFunction {
            page: self.page(&page)?,
            script,
            argument,
            timeout_ms,
        };
        through_gate!(self, wait_for_function, call);
        Ok(())
    }

    async fn wait_for_function_on(
        &mut self,
        element: Locator,
        script: String,
        argument: Option<String>,
        timeout_ms: Option<u32>,
    ) -> Result<(), Failed> {
        let call = calls::WaitForFunctionOn {
            target: self.target(&element)?,
            script,
            argument,
            timeout_ms,
        };
        through_gate!(self, wait_for_function_on, call);
        Ok(())
    }

    async fn expect_property(
        &mut self,
        element: Locator,
        path: String,
        value: Option<String>,
        options: ExpectOptions,
    ) -> Result<(), Failed> {
        let call = calls::ExpectProperty {
            target: self.target(&element)?,
            path,
            value,
            options: options.into(),
        };
        through_gate!(self, expect_property, call);
        Ok(())
    }

    async fn add_tag(
        &mut self,
        page: Page,
        tag: Tag,
        source: TagSource,
        timeout_ms: Option<u32>,
    ) -> Result<(), Failed> {
        let call = calls::AddTag {
            page: self.page(&page)?,
            tag: tag.into(),
            source: source.into(),
            timeout_ms,
        };
        through_gate!(self, add_tag, call);
        Ok(())
    }

    async fn add_init_script(&mut self, context: Context, script: String) -> Result<(), Failed> {
        let context = self.browser_context(&context)?;
        through_gate!(self, add_init_script, calls::AddInitScript { context, script });
        Ok(())
    }

    async fn add_page_init_script(&mut self, page: Page, script: String) -> Result<(), Failed> {
        let page = self.page(&page)?;
        through_gate!(
            self,
            add_page_init_script,
            calls::AddPageInitScript { page, script }
        );
        Ok(())
    }
}
