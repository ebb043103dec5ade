//! From the configuration to a look: what is asked where, or what would have to be configured for it.

use futures::FutureExt;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use url::Url;

use super::Look;
use crate::app::{artifacts_at, make_private};
use crate::config::{Config, Configuration, STATS_PORT};
use flowguard_backends::browser::{LocalBrowsers, LocalOptions};
use flowguard_backends::probes::{self, Agent, Answered, Fault, Stats};
use flowguard_backends::storage::MongoStore;
use flowguard_core::artifact::Artifacts;
use flowguard_core::browser::context::ContextOptions;
use flowguard_core::browser::port::{Tab, Watcher};
use flowguard_core::browser::{Browsers, PageId, Wanted};
use flowguard_core::limits::LEAST_FREE_BYTES;
use flowguard_core::timeline::PageEvent;

const ANTHROPIC: &str = "https://api.anthropic.com";
/// Where the Agent takes traces, where only its host is named.
const AGENT_PORT: u16 = 8_126;

pub(super) fn disk(config: &Config) -> Look {
    let data = config.top.data.clone();
    Ok(async move {
        let place = data.display().to_string();
        let tried = tokio::task::spawn_blocking(move || try_disk(&data)).await;
        let tried = tried.unwrap_or_else(|error| Err(std::io::Error::other(error)));
        let free = tried.map_err(|error| {
            Fault::new(
                format!("{place}: {error}"),
                "name a folder that can be written with `data` or --data",
            )
        })?;
        let mib = free >> 20;
        if free < LEAST_FREE_BYTES {
            return Err(Fault::new(
                format!("{place}: {mib} MiB are free"),
                "free some space",
            ));
        }
        Ok(format!("{place}: written and read, {} GiB free", free >> 30))
    }
    .boxed())
}

/// Writes a file, forces it to the disk, reads and removes it; the bytes that are free.
fn try_disk(data: &Path) -> std::io::Result<u64> {
    const TEXT: &[u8] = b"flowguard env validate";
    make_private(data)?;
    let mut file = tempfile::NamedTempFile::new_in(data)?;
    file.write_all(TEXT)?;
    file.as_file().sync_all()?;
    if std::fs::read(file.path())? != TEXT {
        return Err(std::io::Error::other("what is read is not what was written"));
    }
    file.close()?;
    let about = rustix::fs::statvfs(data)?;
    Ok(about.f_bavail.saturating_mul(about.f_frsize))
}

pub(super) fn browser(config: &Config) -> Look {
    let options = LocalOptions {
        executable: config.top.chromium.clone(),
        search_path: std::env::var_os("PATH").unwrap_or_default(),
        keeps_ready: false,
        ..LocalOptions::default()
    };
    Ok(async move {
        let browsers = LocalBrowsers::new(options);
        let opened = open_page(&browsers).await;
        browsers.shut_down().await;
        opened
    }
    .boxed())
}

async fn open_page(browsers: &LocalBrowsers) -> Answered {
    let fault = |error: flowguard_core::browser::port::BrowserError| {
        Fault::new(
            error.to_string(),
            "install Chromium, or name one with `chromium` or --chromium",
        )
    };
    let lease = browsers
        .lease(&Wanted::default(), Arc::new(Deaf))
        .await
        .map_err(fault)?;
    let context = lease
        .new_context(&ContextOptions::default())
        .await
        .map_err(fault)?;
    context.open_tab(1).await.map_err(fault)?;
    let product = lease.info().product;
    lease.release().await;
    Ok(format!("{product} has opened a page"))
}

/// Hears of pages and does nothing.
struct Deaf;

impl Watcher for Deaf {
    fn page_event(&self, _: PageId, _: PageEvent) {}

    fn popup(&self, _: Option<PageId>, _: Arc<dyn Tab>) -> Option<PageId> {
        None
    }
}

