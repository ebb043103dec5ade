//! Browsers in the cloud, as the configuration has them: which flows run there, how their sessions are set up, and what it
//! takes to be given some.

use std::sync::Arc;
use std::time::Duration;

use crate::cli::UsageError;
use crate::config::{CloudFlow, Config, Mode, Surroundings};
use crate::storage::{Storage, recordings_are_kept};
use flowguard_backends::browser::{Archive, CloudPlan, CloudSettings};
use flowguard_backends::browserbase::{Client, ClientOptions};
use flowguard_backends::pool::PoolLimits;
use flowguard_core::artifact::Artifacts;
use flowguard_core::browser::{CloudOptions, KeptContext, Place};
use flowguard_core::clock::Clock;
use flowguard_core::flow::Flow;
use flowguard_core::limits::CLOUD_REFILL;
use flowguard_core::storage::{CloudRecordings, CloudSessions, TenantId};
use url::Url;

/// Browserbase itself.
pub(crate) const SERVICE: &str = "https://api.browserbase.com";
/// Where people look at its sessions.
const DASHBOARD: &str = "https://www.browserbase.com/sessions/";

/// A client of Browserbase, where there is a key.
///
/// # Errors
/// A key that cannot be one.
pub(crate) fn client(config: &Config) -> Result<Option<Client>, UsageError> {
    let Some(key) = &config.browserbase.key else {
        return Ok(None);
    };
    let endpoint = match &config.browserbase.endpoint {
        Some(endpoint) => endpoint.clone(),
        None => Url::parse(SERVICE).map_err(|error| UsageError(error.to_string()))?,
    };
    let client = Client::new(ClientOptions::new(endpoint, key.clone()));
    client.map(Some).map_err(|error| UsageError(error.to_string()))
}

/// What it takes to use browsers in the cloud, where there is a key.
///
/// # Errors
/// A key that cannot be one.
pub(crate) fn plan(
    config: &Config,
    storage: &Storage,
    artifacts: Arc<dyn Artifacts>,
    tenant: &TenantId,
    clock: &Arc<dyn Clock>,
) -> Result<Option<CloudPlan>, UsageError> {
    let Some(client) = client(config)? else {
        return Ok(None);
    };
    let own = &config.browserbase;
    let is_service = own.endpoint.is_none();
    Ok(Some(CloudPlan {
        client,
        notes: notes(storage),
        clock: clock.clone(),
        archive: own.archive.then(|| Archive {
            artifacts,
            recordings: recordings(storage),
            kept: recordings_are_kept(config, tenant),
        }),
        settings: CloudSettings {
            project: own.project.clone(),
            pool: PoolLimits {
                min: own.sessions_min.0 as usize,
                max: own.sessions_max.0 as usize,
                lifetime: own.lifetime,
                idle: own.idle,
                uses: own.uses.0,
                patience: own.patience,
                refill: CLOUD_REFILL,
            },
            warm: Some((tenant.clone(), usual(config))),
            microdollars_a_minute: own.minute_price.0,
            recordings: is_service.then(|| DASHBOARD.to_owned()),
            reaper_period: own.reaper_period.max(Duration::from_millis(100)),
        },
    }))
}

/// The recordings of sessions that are kept here.
pub(crate) fn recordings(storage: &Storage) -> CloudRecordings {
    CloudRecordings::new(storage.store.clone())
}

/// The notes of all sessions in the cloud. They are the platform's, whoever runs flows.
fn notes(storage: &Storage) -> CloudSessions {
    CloudSessions::new(storage.store.clone(), TenantId::local())
}

/// Where a flow's browser is to be, and how it is set up there: as it is said for all flows, else for this one; else a
/// critical flow in CI runs in the cloud.
pub(crate) fn wanted(config: &Config, flow: &Flow) -> (Place, CloudOptions) {
    let own = config.cloud_flows.get(&flow.name);
    let is_usual =
        flow.critical && config.run.environment == Surroundings::Ci && config.browserbase.key.is_some();
    let usual_mode = if is_usual { Mode::Cloud } else { Mode::Local };
    let mode = config
        .run
        .mode
        .or(own.and_then(|own| own.mode))
        .unwrap_or(usual_mode);
    let place = match mode {
        Mode::Local => Place::Local,
        Mode::Cloud => Place::Cloud,
    };
    (
        place,
        own.map_or_else(|| usual(config), |own| options(config, own)),
    )
}

/// The origins that browsers in the cloud reach through this machine.
pub(crate) fn tunnel(config: &Config) -> Vec<String> {
    let origins = config.browserbase.tunnel.iter();
    origins.map(|url| url.origin().ascii_serialization()).collect()
}

/// Refuses to run flows in the cloud where nobody pays for it.
///
/// # Errors
/// What to set.
pub(crate) fn check(config: &Config) -> Result<(), UsageError> {
    let wants = |mode: Option<Mode>| mode == Some(Mode::Cloud);
    let is_wanted = wants(config.run.mode) || config.cloud_flows.values().any(|flow| wants(flow.mode));
    match is_wanted && config.browserbase.key.is_none() {
        true => Err(UsageError(
            "flows are to run in the cloud (--mode, EXECUTION_MODE or `browserbase.flow`), and `browserbase.key` (BROWSERBASE_API_KEY) is not set, which says who pays for it"
                .to_owned(),
        )),
        false => Ok(()),
    }
}

fn usual(config: &Config) -> CloudOptions {
    CloudOptions {
        region: config.browserbase.region.map(|region| region.as_str().to_owned()),
        recording: config.browserbase.recording,
        ..CloudOptions::default()
    }
}

fn options(config: &Config, flow: &CloudFlow) -> CloudOptions {
    let usual = usual(config);
    CloudOptions {
        region: flow
            .region
            .map(|region| region.as_str().to_owned())
            .or(usual.region),
        proxies: flow.proxies,
        verified: flow.verified,
        context: flow.context.clone().map(|id| KeptContext {
            id,
            persist: flow.persist,
        }),
        window: flow.window.map(|window| (window.width, window.height)),
        recording: flow.recording.or(usual.recording),
        ..usual
    }
}
