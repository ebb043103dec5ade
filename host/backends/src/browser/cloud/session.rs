//! Sessions of the cloud, as the pool makes and ends them: noted in the store before they are asked for, found again by
//! their note, and charged by the minute.

use async_trait::async_trait;
use chromiumoxide::cdp::browser_protocol::browser::BrowserContextId;
use chromiumoxide::cdp::browser_protocol::target::{
    CreateTargetParams, GetBrowserContextsParams, GetTargetsParams,
};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

use super::CloudPlan;
use super::archive::Archivist;
use super::wipe;
use crate::browser::context::connected::Connected;
use crate::browser::context::site_data::Origins;
use crate::browserbase::{
    self, BrowserSettings, Client, Context, CreateSession, ProxySettings, Session, TAG, Viewport, tag,
};
use crate::pool::{NotMade, Provider};
use flowguard_core::browser::{CloudOptions, TabError};
use flowguard_core::limits::{CLOUD_CONNECT_TIMEOUT, CLOUD_HEARTBEAT, MAX_RUN_TIMEOUT};
use flowguard_core::storage::{NotedSession, StorageError, TenantId};

/// Seconds that a session may last, as the API takes them.
const TIMEOUT_S: std::ops::RangeInclusive<u64> = 60..=21_600;
/// After this time another try is made where the failure does not say when.
const AGAIN: Duration = Duration::from_secs(2);

/// What tells sessions apart that cannot take each other's place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kind {
    pub(super) tenant: TenantId,
    pub(super) options: CloudOptions,
}

/// A session with a connection to its browser.
pub(super) struct CloudSession {
    pub(super) session: Session,
    pub(super) connected: Connected,
    /// The browser's own context.
    pub(super) context: BrowserContextId,
    pub(super) client: Client,
    tag: String,
    /// Whether the cloud records it.
    records: bool,
    uses: AtomicU32,
    /// Where its pages were since it was last as new.
    origins: Arc<Origins>,
}

impl CloudSession {
    /// Whether its connection has ended, and the session with it.
    pub(super) fn is_lost(&self) -> bool {
        self.connected.cdp.lost().borrow().is_some()
    }

    /// A run begins to use it; how many have before.
    pub(super) fn use_once(&self) -> u32 {
        self.uses.fetch_add(1, Ordering::Relaxed)
    }

    /// Where its pages were since it was last as new.
    pub(super) const fn origins(&self) -> &Arc<Origins> {
        &self.origins
    }
}

/// Makes, wipes and ends sessions.
pub(super) struct Sessions {
    plan: CloudPlan,
    installation: String,
    /// Who keeps what was recorded.
    archivist: Arc<Archivist>,
    /// The tags of those that are there or being made, and since when each costs.
    ours: Mutex<BTreeMap<String, Option<Instant>>>,
    /// What those that have ended cost.
    paid_microdollars: AtomicU64,
}

impl Sessions {
    pub(super) fn new(plan: &CloudPlan, installation: &str, archivist: Arc<Archivist>) -> Self {
        Self {
            plan: plan.clone(),
            installation: installation.to_owned(),
            archivist,
            ours: Mutex::default(),
            paid_microdollars: AtomicU64::new(0),
        }
    }

    /// Says again and again that the sessions of this host are used, or their recordings being kept. Never ends.
    pub(super) async fn renew_notes(&self, every: Duration) {
        let mut beats = tokio::time::interval(every);
        loop {
            beats.tick().await;
            let mut tags: Vec<String> = self.ours().keys().cloned().collect();
            tags.extend(self.archivist.tags());
            let now = self.plan.clock.wall_ms();
            for tag in tags {
                let renewed = self.plan.notes.change(&tag, |note| note.renewed_ms = now);
                if let Err(error) = renewed.await {
                    tracing::warn!(%error, "a session in the cloud could not be noted as used");
                }
            }
        }
    }

    /// What all sessions cost so far.
    pub(super) fn cost_microdollars(&self) -> u64 {
        let ours = self.ours();
        let running: u64 = ours.values().flatten().map(|since| self.cost_since(*since)).sum();
        self.paid_microdollars.load(Ordering::Relaxed) + running
    }

    fn cost_since(&self, since: Instant) -> u64 {
        self.plan.settings.cost_of_session(since.elapsed())
    }

    fn ours(&self) -> MutexGuard<'_, BTreeMap<String, Option<Instant>>> {
        self.ours.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A session costs no longer, if it ever did.
    fn is_over(&self, tag: &str) {
        let since = self.ours().remove(tag).flatten();
        if let Some(since) = since {
            let paid = self.cost_since(since);
            self.paid_microdollars.fetch_add(paid, Ordering::Relaxed);
        }
    }

