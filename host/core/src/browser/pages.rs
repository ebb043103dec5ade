//! The pages of one run: numbered as they come, whether the flow opens them or another page does, and bounded.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::PageId;
use super::port::{Tab, TabError, Watcher};
use crate::failure::{Code, Failure};
use crate::gate::Ledger;
use crate::limits::MAX_PAGES;
use crate::timeline::PageEvent;

/// The pages of one run.
#[derive(Default)]
pub(super) struct Pages(Mutex<Open>);

#[derive(Default)]
struct Open {
    numbered: u32,
    tabs: BTreeMap<PageId, Arc<dyn Tab>>,
}

/// Writes what pages do into the timeline, and keeps the pages that they open.
pub(super) struct RunWatcher {
    pub(super) ledger: Arc<Ledger>,
    /// Weak, as the pages know their watcher.
    pub(super) pages: Weak<Pages>,
}

impl Pages {
    /// A number for a page that is about to be opened.
    pub(super) fn number(&self) -> Result<PageId, Failure> {
        self.lock().number().ok_or_else(|| {
            let message = format!("{MAX_PAGES} pages are open already: close one");
            Failure::new(Code::OverBudget, message)
        })
    }

    pub(super) fn insert(&self, page: PageId, tab: Arc<dyn Tab>) {
        self.lock().tabs.insert(page, tab);
    }

    pub(super) fn get(&self, page: PageId) -> Option<Arc<dyn Tab>> {
        self.lock().tabs.get(&page).cloned()
    }

    pub(super) fn remove(&self, page: PageId) {
        self.lock().tabs.remove(&page);
    }

    pub(super) fn clear(&self) {
        self.lock().tabs.clear();
    }

    /// All of them, in the order in which they were opened.
    pub(super) fn all(&self) -> Vec<(PageId, Arc<dyn Tab>)> {
        let open = self.lock();
        open.tabs.iter().map(|(page, tab)| (*page, tab.clone())).collect()
    }

    /// Takes in a page that another page opened.
    fn popup(&self, tab: Arc<dyn Tab>) -> Option<PageId> {
        let mut open = self.lock();
        let page = open.number()?;
        open.tabs.insert(page, tab);
        Some(page)
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// The next number, where there is room for a page. Pages that closed themselves leave room.
    fn number(&mut self) -> Option<PageId> {
        if self.tabs.len() >= MAX_PAGES {
            self.tabs
                .retain(|_, tab| tab.state().borrow().gone != Some(TabError::Closed));
        }
        if self.tabs.len() >= MAX_PAGES {
            return None;
        }
        self.numbered += 1;
        Some(self.numbered)
    }
}

impl Watcher for RunWatcher {
    fn page_event(&self, page: PageId, what: PageEvent) {
        self.ledger.timeline.event(page, self.ledger.now(), what);
    }

    fn popup(&self, opener: Option<PageId>, tab: Arc<dyn Tab>) -> Option<PageId> {
        let page = self.pages.upgrade().and_then(|pages| pages.popup(tab));
        if page.is_none() {
            self.page_event(opener.unwrap_or_default(), PageEvent::PopupClosed);
        }
        page
    }
}
