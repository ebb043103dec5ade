//! `flowguard replay`: a run again, from its recording. No browser, no network, no model; nothing is kept of it.

use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::reporters::{Reporter, reporter, wants_list, write_reports};
use super::run::{cancelled_by_interrupt, exit_of, locate, style};
use super::{Exit, ProfileArg, UsageError, say};
use crate::app::App;
use crate::discover::discover;
use crate::foundation::Foundation;
use crate::load::{File, load_one};
use crate::locate::{self, Steps};
use crate::report::{self, Report};
use flowguard_backends::storage::read_cassette;
use flowguard_core::artifact::{Artifacts, Digest};
use flowguard_core::cassette::{Header, Recording};
use flowguard_core::flow::{Description, Source};
use flowguard_core::replay::Replay;
use flowguard_core::run::{Origin, RunId, RunMetadata, RunOptions, RunRecord, RunRequest};
use flowguard_core::timeline::Place;
use flowguard_engine::{
    AssertionComponent, Component, EngineOptions, FlowComponent, Runner, Sought, Subject,
};

/// Runs a flow again against the recording of a run: no browser, no network
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The run's id, or its beginning; or a cassette file
    #[arg(value_name = "RUN")]
    run: String,
    /// A changed flow, component or YAML, instead of the recorded one
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
    /// list, json=FILE, junit=FILE or html=DIR; may be repeated
    #[arg(long, value_name = "REPORTER", value_parser = reporter)]
    reporter: Vec<Reporter>,
    #[command(flatten)]
    pub(super) profile: ProfileArg,
}

/// What is run against the recording.
struct Player {
    component: Arc<FlowComponent>,
    description: Description,
    source: Option<Source>,
    file: String,
}

pub(super) async fn run(foundation: &Foundation, args: &ReplayArgs) -> anyhow::Result<Exit> {
    let mut app = App::build(foundation, false, EngineOptions::default()).await?;
    let recordings = recordings(&app, &args.run)?;
    let header = match recordings.first() {
        Some(recording) => recording.header.clone(),
        None => return Err(UsageError(format!("there is no recording of {}", args.run)).into()),
    };
    let player = match &args.component {
        None => recorded(&app, &header).await?,
        Some(file) => named(&mut app, file).await?,
    };
    let exact = player.is_of(&header);
    let recorded_us: u64 = recordings.iter().map(Recording::took_us).sum();
    let replays: Vec<Arc<Replay>> = recordings
        .into_iter()
        .map(|recording| Arc::new(Replay::new(recording, exact)))
        .collect();
    let runner = app.replayer(assertions(&app, &header).await?).await?;
    let mut record = player.play(&runner, &header, &replays).await?;
    if let Some(last) = record.attempts.last_mut() {
        last.warnings
            .push("this is a replay: its answers are those of the recording".to_owned());
    }
    let left = match replays.iter().find(|replay| replay.divergence().is_some()) {
        Some(replay) => left(&app, &runner, &player, replay).await,
        None => None,
    };
    tell(&app, args, record, &replays, recorded_us, left).await
}

/// Finds where in the flow's code all steps of a past run were asked for, as far as its component is still here.
pub(super) async fn add_places(app: &App, record: &mut RunRecord) -> anyhow::Result<()> {
    let recordings = recordings(app, record.id.as_str())?;
    let Some(header) = recordings.first().map(|recording| &recording.header) else {
        return Ok(());
    };
    let player = recorded(app, header).await?;
    let runner = app.replayer(assertions(app, header).await?).await?;
    let (request, origin) = (player.request(header)?, player.origin());
    let subject = player.subject(&origin, &request);
    locate::locate(&runner, &subject, &app.cassettes(), record, Steps::All).await;
    Ok(())
}

/// Where the flow left its recording, and where in its code the recorded call and the other one were made.
async fn left(app: &App, runner: &Runner, player: &Player, replay: &Replay) -> Option<String> {
    let divergence = replay.divergence()?;
    let recording = replay.recording();
    let mut text = format!("left the recording at {}\n", printable(&divergence.to_string()));
    if let Some(n) = divergence.call()
        && let Ok(recorded) = recorded(app, &recording.header).await
    {
        let place = recorded
            .locate(runner, recording, true, Sought::Calls(vec![n]))
            .await;
        text.push_str(&placed("recorded", place.as_ref()));
    }
    if divergence.has_another_call() {
        let exact = player.is_of(&recording.header);
        let place = player.locate(runner, recording, exact, Sought::Last).await;
        text.push_str(&placed("now", place.as_ref()));
    }
    Some(text)
}

