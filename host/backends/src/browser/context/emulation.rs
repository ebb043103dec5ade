//! What a context makes its pages believe, over CDP: said to every session before it runs, and again where it
//! changes. A context without options costs no message here.

use async_trait::async_trait;
use chromiumoxide::cdp::browser_protocol::browser::{BrowserContextId, ResetPermissionsParams};
use chromiumoxide::cdp::browser_protocol::emulation::{
    MediaFeature, SetDeviceMetricsOverrideParams, SetEmulatedMediaParams, SetGeolocationOverrideParams,
    SetLocaleOverrideParams, SetScriptExecutionDisabledParams, SetTimezoneOverrideParams,
    SetTouchEmulationEnabledParams, SetUserAgentOverrideParams,
};
use chromiumoxide::cdp::browser_protocol::network::{
    Headers, SetBypassServiceWorkerParams, SetExtraHttpHeadersParams,
};
use chromiumoxide::cdp::browser_protocol::page::{
    AddScriptToEvaluateOnNewDocumentParams, SetBypassCspParams,
};
use chromiumoxide::cdp::browser_protocol::security::SetIgnoreCertificateErrorsParams;
use futures::FutureExt;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::clock::Clock;
use super::permissions::{self, GrantPermissions};
use super::user_agent;
use crate::browser::connection::cdp::{Cdp, Listener, Session};
use crate::browser::page::page_world::{init_script, tell_all};
use crate::browser::page::setup::Done;
use crate::browser::tunnel;
use crate::browser::tunnel::Tunnel;
use flowguard_core::browser::calls::Size;
use flowguard_core::browser::context::{
    ClockOrder, ClockState, ContextOptions, Geolocation, Header, HttpCredentials, Media, Permission,
};
use flowguard_core::browser::port::Emulation;
use flowguard_core::browser::{BrowserError, TabError};

/// Keeps pages from registering service workers, as if the browser had none to give.
const NO_SERVICE_WORKERS: &str =
    "if (navigator.serviceWorker) navigator.serviceWorker.register = () => new Promise(() => {});";
/// Two sessions of one process share these; the second is told so, and it holds for it all the same.
const ALREADY_THERE: [&str; 2] = [
    "Another locale override is already in effect",
    "Timezone override is already in effect",
];

/// What one context emulates.
pub(in crate::browser) struct CdpEmulation {
    cdp: Cdp,
    context: BrowserContextId,
    options: ContextOptions,
    /// The way to what only this machine reaches.
    tunnel: Option<Arc<Tunnel>>,
    now: Mutex<Now>,
    sessions: Sessions,
    clock: Clock,
}

/// What a flow may change.
struct Now {
    geolocation: Option<Geolocation>,
    offline: bool,
    extra_headers: Vec<Header>,
    http_credentials: Option<HttpCredentials>,
    /// Run in each new document.
    init_scripts: Vec<String>,
    /// What is allowed, by origin; none for every one.
    permissions: HashMap<Option<String>, HashSet<Permission>>,
}

/// The sessions that are told of changes, by id.
type Sessions = Arc<Mutex<HashMap<String, Session>>>;

/// Forgets a session that is over.
struct Forget {
    sessions: Sessions,
    id: String,
}

impl Listener for Forget {
    fn event(&self, _event: &crate::browser::connection::cdp::Event<'_>) {}

    fn over(&self, _why: &TabError) {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.remove(&self.id);
    }
}

impl CdpEmulation {
    pub(in crate::browser) fn new(
        cdp: &Cdp,
        context: &BrowserContextId,
        options: &ContextOptions,
        tunnel: Option<Arc<Tunnel>>,
    ) -> Arc<Self> {
        let emulation = Arc::new(Self {
            cdp: cdp.clone(),
            context: context.clone(),
            options: options.clone(),
            tunnel,
            now: Mutex::new(Now {
                geolocation: options.geolocation,
                offline: options.offline,
                extra_headers: options.extra_headers.clone(),
                http_credentials: options.http_credentials.clone(),
                init_scripts: Vec::new(),
                permissions: HashMap::new(),
            }),
            sessions: Sessions::default(),
            clock: Clock::default(),
        });
        if !options.permissions.is_empty() {
            drop(cdp.send(&emulation.granting(&options.permissions, None)));
        }
        emulation
    }

    /// The way to what only this machine reaches.
    pub(in crate::browser) const fn tunnel(&self) -> Option<&Arc<Tunnel>> {
        self.tunnel.as_ref()
    }

    /// What servers get that ask for a password by HTTP.
    pub(in crate::browser) fn http_credentials(&self) -> Option<HttpCredentials> {
        self.now().http_credentials.clone()
    }

