//! Keeps the recordings of sessions that have ended, before the cloud forgets them: the films as artifacts, and a note of
//! which they are. Whoever ends a session begins with it at once; what that host does not finish is taken up by whoever
//! looks for sessions next. Two that fetch the same one do no harm.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};

use super::CloudPlan;
use crate::browserbase::{self, Kind, RecordingDownload, RecordingState, film_type};
use flowguard_core::artifact::{ArtifactError, Artifacts, Attachment};
use flowguard_core::limits::{CLOUD_RECORDINGS_TRIED, MAX_CLOUD_FILMS};
use flowguard_core::storage::{CloudRecordings, KeptRecording, StorageError, TenantId};

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
enum ArchiveError {
    #[error(transparent)]
    Cloud(#[from] browserbase::Error),
    #[error(transparent)]
    Notes(#[from] StorageError),
    #[error(transparent)]
    Artifacts(#[from] ArtifactError),
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

/// Whether there is no recording, and never will be.
const fn is_nothing(kind: Kind) -> bool {
    matches!(kind, Kind::NotFound | Kind::Gone | Kind::Refused)
}

/// A session that has ended and whose recording is to be kept.
struct Ended {
    tag: String,
    session: String,
    tenant: String,
    ended_ms: u64,
}

/// Who keeps recordings, while runs go on.
pub(super) struct Archivist {
    plan: CloudPlan,
    /// The tags of those that it is about.
    under_way: watch::Sender<BTreeSet<String>>,
    /// A film is whole in memory: one at a time.
    turn: Semaphore,
    /// How often it was in vain.
    failures: AtomicUsize,
}

impl Archivist {
    pub(super) fn new(plan: &CloudPlan) -> Arc<Self> {
        Arc::new(Self {
            plan: plan.clone(),
            under_way: watch::Sender::default(),
            turn: Semaphore::new(1),
            failures: AtomicUsize::new(0),
        })
    }

    /// A session has ended: its note goes, now or once its recording is kept, where one is wanted. Whether it is being kept.
    ///
    /// # Errors
    /// Where the store is away: then the note is as it was.
    pub(super) async fn has_ended(
        self: &Arc<Self>,
        tag: &str,
        session: &str,
        records: bool,
    ) -> Result<bool, StorageError> {
        let notes = &self.plan.notes;
        let Some(archive) = self.plan.archive.clone().filter(|_| records) else {
            notes.remove(tag).await?;
            return Ok(false);
        };
        let now = self.plan.clock.wall_ms();
        let noted = notes.change(tag, |note| {
            note.session.get_or_insert_with(|| session.to_owned());
            note.ended_ms.get_or_insert(now);
            note.renewed_ms = now;
        });
        let Some(note) = noted.await? else {
            return Ok(false);
        };
        self.begin(
            archive,
            Ended {
                tag: note.tag,
                session: session.to_owned(),
                tenant: note.tenant,
                ended_ms: note.ended_ms.unwrap_or(now),
            },
        );
        Ok(true)
    }

    /// Begins to keep a recording, unless it is about that already.
    fn begin(self: &Arc<Self>, archive: Archive, ended: Ended) {
        let is_new = self
            .under_way
            .send_if_modified(|tags| tags.insert(ended.tag.clone()));
        if !is_new {
            return;
        }
        let this = self.clone();
        tokio::spawn(async move {
            if let Err(error) = this.keep(&archive, &ended).await {
                this.failures.fetch_add(1, Ordering::Relaxed);
                this.is_not_kept(&ended, &error).await;
            }
            this.under_way.send_modify(|tags| {
                tags.remove(&ended.tag);
            });
        });
    }

    /// Keeps a recording, where there is one, and removes the note.
    async fn keep(&self, archive: &Archive, ended: &Ended) -> Result<(), ArchiveError> {
        let Ended {
            tag,
            session,
            tenant,
            ended_ms,
        } = ended;
        let tenant = TenantId::parse(tenant).ok_or_else(|| ArchiveError::NoTenant(tenant.clone()))?;
        let films = self.fetch_films(archive, session).await?;
        if !films.is_empty() {
            let recording = KeptRecording {
                session: session.clone(),
                ended_ms: *ended_ms,
                films,
            };
            let now = self.plan.clock.wall_ms();
            let kept_ms = u64::try_from(archive.kept.as_millis()).unwrap_or(u64::MAX);
            let expires = now.saturating_add(kept_ms);
            archive.recordings.keep(&tenant, &recording, expires, now).await?;
        }
        self.plan.notes.remove(tag).await?;
        Ok(())
    }

    /// The note stays for whoever looks next, unless it was so for a day.
    async fn is_not_kept(&self, ended: &Ended, why: &ArchiveError) {
        let session = &ended.session;
        let now = self.plan.clock.wall_ms();
        if Duration::from_millis(now.saturating_sub(ended.ended_ms)) < CLOUD_RECORDINGS_TRIED {
            tracing::warn!(session, %why, "the recording of a session is not kept yet");
            return;
        }
        tracing::warn!(session, %why, "the recording of a session is given up");
        if let Err(error) = self.plan.notes.remove(&ended.tag).await {
            tracing::warn!(session, %error, "a session that has ended is still noted");
        }
    }

    async fn fetch_films(&self, archive: &Archive, session: &str) -> Result<Vec<Attachment>, ArchiveError> {
        let downloads = match self.plan.client.finished_recordings(session).await {
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
            let _turn = self.turn.acquire().await;
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
        let film = self.plan.client.fetch(link).await?;
        let (bytes, media_type) = (film.len(), film_type(&film));
        let digest = archive.artifacts.put(film).await?;
        Ok(Some(Attachment {
            name: download.page_id.chars().take(PAGE_ID).collect(),
            media_type: media_type.to_owned(),
            digest,
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
        }))
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
