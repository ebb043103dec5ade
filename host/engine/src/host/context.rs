//! `context` and `clock`: browser contexts and what they emulate.

use wasmtime::component::Resource;

use super::{BrowserContextHandle, Failed, PageHandle};
use crate::bindings::clock;
use crate::bindings::context::{
    self, ContextOptions, Cookie, CookieFilter, Geolocation, Header, HttpCredentials, Media, NewCookie,
    Permission,
};
use crate::state::HostState;
use flowguard_core::browser::calls;
use flowguard_core::browser::context::{ClockOrder, Secret};

type Page = Resource<PageHandle>;
type Context = Resource<BrowserContextHandle>;

impl HostState {
    pub(super) fn browser_context(&self, context: &Context) -> Result<u32, Failed> {
        Ok(self.table.get(context)?.0)
    }

    async fn order_clock(&mut self, context: &Context, order: ClockOrder) -> Result<(), Failed> {
        let context = self.browser_context(context)?;
        through_gate!(self, order_clock, calls::OrderClock { context, order });
        Ok(())
    }
}

impl context::Host for HostState {
    async fn context_of(&mut self, page: Page) -> Result<Context, Failed> {
        let page = self.page(&page)?;
        let context = through_gate!(self, context_of, calls::ContextOf { page });
        Ok(self.table.push(BrowserContextHandle(context))?)
    }

    async fn emulate_media(&mut self, page: Page, media: Media) -> Result<(), Failed> {
        let page = self.page(&page)?;
        let media = media.into();
        through_gate!(self, emulate_media, calls::EmulateMedia { page, media });
        Ok(())
    }
}

impl context::HostBrowserContext for HostState {
    async fn default(&mut self) -> Result<Context, Failed> {
        let context = through_gate!(self, default_context, calls::DefaultContext {});
        Ok(self.table.push(BrowserContextHandle(context))?)
    }

    async fn create(&mut self, options: ContextOptions) -> Result<Context, Failed> {
        let options = options.into();
        let context = through_gate!(self, create_context, calls::CreateContext { options });
        Ok(self.table.push(BrowserContextHandle(context))?)
    }

    async fn open_page(&mut self, context: Context) -> Result<Page, Failed> {
        let context = self.browser_context(&context)?;
        let page = through_gate!(self, open_page_in, calls::OpenPageIn { context });
        Ok(self.table.push(PageHandle(page))?)
    }

    async fn pages(&mut self, context: Context) -> Result<Vec<Page>, Failed> {
        let context = self.browser_context(&context)?;
        let pages = through_gate!(self, context_pages, calls::ContextPages { context });
        let handles = pages.into_iter().map(|page| self.table.push(PageHandle(page)));
        Ok(handles.collect::<Result<_, _>>()?)
    }

    async fn close(&mut self, context: Context) -> Result<(), Failed> {
        let context = self.browser_context(&context)?;
        through_gate!(self, close_context, calls::CloseContext { context });
        Ok(())
    }

    async fn set_geolocation(&mut self, context: Context, place: Option<Geolocation>) -> Result<(), Failed> {
        let call = calls::SetGeolocation {
            context: self.browser_context(&context)?,
            place: place.map(Into::into),
        };
        through_gate!(self, set_geolocation, call);
        Ok(())
    }

    async fn grant_permissions(
        &mut self,
        context: Context,
        permissions: Vec<Permission>,
        origin: Option<String>,
    ) -> Result<(), Failed> {
        let call = calls::GrantPermissions {
            context: self.browser_context(&context)?,
            permissions: permissions.into_iter().map(Into::into).collect(),
            origin,
        };
        through_gate!(self, grant_permissions, call);
        Ok(())
    }

    async fn clear_permissions(&mut self, context: Context) -> Result<(), Failed> {
        let context = self.browser_context(&context)?;
        through_gate!(self, clear_permissions, calls::ClearPermissions { context });
        Ok(())
    }

