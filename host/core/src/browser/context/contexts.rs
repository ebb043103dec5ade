//! The contexts of one run: its own, made with the first page, and those that the flow makes besides.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;
use url::Url;

use super::options::{check_headers, check_origin};
use super::{ClockState, ContextOptions};
use crate::browser::PageId;
use crate::browser::calls::{
    ClearPermissions, CloseContext, ContextId, ContextOf, ContextPages, CreateContext, DefaultContext,
    EmulateMedia, GrantPermissions, OpenPageIn, SetExtraHeaders, SetGeolocation, SetHttpCredentials,
    SetOffline,
};
use crate::browser::port::{Context, Emulation};
use crate::browser::session::{Browser, no_browser};
use crate::failure::{Code, Failure};
use crate::limits::MAX_CONTEXTS;

/// The run's own context.
pub(in crate::browser) const OWN: ContextId = 0;

/// A context of the run.
pub(in crate::browser) struct OpenContext {
    pub(in crate::browser) port: Arc<dyn Context>,
    /// Where its relative addresses begin, where not at the run's base URL.
    base_url: Option<Url>,
    clock: Mutex<Option<ClockState>>,
}

/// The contexts of a run.
#[derive(Default)]
pub(in crate::browser) struct Contexts {
    own: OnceCell<Arc<OpenContext>>,
    others: Mutex<Others>,
}

#[derive(Default)]
struct Others {
    made: u32,
    open: BTreeMap<ContextId, Arc<OpenContext>>,
}

impl OpenContext {
    fn new(port: Arc<dyn Context>, options: &ContextOptions) -> Arc<Self> {
        let base_url = options.base_url.as_deref();
        Arc::new(Self {
            port,
            base_url: base_url.and_then(|base| Url::parse(base).ok()),
            clock: Mutex::default(),
        })
    }

    pub(in crate::browser) fn clock(&self) -> MutexGuard<'_, Option<ClockState>> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contexts {
    fn number(&self) -> Result<ContextId, Failure> {
        let mut others = self.lock();
        if others.open.len() >= MAX_CONTEXTS {
            let message = format!("{MAX_CONTEXTS} contexts are open besides the run's own: close one");
            return Err(Failure::new(Code::OverBudget, message));
        }
        others.made += 1;
        Ok(others.made)
    }

