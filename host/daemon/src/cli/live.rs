//! Progress while flows run: in a terminal a line for each flow that is running, with the step it is at;
//! elsewhere only a line for each that has ended.

use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flowguard_core::ledger::Ledger;
use flowguard_engine::RunWatcher;

/// The progress of all runs.
pub(super) struct Live {
    bars: Option<(MultiProgress, ProgressBar)>,
}

/// The progress of one run.
pub(super) struct LiveRun {
    bar: Option<ProgressBar>,
    ledger: Arc<Mutex<Option<Arc<Ledger>>>>,
}

impl Live {
    /// Progress of so many runs; drawn only where a person sees it.
    pub(super) fn new(runs: usize, terminal: bool) -> Self {
        if !terminal {
            return Self { bars: None };
        }
        let all = MultiProgress::new();
        let total = all.add(ProgressBar::new(runs as u64));
        total.set_style(style("{bar:30.cyan/dim} {pos}/{len} flows · {elapsed}"));
        total.enable_steady_tick(Duration::from_millis(250));
        Self {
            bars: Some((all, total)),
        }
    }

    /// A run begins.
    pub(super) fn begin(&self, name: &str) -> LiveRun {
        let ledger: Arc<Mutex<Option<Arc<Ledger>>>> = Arc::default();
        let bar = self.bars.as_ref().map(|(all, total)| {
            let bar = all.insert_before(total, ProgressBar::new_spinner());
            let seen = ledger.clone();
            let step = move |_: &ProgressState, out: &mut dyn Write| {
                let ledger = seen.lock().unwrap_or_else(PoisonError::into_inner);
                let title = ledger.as_ref().and_then(|ledger| ledger.timeline.latest_title());
                let _ = out.write_str(&printable(&title.unwrap_or_default()));
            };
            bar.set_style(
                style("{spinner:.cyan} {prefix} {elapsed:.dim} {step:.dim}").with_key("step", step),
            );
            bar.set_prefix(printable(name));
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        LiveRun { bar, ledger }
    }

    /// A run has ended; `lines` is what is said of it.
    pub(super) fn end(&self, run: &LiveRun, lines: &str) {
        match (&self.bars, &run.bar) {
            (Some((all, total)), Some(bar)) => {
                bar.finish_and_clear();
                all.suspend(|| super::say(lines));
                total.inc(1);
            }
            _ => super::say(lines),
        }
    }

    /// All runs have ended.
    pub(super) fn finish(&self) {
        if let Some((_, total)) = &self.bars {
            total.finish_and_clear();
        }
    }
}

impl RunWatcher for LiveRun {
    fn attempt_began(&self, _number: u32, ledger: &Arc<Ledger>) {
        *self.ledger.lock().unwrap_or_else(PoisonError::into_inner) = Some(ledger.clone());
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// One short line, in which nothing can steer the terminal.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(100)
        .collect()
}
