//! Keeps the recordings of sessions that have ended, before the cloud forgets them: the films as artifacts, and a note of
//! which they are. Whoever ends a session begins with it at once; what that host does not finish is taken up by whoever
//! looks for sessions next. Two that fetch the same one do no harm.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};

use super::CloudPlan;
use crate::browserbase::{self, Kind, RecordingDownload, RecordingState};
use flowguard_core::artifact::{ArtifactError, Artifacts, Attachment};
use flowguard_core::limits::{CLOUD_RECORDINGS_TRIED, MAX_CLOUD_FILMS};
use flowguard_core::storage::{CloudRecordings, KeptRecording, NotedSession, StorageError, TenantId};

/// Characters of a page's id.
const PAGE_ID: usize = 64;

/// Where recordings are kept.
#[derive(Clone)]
pub struct Archive {
    /// The films.
    pub artifacts: Arc<dyn Artifacts>,
    /// Which they are.
    pub recordings: CloudRecordings,
    /// How long: not longer than artifacts are.
    pub kept: Duration,
}

/// Why a recording could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The cloud.
    #[error(transparent)]
    Cloud(#[from] browserbase::Error),
    /// The notes.
    #[error(transparent)]
    Notes(#[from] StorageError),
    /// The artifacts.
    #[error(transparent)]
    Artifacts(#[from] ArtifactError),
    /// Nobody's.
    #[error("the session is noted for {0:?}, which is no tenant's name")]
    NoTenant(String),
}

impl ArchiveError {
    /// Whether this film cannot be kept now or later, and others can.
    const fn is_of_the_film(&self) -> bool {
        match self {
            Self::Cloud(error) => is_nothing(error.kind) || matches!(error.kind, Kind::Malformed),
            Self::Artifacts(error) => matches!(error, ArtifactError::TooLarge(_)),
            Self::Notes(_) | Self::NoTenant(_) => false,
        }
    }
}

impl CloudPlan {
    /// A session has ended: its note goes, or stays until its recording is kept. Returns it where it stays.
    ///
    /// # Errors
    /// Where the store is away: then the note is as it was.
    pub(super) async fn has_ended(
        &self,
        tag: &str,
        session: &str,
        records: bool,
    ) -> Result<Option<NotedSession>, StorageError> {
        if self.archive.is_none() || !records {
            self.notes.remove(tag).await?;
            return Ok(None);
        }
        let now = self.clock.wall_ms();
        let ended = Mutex::new(None);
        let change = |note: &mut NotedSession| {
            note.session.get_or_insert_with(|| session.to_owned());
            note.ended_ms.get_or_insert(now);
            note.renewed_ms = now;
            *ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(note.clone());
        };
        let is_noted = self.notes.change(tag, change).await?;
        let ended = ended.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(ended.filter(|_| is_noted))
    }

    /// Keeps the recording of a session that has ended, where it has one, and removes its note; how many films it has.
    ///
    /// # Errors
    /// Where it cannot be fetched or kept now. Its note stays, unless that was so for a day.
    pub(super) async fn keep_recording(
        &self,
        archive: &Archive,
        note: &NotedSession,
        turn: &Semaphore,
    ) -> Result<usize, ArchiveError> {
        let (Some(session), Some(ended_ms)) = (&note.session, note.ended_ms) else {
            self.notes.remove(&note.tag).await?;
            return Ok(0);
        };
        let kept = self.fetch_films(archive, session, turn).await;
        let now = self.clock.wall_ms();
        let films = match kept {
            Ok(films) => films,
            Err(error) => {
                if Duration::from_millis(now.saturating_sub(ended_ms)) >= CLOUD_RECORDINGS_TRIED {
                    tracing::warn!(session, %error, "the recording of a session is given up");
                    self.notes.remove(&note.tag).await?;
                }
                return Err(error);
            }
        };
        let count = films.len();
        if count > 0 {
            let tenant = TenantId::parse(&note.tenant);
            let tenant = tenant.ok_or_else(|| ArchiveError::NoTenant(note.tenant.clone()))?;
            let recording = KeptRecording {
                session: session.clone(),
                ended_ms,
                films,
            };
            let kept_ms = u64::try_from(archive.kept.as_millis()).unwrap_or(u64::MAX);
            let expires = now.saturating_add(kept_ms);
            archive.recordings.keep(&tenant, &recording, expires, now).await?;
        }
        self.notes.remove(&note.tag).await?;
        Ok(count)
    }

    async fn fetch_films(
        &self,
        archive: &Archive,
        session: &str,
        turn: &Semaphore,
    ) -> Result<Vec<Attachment>, ArchiveError> {
        let downloads = match self.client.finished_recordings(session).await {
            Ok(downloads) => downloads,
            Err(error) if is_nothing(error.kind) => {
                tracing::info!(session, %error, "there is no recording of a session");
                return Ok(Vec::new());
            }
            Err(error) => return Err(error.into()),
        };
        if downloads.len() > MAX_CLOUD_FILMS {
            tracing::warn!(
                session,
                "only the first {MAX_CLOUD_FILMS} films of a session are kept"
            );
        }
        let mut films = Vec::new();
        for download in downloads.iter().take(MAX_CLOUD_FILMS) {
            let page = &download.page_id;
            // A film is whole in memory: one at a time.
            let _turn = turn.acquire().await;
            match self.fetch_film(archive, download).await {
                Ok(Some(film)) => films.push(film),
                Ok(None) => tracing::warn!(session, page, "the cloud has no film of a page"),
                Err(error) if error.is_of_the_film() => {
                    tracing::warn!(session, page, %error, "a film stays in the cloud");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(films)
    }

    async fn fetch_film(
        &self,
        archive: &Archive,
        download: &RecordingDownload,
    ) -> Result<Option<Attachment>, ArchiveError> {
        let (RecordingState::Completed, Some(link)) = (&download.status, &download.download_url) else {
            return Ok(None);
        };
        let film = self.client.fetch(link).await?;
        let (bytes, media_type) = (film.len(), media_type(&film));
        let digest = archive.artifacts.put(film).await?;
        Ok(Some(Attachment {
            name: download.page_id.chars().take(PAGE_ID).collect(),
            media_type: media_type.to_owned(),
            digest,
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
        }))
    }
}

/// Whether there is no recording, and never will be.
const fn is_nothing(kind: Kind) -> bool {
    matches!(kind, Kind::NotFound | Kind::Gone | Kind::Refused)
}

/// What a film is, by its first bytes.
#[must_use]
pub fn media_type(film: &[u8]) -> &'static str {
    match film {
        [b'P', b'K', ..] => "application/zip",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "video/mp4",
        [0x1a, 0x45, 0xdf, 0xa3, ..] => "video/webm",
        _ => "application/octet-stream",
    }
}

/// Who keeps recordings while runs go on.
pub(super) struct Archivist {
    plan: CloudPlan,
    archive: Archive,
    /// The tags of those that it is about.
    under_way: watch::Sender<BTreeSet<String>>,
    turn: Semaphore,
    /// How often it was in vain.
    failures: AtomicUsize,
}

impl Archivist {
    /// None where recordings are not kept.
    pub(super) fn new(plan: &CloudPlan) -> Option<Arc<Self>> {
        let archive = plan.archive.clone()?;
        Some(Arc::new(Self {
            plan: plan.clone(),
            archive,
            under_way: watch::Sender::default(),
            turn: Semaphore::new(1),
            failures: AtomicUsize::new(0),
        }))
    }

    /// Begins to keep a recording, unless it is about that already.
    pub(super) fn begin(self: &Arc<Self>, note: NotedSession) {
        let is_new = self
            .under_way
            .send_if_modified(|tags| tags.insert(note.tag.clone()));
        if !is_new {
            return;
        }
        let this = self.clone();
        tokio::spawn(async move {
            this.keep(&note).await;
            this.under_way.send_modify(|tags| {
                tags.remove(&note.tag);
            });
        });
    }

    async fn keep(&self, note: &NotedSession) {
        let session = note.session.as_deref().unwrap_or_default();
        let kept = self.plan.keep_recording(&self.archive, note, &self.turn).await;
        match kept {
            Ok(films) => tracing::debug!(session, films, "the recording of a session is kept"),
            Err(error) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(session, %error, "the recording of a session is not kept yet");
            }
        }
    }

    /// The tags of those that it is about.
    pub(super) fn tags(&self) -> Vec<String> {
        self.under_way.borrow().iter().cloned().collect()
    }

    /// Waits until it is about none; how often it was in vain.
    pub(super) async fn is_idle(&self) -> usize {
        // The sender is here.
        let _ = self.under_way.subscribe().wait_for(BTreeSet::is_empty).await;
        self.failures.load(Ordering::Relaxed)
    }
}
