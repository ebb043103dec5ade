//! What the browser tells of a run's pages, and who hears it: the timeline, the watchers, the rules.

use std::sync::Arc;

use super::dialogs::{DialogRules, reply};
use super::files::Files;
use super::{Dialog, DialogAnswer, DialogReply, Download, Happening, Watches};
use crate::browser::PageId;
use crate::browser::port::{FileChooser, FileDownload};
use crate::failure::{Code, Failure};
use crate::ledger::Ledger;
use crate::timeline::PageEvent;

/// What happens in a run's pages, kept for the flow.
#[derive(Default)]
pub(in crate::browser) struct Events {
    pub(in crate::browser) watches: Watches,
    pub(in crate::browser) dialogs: DialogRules,
    pub(in crate::browser) files: Files,
}

impl Events {
    /// Tells those who watch the console or its errors.
    pub(in crate::browser) fn page_event(&self, page: PageId, what: &PageEvent) {
        let happening = match what {
            PageEvent::Console { level, text, place } => Happening::Console {
                level: level.clone(),
                text: text.clone(),
                place: place.clone(),
            },
            PageEvent::Uncaught { text } => Happening::PageError { text: text.clone() },
            _ => return,
        };
        self.watches.tell(page, &happening);
    }

    /// Answers a dialog by the rules, and tells of it.
    pub(in crate::browser) fn dialog(
        &self,
        ledger: &Ledger,
        page: PageId,
        mut dialog: Dialog,
    ) -> DialogReply {
        let answer = self.dialogs.take(page);
        let reply = reply(answer.as_ref(), &dialog);
        if answer == Some(DialogAnswer::Fail) {
            let message = format!("a dialog came that must not come: {:?}", dialog.message);
            ledger.fail(Failure::new(Code::AssertionFailed, message));
        }
        dialog.accepted = reply.accept;
        self.watches.tell(page, &Happening::Dialog(dialog));
        reply
    }

    /// Numbers a download and tells of it; false where there are too many, and it is to be cancelled.
    pub(in crate::browser) fn download(
        &self,
        page: PageId,
        download: Download,
        port: Arc<dyn FileDownload>,
    ) -> bool {
        let Some(id) = self.files.download(&download, port) else {
            return false;
        };
        self.watches.tell(page, &Happening::Download { id, download });
        true
    }

    /// Numbers a file chooser and tells of it.
    pub(in crate::browser) fn file_chooser(&self, page: PageId, port: Arc<dyn FileChooser>) {
        let multiple = port.multiple();
        if let Some(id) = self.files.chooser(port) {
            self.watches.tell(page, &Happening::FileChooser { id, multiple });
        }
    }
}