pub(super) fn mongodb(config: &Config) -> Look {
    let uri = config.store.uri.clone();
    let uri = uri.ok_or("the store is embedded, below `data`; for MongoDB set MONGODB_URI")?;
    let database = config.store.database.0.clone();
    Ok(async move {
        let fault = |error: flowguard_core::storage::StorageError| {
            Fault::new(
                error.to_string(),
                "check MONGODB_URI, and that the server runs and knows this user",
            )
        };
        let store = MongoStore::connect(uri.0.reveal(), &database)
            .await
            .map_err(fault)?;
        store.ping().await.map_err(fault)?;
        Ok(match store.degraded() {
            [] => format!("database {database}"),
            some => format!("database {database}; {}", some.join("; ")),
        })
    }
    .boxed())
}

pub(super) fn artifacts(configuration: &Configuration) -> Look {
    let config = configuration.first();
    if config.artifacts.url.is_none() {
        return Err("they are kept below `data`; for a bucket set FLOWGUARD_ARTIFACTS_URL");
    }
    let opened = artifacts_at(config, configuration.environment());
    Ok(async move {
        let advice = "check FLOWGUARD_ARTIFACTS_URL and the credentials of its cloud";
        let store = opened.map_err(|error| Fault::new(error.to_string(), advice))?;
        // It expires as any other.
        let tried = async {
            let digest = store.put(b"flowguard env validate".to_vec().into()).await?;
            store.get(&digest).await
        };
        tried
            .await
            .map_err(|error| Fault::new(error.to_string(), advice))?;
        Ok(format!("{}: written and read", store.shown()))
    }
    .boxed())
}

pub(super) fn vision(config: &Config) -> Look {
    let vision = config.vision.clone();
    let key = vision.key.ok_or("set ANTHROPIC_API_KEY")?;
    let endpoint = endpoint(vision.endpoint, ANTHROPIC)?;
    Ok(async move { probes::anthropic(&endpoint, &key, vision.model.as_deref()).await }.boxed())
}

pub(super) fn browserbase(config: &Config) -> Look {
    let browserbase = config.browserbase.clone();
    let key = browserbase.key.ok_or("set BROWSERBASE_API_KEY")?;
    let endpoint = endpoint(browserbase.endpoint, crate::cloud::SERVICE)?;
    Ok(async move { probes::browserbase(&endpoint, &key, browserbase.project.as_deref()).await }.boxed())
}

pub(super) fn phoenix(config: &Config) -> Look {
    let phoenix = config.phoenix.clone();
    let endpoint = phoenix.endpoint.ok_or("set PHOENIX_ENDPOINT")?;
    Ok(async move { probes::phoenix(&endpoint, phoenix.key.as_ref()).await }.boxed())
}

pub(super) fn datadog_agent(config: &Config) -> Look {
    let hint = "set DD_AGENT_HOST or DD_TRACE_AGENT_URL";
    let datadog = &config.datadog;
    let agent = match (&datadog.trace_agent_url, &datadog.agent_host) {
        (Some(agent), _) => agent.clone(),
        (None, Some(host)) => {
            let url = Url::parse(&format!("http://{}:{AGENT_PORT}", bracketed(&host.0)));
            Agent::Http(url.map_err(|_| hint)?)
        }
        (None, None) => return Err(hint),
    };
    Ok(async move { probes::datadog_agent(&agent).await }.boxed())
}

pub(super) fn dogstatsd(config: &Config) -> Look {
    let datadog = &config.datadog;
    let stats = match (&datadog.dogstatsd_url, &datadog.agent_host) {
        (Some(stats), _) => stats.clone(),
        (None, Some(host)) => Stats::Udp(host.0.clone(), STATS_PORT),
        (None, None) => return Err("set DD_AGENT_HOST or DD_DOGSTATSD_URL"),
    };
    Ok(async move { probes::dogstatsd(&stats).await }.boxed())
}

fn endpoint(said: Option<Url>, usual: &'static str) -> Result<Url, &'static str> {
    said.map_or_else(|| Url::parse(usual).map_err(|_| usual), Ok)
}

/// A host as addresses have it.
fn bracketed(host: &str) -> String {
    match host.contains(':') && !host.starts_with('[') {
        true => format!("[{host}]"),
        false => host.to_owned(),
    }
}