fn placed(label: &str, place: Option<&Place>) -> String {
    let Some(place) = place else {
        return String::new();
    };
    let mut text = format!("    {label:<9} {}\n", printable(&report::words::place(place)));
    if !place.text.is_empty() {
        text.push_str(&format!("    {:<9} {}\n", "", printable(&place.text)));
    }
    text
}

/// One line in which nothing can steer the terminal.
fn printable(text: &str) -> String {
    report::words::visible(text).replace(['\n', '\t'], " ")
}

impl Player {
    /// Whether this is what was recorded.
    fn is_of(&self, header: &Header) -> bool {
        self.component.digest == header.component && self.source == header.source
    }

    fn request(&self, header: &Header) -> anyhow::Result<RunRequest> {
        let flow = self
            .description
            .flows
            .iter()
            .find(|flow| flow.name == header.flow);
        let flow = flow.ok_or_else(|| {
            UsageError(format!(
                "{} has no flow {:?}, which was recorded",
                self.file, header.flow
            ))
        })?;
        let damaged = |what: &str| UsageError(format!("the cassette's header is damaged: {what}"));
        let base_url = match header.base_url.as_str() {
            "" => None,
            url => Some(url.parse().map_err(|_| damaged("its base URL is none"))?),
        };
        Ok(RunRequest {
            id: RunId::parse(&header.run).ok_or_else(|| damaged("its run is no run's id"))?,
            flow: flow.clone(),
            source: self.source.clone(),
            options: RunOptions {
                base_url,
                timeout: Some(Duration::from_millis(header.timeout_ms)),
                params: header.params.clone(),
                ..RunOptions::default()
            },
            replay: None,
            attempts: 1,
            metadata: RunMetadata::default(),
        })
    }

    fn origin(&self) -> Origin {
        Origin::new(
            self.file.clone(),
            &self.description,
            self.component.digest.clone(),
        )
    }

    /// Runs the flow against its recordings.
    async fn play(
        &self,
        runner: &Runner,
        header: &Header,
        replays: &[Arc<Replay>],
    ) -> anyhow::Result<RunRecord> {
        let (request, origin) = (self.request(header)?, self.origin());
        let subject = self.subject(&origin, &request);
        Ok(runner
            .replay(&subject, replays, &cancelled_by_interrupt(), &())
            .await)
    }

    /// Where in its code it makes the call that is sought.
    async fn locate(
        &self,
        runner: &Runner,
        recording: &Recording,
        exact: bool,
        sought: Sought,
    ) -> Option<Place> {
        let request = self.request(&recording.header).ok()?;
        let origin = self.origin();
        let subject = self.subject(&origin, &request);
        locate::call(runner, &subject, recording, exact, &sought).await
    }

    fn subject<'a>(&'a self, origin: &'a Origin, request: &'a RunRequest) -> Subject<'a> {
        Subject {
            component: &self.component,
            origin,
            needs: &self.description.needs,
            request,
        }
    }
}

/// Says what came of it.
async fn tell(
    app: &App,
    args: &ReplayArgs,
    record: RunRecord,
    replays: &[Arc<Replay>],
    recorded_us: u64,
    left: Option<String>,
) -> anyhow::Result<Exit> {
    let took = Duration::from_micros(record.attempts.iter().map(|attempt| attempt.took_us).sum());
    let recorded = Duration::from_micros(recorded_us);
    if wants_list(&args.reporter) {
        // Of one that left its recording, that is what there is to say.
        if left.is_none() {
            say(&report::terminal::render(&record, style(&locate(app))));
        }
        let calls: usize = replays.iter().map(|replay| replay.made()).sum();
        let times = recorded.as_secs_f64() / took.as_secs_f64().max(1e-6);
        say(&format!(
            "replayed {calls} calls in {:.1} ms; recorded in {:.1} ms: {times:.0} times as fast\n",
            took.as_secs_f64() * 1e3,
            recorded.as_secs_f64() * 1e3,
        ));
    }
    let started = record.started_ms;
    let report = Report::new(vec![record], Vec::new(), started, took, env!("CARGO_PKG_VERSION"));
    write_reports(app, &report, &args.reporter).await?;
    Ok(match left {
        Some(left) => {
            say(&left);
            Exit::Diverged
        }
        None => exit_of(&report, 0),
    })
}

