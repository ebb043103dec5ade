//! `flowguard run --server`: the same command, with the runs made by a server. What it answers is read as that of
//! somebody else: bounded, and never taken for more than it is.

use futures::stream::{self, StreamExt};
use reqwest::{Client, Method, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use url::{Host, Url};

use super::live::Live;
use super::reporters::{wants_list, write_reports};
use super::run::{RunArgs, cancelled_by_interrupt, exit_of, locate, style};
use super::{Exit, UsageError, say};
use crate::app::App;
use crate::config::Loaded as Configured;
use crate::discover::{Candidate, discover, distinct_names};
use crate::foundation::Foundation;
use crate::load;
use crate::report::{self, LoadFailure, Report};
use crate::server::token_in;
use flowguard_core::artifact::Artifacts;
use flowguard_core::limits::MAX_SERVER_ANSWER_BYTES;
use flowguard_core::progress::Cancel;
use flowguard_core::run::RunRecord;
use flowguard_engine::EngineOptions;

/// The variable that names the token of a server with another data folder.
const TOKEN: &str = "FLOWGUARD_SERVER_TOKEN";
/// A server on this machine answers sooner.
const LONGEST: Duration = Duration::from_secs(30);

/// A flow that the server has.
#[derive(Clone, Debug, Deserialize)]
struct Flow {
    key: String,
    name: String,
    component: String,
    #[serde(default)]
    tags: Vec<String>,
}

#[derive(Deserialize)]
struct Flows {
    flows: Vec<Flow>,
}

#[derive(Deserialize)]
struct Begun {
    id: String,
}

#[derive(Deserialize)]
struct Status {
    version: String,
}

/// What the files that were named came to on the server.
#[derive(Default)]
struct Put {
    /// The names of those that it took.
    names: Vec<String>,
    failures: Vec<LoadFailure>,
}

/// A server, spoken to with its token.
struct Remote {
    client: Client,
    base: Url,
    token: String,
}

pub(super) async fn run(foundation: &Foundation, args: &RunArgs, server: &Url) -> anyhow::Result<Exit> {
    let configured = &foundation.configuration.now();
    let app = App::build(foundation, false, EngineOptions::default()).await?;
    let remote = Remote::at(server, &app)?;
    let started_ms = app.clock.wall_ms();
    let began = Instant::now();
    remote.is_of_this_version().await?;
    let put = remote.put_all(args).await?;
    let of = (!args.paths.is_empty()).then_some(put.names.as_slice());
    let flows = remote.flows(args, of).await?;
    if flows.is_empty() && put.failures.is_empty() {
        let message = format!("{server} has no flow with the name or the tags that were asked for");
        return Err(UsageError(message).into());
    }
    let list = wants_list(&args.reporter);
    let live = Arc::new(Live::new(flows.len(), list && super::run::is_terminal()));
    let cancel = cancelled_by_interrupt();
    let runs = stream::iter(flows).map(|flow| {
        let (remote, live, cancel, app) = (&remote, &live, &cancel, &app);
        async move {
            let shown = live.begin(&flow.name);
            let record = remote.run(configured, args, &flow, cancel).await?;
            let lines = match list {
                true => report::terminal::render(&record, style(&locate(app))),
                false => String::new(),
            };
            live.end(&shown, &lines);
            anyhow::Ok(record)
        }
    });
    let ended: Vec<anyhow::Result<RunRecord>> =
        runs.buffered(configured.config.run.at_once()).collect().await;
    live.finish();
    let mut records = Vec::new();
    let mut lost = 0;
    for run in ended {
        match run {
            Ok(record) => records.push(record),
            Err(error) => {
                say(&format!("{}\n", report::words::visible(&format!("{error:#}"))));
                lost += 1;
            }
        }
    }
    let report = Report::new(
        records,
        put.failures,
        started_ms,
        began.elapsed(),
        env!("CARGO_PKG_VERSION"),
    );
    remote.fetch_artifacts(&app, &report, args).await;
    let written = write_reports(&app, &report, &args.reporter).await;
    if list {
        say(&report::terminal::summary(&report, style(&locate(&app))));
    }
    written?;
    Ok(match cancel.is_cancelled() {
        true => Exit::Interrupted,
        false => exit_of(&report, lost),
    })
}

impl Remote {
    fn at(server: &Url, app: &App) -> anyhow::Result<Self> {
        let named = std::env::var(TOKEN).ok().filter(|token| !token.is_empty());
        // The folder's token is of a server on this machine: no other host is given it.
        let kept = || token_in(&app.data_folder()).filter(|_| is_this_machine(server));
        let token = named.or_else(kept).ok_or_else(|| {
            UsageError(format!(
                "no token for {server}: use the server's data folder with --data, or give the token in {TOKEN}"
            ))
        })?;
        // What it answers must come from it, not from where it points.
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self {
            client,
            base: server.clone(),
            token,
        })
    }

    /// Sends a request; what is refused is a failure, told in the server's own words.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        kind: &str,
    ) -> anyhow::Result<Response> {
        let answer = self.send(method, path, body, kind).await?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let message = format!(
            "{} refused {path} ({status}): {}",
            self.base,
            detail(answer).await?
        );
        // That it has much to do is no mistake of the user's.
        match status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS {
            true => Err(UsageError(message).into()),
            false => Err(anyhow::anyhow!(message)),
        }
    }

    /// Sends a request; what it answers, a refusal too, unless it does not know us.
    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        kind: &str,
    ) -> anyhow::Result<Response> {
        let url = self
            .base
            .join(path)
            .map_err(|error| UsageError(format!("{}: {error}", self.base)))?;
        let mut request = self.client.request(method, url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.header("content-type", kind).body(body);
        }
        let answer = tokio::time::timeout(LONGEST, request.send()).await;
        let answer = answer
            .map_err(|_| anyhow::anyhow!("{} did not answer within {} s", self.base, LONGEST.as_secs()))?;
        let answer = answer.map_err(|error| {
            anyhow::anyhow!(
                "{} cannot be reached: {}; is `flowguard serve` running there?",
                self.base,
                why(&error)
            )
        })?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            return Err(UsageError(format!(
                "{} does not know this token: use its data folder with --data, or give its token in {TOKEN}",
                self.base
            ))
            .into());
        }
        Ok(answer)
    }

    /// Refuses a server whose answers may mean something else.
    async fn is_of_this_version(&self) -> anyhow::Result<()> {
        let Status { version } = self.get("/v1/status").await?;
        let own = env!("CARGO_PKG_VERSION");
        match version == own {
            true => Ok(()),
            false => Err(UsageError(format!(
                "{} is FlowGuard {version}, this is {own}: use the same version on both sides",
                self.base
            ))
            .into()),
        }
    }

    async fn get<T: for<'d> Deserialize<'d>>(&self, path: &str) -> anyhow::Result<T> {
        let answer = self.ask(Method::GET, path, None, "").await?;
        self.read(path, &whole(answer).await?)
    }

    fn read<T: for<'d> Deserialize<'d>>(&self, path: &str, bytes: &[u8]) -> anyhow::Result<T> {
        serde_json::from_slice(bytes).map_err(|error| {
            anyhow::anyhow!(
                "what {} answers to {path} cannot be read: {error}; is it of this version?",
                self.base
            )
        })
    }

    /// Puts the files that were named; one that the server refuses keeps the others from nothing.
    async fn put_all(&self, args: &RunArgs) -> anyhow::Result<Put> {
        let mut put = Put::default();
        let candidates = discover(&args.paths).map_err(UsageError)?;
        distinct_names(&candidates).map_err(UsageError)?;
        for candidate in candidates {
            let name = candidate.path().file_name().unwrap_or_default();
            let name = name.to_string_lossy().into_owned();
            match self.put(&candidate, &name).await? {
                Ok(()) => put.names.push(name),
                Err(message) => put.failures.push(LoadFailure {
                    file: candidate.path().display().to_string(),
                    message,
                }),
            }
        }
        Ok(put)
    }

    /// Puts a file; inside, why it cannot be had or was refused.
    async fn put(&self, candidate: &Candidate, name: &str) -> anyhow::Result<Result<(), String>> {
        let bytes = match load::read(candidate) {
            Ok(bytes) => bytes,
            Err(why) => return Ok(Err(why)),
        };
        let mut path = self.base.clone();
        if let Ok(mut parts) = path.path_segments_mut() {
            parts.clear().extend(["v1", "components", name]);
        }
        let answer = self
            .send(Method::PUT, path.path(), Some(bytes), "application/octet-stream")
            .await?;
        match answer.status() {
            status if status.is_success() => Ok(Ok(())),
            status if status.is_client_error() => Ok(Err(detail(answer).await?)),
            status => anyhow::bail!("{} failed ({status}): {}", self.base, detail(answer).await?),
        }
    }

    /// The flows that are asked for: of these components, or of all that the server has.
    async fn flows(&self, args: &RunArgs, of: Option<&[String]>) -> anyhow::Result<Vec<Flow>> {
        let Flows { flows } = self.get("/v1/flows").await?;
        let is_asked = |flow: &Flow| {
            let is_of = of.is_none_or(|components| components.contains(&flow.component));
            is_of && args.selection.has_named(&flow.name, &flow.tags)
        };
        Ok(flows.into_iter().filter(is_asked).collect())
    }

    /// Has a flow run, and waits for its end.
    async fn run(
        &self,
        configured: &Configured,
        args: &RunArgs,
        flow: &Flow,
        cancel: &Cancel,
    ) -> anyhow::Result<RunRecord> {
        let config = &configured.config.run;
        // What nobody said here, the server's own configuration says.
        let retries = configured.is_said("run.retries").then_some(config.retries.0);
        let asked = json!({
            "flow": flow.key,
            "base_url": config.base_url,
            "params": args.param.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
            "timeout_ms": config.timeout.map(|time| u32::try_from(time.as_millis()).unwrap_or(u32::MAX)),
            "retries": retries,
            "screencast": args.screencast,
            "test_id_attributes": args.test_id_attribute,
            "har": !args.har.no_har,
        });
        let begun = self
            .ask(
                Method::POST,
                "/v1/runs",
                Some(asked.to_string().into_bytes()),
                "application/json",
            )
            .await?;
        let Begun { id } = self.read("/v1/runs", &whole(begun).await?)?;
        let over = self.over(&id);
        tokio::pin!(over);
        tokio::select! {
            ended = &mut over => ended?,
            () = cancel.asked() => {
                self.ask(Method::POST, &format!("/v1/runs/{id}/cancel"), Some(b"{}".to_vec()), "application/json").await?;
                over.await?;
            }
        }
        let record = self.get(&format!("/v1/runs/{id}/record")).await;
        // It has begun there, so that nothing is known of it is no mistake of the user's.
        record.map_err(|error| anyhow::anyhow!("the run {id} came to nothing: {error:#}"))
    }

    /// Ends with the run: its events end then.
    async fn over(&self, id: &str) -> anyhow::Result<()> {
        let mut events = self
            .ask(Method::GET, &format!("/v1/runs/{id}/events"), None, "")
            .await?;
        let broken = |error: reqwest::Error| {
            anyhow::anyhow!("{} went away in the middle of a run: {}", self.base, why(&error))
        };
        while events.chunk().await.map_err(broken)?.is_some() {}
        Ok(())
    }

    /// The pictures that a page of HTML shows; those that cannot be had are left out there, and said.
    async fn fetch_artifacts(&self, app: &App, report: &Report, args: &RunArgs) {
        if !args.reporter.iter().any(super::reporters::Reporter::shows_places) {
            return;
        }
        for attachment in report.attachments() {
            if app.artifacts.get(&attachment.digest).await.is_ok() {
                continue;
            }
            let path = format!("/v1/artifacts/{}", attachment.digest);
            let fetched = async {
                let bytes = whole(self.ask(Method::GET, &path, None, "").await?).await?;
                app.artifacts.put(bytes.into()).await.map_err(anyhow::Error::from)
            };
            if let Err(error) = fetched.await {
                tracing::warn!(%error, "an artifact of the server was not fetched");
            }
        }
    }
}

