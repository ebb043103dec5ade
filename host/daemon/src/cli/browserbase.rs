//! `flowguard browserbase`: what runs in the cloud, whose it is, what it costs; and ending it.

use bytes::Bytes;
use clap::{Args, Subcommand};
use serde_json::json;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::{Exit, ProfileArg, UsageError, say};
use crate::app::App;
use crate::cloud;
use crate::foundation::Foundation;
use crate::report::words::{dollars, visible};
use flowguard_backends::browser::{CloudPlan, Fate, SeenSession};
use flowguard_backends::browserbase::{Kind, LiveUrls, film_type};
use flowguard_core::artifact::{Artifacts, Attachment};
use flowguard_core::secrets::Secret;
use flowguard_core::storage::{CloudRecordings, TenantId};
use flowguard_engine::EngineOptions;

/// Tells what runs in Browserbase's cloud, and ends it
#[derive(Debug, Args)]
pub(crate) struct BrowserbaseArgs {
    #[command(subcommand)]
    verb: BrowserbaseVerb,
    #[command(flatten)]
    pub(super) profile: ProfileArg,
}

#[derive(Debug, Subcommand)]
enum BrowserbaseVerb {
    /// Lists the sessions that run, and whose they are: ours, abandoned, orphan or foreign
    Sessions(SessionsArgs),
    /// Ends a session
    Release {
        /// Its id
        session: String,
        /// Also one that somebody else has made
        #[arg(long)]
        foreign: bool,
    },
    /// Ends the sessions of this installation that no host uses, and keeps recordings that no host keeps
    Reap,
    /// Tells what the project has used
    Usage,
    /// Writes the recordings and the log of a session that has ended, from here where they are kept, else from the cloud
    Recordings {
        /// Its id
        session: String,
        /// The folder
        #[arg(long, value_name = "DIR", default_value = "recordings")]
        out: PathBuf,
    },
}

/// Lists the sessions that run in Browserbase's cloud
#[derive(Debug, Args)]
pub(crate) struct SessionsArgs {
    /// Adds where each can be watched. Whoever has that link sees the session and can act in it
    #[arg(long)]
    live: bool,
    /// Writes JSON
    #[arg(long)]
    json: bool,
}

/// The same as `browserbase sessions`
#[derive(Debug, Args)]
pub(crate) struct SessionsAliasArgs {
    #[command(flatten)]
    sessions: SessionsArgs,
    #[command(flatten)]
    pub(super) profile: ProfileArg,
}

pub(super) async fn run(foundation: &Foundation, args: &BrowserbaseArgs) -> anyhow::Result<Exit> {
    let desk = Desk::open(foundation).await?;
    match &args.verb {
        BrowserbaseVerb::Sessions(args) => desk.sessions(args).await,
        BrowserbaseVerb::Release { session, foreign } => desk.release(session, *foreign).await,
        BrowserbaseVerb::Reap => desk.reap().await,
        BrowserbaseVerb::Usage => desk.usage().await,
        BrowserbaseVerb::Recordings { session, out } => desk.recordings(session, out).await,
    }
}

pub(super) async fn sessions(foundation: &Foundation, args: &SessionsAliasArgs) -> anyhow::Result<Exit> {
    Desk::open(foundation).await?.sessions(&args.sessions).await
}

/// What the verbs stand on.
struct Desk {
    plan: CloudPlan,
    recordings: CloudRecordings,
    artifacts: Arc<dyn Artifacts>,
    tenant: TenantId,
    now_ms: u64,
}

impl Desk {
    async fn open(foundation: &Foundation) -> anyhow::Result<Self> {
        let config = foundation.config();
        let app = App::build(foundation, false, EngineOptions::default()).await?;
        let plan = cloud::plan(
            config,
            &app.storage,
            app.artifacts.clone(),
            &app.tenant,
            &app.clock,
        )?
        .ok_or_else(|| {
            UsageError(
                "`browserbase.key` (BROWSERBASE_API_KEY) is not set: there is no cloud to ask".to_owned(),
            )
        })?;
        Ok(Self {
            plan,
            recordings: cloud::recordings(&app.storage),
            artifacts: app.artifacts,
            now_ms: app.clock.wall_ms(),
            tenant: app.tenant,
        })
    }

