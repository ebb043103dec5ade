//! Going on with a run that has ended, on the pages that it left open: which calls touched them, whether they are
//! still what they were, and from which call on a changed flow may act again.
//!
//! A changed flow is answered from the recording as long as it makes the recorded calls. At its first other call
//! it goes on by itself, where no recorded call beyond that point has touched a page. What a page shows can be
//! compared; what a click has done elsewhere cannot.

use async_trait::async_trait;
use std::fmt;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use crate::browser::PageId;
use crate::failure::cut;

/// Bytes of a line that is shown of a page.
const SHOWN_BYTES: usize = 120;

/// What the open pages of a run show, to be compared later.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint {
    /// The pages, by number.
    pub pages: Vec<PageLook>,
}

/// What one page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageLook {
    /// The page.
    pub page: PageId,
    /// Its address.
    pub url: String,
    /// The browser's name for the load that made its document.
    pub document: String,
    /// Its accessibility tree.
    pub tree: String,
}

/// Looks at the open pages of a run.
#[async_trait]
pub trait Looks: Send + Sync {
    /// What they show; `None` where one of them does not say.
    async fn fingerprint(&self) -> Option<Fingerprint>;
}

/// Why a changed flow cannot go on with the pages that are open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It changed before a call that has touched a page since.
    TouchedSince {
        /// The number of that call.
        n: u32,
        /// The call.
        title: String,
        /// Where the flow is different.
        at: String,
    },
    /// A call answered a secret, which the recording does not hold.
    SecretWithheld {
        /// The number of that call.
        n: u32,
        /// The call.
        title: String,
    },
    /// A page is not what the run had left.
    PageChanged {
        /// What is different.
        difference: String,
    },
    /// The pages do not say what they show.
    PagesSilent,
    /// The run kept nothing that could be gone on with.
    NothingKept {
        /// Why.
        why: String,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TouchedSince { n, title, at } => write!(
                f,
                "the flow is different at {at}; call {n}, {title}, has touched the page after that"
            ),
            Self::SecretWithheld { n, title } => {
                write!(f, "call {n}, {title}, answered a secret, which is not recorded")
            }
            Self::PageChanged { difference } => {
                write!(f, "the page is not what the run had left: {difference}")
            }
            Self::PagesSilent => f.write_str("a page did not say what it shows"),
            Self::NothingKept { why } => f.write_str(why),
        }
    }
}

/// From where a changed flow may go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resumable {
    /// What the pages showed at the run's end.
    pub pages: Fingerprint,
    /// The last call that touched them; 0 where none did.
    pub touched: u32,
    /// The first call after it that failed: it is made again, as what it looked for may be there now.
    pub failed: Option<u32>,
}

/// Which calls of an attempt touched its pages. Nobody pays for it where it is not followed.
#[derive(Default)]
pub struct Touches {
    looks: OnceLock<Weak<dyn Looks>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    touched: u32,
    /// Calls that failed since: whether they touched a page shows when it is looked at again.
    tried: Option<Tried>,
    /// All calls that failed since.
    failed: Vec<u32>,
}

#[derive(Debug)]
struct Tried {
    /// The last of them.
    n: u32,
    before: Option<Fingerprint>,
}

impl Touches {
    /// Begins to look at these pages before each call that may touch one.
    pub fn follow(&self, looks: Weak<dyn Looks>) {
        let _ = self.looks.set(looks);
    }

    /// A call that may touch a page is about to be made.
    pub async fn before(&self, n: u32) {
        let Some(looks) = self.looks.get() else {
            return;
        };
        if let Some(tried) = &mut self.lock().tried {
            tried.n = n;
            return;
        }
        let before = match looks.upgrade() {
            Some(looks) => looks.fingerprint().await,
            None => None,
        };
        self.lock().tried = Some(Tried { n, before });
    }

    /// A call was answered, by its work or from a recording.
    pub fn after(&self, n: u32, touches: bool, passed: bool) {
        if self.looks.get().is_none() {
            return;
        }
        let mut state = self.lock();
        // What a recorded call that failed has touched is not known any more.
        if touches && (passed || state.tried.is_none()) {
            *state = State {
                touched: n,
                ..State::default()
            };
        } else if !passed {
            state.failed.push(n);
        }
    }