    async fn set_offline(&mut self, context: Context, offline: bool) -> Result<(), Failed> {
        let context = self.browser_context(&context)?;
        through_gate!(self, set_offline, calls::SetOffline { context, offline });
        Ok(())
    }

    async fn set_extra_headers(&mut self, context: Context, headers: Vec<Header>) -> Result<(), Failed> {
        let call = calls::SetExtraHeaders {
            context: self.browser_context(&context)?,
            headers: headers.into_iter().map(Into::into).collect(),
        };
        through_gate!(self, set_extra_headers, call);
        Ok(())
    }

    async fn set_http_credentials(
        &mut self,
        context: Context,
        credentials: Option<HttpCredentials>,
    ) -> Result<(), Failed> {
        let call = calls::SetHttpCredentials {
            context: self.browser_context(&context)?,
            credentials: credentials.map(Into::into),
        };
        through_gate!(self, set_http_credentials, call);
        Ok(())
    }

    async fn cookies(&mut self, context: Context, urls: Vec<String>) -> Result<Vec<Cookie>, Failed> {
        let context = self.browser_context(&context)?;
        let cookies = through_gate!(self, cookies, calls::ReadCookies { context, urls });
        Ok(cookies.into_iter().map(Into::into).collect())
    }

    async fn add_cookies(&mut self, context: Context, cookies: Vec<NewCookie>) -> Result<(), Failed> {
        let call = calls::AddCookies {
            context: self.browser_context(&context)?,
            cookies: cookies.into_iter().map(Into::into).collect(),
        };
        through_gate!(self, add_cookies, call);
        Ok(())
    }

    async fn clear_cookies(&mut self, context: Context, which: CookieFilter) -> Result<(), Failed> {
        let call = calls::ClearCookies {
            context: self.browser_context(&context)?,
            which: which.into(),
        };
        through_gate!(self, clear_cookies, call);
        Ok(())
    }

    async fn storage_state(&mut self, context: Context, indexed_db: bool) -> Result<String, Failed> {
        let context = self.browser_context(&context)?;
        let call = calls::SaveStorageState { context, indexed_db };
        Ok(through_gate!(self, save_storage_state, call))
    }

    async fn set_storage_state(&mut self, context: Context, state: String) -> Result<(), Failed> {
        let call = calls::LoadStorageState {
            context: self.browser_context(&context)?,
            state: Secret::new(state),
        };
        through_gate!(self, load_storage_state, call);
        Ok(())
    }

    async fn drop(&mut self, context: Context) -> wasmtime::Result<()> {
        // It stays open to the end of the run, with its pages.
        self.table.delete(context)?;
        Ok(())
    }
}

impl clock::Host for HostState {
    async fn install(&mut self, context: Context, time: Option<f64>) -> Result<(), Failed> {
        self.order_clock(&context, ClockOrder::Install { time }).await
    }

    async fn fast_forward(&mut self, context: Context, ms: f64) -> Result<(), Failed> {
        self.order_clock(&context, ClockOrder::FastForward { ms }).await
    }

    async fn run_for(&mut self, context: Context, ms: f64) -> Result<(), Failed> {
        self.order_clock(&context, ClockOrder::RunFor { ms }).await
    }

    async fn pause_at(&mut self, context: Context, time: f64) -> Result<(), Failed> {
        self.order_clock(&context, ClockOrder::PauseAt { time }).await
    }

    async fn resume(&mut self, context: Context) -> Result<(), Failed> {
        self.order_clock(&context, ClockOrder::Resume).await
    }

    async fn set_fixed_time(&mut self, context: Context, time: f64) -> Result<(), Failed> {
        self.order_clock(&context, ClockOrder::SetFixedTime { time })
            .await
    }

    async fn set_system_time(&mut self, context: Context, time: f64) -> Result<(), Failed> {
        self.order_clock(&context, ClockOrder::SetSystemTime { time })
            .await
    }
}
