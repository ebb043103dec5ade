//! Making a session's browser as if nobody had used it, and looking whether it is. What cannot be wiped, or not be looked
//! at, is told, and the session is not used again: passwords that the browser remembers for HTTP, more sites than are
//! visited again, whatever is still there afterwards.
//!
//! Not wiped, and known to nobody but the same tenant's next run: which hosts insist on TLS (HSTS), connections and names
//! that are looked up already.

use chromiumoxide::cdp::browser_protocol::browser::{
    ResetPermissionsParams, SetDownloadBehaviorBehavior, SetDownloadBehaviorParams,
};
use chromiumoxide::cdp::browser_protocol::network::ClearBrowserCacheParams;
use chromiumoxide::cdp::browser_protocol::storage::{
    ClearCookiesParams, ClearDataForOriginParams, GetCookiesParams,
};
use chromiumoxide::cdp::browser_protocol::target::{
    CloseTargetParams, DisposeBrowserContextParams, GetBrowserContextsParams, GetTargetsParams, TargetId,
    TargetInfo,
};
use std::time::Duration;

use super::super::context::{CdpContext, Far};
use super::files::Downloaded;
use super::session::CloudSession;
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
        Ok(Ok(())) => {
            session.forget_origins();
            Ok(())
        }
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
    dispose_of_others(session).await?;
    let context = CdpContext::default_of(
        cdp,
        &session.connected.targets,
        session.context.clone(),
        &ContextOptions::default(),
        session.origins(),
        Far {
            files: Arc::new(Downloaded::by(session)),
            tunnel: None,
        },
    );
    // The browser would end with its last page.
    let blank = context.open_private().await?;
    close_others(session, blank.target()).await?;
    let id = Some(session.context.clone());
    let page = blank.session();
    let (cookies, data, cache, permissions, downloads) = tokio::join!(
        cdp.send(&ClearCookiesParams {
            browser_context_id: id.clone()
        })
        .done(),
        // `*` is every origin, those in frames of others included.
        page.send(&ClearDataForOriginParams::new("*", "all")).done(),
        page.send(&ClearBrowserCacheParams::default()).done(),
        cdp.send(&ResetPermissionsParams {
            browser_context_id: id.clone()
        })
        .done(),
        cdp.send(&SetDownloadBehaviorParams {
            behavior: SetDownloadBehaviorBehavior::Default,
            browser_context_id: id.clone(),
            download_path: None,
            events_enabled: Some(false),
        })
        .done(),
    );
    for done in [cookies, data, cache, permissions, downloads] {
        done?;
    }
    only_that_is_left(session, blank.target()).await?;
    nothing_is_stored(session, &context).await
}

/// Contexts that a run has made and not closed.
async fn dispose_of_others(session: &CloudSession) -> Result<(), TabError> {
    let cdp = &session.connected.cdp;
    let there = cdp.send(&GetBrowserContextsParams::default()).answer().await?;
    for id in there.browser_context_ids {
        let dispose = DisposeBrowserContextParams::new(id);
        cdp.send(&dispose).done().await?;
    }
    Ok(())
}

/// The pages of the session's browser, and whatever else runs in it.
async fn targets(session: &CloudSession) -> Result<Vec<TargetInfo>, TabError> {
    let asked = session.connected.cdp.send(&GetTargetsParams::default());
    Ok(asked.answer().await?.target_infos)
}

async fn close_others(session: &CloudSession, kept: &str) -> Result<(), TabError> {
    for target in targets(session).await? {
        if target.r#type == "page" && target.target_id.inner() != kept {
            let close = CloseTargetParams::new(TargetId::new(target.target_id.inner().clone()));
            // It may have closed itself meanwhile.
            let _ = session.connected.cdp.send(&close).done().await;
        }
    }
    Ok(())
}

/// Looks whether all pages and workers are gone but this one. They take a moment, and nobody tells when it is over.
async fn only_that_is_left(session: &CloudSession, kept: &str) -> Result<(), Left> {
    let mut looks = tokio::time::interval(LOOK_AGAIN);
    let looking = async {
        loop {
            looks.tick().await;
            let mut left = targets(session).await?;
            left.retain(|target| target.target_id.inner() != kept && target.r#type != "browser");
            let Some(first) = left.first() else { return Ok(()) };
            let _ = session
                .connected
                .cdp
                .send(&CloseTargetParams::new(first.target_id.clone()))
                .done()
                .await;
        }
    };
    let gone = tokio::time::timeout(GONE_WITHIN, looking).await;
    gone.unwrap_or_else(|_| Err(Left::Something("a page or a worker that does not end".to_owned())))
}

async fn nothing_is_stored(session: &CloudSession, context: &CdpContext) -> Result<(), Left> {
    let cookies = session.connected.cdp.send(&GetCookiesParams {
        browser_context_id: Some(session.context.clone()),
    });
    let cookies = cookies.answer().await?.cookies;
    if !cookies.is_empty() {
        return Err(Left::Something(format!("{} cookies", cookies.len())));
    }
    let stored = context.stored(true).await?;
    match stored.first() {
        None => Ok(()),
        Some(state) => Err(Left::Something(format!("what {} has stored", state.origin))),
    }
}
