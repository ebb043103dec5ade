//! The pages of one run: numbered as they come, whether the flow opens them or another page does, and bounded.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::PageId;
use super::calls::ContextId;
use super::context::{Dialog, DialogReply, Download, Events, Happening, OWN};
use super::network::routes::{Asker, Routes};
use super::network::traffic::Traffic;
use super::port::network::{Bodies, NetworkEvent, Paused, PausedRequest};
use super::port::{FileChooser, FileDownload, Picture, Tab, TabError, Watcher};
use super::screencast::Screencast;
use super::veil::Veil;
use crate::failure::{Code, Failure};
use crate::ledger::Ledger;
use crate::limits::MAX_PAGES;
use crate::timeline::PageEvent;

/// The pages of one run.
#[derive(Default)]
pub(super) struct Pages(Mutex<Open>);

#[derive(Default)]
struct Open {
    numbered: u32,
    tabs: BTreeMap<PageId, Arc<dyn Tab>>,
    /// The context of each.
    contexts: HashMap<PageId, ContextId>,
}

/// The run that pages belong to: its ledger, until another run is left the pages.
pub(super) struct Hears(Mutex<Arc<Ledger>>);

/// Writes what pages do into the timeline and the record of the network, keeps the pages that they open, and
/// lets routes decide.
pub(super) struct RunWatcher {
    pub(super) hears: Arc<Hears>,
    /// Weak, as the pages know their watcher.
    pub(super) pages: Weak<Pages>,
    pub(super) events: Weak<Events>,
    pub(super) traffic: Arc<Traffic>,
    pub(super) routes: Arc<Routes>,
    /// Where pictures go, where they are wanted.
    pub(super) screencast: Option<Arc<Screencast>>,
    pub(super) veil: Arc<Veil>,
}

impl Hears {
    pub(super) fn new(ledger: &Arc<Ledger>) -> Self {
        Self(Mutex::new(ledger.clone()))
    }

    /// From now on, it is this run.
    pub(super) fn be(&self, ledger: &Arc<Ledger>) {
        *self.lock() = ledger.clone();
    }

    pub(super) fn ledger(&self) -> Arc<Ledger> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Ledger>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pages {
    /// A number for a page that is about to be opened.
    /// Its context is known from here on: what is decided for it is asked for before it is open.
    pub(super) fn number(&self, context: ContextId) -> Result<PageId, Failure> {
        self.lock().number(context).ok_or_else(|| {
            let message = format!("{MAX_PAGES} pages are open already: close one");
            Failure::new(Code::OverBudget, message)
        })
    }

    pub(super) fn insert(&self, page: PageId, tab: Arc<dyn Tab>) {
        self.lock().tabs.insert(page, tab);
    }

    /// A page as routes know it.
    pub(super) fn asker(&self, page: PageId) -> Asker {
        let context = self.context_of(page).unwrap_or(OWN);
        Asker { page, context }
    }

    /// The context of a page.
    pub(super) fn context_of(&self, page: PageId) -> Option<ContextId> {
        self.lock().contexts.get(&page).copied()
    }

    /// The pages of a context that are open, in the order in which they were opened.
    pub(super) fn of_context(&self, context: ContextId) -> Vec<PageId> {
        let open = self.lock();
        let is_open = |tab: &Arc<dyn Tab>| tab.state().borrow().gone != Some(TabError::Closed);
        let pages = open.tabs.iter().filter(|(_, tab)| is_open(tab));
        let pages = pages.map(|(page, _)| *page);
        pages
            .filter(|page| open.contexts.get(page) == Some(&context))
            .collect()
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
    fn popup(&self, opener: Option<PageId>, tab: Arc<dyn Tab>) -> Option<PageId> {
        let mut open = self.lock();
        let context = opener.and_then(|opener| open.contexts.get(&opener).copied());
        let page = open.number(context.unwrap_or(OWN))?;
        open.tabs.insert(page, tab);
        Some(page)
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// The next number, where there is room for a page. Pages that closed themselves leave room.
    fn number(&mut self, context: ContextId) -> Option<PageId> {
        if self.tabs.len() >= MAX_PAGES {
            self.tabs
                .retain(|_, tab| tab.state().borrow().gone != Some(TabError::Closed));
        }
        if self.tabs.len() >= MAX_PAGES {
            return None;
        }
        self.numbered += 1;
        self.contexts.insert(self.numbered, context);
        Some(self.numbered)
    }
}

impl Watcher for RunWatcher {
    fn page_event(&self, page: PageId, what: PageEvent) {
        if let Some(events) = self.events.upgrade() {
            events.page_event(page, &what);
        }
        let ledger = self.hears.ledger();
        ledger.timeline.event(page, ledger.now(), what);
    }

    fn popup(&self, opener: Option<PageId>, tab: Arc<dyn Tab>) -> Option<PageId> {
        let page = self.pages.upgrade().and_then(|pages| pages.popup(opener, tab));
        match (page, opener, self.events.upgrade()) {
            (Some(page), Some(opener), Some(events)) => {
                events.watches.tell(opener, &Happening::Popup { page });
            }
            (None, ..) => self.page_event(opener.unwrap_or_default(), PageEvent::PopupClosed),
            _ => {}
        }
        page
    }

    fn dialog(&self, page: PageId, dialog: Dialog) -> DialogReply {
        let kind = dialog.kind.name().to_owned();
        let text = dialog.message.clone();
        let ledger = self.hears.ledger();
        let shown = PageEvent::Dialog { kind, text };
        ledger.timeline.event(page, ledger.now(), shown);
        match self.events.upgrade() {
            Some(events) => events.dialog(&ledger, page, dialog),
            None => DialogReply {
                accept: true,
                text: None,
            },
        }
    }

    fn download(&self, page: PageId, download: Download, port: Arc<dyn FileDownload>) -> bool {
        let events = self.events.upgrade();
        events.is_some_and(|events| events.download(page, download, port))
    }

    fn file_chooser(&self, page: PageId, port: Arc<dyn FileChooser>) {
        if let Some(events) = self.events.upgrade() {
            events.file_chooser(page, port);
        }
    }

    fn network_event(&self, page: PageId, what: NetworkEvent, bodies: &dyn Bodies) {
        if let Some(shown) = self.traffic.happened(page, what, bodies) {
            self.page_event(page, shown);
        }
    }

    fn wants_pictures(&self) -> bool {
        self.screencast.is_some()
    }

    fn picture(&self, page: PageId, picture: Picture) {
        let Some(screencast) = &self.screencast else {
            return;
        };
        if !self.veil.is_up() {
            screencast.drawn(&self.hears.ledger(), page, picture);
            return;
        }
        // The page is asked whether a secret of the host can be seen; meanwhile nothing is kept.
        let tab = self.pages.upgrade().and_then(|pages| pages.get(page));
        if let Some(tab) = tab
            && let Some(judged) = self.veil.to_judge(page, picture)
        {
            let (screencast, veil) = (screencast.clone(), self.veil.clone());
            let hears = self.hears.clone();
            tokio::spawn(async move { screencast.judge(&hears, &veil, &*tab, page, judged).await });
        }
    }

    fn intercepts(&self, page: PageId) -> bool {
        let pages = self.pages.upgrade();
        pages.is_some_and(|pages| self.routes.concern(pages.asker(page)))
    }

    fn request_paused(&self, page: PageId, request: PausedRequest, paused: Box<dyn Paused>) {
        // Where the run is over, it goes on.
        if let Some(pages) = self.pages.upgrade() {
            self.routes.decide(pages.asker(page), request, paused);
        }
    }
}
