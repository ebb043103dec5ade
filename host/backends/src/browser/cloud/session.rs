//! Sessions of the cloud, as the pool makes and ends them: noted in the store before they are asked for, found again by
//! their note, and charged by the minute.

use async_trait::async_trait;
use chromiumoxide::cdp::browser_protocol::browser::BrowserContextId;
use chromiumoxide::cdp::browser_protocol::target::{
    CreateTargetParams, GetBrowserContextsParams, GetTargetsParams,
};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

use super::super::connected::Connected;
use super::super::context::CdpContext;
use super::super::site_data::Origins;
use super::wipe;
use super::{CloudPlan, CloudSettings};
use crate::browserbase::{
    self, BrowserSettings, Client, Context, CreateSession, ProxySettings, Session, TAG, Viewport, tag,
};
use crate::pool::{NotMade, Provider};
use flowguard_core::browser::{CloudOptions, TabError};
use flowguard_core::clock::Clock;
use flowguard_core::limits::{CLOUD_CONNECT_TIMEOUT, CLOUD_HEARTBEAT, MAX_RUN_TIMEOUT};
use flowguard_core::storage::{CloudSessions, NotedSession, StorageError, TenantId};

/// Seconds that a session may last, as the API takes them.
const TIMEOUT_S: std::ops::RangeInclusive<u64> = 60..=21_600;
/// What is charged for a session at least.
const LEAST_CHARGED: Duration = Duration::from_secs(60);
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
    /// When it began to cost.
    since: Instant,
    uses: AtomicU32,
    /// Where its pages were since it was last as new.
    origins: Arc<Origins>,
    /// The browser's own context, with a page, where it waits for the next run.
    ready: Mutex<Option<Arc<CdpContext>>>,
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

    /// The browser's own context waits with a page for the next run.
    pub(super) fn keep_ready(&self, context: Arc<CdpContext>) {
        *lock(&self.ready) = Some(context);
    }

    /// The browser's own context, where it waits with a page that is there.
    pub(super) fn take_ready(&self) -> Option<Arc<CdpContext>> {
        lock(&self.ready).take().filter(|context| context.is_ready())
    }
}

/// Makes, wipes and ends sessions.
pub(super) struct Sessions {
    client: Client,
    notes: CloudSessions,
    installation: String,
    clock: Arc<dyn Clock>,
    settings: CloudSettings,
    /// The tags of those that are there or being made.
    ours: Mutex<BTreeSet<String>>,
    /// What those that have ended cost, and since when the others cost.
    paid_microdollars: AtomicU64,
    running: Mutex<Vec<(String, Instant)>>,
}

impl Sessions {
    pub(super) fn new(plan: &CloudPlan, installation: &str) -> Self {
        Self {
            client: plan.client.clone(),
            notes: plan.notes.clone(),
            installation: installation.to_owned(),
            clock: plan.clock.clone(),
            settings: plan.settings.clone(),
            ours: Mutex::default(),
            paid_microdollars: AtomicU64::new(0),
            running: Mutex::default(),
        }
    }

    /// Says again and again that the sessions of this host are used. Never ends.
    pub(super) async fn renew_notes(&self, every: Duration) {
        let mut beats = tokio::time::interval(every);
        loop {
            beats.tick().await;
            let (ours, now) = (lock(&self.ours).clone(), self.now_ms());
            for tag in ours {
                let renewed = self.notes.change(&tag, |note| note.renewed_ms = now).await;
                if let Err(error) = renewed {
                    tracing::warn!(%error, "a session in the cloud could not be noted as used");
                }
            }
        }
    }

