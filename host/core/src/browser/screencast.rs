//! What the pages of a run looked like, picture by picture. The pictures are held until the attempt ends, bounded:
//! where there are too many, every second one goes.

use serde_json::json;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

use super::PageId;
use super::pages::Hears;
use super::port::{Picture, Tab};
use super::session::Browser;
use super::veil::Veil;
use crate::artifact::Digest;
use crate::ledger::Ledger;
use crate::limits::{MAX_SCREENCAST_BYTES, MAX_SCREENCAST_FRAMES};
use crate::timeline::{ScreencastFrame, micros};

/// How long a page may take to say whether a secret can be seen on it.
const LONGEST_LOOK: Duration = Duration::from_secs(2);

/// The pictures of a run's pages.
#[derive(Debug, Default)]
pub(super) struct Screencast(Mutex<Vec<Held>>);

#[derive(Debug)]
struct Held {
    at: Duration,
    page: PageId,
    digest: Digest,
    picture: Picture,
}

impl Screencast {
    /// A page was drawn.
    pub(super) fn drawn(&self, ledger: &Ledger, page: PageId, picture: Picture) {
        ledger.picture.send_replace(Some(picture.jpeg.clone()));
        let held = Held {
            at: ledger.now().saturating_sub(picture.age),
            page,
            digest: Digest::of(&picture.jpeg),
            picture,
        };
        let mut all = self.lock();
        let last = all.iter().rfind(|held| held.page == page);
        if last.is_some_and(|last| last.digest == held.digest) {
            return;
        }
        all.push(held);
        while is_too_much(&all) {
            thin(&mut all);
        }
    }

    /// Keeps a picture where no secret of the host was on the page before it was drawn or is after it; then the next
    /// one that has come.
    pub(super) async fn judge(
        &self,
        hears: &Hears,
        veil: &Veil,
        tab: &dyn Tab,
        page: PageId,
        first: (Instant, Picture),
    ) {
        let mut next = Some(first);
        while let Some((drawn, mut picture)) = next {
            let action = json!({"kind": "showsSecret", "veil": veil.told(page)});
            let request = json!({"action": action, "timeout": 0});
            let answer = tab.perform(&request, LONGEST_LOOK).await;
            let is_shown = answer.map_or(true, |answer| answer["value"] != false);
            let (is_kept, later) = veil.judged(page, drawn, is_shown);
            if is_kept {
                picture.age = drawn.elapsed();
                self.drawn(&hears.ledger(), page, picture);
            }
            next = later;
        }
    }

    fn take(&self) -> Vec<Held> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_too_much(all: &[Held]) -> bool {
    let bytes: usize = all.iter().map(|held| held.picture.jpeg.len()).sum();
    all.len() > 1 && (all.len() > MAX_SCREENCAST_FRAMES || bytes > MAX_SCREENCAST_BYTES)
}

/// Every second picture goes; the last one stays, which shows where it ended.
fn thin(all: &mut Vec<Held>) {
    let last = all.len() - 1;
    let mut place = 0;
    all.retain(|_| {
        place += 1;
        (last + 1 - place).is_multiple_of(2)
    });
}

impl Browser {
    /// Puts the pictures of the run so far among the artifacts, and into its record.
    pub async fn keep_screencast(&self) {
        let mut frames = Vec::new();
        for held in self.screencast.take() {
            let Picture { jpeg, size, .. } = held.picture;
            let kept = self.ledger.keep("screencast", "image/jpeg", jpeg).await;
            match kept {
                Ok(picture) => frames.push(ScreencastFrame {
                    at_us: micros(held.at),
                    page: held.page,
                    picture,
                    width: size.width,
                    height: size.height,
                }),
                Err(error) => tracing::warn!(%error, "a picture of the screencast was not kept"),
            }
        }
        self.ledger.timeline.screencast(frames);
    }

    pub(super) fn films(&self) -> Option<Arc<Screencast>> {
        self.options.screencast.then(|| self.screencast.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::browser::Size;
    use crate::browser::scripted::Rig;

    fn picture(number: usize) -> Picture {
        Picture {
            jpeg: number.to_le_bytes().to_vec().into(),
            size: Size { width: 8, height: 6 },
            age: Duration::ZERO,
        }
    }

    #[tokio::test]
    async fn what_looks_the_same_is_one_picture_and_too_many_are_thinned() {
        let rig = Rig::new().await;
        let cast = &rig.browser.screencast;
        let ledger = rig.browser.ledger.clone();
        cast.drawn(&ledger, 1, picture(0));
        cast.drawn(&ledger, 2, picture(0));
        cast.drawn(&ledger, 1, picture(0));
        assert_eq!(cast.lock().len(), 2, "each page has its own");
        for number in 1..=3 * MAX_SCREENCAST_FRAMES {
            cast.drawn(&ledger, 1, picture(number));
        }
        let last = picture(3 * MAX_SCREENCAST_FRAMES).jpeg;
        let held = cast.lock().len();
        assert!(
            (MAX_SCREENCAST_FRAMES / 2..=MAX_SCREENCAST_FRAMES).contains(&held),
            "{held}"
        );
        assert_eq!(cast.lock().last().expect("some").picture.jpeg, last);
        rig.browser.keep_screencast().await;
        let history = ledger.timeline.history();
        assert_eq!(history.screencast.len(), held);
        assert!(history.screencast.is_sorted_by_key(|frame| frame.at_us));
    }
}
