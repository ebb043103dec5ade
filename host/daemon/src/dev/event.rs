//! What happens in a development session, for those who look at it; and what they may ask for. Plain data.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

use super::listing::Listing;
use flowguard_core::Failure;
use flowguard_core::run::RunRecord;
use flowguard_core::timeline::Place;

/// Something that happened.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub(crate) enum DevEvent {
    /// Sources changed, or the session began: this is built.
    Building {
        /// The packages.
        packages: Vec<String>,
    },
    /// A build failed: the last good components stay.
    BuildFailed {
        /// What the compiler said.
        output: String,
    },
    /// A build succeeded.
    Built {
        /// How long it took.
        took_ms: f64,
    },
    /// A new version cannot be loaded: the one before stays.
    Refused {
        /// Its file.
        file: PathBuf,
        /// What is wrong, and what to do.
        message: String,
    },
    /// What there is to run now.
    Flows {
        /// The flows.
        flows: Vec<Listing>,
    },
    /// A run begins.
    RunBegan {
        /// Its id.
        run: String,
        /// Which flow, as in [`Listing::key`].
        flow: String,
    },
    /// A run has ended.
    RunEnded {
        /// Which flow, as in [`Listing::key`].
        flow: String,
        /// Its id.
        run: String,
        /// `passed`, `failed` or `errored`.
        verdict: &'static str,
        /// How long it took, in milliseconds.
        took_ms: f64,
        /// What to read first, where it did not pass.
        failure: Option<Box<Failure>>,
        /// Where in the flow's code that was asked for, where it is known.
        place: Option<Place>,
        /// How it began, and where its time went.
        timings: Box<Timings>,
        /// The run.
        #[serde(skip)]
        record: Box<RunRecord>,
    },
    /// Something that a person should know.
    Note {
        /// What.
        message: String,
    },
}

/// From the save of a source to the first call that was done on the open page. All in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Timings {
    /// From the save to the begin of the build, and what was waited for besides: the host noticed, and made sure
    /// that no further save followed.
    pub(crate) notice_ms: f64,
    /// The build, by the language's own tool.
    pub(crate) build_ms: f64,
    /// Reading, checking, compiling and describing the component.
    pub(crate) load_ms: f64,
    /// The look at the open page, and the recorded calls.
    pub(crate) prefix_ms: f64,
    /// Of this, the recorded calls alone.
    pub(crate) answering_ms: f64,
    /// From leaving the recording to the first answer from the page; 0 where the run began from the start.
    pub(crate) live_ms: f64,
    /// The call from which on it was live; none where it ran from the start, or nothing was done.
    pub(crate) live_from: Option<LiveFrom>,
    /// Nothing was done: the flow made the recorded calls and no other.
    pub(crate) answered: bool,
    /// Why it ran from the start, where it might have gone on.
    pub(crate) from_the_start: Option<String>,
}

/// The first call that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct LiveFrom {
    /// Its number.
    pub(crate) call: u32,
    /// The call.
    pub(crate) title: String,
}

/// What a person asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do")]
pub(crate) enum Command {
    /// Runs one flow from the start.
    Run {
        /// Which, as in [`Listing::key`].
        flow: String,
    },
    /// Runs all flows from the start.
    RunAll,
    /// Ends the run that is going on, and those that wait.
    Stop,
    /// Whether a run that did not pass leaves its page open, so that the next one goes on with it.
    KeepOpen {
        /// Whether.
        keep: bool,
    },
}