    async fn note(&self, tag: &str, kind: &Kind) -> Result<(), StorageError> {
        let now = self.plan.clock.wall_ms();
        self.plan
            .notes
            .note(&NotedSession {
                tag: tag.to_owned(),
                session: None,
                tenant: kind.tenant.as_str().to_owned(),
                made_ms: now,
                renewed_ms: now,
                uses: 0,
                records: is_recorded(kind),
                ended_ms: None,
            })
            .await
    }

    /// Makes a session that is noted already.
    async fn make_noted(&self, tag: &str, kind: &Kind) -> Result<CloudSession, NotMade> {
        let asked = self.asked(tag, &kind.options);
        let created = match self.plan.client.create_session(&asked).await {
            Ok(created) => created,
            Err(error) => {
                if !error.kind.is_ambiguous() {
                    self.forget(tag).await;
                }
                return Err(failed(&error));
            }
        };
        self.ours().insert(tag.to_owned(), Some(Instant::now()));
        let id = created.session.id.clone();
        let named = self
            .plan
            .notes
            .change(tag, |note| note.session = Some(id.clone()))
            .await;
        if let Err(error) = named {
            // It is found by its tag all the same.
            tracing::warn!(%error, "the id of a session in the cloud was not noted");
        }
        let connecting = connect(created.connect_url.reveal());
        let connected = tokio::time::timeout(CLOUD_CONNECT_TIMEOUT, connecting).await;
        let connected = connected.unwrap_or_else(|_| Err("it does not answer".to_owned()));
        match connected {
            Ok((connected, context)) => Ok(CloudSession {
                session: created.session,
                connected,
                context,
                client: self.plan.client.clone(),
                tag: tag.to_owned(),
                records: is_recorded(kind),
                uses: AtomicU32::new(0),
                origins: Arc::new(Origins::of_one_to_wipe()),
            }),
            Err(why) => {
                match self.plan.client.release(&id).await {
                    Ok(_) => self.forget(tag).await,
                    Err(error) => {
                        tracing::warn!(%error, "a session in the cloud that cannot be used was not released");
                    }
                }
                Err(NotMade {
                    why: format!("the session's browser cannot be connected to: {why}"),
                    again: None,
                    is_outage: true,
                })
            }
        }
    }

    /// There is no session of this tag any more, or never was one. A note that stays is removed when it is looked next.
    async fn forget(&self, tag: &str) {
        if let Err(error) = self.plan.notes.remove(tag).await {
            tracing::warn!(%error, "the note of a session that has ended is still there");
        }
    }

    /// How a session is asked for. It ends by itself with its connection, so that none outlives us by more than minutes.
    fn asked(&self, tag: &str, options: &CloudOptions) -> CreateSession {
        let settings = &self.plan.settings;
        let lasts = settings.pool.lifetime + MAX_RUN_TIMEOUT;
        let lasts = lasts.as_secs().clamp(*TIMEOUT_S.start(), *TIMEOUT_S.end());
        CreateSession {
            project_id: settings.project.clone(),
            timeout_s: u32::try_from(lasts).ok(),
            keep_alive: None,
            region: options.region.clone(),
            browser_settings: settings_of(options),
            proxies: options.proxies.then_some(ProxySettings::All(true)),
            user_metadata: [(TAG.to_owned(), json!(tag))].into_iter().collect(),
        }
    }
}

#[async_trait]
impl Provider for Sessions {
    type Kind = Kind;
    type Session = CloudSession;
    const HEARTBEAT: Duration = CLOUD_HEARTBEAT;

    async fn make(&self, kind: &Kind) -> Result<CloudSession, NotMade> {
        let tag = format!("{}-{}", self.installation, tag());
        // Nothing is asked for that would not be found again.
        self.note(&tag, kind).await.map_err(|error| NotMade {
            why: format!("a session in the cloud must be noted before it is asked for: {error}"),
            again: Some(AGAIN),
            is_outage: false,
        })?;
        self.ours().insert(tag.clone(), None);
        let made = self.make_noted(&tag, kind).await;
        if made.is_err() {
            // Whether one was made all the same is looked for later, by its note.
            self.is_over(&tag);
        }
        made
    }