    pub(in crate::browser) fn set_http_credentials(&self, credentials: Option<HttpCredentials>) {
        self.now().http_credentials = credentials;
    }

    /// The viewport at which pages open.
    pub(in crate::browser) fn viewport(&self) -> Size {
        self.options.viewport()
    }

    /// The command that gives a page this viewport on the context's device.
    pub(in crate::browser) fn metrics(&self, size: Size) -> SetDeviceMetricsOverrideParams {
        let factor = self.options.device_scale_factor.unwrap_or(1.0);
        let (width, height) = (i64::from(size.width), i64::from(size.height));
        SetDeviceMetricsOverrideParams::new(width, height, factor, self.options.is_mobile)
    }

    /// Tells a page's own session what it is told besides [`CdpEmulation::frame`].
    pub(in crate::browser) fn page(&self, session: &Session) -> Vec<Done> {
        let mut sent = vec![session.send(&self.metrics(self.viewport())).done()];
        if self.options.service_workers_blocked {
            let script = AddScriptToEvaluateOnNewDocumentParams::new(NO_SERVICE_WORKERS);
            sent.push(session.send(&script).done());
            sent.push(session.send(&SetBypassServiceWorkerParams::new(true)).done());
        }
        sent
    }

    /// Tells the session of a page, or of a frame in another process.
    pub(in crate::browser) fn frame(&self, session: &Session) -> Vec<Done> {
        self.remember(session);
        let options = &self.options;
        let mut sent = Vec::new();
        if options.bypass_csp {
            sent.push(session.send(&SetBypassCspParams::new(true)).done());
        }
        if options.ignore_https_errors {
            sent.push(session.send(&SetIgnoreCertificateErrorsParams::new(true)).done());
        }
        if options.scripts_disabled {
            sent.push(session.send(&SetScriptExecutionDisabledParams::new(true)).done());
        }
        if options.has_touch {
            sent.push(session.send(&SetTouchEmulationEnabledParams::new(true)).done());
        }
        if options.user_agent.is_some() || options.locale.is_some() {
            let command = SetUserAgentOverrideParams {
                user_agent: options.user_agent.clone().unwrap_or_default(),
                accept_language: options.locale.clone(),
                platform: None,
                user_agent_metadata: options
                    .user_agent
                    .as_deref()
                    .map(|agent| user_agent::metadata(agent, options.is_mobile)),
            };
            sent.push(session.send(&command).done());
        }
        if let Some(locale) = &options.locale {
            let locale = Some(locale.replace('-', "_"));
            sent.push(tolerant(session.send(&SetLocaleOverrideParams { locale }).done()));
        }
        if let Some(zone) = &options.time_zone {
            let command = SetTimezoneOverrideParams::new(zone);
            sent.push(tolerant(session.send(&command).done()));
        }
        if options.media != Media::default() {
            sent.push(session.send(&media_command(options.media)).done());
        }
        let now = self.now();
        if now.geolocation.is_some() {
            sent.push(session.send(&place_command(now.geolocation)).done());
        }
        if now.offline {
            sent.push(session.send(&offline_command(true)).done());
        }
        if !now.extra_headers.is_empty() {
            sent.push(session.send(&headers_command(&now.extra_headers)).done());
        }
        sent.extend(self.clock.begin(session));
        if let Some(tunnel) = &self.tunnel {
            sent.extend(tunnel::follow(tunnel, session));
        }
        let scripts = now.init_scripts.iter();
        sent.extend(scripts.map(|script| session.send(&init_script(script, true)).done()));
        sent
    }

    /// What a page sees that asks for nothing else.
    pub(in crate::browser) fn media(&self) -> Media {
        self.options.media
    }

    /// What it means that a page could not be made ready.
    pub(in crate::browser) fn unfit(&self, error: &TabError) -> BrowserError {
        let unknown = |what: &str, name: &Option<String>, like: &str| {
            let name = name.as_deref().unwrap_or_default();
            BrowserError::Unfit(format!(
                "the browser knows no {what} {name:?}: name one like {like}"
            ))
        };
        match error {
            TabError::Refused { command, .. } if command == SetTimezoneOverrideParams::IDENTIFIER => {
                unknown("time zone", &self.options.time_zone, "Europe/Berlin")
            }
            TabError::Refused { command, .. } if command == SetLocaleOverrideParams::IDENTIFIER => {
                unknown("locale", &self.options.locale, "de-DE")
            }
            other => BrowserError::Lost(other.to_string()),
        }
    }

