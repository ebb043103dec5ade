//! Watching a page: what happens is kept, in order and bounded, until the flow asks for it. A flow begins to
//! watch before it acts, so nothing is missed in between.

use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Mutex as AsyncMutex, mpsc};

use super::{Dialog, Download};
use crate::browser::PageId;
use crate::browser::calls::{ChooserId, DownloadId, MissedEvents, NextEvent, Watch, WatchId};
use crate::browser::port::TabError;
use crate::browser::session::{Browser, tab_failure, timeout};
use crate::failure::{Code, Failure};
use crate::limits::{MAX_WATCHED_EVENTS, MAX_WATCHERS};

/// What is watched for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "a set of eight kinds")]
pub struct Kinds {
    /// Pages that it opens.
    pub popup: bool,
    /// Dialogs.
    pub dialog: bool,
    /// Downloads that begin.
    pub download: bool,
    /// File choosers.
    pub file_chooser: bool,
    /// Lines on the console.
    pub console: bool,
    /// Exceptions that nothing caught.
    pub page_error: bool,
    /// Its end.
    pub close: bool,
    /// Its crash.
    pub crash: bool,
}

impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [
            (self.popup, "a popup"),
            (self.dialog, "a dialog"),
            (self.download, "a download"),
            (self.file_chooser, "a file chooser"),
            (self.console, "a console message"),
            (self.page_error, "a page error"),
            (self.close, "the page's end"),
            (self.crash, "a crash"),
        ];
        let wanted: Vec<&str> = all.iter().filter(|(is, _)| *is).map(|(_, name)| *name).collect();
        match wanted.as_slice() {
            [] => f.write_str("nothing"),
            wanted => f.write_str(&wanted.join(" or ")),
        }
    }
}

/// What has happened in a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Happening {
    /// It opened this page.
    Popup {
        /// The page.
        page: PageId,
    },
    /// It showed a dialog, which was answered.
    Dialog(Dialog),
    /// A download began.
    Download {
        /// Its number.
        id: DownloadId,
        /// What is known of it.
        download: Download,
    },
    /// It asked for files.
    FileChooser {
        /// Its number.
        id: ChooserId,
        /// Whether it takes several.
        multiple: bool,
    },
    /// A line on the console.
    Console {
        /// `log`, `warning`, `error` …
        level: String,
        /// The text.
        text: String,
        /// Where in the page's code.
        place: String,
    },
    /// An exception that nothing caught.
    PageError {
        /// The message and the stack.
        text: String,
    },
    /// It is closed.
    Close,
    /// It has crashed.
    Crash,
}

impl Kinds {
    const fn has(self, what: &Happening) -> bool {
        match what {
            Happening::Popup { .. } => self.popup,
            Happening::Dialog(_) => self.dialog,
            Happening::Download { .. } => self.download,
            Happening::FileChooser { .. } => self.file_chooser,
            Happening::Console { .. } => self.console,
            Happening::PageError { .. } => self.page_error,
            Happening::Close => self.close,
            Happening::Crash => self.crash,
        }
    }
}

/// The watchers of a run.
#[derive(Default)]
pub(in crate::browser) struct Watches {
    begun: AtomicU32,
    open: Mutex<HashMap<WatchId, Arc<OneWatch>>>,
}

/// One watcher.
struct OneWatch {
    page: PageId,
    what: Kinds,
    sender: mpsc::Sender<Happening>,
    kept: AsyncMutex<mpsc::Receiver<Happening>>,
    missed: AtomicU32,
}

