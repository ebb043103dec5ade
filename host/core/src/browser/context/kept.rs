//! Cookies and storage of a context, read, changed, saved and loaded.

use url::Url;

use super::cookies::check_count;
use super::{Cookie, StorageState};
use crate::browser::calls::{AddCookies, ClearCookies, LoadStorageState, ReadCookies, SaveStorageState};
use crate::browser::port::{Context, TabError};
use crate::browser::session::Browser;
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
        let mut cookies = self.answered(context.port.site_data().cookies()).await?;
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
        self.answered(context.port.site_data().add_cookies(&cookies))
            .await
    }

    /// Removes cookies.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the context is closed.
    pub async fn clear_cookies(&self, call: &ClearCookies) -> Result<(), Failure> {
        let context = self.context(call.context)?;
        let data = context.port.site_data();
        let mut left = self.answered(data.cookies()).await?;
        left.retain(|cookie| !call.which.matches(cookie));
        self.answered(data.clear_cookies()).await?;
        match left.is_empty() {
            true => Ok(()),
            false => self.answered(data.add_cookies(&left)).await,
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
            cookies: self.answered(data.cookies()).await?,
            origins: self.kept(data.stored(call.indexed_db)).await?,
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
        self.answered(data.clear_cookies()).await?;
        self.kept(data.add_cookies(&state.cookies)).await?;
        self.kept(data.store(&state.origins)).await
    }

    /// Waits for what the browser keeps. What it does not take, or cannot give, is for the flow to mend: a cookie
    /// or a database that is none, a database that a page holds open.
    async fn kept<T>(&self, work: impl Future<Output = Result<T, TabError>>) -> Result<T, Failure> {
        let work = async {
            match work.await {
                Err(TabError::Refused { command, message }) => Ok(Err(Failure::new(
                    Code::InvalidArgument,
                    format!("{command}: {message}"),
                ))),
                done => done.map(Ok),
            }
        };
        self.answered(work).await?
    }
}
