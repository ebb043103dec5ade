//! Whose a page is: its number in a run, and the run's watcher. A page may be made before a run takes it, and
//! until then what it does is told to nobody.

use std::sync::{Arc, OnceLock};

use flowguard_core::browser::context::{Dialog, DialogKind, DialogReply, Download};
use flowguard_core::browser::port::{FileChooser, FileDownload, Picture};
use flowguard_core::browser::{PageId, Watcher};
use flowguard_core::timeline::PageEvent;

/// Bytes of an address in the timeline.
pub(in crate::browser) const MAX_URL: usize = 2_048;

/// The owner of one page, once there is one.
#[derive(Default)]
pub(in crate::browser) struct Owner(OnceLock<(PageId, Arc<dyn Watcher>)>);

impl Owner {
    /// The page is taken. The first owner stays.
    pub(in crate::browser) fn take(&self, page: PageId, watcher: Arc<dyn Watcher>) {
        let _ = self.0.set((page, watcher));
    }

    /// Its number, once it is taken.
    pub(in crate::browser) fn page(&self) -> Option<PageId> {
        self.0.get().map(|(page, _)| *page)
    }

    /// Its number and its run, once it is taken.
    pub(in crate::browser) fn run(&self) -> Option<(PageId, &dyn Watcher)> {
        self.0.get().map(|(page, watcher)| (*page, &**watcher))
    }

    /// Tells the run.
    pub(in crate::browser) fn tell(&self, what: PageEvent) {
        if let Some((page, watcher)) = self.0.get() {
            watcher.page_event(*page, what);
        }
    }

    /// Whether the run wants pictures of the page whenever it is drawn.
    pub(in crate::browser) fn wants_pictures(&self) -> bool {
        self.0.get().is_some_and(|(_, watcher)| watcher.wants_pictures())
    }

    /// Tells the run that the page was drawn.
    pub(in crate::browser) fn picture(&self, picture: Picture) {
        if let Some((page, watcher)) = self.0.get() {
            watcher.picture(*page, picture);
        }
    }

    /// Asks the run how a dialog is answered. One that nobody asked for is dismissed.
    pub(in crate::browser) fn dialog(&self, dialog: Dialog) -> DialogReply {
        match self.0.get() {
            Some((page, watcher)) => watcher.dialog(*page, dialog),
            None => DialogReply {
                accept: dialog.kind == DialogKind::Beforeunload,
                text: None,
            },
        }
    }

    /// Tells the run of a download; false where it does not want it.
    pub(in crate::browser) fn download(&self, download: Download, port: Arc<dyn FileDownload>) -> bool {
        let taken = self.0.get();
        taken.is_some_and(|(page, watcher)| watcher.download(*page, download, port))
    }

    /// Tells the run that the page asks for files.
    pub(in crate::browser) fn file_chooser(&self, port: Arc<dyn FileChooser>) {
        if let Some((page, watcher)) = self.0.get() {
            watcher.file_chooser(*page, port);
        }
    }
}
