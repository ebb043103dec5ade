//! Loading documents: begin, wait until the document has come as far as asked, tell what came.

use std::time::Duration;
use tokio::sync::watch;

use super::calls::{ExpectOptions, GoThrough, Goto, PageId, Reload, Response, WaitForLoadState, WaitForUrl};
use super::expectation::Expectation;
use super::port::{LoadState, Navigation, TabState};
use super::session::{Browser, tab_failure, timeout};
use crate::failure::{Code, Failure};

impl Browser {
    /// Goes to an address and waits.
    ///
    /// # Errors
    /// [`Code::NavigationFailed`] where the page cannot be loaded, [`Code::Timeout`] where it takes too long.
    pub async fn goto(&self, call: &Goto) -> Result<Response, Failure> {
        let url = self.resolve(call.page, &call.url)?;
        let wait = self.navigation_time(call.timeout_ms)?;
        let tab = self.tab(call.page)?;
        let mut state = tab.state();
        let before = state.borrow_and_update().clone();
        let load = async {
            match tab.navigate(url.as_str()).await.map_err(tab_failure)? {
                Navigation::Failed(why) => Err(not_loaded(url.as_str(), &why)),
                // The browser answers before it tells the new address.
                Navigation::Within => reach(&mut state, |s: &TabState| s.moves > before.moves).await,
                Navigation::Document(loader) => {
                    // A page that sends the browser on at once is waited for where it ends.
                    let arrived = |s: &TabState| {
                        (s.loader == loader || s.documents > before.documents + 1)
                            && !s.navigating
                            && s.reached >= call.wait_until
                    };
                    reach(&mut state, arrived).await
                }
            }
        };
        match tokio::time::timeout(wait, load).await {
            Ok(done) => done?,
            Err(_) => {
                return Err(too_slow(
                    &format!("{url} did not load"),
                    call.wait_until,
                    wait,
                    &tab.state(),
                ));
            }
        }
        Ok(response(&tab.state()))
    }

    /// Loads the page again and waits.
    ///
    /// # Errors
    /// As [`Browser::goto`].
    pub async fn reload(&self, call: &Reload) -> Result<Response, Failure> {
        let tab = self.tab(call.page)?;
        let begin = async { tab.reload().await.map_err(tab_failure) };
        self.load_anew(call.page, begin, call.wait_until, call.timeout_ms)
            .await
    }

    /// Goes one entry back or forward and waits.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] at the end of the history; else as [`Browser::goto`].
    pub async fn go_through(&self, call: &GoThrough) -> Result<Response, Failure> {
        let tab = self.tab(call.page)?;
        let (entries, no_entry) = if call.forward {
            (1, "there is no later page to go forward to")
        } else {
            (-1, "there is no earlier page to go back to")
        };
        let begin = async {
            match tab.go(entries).await.map_err(tab_failure)? {
                true => Ok(()),
                false => Err(Failure::new(Code::InvalidArgument, no_entry)),
            }
        };
        self.load_anew(call.page, begin, call.wait_until, call.timeout_ms)
            .await
    }

    /// Waits until the document has come so far.
    ///
    /// # Errors
    /// [`Code::Timeout`].
    pub async fn wait_for_load_state(&self, call: &WaitForLoadState) -> Result<(), Failure> {
        let wait = self.navigation_time(call.timeout_ms)?;
        let tab = self.tab(call.page)?;
        let mut state = tab.state();
        let arrived = |s: &TabState| !s.navigating && s.reached >= call.state;
        match tokio::time::timeout(wait, reach(&mut state, arrived)).await {
            Ok(done) => done,
            Err(_) => Err(too_slow("the page did not load", call.state, wait, &tab.state())),
        }
    }

    /// Waits until the address matches.
    ///
    /// # Errors
    /// [`Code::Timeout`].
    pub async fn wait_for_url(&self, call: &WaitForUrl) -> Result<(), Failure> {
        let wait = self.navigation_time(call.timeout_ms)?;
        let what = Expectation::HasUrl {
            text: call.url.clone(),
        };
        self.expect_of_page(call.page, &what, &ExpectOptions::default(), wait)
            .await
            .map_err(|failure| match failure.code {
                Code::AssertionFailed => Failure {
                    code: Code::Timeout,
                    ..failure
                },
                _ => failure,
            })
    }

    /// Waits until no navigation is on its way: what is done next must not be done to a page that is
    /// about to go.
    pub(super) async fn settled(&self, page: PageId, wait: Duration) -> Result<(), Failure> {
        let mut state = self.tab(page)?.state();
        let calm = reach(&mut state, |s: &TabState| !s.navigating);
        // A navigation that does not end is no failure of what comes next: it is tried on the present page.
        tokio::time::timeout(wait, calm).await.unwrap_or(Ok(()))
    }

    async fn load_anew(
        &self,
        page: PageId,
        begin: impl Future<Output = Result<(), Failure>>,
        until: LoadState,
        timeout_ms: Option<u32>,
    ) -> Result<Response, Failure> {
        let wait = self.navigation_time(timeout_ms)?;
        let tab = self.tab(page)?;
        let mut state = tab.state();
        let before = state.borrow_and_update().clone();
        let load = async {
            begin.await?;
            // Going back may stay within the document; the address changes then and nothing is loaded.
            let arrived = |s: &TabState| {
                let has_moved = s.documents > before.documents || s.moves > before.moves;
                has_moved && !s.navigating && s.reached >= until
            };
            reach(&mut state, arrived).await
        };
        match tokio::time::timeout(wait, load).await {
            Ok(done) => done?,
            Err(_) => return Err(too_slow("the page did not load", until, wait, &tab.state())),
        }
        Ok(response(&tab.state()))
    }

    fn navigation_time(&self, wanted: Option<u32>) -> Result<Duration, Failure> {
        let progress = &self.ledger.progress;
        Ok(progress.allowance(timeout(wanted, progress.remaining())?))
    }
}

/// Waits until the tab's state is as asked, or the tab is gone.
pub(super) async fn reach(
    state: &mut watch::Receiver<TabState>,
    arrived: impl Fn(&TabState) -> bool,
) -> Result<(), Failure> {
    let reached = state.wait_for(|s| s.gone.is_some() || arrived(s)).await;
    match reached {
        Ok(now) => match &now.gone {
            Some(gone) => Err(tab_failure(gone.clone())),
            None => Ok(()),
        },
        Err(_) => Err(Failure::new(
            Code::Unavailable,
            "the browser is gone: its connection ended",
        )),
    }
}

fn response(state: &watch::Receiver<TabState>) -> Response {
    let state = state.borrow();
    Response {
        url: state.url.clone(),
        status: state.status,
    }
}

fn not_loaded(url: &str, why: &str) -> Failure {
    let hint = match why {
        "net::ERR_CONNECTION_REFUSED" => ": nothing listens there; is the application running?",
        "net::ERR_NAME_NOT_RESOLVED" => ": the host name is not known; is it spelled right?",
        "net::ERR_ABORTED" => ": the load was aborted, by a download or by another navigation",
        _ => "",
    };
    Failure::new(
        Code::NavigationFailed,
        format!("{url} could not be loaded: {why}{hint}"),
    )
}

fn too_slow(what: &str, wanted: LoadState, wait: Duration, state: &watch::Receiver<TabState>) -> Failure {
    let state = state.borrow();
    let message = format!(
        "{what} within {} ms: waited for {}, the page is at {}",
        wait.as_millis(),
        wanted.name(),
        state.reached.name()
    );
    Failure::new(Code::Timeout, message).with_evidence("url", state.url.clone())
}