    /// From where a changed flow may go on, now that the attempt has ended.
    ///
    /// # Errors
    /// Why it cannot.
    pub async fn conclude(&self) -> Result<Resumable, Refusal> {
        let looks = self.looks.get().and_then(Weak::upgrade);
        let pages = match looks {
            Some(looks) => looks.fingerprint().await,
            None => None,
        };
        let pages = pages.ok_or(Refusal::PagesSilent)?;
        let mut state = self.lock();
        let tried = state.tried.take();
        if let Some(tried) = tried.filter(|tried| tried.before.as_ref() != Some(&pages)) {
            state.touched = tried.n;
        }
        let touched = state.touched;
        Ok(Resumable {
            pages,
            touched,
            failed: state.failed.iter().copied().find(|n| *n > touched),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fingerprint {
    /// Whether the pages still show this.
    ///
    /// # Errors
    /// The first difference.
    pub fn check(&self, now: &Self) -> Result<(), Refusal> {
        let changed = |difference: String| Err(Refusal::PageChanged { difference });
        for then in &self.pages {
            let page = then.page;
            let Some(now) = now.pages.iter().find(|look| look.page == page) else {
                return changed(format!("page {page} is closed"));
            };
            if now.url != then.url {
                return changed(format!("page {page} was at {} and is at {}", then.url, now.url));
            }
            if now.document != then.document {
                return changed(format!("page {page} was loaded again"));
            }
            if now.tree != then.tree {
                return changed(format!("page {page} {}", first_difference(&then.tree, &now.tree)));
            }
        }
        match now.pages.len() > self.pages.len() {
            true => changed("another page was opened".to_owned()),
            false => Ok(()),
        }
    }
}

fn first_difference(then: &str, now: &str) -> String {
    let mut lines = then.lines().zip(now.lines());
    let other = lines.find(|(then, now)| then != now);
    let line = |text: &str| cut(text.trim().to_owned(), SHOWN_BYTES);
    match other {
        Some((then, now)) => format!("showed {:?} and shows {:?}", line(then), line(now)),
        None if now.len() > then.len() => "shows more than it did".to_owned(),
        None => "shows less than it did".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// Pages that show what a test says.
    #[derive(Default)]
    struct Shown(Mutex<Option<Fingerprint>>);

    #[async_trait]
    impl Looks for Shown {
        async fn fingerprint(&self) -> Option<Fingerprint> {
            self.0.lock().expect("no panic").clone()
        }
    }

    fn showing(tree: &str) -> Fingerprint {
        Fingerprint {
            pages: vec![PageLook {
                page: 1,
                url: "http://shop.test/".to_owned(),
                document: "D1".to_owned(),
                tree: tree.to_owned(),
            }],
        }
    }

    struct Followed {
        shown: Arc<Shown>,
        touches: Touches,
    }

    impl Followed {
        fn new() -> Self {
            let shown = Arc::new(Shown::default());
            let touches = Touches::default();
            let looks: Arc<dyn Looks> = shown.clone();
            touches.follow(Arc::downgrade(&looks));
            let followed = Self { shown, touches };
            followed.shows("- heading");
            followed
        }

        fn shows(&self, tree: &str) {
            *self.shown.0.lock().expect("no panic") = Some(showing(tree));
        }

        async fn touch(&self, n: u32, shows: &str, passed: bool) {
            self.touches.before(n).await;
            self.shows(shows);
            self.touches.after(n, true, passed);
        }
    }

    #[tokio::test]
    async fn a_click_that_failed_and_changed_nothing_leaves_the_page_as_it_was() {
        let followed = Followed::new();
        followed.touch(1, "- button", true).await;
        followed.touches.after(2, false, true);
        followed.touch(3, "- button", false).await;
        let resumable = followed.touches.conclude().await.expect("it looked");
        assert_eq!((resumable.touched, resumable.failed), (1, Some(3)));
    }

    #[tokio::test]
    async fn a_call_that_failed_half_way_has_touched_the_page() {
        let followed = Followed::new();
        followed.touch(1, "- textbox", true).await;
        followed.touch(2, "- textbox: Ad", false).await;
        followed.touches.after(3, false, false);
        let resumable = followed.touches.conclude().await.expect("it looked");
        assert_eq!((resumable.touched, resumable.failed), (2, Some(3)));
    }

    #[tokio::test]
    async fn what_failed_and_was_followed_by_a_click_counts_no_more() {
        let followed = Followed::new();
        followed.touches.after(1, false, false);
        followed.touch(2, "- button", true).await;
        let resumable = followed.touches.conclude().await.expect("it looked");
        assert_eq!((resumable.touched, resumable.failed), (2, None));
    }

    #[tokio::test]
    async fn pages_that_are_silent_cannot_be_gone_on_with() {
        let followed = Followed::new();
        *followed.shown.0.lock().expect("no panic") = None;
        assert_eq!(followed.touches.conclude().await, Err(Refusal::PagesSilent));
        assert_eq!(Touches::default().conclude().await, Err(Refusal::PagesSilent));
    }

    #[test]
    fn the_first_difference_is_told() {
        let told =
            |then: &Fingerprint, now: &Fingerprint| then.check(now).expect_err("they differ").to_string();
        let two = showing("- heading\n- text: 12:01");
        assert_eq!(two.check(&two.clone()), Ok(()));
        assert_eq!(
            told(&two, &showing("- heading\n- text: 12:02")),
            "the page is not what the run had left: page 1 showed \"- text: 12:01\" and shows \"- text: 12:02\""
        );
        assert_eq!(
            told(&two, &showing("- heading")),
            "the page is not what the run had left: page 1 shows less than it did"
        );
        assert_eq!(
            told(&two, &Fingerprint::default()),
            "the page is not what the run had left: page 1 is closed"
        );
        assert_eq!(
            told(&Fingerprint::default(), &two),
            "the page is not what the run had left: another page was opened"
        );
    }
}