    async fn sessions(&self, args: &SessionsArgs) -> anyhow::Result<Exit> {
        let seen = self.plan.reaper().await?.once().look().await?;
        let mut live = Vec::new();
        for one in &seen {
            live.push(match args.live {
                true => self.live(&one.session.id).await?,
                false => None,
            });
        }
        let rows: Vec<Row<'_>> = seen
            .iter()
            .zip(&live)
            .map(|(seen, live)| self.row(seen, live.as_ref()))
            .collect();
        say(&match args.json {
            true => format!("{}\n", json!(rows.iter().map(Row::json).collect::<Vec<_>>())),
            false => table(&rows),
        });
        Ok(Exit::Passed)
    }

    /// Where a session can be watched; none where it has just ended.
    async fn live(&self, session: &str) -> anyhow::Result<Option<LiveUrls>> {
        match self.plan.client.live_urls(session).await {
            Ok(urls) => Ok(Some(urls)),
            Err(error) if matches!(error.kind, Kind::Gone | Kind::NotFound) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn row<'a>(&self, seen: &'a SeenSession, live: Option<&'a LiveUrls>) -> Row<'a> {
        let made = seen.session.created_at.map(|at| at.timestamp_millis());
        let made = made.and_then(|made| u64::try_from(made).ok());
        let age_s = made.map_or(0, |made| self.now_ms.saturating_sub(made) / 1_000);
        Row {
            seen,
            age_s,
            microdollars: self.plan.settings.cost_of_session(Duration::from_secs(age_s)),
            live: live.map(|urls| urls.debugger_fullscreen_url.reveal()),
        }
    }

    async fn release(&self, session: &str, even_foreign: bool) -> anyhow::Result<Exit> {
        let reaper = self.plan.reaper().await?.once();
        let seen = reaper.look().await?;
        let found = seen.iter().find(|seen| seen.session.id == session);
        let Some(found) = found else {
            return Err(UsageError(format!(
                "no session {session:?} runs: `flowguard browserbase sessions` lists those that do"
            ))
            .into());
        };
        if found.fate == Fate::Foreign && !even_foreign {
            return Err(UsageError(format!(
                "the session {session} was made by somebody else: add --foreign to end it all the same"
            ))
            .into());
        }
        reaper.release(found).await?;
        say(&format!("the session {} has ended\n", visible(session)));
        Ok(Exit::Passed)
    }

    async fn reap(&self) -> anyhow::Result<Exit> {
        let reaper = self.plan.reaper().await?.once();
        let reaped = reaper.reap().await?;
        say(&format!(
            "{} ended, {} not ended, {} forgotten, {} used, {} of others\n",
            reaped.released, reaped.not_released, reaped.ghosts, reaped.ours, reaped.foreign
        ));
        let not_kept = reaper.recordings_are_kept().await;
        let kept = reaped.recordings.saturating_sub(not_kept);
        if reaped.recordings > 0 {
            say(&format!("recordings: {kept} kept, {not_kept} not yet\n"));
        }
        Ok(match reaped.not_released + not_kept {
            0 => Exit::Passed,
            _ => Exit::Platform,
        })
    }

    async fn usage(&self) -> anyhow::Result<Exit> {
        let client = &self.plan.client;
        let projects = match &self.plan.settings.project {
            Some(id) => vec![client.project(id).await?],
            None => client.projects().await?,
        };
        let mut out = format!(
            "{:<24}{:>10}{:>14}{:>12}{:>10}\n",
            "PROJECT", "MINUTES", "PROXY BYTES", "COST", "AT ONCE"
        );
        for project in projects {
            let usage = client.usage(&project.id).await?;
            let used = Duration::from_secs(usage.browser_minutes.saturating_mul(60));
            let cost = dollars(self.plan.settings.cost_of(used));
            let at_once = project
                .concurrency
                .map_or_else(|| "-".to_owned(), |most| most.to_string());
            let _ = writeln!(
                out,
                "{:<24}{:>10}{:>14}{cost:>12}{at_once:>10}",
                visible(&project.name),
                usage.browser_minutes,
                usage.proxy_bytes
            );
        }
        say(&out);
        Ok(Exit::Passed)
    }
}

impl Desk {
    async fn recordings(&self, session: &str, out: &Path) -> anyhow::Result<Exit> {
        let folder = out.join(plain(session));
        let named = |error| UsageError(format!("{}: {error}", folder.display()));
        let kept = self.recordings.get(&self.tenant, session, self.now_ms).await?;
        let films = match &kept {
            Some(recording) => recording.films.iter().map(Film::Kept).collect(),
            None => self.films_of_the_cloud(session).await?,
        };
        crate::app::make_private(&folder).map_err(named)?;
        for film in &films {
            let (page, bytes) = self.fetch(film).await?;
            let file = folder.join(format!("page-{}.{}", plain(page), ending(film_type(&bytes))));
            std::fs::write(&file, bytes).map_err(named)?;
            say(&format!("{}\n", file.display()));
        }
        match self.plan.client.logs(session).await {
            Ok(logs) => {
                let file = folder.join("log.ndjson");
                let log = logs.iter().map(|log| format!("{log}\n")).collect::<String>();
                std::fs::write(&file, log).map_err(named)?;
                say(&format!("{}\n", file.display()));
            }
            // Its films are what was kept for when the cloud has forgotten it.
            Err(error) if kept.is_some() => tracing::warn!(%error, "the log of the session is not there"),
            Err(error) => return Err(error.into()),
        }
        Ok(Exit::Passed)
    }

    async fn films_of_the_cloud<'a>(&self, session: &str) -> anyhow::Result<Vec<Film<'a>>> {
        let films = self.plan.client.finished_recordings(session).await?.into_iter();
        let films = films.filter_map(|film| Some(Film::InTheCloud(film.page_id, film.download_url?)));
        Ok(films.collect())
    }

    /// The page that a film shows, and the film.
    async fn fetch<'a>(&self, film: &'a Film<'_>) -> anyhow::Result<(&'a str, Bytes)> {
        Ok(match film {
            Film::Kept(film) => (&film.name, self.artifacts.get(&film.digest).await?),
            Film::InTheCloud(page, link) => (page, self.plan.client.fetch(link).await?),
        })
    }
}

/// Where the film of a page is.
enum Film<'a> {
    Kept(&'a Attachment),
    InTheCloud(String, Secret),
}

/// A part of a file's name that leads nowhere else.
fn plain(text: &str) -> String {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
    text.chars().filter(is_plain).take(64).collect()
}

/// The ending of a file of this media type.
fn ending(media_type: &str) -> &'static str {
    match media_type {
        "application/zip" => "zip",
        "video/mp4" => "mp4",
        "video/webm" => "webm",
        _ => "bin",
    }
}