impl Watches {
    /// Keeps it for those who watch the page for it.
    pub(in crate::browser) fn tell(&self, page: PageId, what: &Happening) {
        for watch in self.lock().values() {
            if watch.page == page && watch.what.has(what) && watch.sender.try_send(what.clone()).is_err() {
                watch.missed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn begin(&self, page: PageId, what: Kinds) -> Result<WatchId, Failure> {
        let mut open = self.lock();
        if open.len() >= MAX_WATCHERS {
            let message = format!("{MAX_WATCHERS} watchers are open already: drop one");
            return Err(Failure::new(Code::OverBudget, message));
        }
        let (sender, receiver) = mpsc::channel(MAX_WATCHED_EVENTS);
        let id = self.begun.fetch_add(1, Ordering::Relaxed) + 1;
        let watch = OneWatch {
            page,
            what,
            sender,
            kept: AsyncMutex::new(receiver),
            missed: AtomicU32::new(0),
        };
        open.insert(id, Arc::new(watch));
        Ok(id)
    }

    /// Ends a watcher; the page it watched, where nobody else waits for its file choosers any more.
    fn end(&self, id: WatchId) -> Option<PageId> {
        let mut open = self.lock();
        let ended = open.remove(&id)?;
        let is_last = !open
            .values()
            .any(|watch| watch.page == ended.page && watch.what.file_chooser);
        (ended.what.file_chooser && is_last).then_some(ended.page)
    }

    fn get(&self, id: WatchId) -> Result<Arc<OneWatch>, Failure> {
        let watch = self.lock().get(&id).cloned();
        watch.ok_or_else(|| Failure::new(Code::InvalidArgument, format!("watcher {id} has ended")))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<WatchId, Arc<OneWatch>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Browser {
    /// Begins to watch a page.
    ///
    /// # Errors
    /// [`Code::OverBudget`] where there are too many watchers, [`Code::InvalidArgument`] where the page is
    /// closed or nothing is watched for.
    pub async fn watch(&self, call: &Watch) -> Result<WatchId, Failure> {
        if call.what == Kinds::default() {
            return Err(Failure::new(
                Code::InvalidArgument,
                "a watcher watches for at least one kind of event",
            ));
        }
        let tab = self.tab(call.page)?;
        let id = self.events.watches.begin(call.page, call.what)?;
        if call.what.file_chooser {
            self.answered(tab.world().intercept_file_choosers(true)).await?;
        }
        Ok(id)
    }

    /// Takes the oldest event that was not taken yet, or waits for one.
    ///
    /// # Errors
    /// [`Code::Timeout`] where none comes, [`Code::PageLost`] where none can come any more.
    pub async fn next_event(&self, call: &NextEvent) -> Result<Happening, Failure> {
        let wanted = timeout(call.timeout_ms, self.options.action_timeout)?;
        let wait = self.ledger.progress.allowance(wanted);
        let watch = self.events.watches.get(call.watch)?;
        let mut kept = watch.kept.lock().await;
        // A page that is closed is in no list any more; what happened in it before is told all the same.
        let Some(mut state) = self.tab(watch.page).ok().map(|tab| tab.state()) else {
            return kept.try_recv().or_else(|_| last(watch.what, TabError::Closed));
        };
        let gone = state.wait_for(|state| state.gone.is_some());
        tokio::select! {
            biased;
            event = kept.recv() => event.ok_or_else(|| tab_failure(TabError::Closed)),
            why = gone => {
                let why = why.ok().and_then(|state| state.gone.clone());
                last(watch.what, why.unwrap_or(TabError::Closed))
            }
            () = tokio::time::sleep(wait) => {
                let message = format!("{} did not come within {} ms", watch.what, wait.as_millis());
                Err(Failure::new(Code::Timeout, message))
            }
        }
    }

    /// How many events were left out because too many were kept.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where the watcher has ended.
    pub async fn missed_events(&self, call: &MissedEvents) -> Result<u32, Failure> {
        let watch = self.events.watches.get(call.watch)?;
        Ok(watch.missed.load(Ordering::Relaxed))
    }

    /// Ends a watcher. What ends with its owner is no call of its own.
    pub async fn end_watch(&self, id: WatchId) {
        if let Some(page) = self.events.watches.end(id)
            && let Ok(tab) = self.tab(page)
        {
            // Best effort: a page that is gone shows no choosers either.
            let _ = self.answered(tab.world().intercept_file_choosers(false)).await;
        }
    }
}

/// What is told of a page that is gone, to those who watch for its end.
fn last(what: Kinds, why: TabError) -> Result<Happening, Failure> {
    match why {
        TabError::Crashed if what.crash => Ok(Happening::Crash),
        TabError::Closed if what.close => Ok(Happening::Close),
        other => Err(tab_failure(other)),
    }
}
