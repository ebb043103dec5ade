//! `flowguard serve`: runs over HTTP on the loopback.

use anyhow::Context;
use clap::Args;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

use super::signals::{interrupted, terminated};
use super::{Exit, Log, ModeArg, ProfileArg, UsageError, say};
use crate::app::App;
use crate::config::{self, Edit, Flags};
use crate::discover::{discover, distinct_names};
use crate::foundation::{Foundation, policies};
use crate::report::words::visible;
use crate::server::{self, Access, Server, ServerOptions};
use crate::storage::retention;
use crate::sweep::keep_swept;
use flowguard_core::limits::MAX_WORKERS;
use flowguard_engine::EngineOptions;

/// Connections that are still open when everything has ended are cut after this.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Takes runs over HTTP, on this machine only
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Components, YAML files, or folders that hold them
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The address of this machine on which requests are taken; port 0 for any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4400")]
    listen: SocketAddr,
    /// Where the application is, unless a run says otherwise [env: FLOWGUARD_BASE_URL]
    #[arg(long, value_name = "URL")]
    base_url: Option<Url>,
    /// Flows at once [env: FLOWGUARD_WORKERS] [default: the number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_WORKERS)))]
    workers: Option<u32>,
    #[command(flatten)]
    mode: ModeArg,
    /// The folder of the pictures that pages are compared with
    #[arg(long, value_name = "DIR", default_value = "baselines")]
    baselines: PathBuf,
    #[command(flatten)]
    profile: ProfileArg,
}

impl ServeArgs {
    /// What was given that belongs to the configuration.
    pub(super) fn say_to(&self, flags: &mut Flags) {
        flags.add("--base-url", self.base_url.as_ref().map(Url::as_str));
        flags.add("--workers", self.workers.map(|workers| workers.to_string()));
        self.mode.say_to(flags);
        self.profile.say_to(flags);
    }
}

pub(super) async fn run(foundation: &Foundation, log: Log, args: ServeArgs) -> anyhow::Result<Exit> {
    let configuration = foundation.configuration.clone();
    crate::cloud::check(configuration.first())?;
    let candidates = discover(&args.paths).map_err(UsageError)?;
    distinct_names(&candidates).map_err(UsageError)?;
    let mut app = App::build(foundation, false, EngineOptions::default()).await?;
    app.load_plugins().await?;
    foundation.warn_of_missing_secrets().await?;
    let asked = asked_to_end();
    let listener = server::bind(loopback(args.listen)?).await.map_err(UsageError)?;
    let address = listener.local_addr()?;
    let access =
        Access::by_token(&app.data_folder(), address).context("the server's token cannot be kept")?;
    let options = ServerOptions {
        configuration: configuration.clone(),
        secrets: foundation.secrets.clone(),
        baselines: args.baselines,
    };
    // What an earlier server has left running in the cloud is ended soon, whether or not a flow runs there.
    if let Err(error) = app.places.cloud().await {
        tracing::warn!(%error, "it is not looked for sessions in the cloud that nobody uses");
    }
    let server = Server::new(app, options).await?;
    let _watch = edits(foundation, &server, log);
    let sweeping = tokio::spawn(keep_swept(server.app(), configuration.clone()));
    for why in server.restore(&candidates).await? {
        say(&format!("{}\n", visible(&why)));
    }
    for candidate in &candidates {
        if let Err(why) = server.load(candidate).await {
            say(&format!("{}\n", crate::report::words::visible(&why)));
        }
    }
    say(&format!(
        "flowguard serves {} flows at http://{address}\n",
        server.flows()
    ));
    let router = server::serve_router(server.clone(), access);
    let (end, over) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server::serve(listener, router, async move {
        let _ = over.await;
    }));
    let exit = asked.await;
    // A second time, nothing is waited for.
    let again = asked_to_end();
    tokio::spawn(async {
        std::process::exit(again.await as i32);
    });
    let _ = end.send(());
    sweeping.abort();
    server.end().await;
    let _ = tokio::time::timeout(LAST_WORDS, serving).await;
    Ok(exit)
}

/// Takes edits of the configuration in while the server runs.
fn edits(foundation: &Foundation, server: &Arc<Server>, log: Log) -> Option<config::Watch> {
    let (server, current) = (server.clone(), foundation.configuration.clone());
    let secrets = foundation.secrets.clone();
    let hears = move |edit: Edit| {
        let Some(told) = config::told(&edit) else {
            return;
        };
        let told = visible(&told);
        match edit {
            Edit::Refused(_) => tracing::warn!("{told}"),
            Edit::Nothing | Edit::Taken(_) => say(&format!("{told}\n")),
        }
        let now = current.now();
        log.filter(&now.config.top.log.0);
        server.resize(now.config.run.at_once());
        server.keep_results(retention(&now.config));
        match policies(&now.config) {
            Ok(policies) => secrets.give(policies),
            Err(error) => tracing::warn!("{error}"),
        }
    };
    let watch = foundation.configuration.watch(hears);
    watch.map_err(|why| tracing::warn!("{why}")).ok()
}

/// What others on the network can reach needs more than a token; that comes with tenants.
pub(super) fn loopback(address: SocketAddr) -> Result<SocketAddr, UsageError> {
    if address.ip().is_loopback() {
        return Ok(address);
    }
    Err(UsageError(format!(
        "{address} is no address of this machine alone: requests are taken on the loopback only, for example 127.0.0.1:{}",
        address.port()
    )))
}

/// Ends with what a terminal or a supervisor sends to end a program, from now on. For a supervisor that is how a server
/// ends well.
fn asked_to_end() -> impl Future<Output = Exit> + Send + 'static {
    let (interrupted, terminated) = (interrupted(), terminated());
    async {
        tokio::select! {
            () = interrupted => Exit::Interrupted,
            () = terminated => Exit::Passed,
        }
    }
}
