//! Cookies and storage of a context, read, changed, saved and loaded.

use url::Url;

use super::cookies::check_count;
use super::{Cookie, StorageState};
use crate::browser::calls::{AddCookies, ClearCookies, LoadStorageState, ReadCookies, SaveStorageState};
use crate::browser::port::{Context, TabError};
use crate::browser::session::{Browser, tab_failure};
use crate::failure::{Code, Failure};
use crate::limits::MAX_STORAGE_STATE_BYTES;

impl Browser {
    /// The cookies that go to these addresses; all where there are none.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where an address is none.
    pub async fn cookies(&self, call: &ReadCookies) -> Result<Vec<Cookie>, Failure> {
        let addresses = call.urls.iter().map(|url| crate::grant::resolve(None, url));
        let addresses: Vec<Url> = addresses.collect::<Result<_, _>>()?;
        let context = self.context(call.context)?;
        let mut cookies = context.port.site_data().cookies().await.map_err(tab_failure)?;
        if !addresses.is_empty() {
            cookies.retain(|cookie| addresses.iter().any(|address| cookie.goes_to(address)));
        }
        Ok(cookies)
    }

    /// Adds cookies, all or none.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where one is malformed.
    pub async fn add_cookies(&self, call: &AddCookies) -> Result<(), Failure> {
        check_count(call.cookies.len())?;
        let cookies = call.cookies.iter().map(super::NewCookie::check);
        let cookies: Vec<Cookie> = cookies.collect::<Result<_, _>>()?;
        let context = self.context(call.context)?;
        context
            .port
            .site_data()
            .add_cookies(&cookies)
            .await
            .map_err(tab_failure)
    }

    /// Removes cookies.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the context is closed.
    pub async fn clear_cookies(&self, call: &ClearCookies) -> Result<(), Failure> {
        let context = self.context(call.context)?;
        let data = context.port.site_data();
        let mut left = data.cookies().await.map_err(tab_failure)?;
        left.retain(|cookie| !call.which.matches(cookie));
        data.clear_cookies().await.map_err(tab_failure)?;
        match left.is_empty() {
            true => Ok(()),
            false => data.add_cookies(&left).await.map_err(tab_failure),
        }
    }

    /// Cookies and storage as text.
    ///
    /// # Errors
    /// [`Code::OverBudget`] where it is too large.
    pub async fn save_storage_state(&self, call: &SaveStorageState) -> Result<String, Failure> {
        let context = self.context(call.context)?;
        let data = context.port.site_data();
        let state = StorageState {
            cookies: data.cookies().await.map_err(tab_failure)?,
            origins: data.stored(call.indexed_db).await.map_err(not_kept)?,
        };
        let text = serde_json::to_string(&state).map_err(|error| {
            Failure::new(
                Code::Internal,
                format!("the storage state cannot be written: {error}"),
            )
        })?;
        if text.len() > MAX_STORAGE_STATE_BYTES {
            let message = format!(
                "the storage state is too large: {} bytes, at most {MAX_STORAGE_STATE_BYTES}",
                text.len()
            );
            return Err(Failure::new(Code::OverBudget, message));
        }
        Ok(text)
    }

    /// Clears cookies and storage and loads these.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the text is no storage state.
    pub async fn load_storage_state(&self, call: &LoadStorageState) -> Result<(), Failure> {
        let context = self.context(call.context)?;
        self.load(&*context.port, call.state.reveal()).await
    }

    pub(super) async fn load(&self, context: &dyn Context, text: &str) -> Result<(), Failure> {
        let state = StorageState::parse(text)?;
        let data = context.site_data();
        data.clear_cookies().await.map_err(tab_failure)?;
        data.add_cookies(&state.cookies).await.map_err(not_kept)?;
        data.store(&state.origins).await.map_err(not_kept)
    }
}

/// What the browser does not take, or cannot give, is for the flow to mend: a cookie or a database that is none,
/// a database that a page holds open.
fn not_kept(error: TabError) -> Failure {
    match error {
        TabError::Refused { command, message } => {
            Failure::new(Code::InvalidArgument, format!("{command}: {message}"))
        }
        other => tab_failure(other),
    }
}