    /// Forgets all that the flow has made.
    pub(in crate::browser) fn clear(&self) {
        self.lock().open.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Others> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Browser {
    /// The context of this number.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where it is closed.
    pub(in crate::browser) fn context(&self, id: ContextId) -> Result<Arc<OpenContext>, Failure> {
        let found = match id {
            OWN => self.contexts.own.get().cloned(),
            id => self.contexts.lock().open.get(&id).cloned(),
        };
        found.ok_or_else(|| {
            Failure::new(
                Code::InvalidArgument,
                format!("context {id} is closed: create another one"),
            )
        })
    }

    /// The run's own context, made where it is not yet.
    pub(in crate::browser) async fn own_context(&self) -> Result<&Arc<OpenContext>, Failure> {
        let make = || async {
            let options = ContextOptions::default();
            let port = self.lease().await?.new_context(&options).await;
            let port = port.map_err(|error| no_browser(&error))?;
            Ok(OpenContext::new(port, &options))
        };
        self.contexts.own.get_or_try_init(make).await
    }

    /// Where the page's relative addresses begin.
    pub(in crate::browser) fn base_of(&self, page: PageId) -> Option<Url> {
        let own = self.pages.context_of(page).and_then(|id| self.context(id).ok());
        let own = own.and_then(|context| context.base_url.clone());
        own.or_else(|| self.options.base_url.clone())
    }

    /// The run's own context.
    ///
    /// # Errors
    /// [`Code::Unavailable`] where there is no browser.
    pub async fn default_context(&self, _call: &DefaultContext) -> Result<ContextId, Failure> {
        self.own_context().await.map(|_| OWN)
    }

    /// Makes a context.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where an option is out of range, [`Code::OverBudget`] where there are too
    /// many contexts.
    pub async fn create_context(&self, call: &CreateContext) -> Result<ContextId, Failure> {
        let options = &call.options;
        options.check()?;
        let id = self.contexts.number()?;
        let made = self.lease().await?.new_context(options).await;
        let port = made.map_err(|error| no_browser(&error))?;
        if let Some(state) = &options.storage_state {
            self.load(&*port, state.reveal()).await?;
        }
        let context = OpenContext::new(port, options);
        self.contexts.lock().open.insert(id, context);
        Ok(id)
    }

    /// Opens a page in a context.
    ///
    /// # Errors
    /// [`Code::OverBudget`] where too many are open, [`Code::InvalidArgument`] where the browser does not know
    /// the context's locale or time zone.
    pub async fn open_page_in(&self, call: &OpenPageIn) -> Result<PageId, Failure> {
        let context = self.context(call.context)?;
        self.open_in(call.context, &*context.port).await
    }

    /// Opens a page; its number.
    pub(in crate::browser) async fn open_in(
        &self,
        id: ContextId,
        context: &dyn Context,
    ) -> Result<PageId, Failure> {
        let number = self.pages.number(id)?;
        let tab = context
            .open_tab(number)
            .await
            .map_err(|error| no_browser(&error))?;
        self.pages.insert(number, tab);
        Ok(number)
    }

    /// The open pages of a context, in the order of their opening.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where it is closed.
    pub async fn context_pages(&self, call: &ContextPages) -> Result<Vec<PageId>, Failure> {
        self.context(call.context)?;
        Ok(self.pages.of_context(call.context))
    }

    /// The context of a page.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the page is closed.
    pub async fn context_of(&self, call: &ContextOf) -> Result<ContextId, Failure> {
        self.tab(call.page)?;
        Ok(self.pages.context_of(call.page).unwrap_or(OWN))
    }

    /// Closes a context with its pages.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where it is closed already, or the run's own.
    pub async fn close_context(&self, call: &CloseContext) -> Result<(), Failure> {
        if call.context == OWN {
            let message = "the run's own context closes with the run: close its pages";
            return Err(Failure::new(Code::InvalidArgument, message));
        }
        let context = self.context(call.context)?;
        self.contexts.lock().open.remove(&call.context);
        for page in self.pages.of_context(call.context) {
            self.pages.remove(page);
        }
        context.port.close().await;
        Ok(())
    }

    /// Moves the browser.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where that is not on Earth.
    pub async fn set_geolocation(&self, call: &SetGeolocation) -> Result<(), Failure> {
        if let Some(place) = &call.place {
            place.check()?;
        }
        let context = self.context(call.context)?;
        self.answered(emulation(&context).set_geolocation(call.place))
            .await
    }

    /// Allows things.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the origin is none.
    pub async fn grant_permissions(&self, call: &GrantPermissions) -> Result<(), Failure> {
        let origin = call.origin.as_deref().map(check_origin).transpose()?;
        let context = self.context(call.context)?;
        self.answered(emulation(&context).grant(&call.permissions, origin.as_deref()))
            .await
    }

    /// Takes back what was allowed.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the context is closed.
    pub async fn clear_permissions(&self, call: &ClearPermissions) -> Result<(), Failure> {
        let context = self.context(call.context)?;
        self.answered(emulation(&context).clear_permissions()).await
    }

    /// Takes the network away, or gives it back.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the context is closed.
    pub async fn set_offline(&self, call: &SetOffline) -> Result<(), Failure> {
        let context = self.context(call.context)?;
        self.answered(emulation(&context).set_offline(call.offline)).await
    }

    /// Sets the headers of every request.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where one cannot be sent.
    pub async fn set_extra_headers(&self, call: &SetExtraHeaders) -> Result<(), Failure> {
        check_headers(&call.headers)?;
        let context = self.context(call.context)?;
        self.answered(emulation(&context).set_extra_headers(&call.headers))
            .await
    }

    /// Sets what servers get that ask for a password by HTTP.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the origin is none.
    pub async fn set_http_credentials(&self, call: &SetHttpCredentials) -> Result<(), Failure> {
        if let Some(credentials) = &call.credentials {
            credentials.check()?;
        }
        let context = self.context(call.context)?;
        context.port.set_http_credentials(call.credentials.clone());
        Ok(())
    }

    /// Changes what a page's media queries see.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the page is closed.
    pub async fn emulate_media(&self, call: &EmulateMedia) -> Result<(), Failure> {
        let tab = self.tab(call.page)?;
        self.answered(tab.world().emulate_media(call.media)).await
    }
}

fn emulation(context: &OpenContext) -> &dyn Emulation {
    context.port.emulation()
}
