//! Compares what runs in the cloud with what is noted here, and ends what is nobody's: so that nothing goes on costing when
//! a host was killed, an answer was lost, or a release failed. What such a host had not kept of recordings is kept then.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

use super::CloudPlan;
use super::archive::Archivist;
use super::session::is_over;
use crate::browserbase::{self, Session, Status, TAG};
use flowguard_core::storage::{NotedSession, StorageError};

/// What a session in the cloud is to this installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A host of this installation uses it.
    Ours,
    /// A host of this installation has made it, and says nothing any more.
    Abandoned,
    /// This installation has made it, and has no note of it.
    Orphan,
    /// Somebody else's.
    Foreign,
}

impl Fate {
    /// As people read it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Abandoned => "abandoned",
            Self::Orphan => "orphan",
            Self::Foreign => "foreign",
        }
    }
}

/// A session that runs in the cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenSession {
    /// As the cloud tells of it.
    pub session: Session,
    /// What it is to us.
    pub fate: Fate,
    /// What is noted of it.
    pub note: Option<NotedSession>,
}

/// What one look came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reaped {
    /// Sessions that are used.
    pub ours: usize,
    /// Sessions that nobody used any more, or knew of, and that were ended.
    pub released: usize,
    /// Such that could not be ended; the next look tries again.
    pub not_released: usize,
    /// Notes of sessions that had ended by themselves, which were removed.
    pub ghosts: usize,
    /// Sessions of others, which were left alone.
    pub foreign: usize,
    /// Sessions that have ended and whose recordings are being kept from now on.
    pub recordings: usize,
}