    /// What all sessions cost so far.
    pub(super) fn cost_microdollars(&self) -> u64 {
        let price = self.settings.microdollars_a_minute;
        let running = lock(&self.running);
        let running: u64 = running
            .iter()
            .map(|(_, since)| charge(price, since.elapsed().max(LEAST_CHARGED)))
            .sum();
        self.paid_microdollars.load(Ordering::Relaxed) + running
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.clock.wall().as_millis()).unwrap_or(u64::MAX)
    }

    async fn note(&self, tag: &str, kind: &Kind) -> Result<(), StorageError> {
        let now = self.now_ms();
        self.notes
            .note(&NotedSession {
                tag: tag.to_owned(),
                session: None,
                tenant: kind.tenant.as_str().to_owned(),
                made_ms: now,
                renewed_ms: now,
                uses: 0,
            })
            .await
    }

    /// Makes a session that is noted already.
    async fn make_noted(&self, tag: &str, kind: &Kind) -> Result<CloudSession, NotMade> {
        let asked = self.asked(tag, &kind.options);
        let created = match self.client.create_session(&asked).await {
            Ok(created) => created,
            Err(error) => {
                if !error.kind.is_ambiguous() {
                    self.forget(tag).await;
                }
                return Err(failed(&error));
            }
        };
        let since = Instant::now();
        let id = created.session.id.clone();
        lock(&self.running).push((id.clone(), since));
        let named = self
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
                client: self.client.clone(),
                tag: tag.to_owned(),
                since,
                uses: AtomicU32::new(0),
                origins: Arc::new(Origins::of_one_to_wipe()),
                ready: Mutex::default(),
            }),
            Err(why) => {
                match self.client.release(&id).await {
                    Ok(_) => self.forget(tag).await,
                    Err(error) => {
                        tracing::warn!(%error, "a session in the cloud that cannot be used was not released");
                    }
                }
                self.is_paid(&id, since);
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
        if let Err(error) = self.notes.remove(tag).await {
            tracing::warn!(%error, "the note of a session that has ended is still there");
        }
    }

    /// How a session is asked for. It ends by itself with its connection, so that none outlives us by more than minutes.
    fn asked(&self, tag: &str, options: &CloudOptions) -> CreateSession {
        let lasts = self.settings.pool.lifetime + MAX_RUN_TIMEOUT;
        let lasts = lasts.as_secs().clamp(*TIMEOUT_S.start(), *TIMEOUT_S.end());
        CreateSession {
            project_id: self.settings.project.clone(),
            timeout_s: u32::try_from(lasts).ok(),
            keep_alive: None,
            region: options.region.clone(),
            browser_settings: settings_of(options),
            proxies: options.proxies.then_some(ProxySettings::All(true)),
            user_metadata: [(TAG.to_owned(), json!(tag))].into_iter().collect(),
        }
    }

    fn is_paid(&self, id: &str, since: Instant) {
        lock(&self.running).retain(|(other, _)| other != id);
        let lasted = since.elapsed().max(LEAST_CHARGED);
        let paid = charge(self.settings.microdollars_a_minute, lasted);
        self.paid_microdollars.fetch_add(paid, Ordering::Relaxed);
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
        lock(&self.ours).insert(tag.clone());
        let made = self.make_noted(&tag, kind).await;
        if made.is_err() {
            // Whether one was made all the same is looked for later, by this note.
            lock(&self.ours).remove(&tag);
        }
        made
    }

    async fn wipe(&self, session: &CloudSession) -> Result<(), String> {
        let uses = session.uses.load(Ordering::Relaxed);
        // How often it was used is for people to see.
        let noted = self.notes.change(&session.tag, |note| note.uses = uses).await;
        if let Err(error) = noted {
            tracing::debug!(%error, "how often a session was used is not noted");
        }
        wipe::wipe(session).await
    }

    async fn is_alive(&self, session: &CloudSession) -> bool {
        !session.is_lost() && session.connected.cdp.answers().await.is_ok()
    }

    async fn end(&self, session: &CloudSession) -> Result<(), String> {
        let id = &session.session.id;
        match self.client.release(id).await {
            Ok(_) => {}
            Err(error) if is_over(error.kind) => {}
            Err(error) => return Err(error.to_string()),
        }
        self.is_paid(id, session.since);
        lock(&self.ours).remove(&session.tag);
        self.forget(&session.tag).await;
        Ok(())
    }
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
        record_session: options.recording,
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
    let may_pass = is_outage || error.kind == Kind::RateLimited;
    NotMade {
        why: error.to_string(),
        // An outage is not waited for: whoever can does without.
        again: (may_pass && !is_outage).then_some(AGAIN),
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

/// What this time costs.
pub(super) fn charge(microdollars_a_minute: u64, time: Duration) -> u64 {
    let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    microdollars_a_minute.saturating_mul(milliseconds) / 60_000
}

/// What a run of this time would cost in a session of its own.
pub(super) fn charge_alone(microdollars_a_minute: u64, time: Duration) -> u64 {
    charge(microdollars_a_minute, time.max(LEAST_CHARGED))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_costs_a_minute_at_least_and_a_run_its_time() {
        let dollar_dime = 100_000;
        assert_eq!(charge(dollar_dime, Duration::from_secs(90)), 150_000);
        assert_eq!(charge(dollar_dime, Duration::from_secs(6)), 10_000);
        assert_eq!(charge_alone(dollar_dime, Duration::from_secs(6)), 100_000);
        assert_eq!(charge_alone(dollar_dime, Duration::from_secs(90)), 150_000);
    }

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