    fn remember(&self, session: &Session) {
        let id = session.id().to_owned();
        self.lock_sessions().insert(id.clone(), session.clone());
        let sessions = self.sessions.clone();
        session.listen("Emulation", Arc::new(Forget { sessions, id }));
    }

    /// Sends something to every session, and waits until those that are still there have done it.
    async fn everywhere(&self, send: impl Fn(&Session) -> Done + Send) -> Result<(), TabError> {
        let sent: Vec<Done> = self.lock_sessions().values().map(send).collect();
        tell_all(sent).await
    }

    /// Allows these, and what was allowed to the origin before: the browser itself would forget that.
    fn granting(&self, permissions: &[Permission], origin: Option<&str>) -> GrantPermissions {
        let mut now = self.now();
        let granted = now.permissions.entry(origin.map(str::to_owned)).or_default();
        granted.extend(permissions);
        permissions::granting(granted, origin, &self.context)
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_sessions(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Emulation for CdpEmulation {
    async fn set_geolocation(&self, place: Option<Geolocation>) -> Result<(), TabError> {
        self.now().geolocation = place;
        let command = place_command(place);
        self.everywhere(|session| session.send(&command).done()).await
    }

    async fn grant(&self, permissions: &[Permission], origin: Option<&str>) -> Result<(), TabError> {
        self.cdp.send(&self.granting(permissions, origin)).done().await
    }

    async fn clear_permissions(&self) -> Result<(), TabError> {
        self.now().permissions.clear();
        let browser_context_id = Some(self.context.clone());
        let command = ResetPermissionsParams { browser_context_id };
        self.cdp.send(&command).done().await
    }

    async fn set_offline(&self, offline: bool) -> Result<(), TabError> {
        self.now().offline = offline;
        let command = offline_command(offline);
        self.everywhere(|session| session.send(&command).done()).await
    }

    async fn set_extra_headers(&self, headers: &[Header]) -> Result<(), TabError> {
        self.now().extra_headers = headers.to_vec();
        let command = headers_command(headers);
        self.everywhere(|session| session.send(&command).done()).await
    }

    async fn add_init_script(&self, script: &str) -> Result<(), TabError> {
        self.now().init_scripts.push(script.to_owned());
        let command = init_script(script, false);
        self.everywhere(|session| session.send(&command).done()).await
    }

    async fn set_clock(&self, state: ClockState, order: ClockOrder) -> Result<(), TabError> {
        self.clock.set(state);
        self.everywhere(|session| self.clock.order(session, order)).await
    }
}

/// The command that changes what media queries see.
pub(in crate::browser) fn media_command(media: Media) -> SetEmulatedMediaParams {
    let word = |value: Option<Value>| value.and_then(|value| value.as_str().map(str::to_owned));
    let value = serde_json::to_value(media).unwrap_or_default();
    let of = |name: &str| word(value.get(name).cloned());
    let features = [
        ("prefers-color-scheme", "color_scheme"),
        ("prefers-reduced-motion", "reduced_motion"),
        ("forced-colors", "forced_colors"),
        ("prefers-contrast", "contrast"),
    ];
    let set = features
        .into_iter()
        .filter_map(|(name, field)| Some(MediaFeature::new(name, of(field)?)));
    SetEmulatedMediaParams {
        media: Some(of("media_type").unwrap_or_default()),
        features: Some(set.collect()),
    }
}

fn place_command(place: Option<Geolocation>) -> SetGeolocationOverrideParams {
    SetGeolocationOverrideParams {
        latitude: place.map(|place| place.latitude),
        longitude: place.map(|place| place.longitude),
        accuracy: place.map(|place| place.accuracy),
        ..Default::default()
    }
}

#[expect(
    deprecated,
    reason = "its successors are experimental; this is what other tools send"
)]
fn offline_command(
    offline: bool,
) -> chromiumoxide::cdp::browser_protocol::network::EmulateNetworkConditionsParams {
    chromiumoxide::cdp::browser_protocol::network::EmulateNetworkConditionsParams::new(
        offline, 0.0, -1.0, -1.0,
    )
}

fn headers_command(headers: &[Header]) -> SetExtraHttpHeadersParams {
    let all = headers
        .iter()
        .map(|header| (header.name.clone(), Value::from(header.value.reveal())));
    SetExtraHttpHeadersParams::new(Headers::new(Value::Object(all.collect())))
}

fn tolerant(done: Done) -> Done {
    let judged = |done| match done {
        Err(TabError::Refused { message, .. }) if ALREADY_THERE.iter().any(|it| message.contains(it)) => {
            Ok(())
        }
        done => done,
    };
    done.map(judged).boxed()
}