/// Why it could not be looked.
#[derive(Debug, thiserror::Error)]
pub enum ReaperError {
    /// The cloud.
    #[error(transparent)]
    Cloud(#[from] browserbase::Error),
    /// The notes.
    #[error(transparent)]
    Notes(#[from] StorageError),
}

/// What is there.
struct Compared {
    seen: Vec<SeenSession>,
    /// Notes of sessions that do not run, and whose hosts say nothing: they ended by themselves, or nobody keeps their
    /// recordings.
    gone: Vec<NotedSession>,
}

/// Who looks.
#[derive(Clone)]
pub struct Reaper {
    plan: CloudPlan,
    installation: String,
    archivist: Arc<Archivist>,
    /// Since when each note was seen as it is; by this host's own clock, which does not jump.
    seen: Arc<Mutex<BTreeMap<String, (u64, Instant)>>>,
    /// Whether a note's own moment counts. It was written by another machine's clock.
    trusts_moments: bool,
}

impl Reaper {
    /// Who looks for sessions of this installation every so often. Hosts say that they use theirs four times as often.
    /// What this looks at for the first time is not taken for abandoned: it has to be silent for a period before.
    pub(super) fn new(plan: CloudPlan, installation: String) -> Self {
        Self {
            archivist: Archivist::new(&plan),
            plan,
            installation,
            seen: Arc::default(),
            trusts_moments: false,
        }
    }

    /// Looks once: whether a host is silent is told by the moments in the notes.
    #[must_use]
    pub fn once(self) -> Self {
        Self {
            trusts_moments: true,
            ..self
        }
    }

    /// The name of the installation.
    pub(super) fn installation(&self) -> &str {
        &self.installation
    }

    /// Who keeps recordings.
    pub(super) const fn archivist(&self) -> &Arc<Archivist> {
        &self.archivist
    }

    /// Waits until all recordings are kept that this has begun with, or cannot be; how many could not.
    pub async fn recordings_are_kept(&self) -> usize {
        self.archivist.is_idle().await
    }

    const fn period(&self) -> Duration {
        self.plan.settings.reaper_period
    }

    /// All sessions that run in the cloud, and what each is to us.
    ///
    /// # Errors
    /// Where the cloud or the store does not answer.
    pub async fn look(&self) -> Result<Vec<SeenSession>, ReaperError> {
        Ok(self.compare().await?.seen)
    }

    /// Ends what is nobody's, forgets what is not there, and begins to keep recordings that nobody keeps.
    ///
    /// # Errors
    /// Where the cloud or the store does not answer.
    pub async fn reap(&self) -> Result<Reaped, ReaperError> {
        let compared = self.compare().await?;
        let mut reaped = Reaped::default();
        for seen in compared.seen {
            let session = &seen.session.id;
            match seen.fate {
                Fate::Ours => reaped.ours += 1,
                Fate::Foreign => reaped.foreign += 1,
                Fate::Abandoned | Fate::Orphan => match self.release(&seen).await {
                    Err(ReaperError::Cloud(error)) => {
                        tracing::warn!(%error, session, "a session in the cloud that nobody uses was not ended");
                        reaped.not_released += 1;
                    }
                    ended => {
                        reaped.recordings += usize::from(ended?);
                        reaped.released += 1;
                        tracing::info!(session, fate = seen.fate.name(), "ended in the cloud");
                    }
                },
            }
        }
        for note in compared.gone {
            reaped.ghosts += usize::from(note.ended_ms.is_none());
            match &note.session {
                Some(session) => {
                    let is_kept = self.archivist.has_ended(&note.tag, session, note.records);
                    reaped.recordings += usize::from(is_kept.await?);
                }
                None => self.plan.notes.remove(&note.tag).await?,
            }
        }
        Ok(reaped)
    }

    /// Ends a session; whether its recording is being kept from now on.
    ///
    /// # Errors
    /// Where the cloud does not end it, or the store is away.
    pub async fn release(&self, seen: &SeenSession) -> Result<bool, ReaperError> {
        let session = &seen.session.id;
        match self.plan.client.release(session).await {
            Err(error) if !is_over(error.kind) => return Err(error.into()),
            _ => {}
        }
        Ok(match &seen.note {
            Some(note) => {
                let ended = self.archivist.has_ended(&note.tag, session, note.records);
                ended.await?
            }
            None => false,
        })
    }

    /// Looks and ends again and again, and never ends itself.
    pub async fn keep_reaping(self) {
        let mut looks = tokio::time::interval(self.period());
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            match self.reap().await {
                Ok(reaped) => tracing::debug!(?reaped, "looked for sessions in the cloud that nobody uses"),
                Err(error) => {
                    tracing::warn!(%error, "it could not be looked for sessions in the cloud that nobody uses");
                }
            }
        }
    }

    async fn compare(&self) -> Result<Compared, ReaperError> {
        let mut live = Vec::new();
        for status in [Status::Pending, Status::Running] {
            live.extend(self.plan.client.sessions(Some(&status), None).await?);
        }
        // A session is noted before it is made: whatever was seen has its note by now, but for one that has just ended.
        let notes = self.plan.notes.all().await?.into_iter();
        let notes: BTreeMap<String, NotedSession> = notes.map(|note| (note.tag.clone(), note)).collect();
        self.remember(notes.values());
        let now = self.plan.clock.wall_ms();
        let mut ids = BTreeSet::new();
        live.retain(|session: &Session| session.status.is_live() && ids.insert(session.id.clone()));
        let tags: BTreeSet<String> = live.iter().filter_map(tag_of).map(str::to_owned).collect();
        let gone = notes
            .values()
            // One that was noted only just may not be there yet.
            .filter(|note| !tags.contains(&note.tag) && self.is_silent(note, now))
            .cloned()
            .collect();
        let seen = live.into_iter().map(|session| {
            let note = tag_of(&session).and_then(|tag| notes.get(tag)).cloned();
            let is_of_us = tag_of(&session)
                .and_then(|tag| tag.strip_prefix(self.installation.as_str()))
                .is_some_and(|rest| rest.starts_with('-'));
            let fate = match &note {
                Some(note) if self.is_silent(note, now) => Fate::Abandoned,
                Some(_) => Fate::Ours,
                None if is_of_us => Fate::Orphan,
                None => Fate::Foreign,
            };
            SeenSession { session, fate, note }
        });
        Ok(Compared {
            seen: seen.collect(),
            gone,
        })
    }

    /// Whether its host has said nothing for three quarters of a period, in which it would have said three times that it is
    /// there: so that what the first look has seen is over at the second.
    fn is_silent(&self, note: &NotedSession, now: u64) -> bool {
        if self.trusts_moments {
            let period = u64::try_from(self.period().as_millis()).unwrap_or(u64::MAX);
            return now.saturating_sub(note.renewed_ms) >= period;
        }
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let since = seen
            .get(&note.tag)
            .filter(|(renewed, _)| *renewed == note.renewed_ms);
        since.is_some_and(|(_, since)| since.elapsed() >= self.period() * 3 / 4)
    }

    /// Remembers since when each note is as it is.
    fn remember<'a>(&self, notes: impl Iterator<Item = &'a NotedSession>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::take(&mut *seen);
        *seen = notes
            .map(|note| {
                let same = before
                    .get(&note.tag)
                    .filter(|(renewed, _)| *renewed == note.renewed_ms);
                let since = same.map_or_else(Instant::now, |(_, since)| *since);
                (note.tag.clone(), (note.renewed_ms, since))
            })
            .collect();
    }
}

fn tag_of(session: &Session) -> Option<&str> {
    session.user_metadata.get(TAG)?.as_str()
}
