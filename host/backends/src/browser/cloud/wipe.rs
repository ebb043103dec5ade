//! Making a session's browser as if nobody had used it, and looking whether it is. What cannot be wiped, or not be looked
//! at, is told, and the session is not used again: passwords that the browser remembers for HTTP, more sites than are
//! visited again, whatever is still there afterwards.
//!
//! Not wiped, and known to nobody but the same tenant's next run: which hosts insist on TLS (HSTS), connections and names
//! that are looked up already.

use chromiumoxide::cdp::browser_protocol::browser::ResetPermissionsParams;
use chromiumoxide::cdp::browser_protocol::network::ClearBrowserCacheParams;
use chromiumoxide::cdp::browser_protocol::storage::{
    ClearCookiesParams, ClearDataForOriginParams, GetCookiesParams,
};
use chromiumoxide::cdp::browser_protocol::target::{
    CloseTargetParams, DisposeBrowserContextParams, GetBrowserContextsParams, GetTargetsParams, TargetInfo,
};
use std::time::Duration;

use super::files::Downloaded;
use super::session::CloudSession;
use crate::browser::context::{CdpContext, Far};
use flowguard_core::browser::TabError;
use flowguard_core::browser::context::ContextOptions;
use flowguard_core::browser::port::SiteData;
use std::sync::Arc;

/// How long it may take.
const LONGEST: Duration = Duration::from_secs(30);
/// How long pages and workers may take to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Wipes a session.
///
/// # Errors
/// What is left of its use.
pub(super) async fn wipe(session: &CloudSession) -> Result<(), String> {
    let origins = session.origins();
    if origins.has_signed_in() {
        return Err("a password for HTTP, which the browser forgets in no way".to_owned());
    }
    if origins.are_too_many() {
        return Err("more sites than are looked at again".to_owned());
    }
    let wiped = tokio::time::timeout(LONGEST, wipe_all(session)).await;
    match wiped {
        Ok(Ok(())) => Ok(()),
        Ok(Err(Left::Something(what))) => Err(what),
        Ok(Err(Left::Unknown(error))) => Err(format!("the browser was not wiped: {error}")),
        Err(_) => Err(format!(
            "the browser was not wiped within {} s",
            LONGEST.as_secs()
        )),
    }
}

enum Left {
    Something(String),
    Unknown(TabError),
}

impl From<TabError> for Left {
    fn from(error: TabError) -> Self {
        Self::Unknown(error)
    }
}

async fn wipe_all(session: &CloudSession) -> Result<(), Left> {
    let cdp = &session.connected.cdp;
    let context = CdpContext::default_of(
        cdp,
        &session.connected.targets,
        session.context.clone(),
        &ContextOptions::default(),
        session.origins().clone(),
        Far {
            files: Arc::new(Downloaded::by(session)),
            tunnel: None,
        },
    );
    // The browser would end with its last page, so another comes first: what takes a way to the cloud goes side by side.
    let (others, blank, there) = tokio::join!(
        dispose_of_others(session),
        context.open_private(),
        targets(session)
    );
    others?;
    let blank = blank?;
    let mut there = there?;
    there.retain(|target| target.r#type == "page" && target.target_id.inner() != blank.target());
    close(session, there).await;
    // A page that is not gone yet could still store something.
    only_that_is_left(session, blank.target(), |target| target.r#type == "page").await?;
    let id = Some(session.context.clone());
    let page = blank.session();
    let (cookies, data, cache, permissions) = tokio::join!(
        cdp.send(&ClearCookiesParams {
            browser_context_id: id.clone()
        })
        .done(),
        // `*` is every origin, those in frames of others included.
        page.send(&ClearDataForOriginParams::new("*", "all")).done(),
        page.send(&ClearBrowserCacheParams::default()).done(),
        cdp.send(&ResetPermissionsParams {
            browser_context_id: id
        })
        .done(),
    );
    for done in [cookies, data, cache, permissions] {
        done?;
    }
    let workers = only_that_is_left(session, blank.target(), |target| target.r#type != "browser");
    let (workers, cookies) = tokio::join!(workers, no_cookie_is_left(session));
    workers?;
    cookies?;
    nothing_is_stored(&context).await?;
    session.origins().forget();
    // The next run begins with it.
    context.keep_ahead(blank);
    session.connected.ready.put(context);
    Ok(())
}

/// Contexts that a run has made and not closed.
async fn dispose_of_others(session: &CloudSession) -> Result<(), TabError> {
    let cdp = &session.connected.cdp;
    let there = cdp.send(&GetBrowserContextsParams::default()).answer().await?;
    let disposals = there
        .browser_context_ids
        .into_iter()
        .map(|id| cdp.send(&DisposeBrowserContextParams::new(id)).done());
    futures::future::try_join_all(disposals).await.map(|_| ())
}

/// The pages of the session's browser, and whatever else runs in it.
async fn targets(session: &CloudSession) -> Result<Vec<TargetInfo>, TabError> {
    let asked = session.connected.cdp.send(&GetTargetsParams::default());
    Ok(asked.answer().await?.target_infos)
}

/// Ends pages and workers.
async fn close(session: &CloudSession, targets: Vec<TargetInfo>) {
    let cdp = &session.connected.cdp;
    let closes = targets
        .into_iter()
        .map(|target| cdp.send(&CloseTargetParams::new(target.target_id)).done());
    // One may have ended by itself meanwhile.
    futures::future::join_all(closes).await;
}

/// Looks whether all pages or workers of this kind are gone but one. They take a moment, and nobody tells when it is over.
async fn only_that_is_left(
    session: &CloudSession,
    kept: &str,
    is_meant: impl Fn(&TargetInfo) -> bool,
) -> Result<(), Left> {
    let mut looks = tokio::time::interval(LOOK_AGAIN);
    let looking = async {
        loop {
            looks.tick().await;
            let mut left = targets(session).await?;
            left.retain(|target| target.target_id.inner() != kept && is_meant(target));
            if left.is_empty() {
                return Ok(());
            }
            close(session, left).await;
        }
    };
    let gone = tokio::time::timeout(GONE_WITHIN, looking).await;
    gone.unwrap_or_else(|_| Err(Left::Something("a page or a worker that does not end".to_owned())))
}

async fn no_cookie_is_left(session: &CloudSession) -> Result<(), Left> {
    let cookies = session.connected.cdp.send(&GetCookiesParams {
        browser_context_id: Some(session.context.clone()),
    });
    match cookies.answer().await?.cookies.len() {
        0 => Ok(()),
        left => Err(Left::Something(format!("{left} cookies"))),
    }
}

async fn nothing_is_stored(context: &CdpContext) -> Result<(), Left> {
    let stored = context.stored(true).await?;
    match stored.first() {
        None => Ok(()),
        Some(state) => Err(Left::Something(format!("what {} has stored", state.origin))),
    }
}