/// A session, as it is listed.
struct Row<'a> {
    seen: &'a SeenSession,
    age_s: u64,
    microdollars: u64,
    live: Option<&'a str>,
}

impl Row<'_> {
    fn uses(&self) -> Option<u32> {
        self.seen.note.as_ref().map(|note| note.uses)
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "session": self.seen.session.id,
            "whose": self.seen.fate.name(),
            "tenant": self.seen.note.as_ref().map(|note| &note.tenant),
            "region": self.seen.session.region,
            "age_s": self.age_s,
            "uses": self.uses(),
            "cost_microdollars": self.microdollars,
            "live": self.live,
        })
    }
}

fn table(rows: &[Row<'_>]) -> String {
    if rows.is_empty() {
        return "no session runs in the cloud\n".to_owned();
    }
    let mut out = format!(
        "{:<38}{:<11}{:<16}{:>9}{:>6}{:>12}\n",
        "SESSION", "WHOSE", "REGION", "AGE", "USES", "COST"
    );
    for row in rows {
        let session = &row.seen.session;
        let uses = row.uses().map_or_else(|| "-".to_owned(), |uses| uses.to_string());
        let age = format!("{}:{:02}", row.age_s / 60, row.age_s % 60);
        let _ = writeln!(
            out,
            "{:<38}{:<11}{:<16}{age:>9}{uses:>6}{:>12}",
            visible(&session.id),
            row.seen.fate.name(),
            visible(session.region.as_deref().unwrap_or("-")),
            dollars(row.microdollars)
        );
        if let Some(live) = row.live {
            let _ = writeln!(out, "  {}", visible(live));
        }
    }
    out
}