    async fn wipe(&self, session: &CloudSession) -> Result<(), String> {
        let uses = session.uses.load(Ordering::Relaxed);
        // How often it was used is for people to see.
        let noting = self.plan.notes.change(&session.tag, |note| note.uses = uses);
        let (noted, wiped) = tokio::join!(noting, wipe::wipe(session));
        if let Err(error) = noted {
            tracing::debug!(%error, "how often a session was used is not noted");
        }
        wiped
    }

    async fn is_alive(&self, session: &CloudSession) -> bool {
        !session.is_lost() && session.connected.cdp.answers().await.is_ok()
    }

    async fn end(&self, session: &CloudSession) -> Result<(), String> {
        let id = &session.session.id;
        match self.plan.client.release(id).await {
            Ok(_) => {}
            Err(error) if is_over(error.kind) => {}
            Err(error) => return Err(error.to_string()),
        }
        self.is_over(&session.tag);
        let ended = self.archivist.has_ended(&session.tag, id, session.records);
        if let Err(error) = ended.await {
            tracing::warn!(%error, "a session that has ended is still noted");
        }
        Ok(())
    }
}

/// Whether the cloud records it: that is its own choice where none was made.
fn is_recorded(kind: &Kind) -> bool {
    kind.options.records() != Some(false)
}

/// Whether there is nothing left to end.
pub(super) const fn is_over(kind: browserbase::Kind) -> bool {
    use browserbase::Kind;
    matches!(kind, Kind::NotFound | Kind::Gone | Kind::Conflict)
}

fn settings_of(options: &CloudOptions) -> Option<BrowserSettings> {
    let settings = BrowserSettings {
        viewport: options.window.map(|(width, height)| Viewport { width, height }),
        context: options.context.as_ref().map(|context| Context {
            id: context.id.clone(),
            persist: context.persist,
        }),
        record_session: options.records(),
        // What is typed is part of a log.
        log_session: options.types_secrets.then_some(false),
        verified: options.verified.then_some(true),
        ..BrowserSettings::default()
    };
    (settings != BrowserSettings::default()).then_some(settings)
}

/// What it means that no session was made.
fn failed(error: &browserbase::Error) -> NotMade {
    use browserbase::Kind;
    let is_outage = matches!(
        error.kind,
        Kind::Unavailable | Kind::Unreachable | Kind::Lost | Kind::Malformed
    );
    NotMade {
        why: error.to_string(),
        // A limit passes. An outage is not waited for: whoever can does without.
        again: (error.kind == Kind::RateLimited).then_some(AGAIN),
        is_outage,
    }
}

/// Connects to a session's browser; its own context.
async fn connect(address: &str) -> Result<(Connected, BrowserContextId), String> {
    let connected = Connected::to(address, false).await?;
    let context = own_context(&connected).await.map_err(|error| error.to_string())?;
    Ok((connected, context))
}

/// The context that no client has made. Browsers of before 2025 do not name it.
async fn own_context(connected: &Connected) -> Result<BrowserContextId, TabError> {
    let asked = connected.cdp.send(&GetBrowserContextsParams::default());
    let contexts = asked.answer().await?;
    if let Some(id) = contexts.default_browser_context_id {
        return Ok(id);
    }
    let blank = connected.cdp.send(&CreateTargetParams::new("about:blank"));
    let blank = blank.answer().await?.target_id;
    let targets = connected.cdp.send(&GetTargetsParams::default()).answer().await?;
    let page = targets.target_infos.into_iter().find(|it| it.target_id == blank);
    page.and_then(|page| page.browser_context_id)
        .ok_or_else(|| TabError::Refused {
            command: "Target.getTargets".to_owned(),
            message: "the browser does not name its own context".to_owned(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each failure of the service means for who waits for a session.
    #[test]
    fn an_outage_is_not_waited_for_a_limit_is_and_a_wrong_key_is_told() {
        use browserbase::Kind;
        let told = |kind| {
            let error = browserbase::Error::new(kind, "POST /v1/sessions", "because");
            let failed = failed(&error);
            (failed.again.is_some(), failed.is_outage)
        };
        for kind in [Kind::Unavailable, Kind::Unreachable, Kind::Lost, Kind::Malformed] {
            assert_eq!(told(kind), (false, true), "{kind:?}");
        }
        assert_eq!(told(Kind::RateLimited), (true, false));
        for kind in [
            Kind::Unauthorized,
            Kind::PaymentRequired,
            Kind::Forbidden,
            Kind::NotFound,
            Kind::Refused,
        ] {
            assert_eq!(told(kind), (false, false), "{kind:?}");
        }
    }
}
