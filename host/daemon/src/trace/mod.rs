//! An attempt as a trace for the tool that people know: a zip that Playwright's own viewer opens. All that is in it
//! comes from the record, its artifacts and its HAR; nothing is run again.
//!
//! The form is Playwright's, in its version 8: later viewers read that too, and earlier ones that people still have.

mod actions;
mod archive;
mod events;
mod network;
mod pictures;
mod sources;

use bytes::Bytes;
use flowguard_core::artifact::{Artifacts, Attachment, Digest};
use flowguard_core::run::{Attempt, RunRecord};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

pub(crate) use sources::Sources;

/// The version of the form.
const VERSION: u32 = 8;
/// Where the trace's own time begins, in milliseconds: to the viewer, zero means that a time is not known.
const BEGIN_MS: f64 = 1_000.0;
/// The size of the page as the viewer shows it, where no picture tells.
const VIEWPORT: (u32, u32) = (1280, 720);

/// What goes into the zip.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    /// What happened, an event a line.
    events: Vec<Value>,
    /// Requests and their answers, one a line.
    network: Vec<Value>,
    /// Other files, by their names in the zip.
    files: BTreeMap<String, Bytes>,
    /// How many pictures of the screencast are in it.
    pub(crate) pictures: usize,
    /// Artifacts that are no longer kept, or damaged.
    pub(crate) missing: usize,
}

impl Trace {
    /// The trace of an attempt of this run.
    pub(crate) async fn of(
        record: &RunRecord,
        attempt: &Attempt,
        artifacts: &dyn Artifacts,
        sources: &Sources<'_>,
    ) -> Self {
        let mut trace = Self::default();
        let kept = trace.read(attempt, artifacts).await;
        let wall_ms = began_ms(record, attempt);
        trace.events.push(context(record, attempt, wall_ms));
        let film = pictures::Film::of(&attempt.history, &kept);
        trace.pictures = film.len();
        trace.events.extend(film.frames());
        trace
            .events
            .extend(actions::all(attempt, &attempt.history, film, &kept));
        trace.events.extend(events::all(attempt));
        trace.network = match attempt.network.as_ref().and_then(|har| kept.get(&har.digest)) {
            Some(har) => network::recorded(har, wall_ms, &mut trace.files),
            None => network::seen(&attempt.history, wall_ms),
        };
        for (name, bytes) in resources(attempt, &kept) {
            trace.files.insert(name, bytes);
        }
        trace.files.extend(sources.of(attempt));
        trace
    }

    /// The zip.
    ///
    /// # Errors
    /// What the zip's writer says: there is too much for one.
    pub(crate) fn zip(&self) -> anyhow::Result<Vec<u8>> {
        archive::write(&self.events, &self.network, &self.files)
    }

    /// The artifacts of the attempt, by digest.
    async fn read(&mut self, attempt: &Attempt, artifacts: &dyn Artifacts) -> HashMap<Digest, Bytes> {
        let mut kept = HashMap::new();
        for attachment in attachments(attempt).chain(&attempt.network) {
            if kept.contains_key(&attachment.digest) {
                continue;
            }
            match artifacts.get(&attachment.digest).await {
                Ok(bytes) => _ = kept.insert(attachment.digest.clone(), bytes),
                Err(error) => {
                    tracing::warn!(%error, "an artifact is left out of the trace");
                    self.missing += 1;
                }
            }
        }
        kept
    }
}

/// Pictures and attachments of an attempt.
fn attachments(attempt: &Attempt) -> impl Iterator<Item = &Attachment> {
    let history = &attempt.history;
    let attached = history.steps.iter().flat_map(|step| &step.attachments);
    attached.chain(history.screencast.iter().map(|frame| &frame.picture))
}

/// The files of pictures and attachments.
fn resources(attempt: &Attempt, kept: &HashMap<Digest, Bytes>) -> impl Iterator<Item = (String, Bytes)> {
    attachments(attempt).filter_map(|attachment| {
        let bytes = kept.get(&attachment.digest)?;
        Some((format!("resources/{}", attachment.digest), bytes.clone()))
    })
}

/// When the attempt began, in milliseconds since 1970: attempts follow each other.
fn began_ms(record: &RunRecord, attempt: &Attempt) -> f64 {
    let earlier = record
        .attempts
        .iter()
        .filter(|other| other.number < attempt.number);
    let took_us: u64 = earlier.map(|attempt| attempt.took_us).sum();
    record.started_ms as f64 + took_us as f64 / 1e3
}

/// The first line: of what this is a trace.
fn context(record: &RunRecord, attempt: &Attempt, wall_ms: f64) -> Value {
    let browser = attempt
        .browser
        .as_ref()
        .map_or("", |browser| browser.product.as_str());
    let largest = attempt
        .history
        .screencast
        .iter()
        .map(|frame| (frame.width, frame.height));
    let (width, height) = largest.max().unwrap_or(VIEWPORT);
    json!({
        "version": VERSION,
        "type": "context-options",
        "origin": "library",
        "browserName": browser,
        "platform": "",
        "wallTime": wall_ms,
        "monotonicTime": BEGIN_MS,
        "title": format!("{} › {}: {}", record.origin.component, record.flow.name, attempt.verdict.name()),
        "options": {"viewport": {"width": width, "height": height}, "baseURL": record.base_url},
        "sdkLanguage": "javascript",
        "contextId": record.id.as_str(),
    })
}

/// A moment of the attempt as the trace counts.
fn moment(us: u64) -> f64 {
    BEGIN_MS + us as f64 / 1e3
}

/// How a page is named.
fn page_name(page: u32) -> String {
    format!("page@{page}")
}