/// Whether an address can only be of this machine.
fn is_this_machine(server: &Url) -> bool {
    match server.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// What a refusal says.
async fn detail(answer: Response) -> anyhow::Result<String> {
    let told: Value = serde_json::from_slice(&whole(answer).await?).unwrap_or_default();
    let detail = told["detail"].as_str().unwrap_or("no reason was given");
    Ok(detail.to_owned())
}

/// An answer's body, within its limit.
async fn whole(mut answer: Response) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        anyhow::ensure!(
            bytes.len() + chunk.len() <= MAX_SERVER_ANSWER_BYTES,
            "an answer of the server has more than {MAX_SERVER_ANSWER_BYTES} bytes"
        );
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The innermost reason: the outer ones name the address again.
fn why(error: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_s_token_is_for_this_machine_only() {
        let is_this = |url: &str| is_this_machine(&Url::parse(url).expect("an address"));
        for here in [
            "http://127.0.0.1:4400",
            "http://localhost:4400",
            "http://[::1]:4400",
        ] {
            assert!(is_this(here), "{here}");
        }
        for elsewhere in [
            "http://evil.test:4400",
            "http://192.0.2.1:4400",
            "http://localhost.evil.test:4400",
            "http://127.0.0.1@evil.test/",
        ] {
            assert!(!is_this(elsewhere), "{elsewhere}");
        }
    }
}
