//! Cookies and storage of a context, over CDP. What an origin has stored is read and written in a page of our
//! own at that origin, which gets an empty document without the site being asked.

use async_trait::async_trait;
use chromiumoxide::cdp::browser_protocol::network::{
    CookieParam, CookiePartitionKey, CookieSameSite, TimeSinceEpoch,
};
use chromiumoxide::cdp::browser_protocol::page::NavigateParams;
use chromiumoxide::cdp::browser_protocol::storage::{ClearCookiesParams, GetCookiesParams, SetCookiesParams};
use chromiumoxide::cdp::js_protocol::runtime::EvaluateParams;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::CdpContext;
use crate::browser::connection::cdp::{Event, Listener, Session};
use flowguard_core::browser::TabError;
use flowguard_core::browser::context::{Cookie, OriginState, SameSite};
use flowguard_core::browser::port::{SiteData, Tab};
use flowguard_core::failure::cut;
use flowguard_core::limits::MAX_STORAGE_ORIGINS;

const SOURCE: &str = include_str!("stored.js");

/// The origins that a context has visited, in the order of the first visits, and whether it has said who it is to one.
#[derive(Default)]
pub(in crate::browser) struct Origins {
    all: Mutex<Vec<String>>,
    are_too_many: AtomicBool,
    hears_requests: bool,
    has_signed_in: AtomicBool,
}

#[derive(Deserialize)]
struct Navigated {
    frame: NavigatedFrame,
}

#[derive(Deserialize)]
struct NavigatedFrame {
    url: String,
}

impl Origins {
    /// Of a context that is to be made as new again.
    pub(in crate::browser) fn of_one_to_wipe() -> Self {
        Self {
            hears_requests: true,
            ..Self::default()
        }
    }

    /// Nothing that was visited before counts any more.
    pub(in crate::browser) fn forget(&self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.are_too_many.store(false, Ordering::Relaxed);
        self.has_signed_in.store(false, Ordering::Relaxed);
    }

    /// Whether it is to hear of requests as well.
    pub(in crate::browser) const fn hears_requests(&self) -> bool {
        self.hears_requests
    }

    /// Whether more were visited than are known.
    pub(in crate::browser) fn are_too_many(&self) -> bool {
        self.are_too_many.load(Ordering::Relaxed)
    }

    /// Whether the browser may remember a password by itself, which nothing makes it forget.
    pub(in crate::browser) fn has_signed_in(&self) -> bool {
        self.has_signed_in.load(Ordering::Relaxed)
    }

    fn add(&self, origin: &str) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.iter().any(|known| known == origin) {
            return;
        }
        match all.len() < MAX_STORAGE_ORIGINS {
            true => all.push(origin.to_owned()),
            false => self.are_too_many.store(true, Ordering::Relaxed),
        }
    }

    fn all(&self) -> Vec<String> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// It gives, or may give, a password to a server by HTTP.
    pub(in crate::browser) fn signs_in(&self) {
        self.has_signed_in.store(true, Ordering::Relaxed);
    }

    /// An event that names an address: one with a user or a password in it signs in.
    fn named(&self, event: &Event<'_>) {
        let text = event.params.map_or("", |params| params.get());
        let has_user = |rest: &str| {
            let authority = rest.split(['/', '"', '?', '#', '\\', ' ']).next();
            authority.is_some_and(|authority| authority.contains('@'))
        };
        if text.split("://").skip(1).any(has_user) {
            self.signs_in();
        }
    }
}

impl Listener for Origins {
    /// Hears `Page` of all sessions of the context's pages, and `Network` where it hears of requests.
    fn event(&self, event: &Event<'_>) {
        match event.method {
            "Page.frameNavigated" => {}
            "Network.requestWillBeSent"
            | "Page.frameRequestedNavigation"
            | "Page.frameScheduledNavigation" => {
                if self.hears_requests {
                    self.named(event);
                }
                return;
            }
            _ => return,
        }
        let Some(Navigated { frame }) = event.read() else {
            return;
        };
        if let Ok(url) = url::Url::parse(&frame.url)
            && matches!(url.scheme(), "http" | "https")
        {
            self.add(&url.origin().ascii_serialization());
        }
    }
}

#[async_trait]
impl SiteData for CdpContext {
    async fn cookies(&self) -> Result<Vec<Cookie>, TabError> {
        let command = GetCookiesParams {
            browser_context_id: Some(self.id().clone()),
        };
        let cookies = self.cdp().send(&command).answer().await?.cookies;
        Ok(cookies.into_iter().map(from_chromium).collect())
    }

    async fn add_cookies(&self, cookies: &[Cookie]) -> Result<(), TabError> {
        if cookies.is_empty() {
            return Ok(());
        }
        let command = SetCookiesParams {
            cookies: cookies.iter().map(to_chromium).collect(),
            browser_context_id: Some(self.id().clone()),
        };
        self.cdp().send(&command).done().await
    }

    async fn clear_cookies(&self) -> Result<(), TabError> {
        let command = ClearCookiesParams {
            browser_context_id: Some(self.id().clone()),
        };
        self.cdp().send(&command).done().await
    }

