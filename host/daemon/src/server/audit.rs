//! What was changed, and when: a line of JSON each, appended, never rewritten.

use serde::Serialize;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use flowguard_core::limits::MAX_SHOWN_AUDIT;

const FILE: &str = "audit.jsonl";

/// The log of changes.
pub(super) struct Audit {
    file: PathBuf,
    writing: Mutex<()>,
    swapped: AtomicU64,
    refused: AtomicU64,
}

/// By which way a change comes. There is one token, so that a name could not be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Via {
    /// A file that was named when the server was started.
    Start,
    /// A request with the token.
    Http,
}

/// Something that was changed, or was to be.
#[derive(Debug, Serialize)]
pub(super) struct Entry<'a> {
    /// When, in milliseconds since 1970.
    pub(super) at_ms: u64,
    /// `put`.
    pub(super) action: &'static str,
    /// By which way it came.
    pub(super) via: Via,
    /// The component's name.
    pub(super) component: &'a str,
    /// The content before, if there was one.
    pub(super) before: Option<String>,
    /// The content that was put.
    pub(super) after: String,
    /// Why it was refused, if it was.
    pub(super) refused: Option<&'a str>,
}

impl Audit {
    pub(super) fn on(data: &Path) -> Self {
        Self {
            file: data.join(FILE),
            writing: Mutex::default(),
            swapped: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }
    }

    /// Writes an entry.
    ///
    /// # Errors
    /// What the operating system said; then the change must not be made.
    pub(super) fn write(&self, entry: &Entry<'_>) -> std::io::Result<()> {
        let counter = match entry.refused {
            None => &self.swapped,
            Some(_) => &self.refused,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut options = std::fs::OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&self.file)?.write_all(&line)
    }

    /// How many components were swapped, and how many refused, since the start.
    pub(super) fn counts(&self) -> (u64, u64) {
        (
            self.swapped.load(Ordering::Relaxed),
            self.refused.load(Ordering::Relaxed),
        )
    }

    /// The last entries, oldest first, as they were written.
    pub(super) fn last(&self) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(&self.file).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let from = lines.len().saturating_sub(MAX_SHOWN_AUDIT);
        lines[from..]
            .iter()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }
}