/// The recordings of a run's attempts, in order; or the one in the file that is named.
fn recordings(app: &App, text: &str) -> anyhow::Result<Vec<Recording>> {
    let path = Path::new(text);
    let files = if path.is_file() {
        vec![path.to_owned()]
    } else {
        attempts_of(&app.cassettes(), text)?
    };
    let read = |file: &PathBuf| {
        read_cassette(file).map_err(|error| UsageError(format!("{}: {error}", file.display())).into())
    };
    files.iter().map(read).collect()
}

/// The cassettes of the run that the text names, whole or by its beginning. A run that was killed is in no store,
/// so the folders are looked at.
fn attempts_of(folder: &Path, text: &str) -> anyhow::Result<Vec<PathBuf>> {
    let unknown = || {
        UsageError(format!(
            "there is no recording of a run {text:?}: `flowguard runs` lists runs"
        ))
    };
    RunId::parse(text).ok_or_else(unknown)?;
    let names = |folder: &Path| -> Vec<String> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect()
    };
    let mut runs: Vec<String> = names(folder)
        .into_iter()
        .filter(|name| name.starts_with(text))
        .collect();
    runs.sort();
    let run = match runs.as_slice() {
        [run] => folder.join(run),
        [] => return Err(unknown().into()),
        several if several.iter().any(|run| run == text) => folder.join(text),
        several => {
            return Err(UsageError(format!("{text:?} begins several runs: {}", several.join(", "))).into());
        }
    };
    let number = |name: &String| name.strip_suffix(".cassette")?.parse::<u32>().ok();
    let mut attempts: Vec<u32> = names(&run).iter().filter_map(number).collect();
    attempts.sort_unstable();
    Ok(attempts
        .into_iter()
        .map(|number| run.join(format!("{number}.cassette")))
        .collect())
}

/// The recorded component, as it was kept.
async fn recorded(app: &App, header: &Header) -> anyhow::Result<Player> {
    let missing = |error: &dyn std::fmt::Display| {
        let digest = header.component.short();
        UsageError(format!(
            "the recorded component {digest} is not here: {error}; name it with --component FILE"
        ))
    };
    let bytes = app
        .artifacts
        .get(&header.component)
        .await
        .map_err(|error| missing(&error))?;
    let loaded = app
        .engine
        .load(bytes.to_vec())
        .await
        .map_err(|error| missing(&error))?;
    let Component::Flow(component) = loaded else {
        return Err(missing(&"what is kept is a custom assertion").into());
    };
    let described = app
        .engine
        .describe(&component, header.source.as_ref(), &app.clock)
        .await;
    Ok(Player {
        component,
        description: described.map_err(|failure| UsageError(failure.message))?,
        source: header.source.clone(),
        file: header.file.clone(),
    })
}

/// The component or YAML file that the user names.
async fn named(app: &mut App, file: &Path) -> anyhow::Result<Player> {
    app.load_plugins().await?;
    let candidates = discover(&[file.to_owned()]).map_err(UsageError)?;
    let wrong = |why: &str| UsageError(format!("{}: {why}", file.display()));
    let [candidate] = candidates.as_slice() else {
        return Err(wrong("name one file").into());
    };
    match load_one(app, candidate).await.map_err(|why| wrong(&why))? {
        File::Assertion(_) => {
            Err(wrong("this is a custom assertion; name a component that holds the flow").into())
        }
        File::Flows {
            component,
            description,
            source,
        } => Ok(Player {
            component,
            description,
            source,
            file: file.display().to_string(),
        }),
    }
}

/// The custom assertions that there were. One that is not here any more is told of where the flow calls it.
async fn assertions(app: &App, header: &Header) -> anyhow::Result<Vec<Arc<AssertionComponent>>> {
    let mut loaded = Vec::new();
    for digest in &header.assertions {
        match assertion(app, digest).await {
            Ok(assertion) => loaded.extend(assertion),
            Err(error) => {
                tracing::warn!(%error, assertion = digest.short(), "a recorded assertion is not here");
            }
        }
    }
    Ok(loaded)
}

async fn assertion(app: &App, digest: &Digest) -> anyhow::Result<Option<Arc<AssertionComponent>>> {
    let bytes = app.artifacts.get(digest).await?;
    Ok(match app.engine.load(bytes.to_vec()).await? {
        Component::Assertion(assertion) => Some(assertion),
        Component::Flow(_) => None,
    })
}