    async fn stored(&self, indexed_db: bool) -> Result<Vec<OriginState>, TabError> {
        let origins = self.origins().all();
        if origins.is_empty() {
            return Ok(Vec::new());
        }
        let page = PrivatePage::open(self).await?;
        let mut found = Vec::new();
        for origin in origins {
            let mut stored = page
                .at(&origin, &json!({"databases": indexed_db, "state": null}))
                .await?;
            stored["origin"] = Value::from(origin);
            let state: OriginState = serde_json::from_value(stored).map_err(|error| unreadable(&error))?;
            if !state.local_storage.is_empty() || !state.indexed_db.is_empty() {
                found.push(state);
            }
        }
        page.close().await;
        Ok(found)
    }

    async fn store(&self, origins: &[OriginState]) -> Result<(), TabError> {
        let mut all = origins.to_vec();
        for visited in self.origins().all() {
            if !origins.iter().any(|state| state.origin == visited) {
                all.push(OriginState {
                    origin: visited,
                    ..OriginState::default()
                });
            }
        }
        if all.is_empty() {
            return Ok(());
        }
        let page = PrivatePage::open(self).await?;
        for state in all {
            self.origins().add(&state.origin);
            page.at(&state.origin, &json!({"databases": true, "state": state}))
                .await?;
        }
        page.close().await;
        Ok(())
    }
}

/// A page that no run sees.
struct PrivatePage {
    tab: crate::browser::page::tab::CdpTab,
    session: Session,
}

impl PrivatePage {
    async fn open(context: &CdpContext) -> Result<Self, TabError> {
        let tab = context.open_private().await?;
        let session = tab.session().clone();
        tab.be_blank().await?;
        Ok(Self { tab, session })
    }

    /// Calls the script in an empty document of this origin.
    async fn at(&self, origin: &str, argument: &Value) -> Result<Value, TabError> {
        let there = self.session.call(&NavigateParams::new(origin)).await?;
        if let Some(why) = there.error_text.filter(|why| !why.is_empty()) {
            return Err(failed(origin, &why));
        }
        if let Some(loader) = there.loader_id {
            // The browser answers before the document is there.
            let mut state = self.tab.state();
            let is_there = state.wait_for(|state| state.gone.is_some() || state.loader == *loader.inner());
            let gone = is_there.await.ok().and_then(|state| state.gone.clone());
            gone.map_or(Ok(()), Err)?;
        }
        let start = SOURCE.find("(asked) =>").unwrap_or_default();
        let mut command = EvaluateParams::new(format!("({})({argument})", SOURCE[start..].trim_end()));
        command.await_promise = Some(true);
        command.return_by_value = Some(true);
        let answer = self.session.call(&command).await?;
        match answer.exception_details {
            None => Ok(answer.result.value.unwrap_or_default()),
            Some(thrown) => {
                let said = thrown
                    .exception
                    .and_then(|it| it.description)
                    .unwrap_or(thrown.text);
                Err(failed(origin, &said))
            }
        }
    }

    async fn close(self) {
        if let Err(error) = self.tab.close().await {
            tracing::debug!(%error, "a page of our own was gone before it was closed");
        }
    }
}

fn failed(origin: &str, why: &str) -> TabError {
    TabError::Refused {
        command: format!("the storage of {origin}"),
        message: cut(why.to_owned(), 500),
    }
}

fn unreadable(error: &serde_json::Error) -> TabError {
    TabError::Refused {
        command: "reading storage".to_owned(),
        message: error.to_string(),
    }
}

fn from_chromium(cookie: chromiumoxide::cdp::browser_protocol::network::Cookie) -> Cookie {
    Cookie {
        name: cookie.name,
        value: cookie.value,
        domain: cookie.domain,
        path: cookie.path,
        expires: if cookie.session { -1.0 } else { cookie.expires },
        http_only: cookie.http_only,
        secure: cookie.secure,
        same_site: match cookie.same_site {
            Some(CookieSameSite::Strict) => SameSite::Strict,
            Some(CookieSameSite::None) => SameSite::None,
            Some(CookieSameSite::Lax) | None => SameSite::Lax,
        },
        partition_key: cookie.partition_key.map(|key| key.top_level_site),
    }
}

fn to_chromium(cookie: &Cookie) -> CookieParam {
    let mut made = CookieParam::new(&cookie.name, &cookie.value);
    made.domain = Some(cookie.domain.clone());
    made.path = Some(cookie.path.clone());
    made.secure = Some(cookie.secure);
    made.http_only = Some(cookie.http_only);
    made.same_site = Some(match cookie.same_site {
        SameSite::Strict => CookieSameSite::Strict,
        SameSite::Lax => CookieSameSite::Lax,
        SameSite::None => CookieSameSite::None,
    });
    if cookie.expires > 0.0 {
        made.expires = Some(TimeSinceEpoch::new(cookie.expires));
    }
    made.partition_key = cookie
        .partition_key
        .as_ref()
        .map(|site| CookiePartitionKey::new(site, true));
    made
}
