//! What a page does besides what it shows: popups, dialogs, downloads, file choosers.

use std::rc::Rc;
use std::time::Duration;

use crate::bindings::flow::flowguard::plugin::events as host;
pub use host::{ConsoleMessage, Dialog, DialogAnswer, DialogKind, DownloadState, File, Kinds};

use crate::failure::{Result, fail};
use crate::page::Page;
use crate::time;

/// Keeps what happens in a page until it is asked for; see [`Page::watch`].
pub struct Watcher(host::Watcher);

/// What has happened.
pub enum Event {
    /// This page was opened.
    Popup(Page),
    /// A dialog came and was answered.
    Dialog(Dialog),
    /// A download has begun.
    Download(Download),
    /// A file chooser waits.
    FileChooser(FileChooser),
    /// A line on the console.
    Console(ConsoleMessage),
    /// An exception that nothing caught.
    PageError(String),
    /// The page is closed.
    Close,
    /// The page has crashed.
    Crash,
}

/// A file that a page downloads; gone with the run unless it is kept.
pub struct Download(host::Download);

/// A file chooser that waits for files.
pub struct FileChooser(host::FileChooser);

impl Watcher {
    /// The oldest event that was not asked for yet; waits for one.
    pub fn next(&self) -> Result<Event> {
        Ok(self.0.next(None)?.into())
    }

    /// [`next`](Self::next), for at most this long.
    pub fn next_within(&self, limit: Duration) -> Result<Event> {
        Ok(self.0.next(Some(time::milliseconds(limit)))?.into())
    }

    /// Events that were left out because too many were kept.
    pub fn missed(&self) -> Result<u32> {
        Ok(self.0.missed()?)
    }
}

impl From<host::Event> for Event {
    fn from(event: host::Event) -> Self {
        match event {
            host::Event::Popup(page) => Self::Popup(Page(Rc::new(page))),
            host::Event::Dialog(dialog) => Self::Dialog(dialog),
            host::Event::Download(download) => Self::Download(Download(download)),
            host::Event::FileChooser(chooser) => Self::FileChooser(FileChooser(chooser)),
            host::Event::Console(message) => Self::Console(message),
            host::Event::PageError(text) => Self::PageError(text),
            host::Event::Close => Self::Close,
            host::Event::Crash => Self::Crash,
        }
    }
}

impl Download {
    /// The name that the server or the page suggests.
    pub fn suggested_filename(&self) -> String {
        self.0.suggested_filename()
    }

    /// Where it comes from.
    pub fn url(&self) -> String {
        self.0.url()
    }

    /// How far it is now.
    pub fn state(&self) -> Result<DownloadState> {
        Ok(self.0.state()?)
    }

    /// Waits for its end; its size in bytes.
    pub fn wait(&self) -> Result<u32> {
        Ok(self.0.wait(None)?)
    }

    /// Waits for its end; its bytes, at most 4 MiB.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        Ok(self.0.bytes(None)?)
    }

    /// Waits for its end and keeps it with the report; the digest of its bytes.
    pub fn keep(&self) -> Result<String> {
        Ok(self.0.keep(None)?)
    }

    /// Cancels it, unless it has ended.
    pub fn cancel(&self) -> Result {
        Ok(self.0.cancel()?)
    }
}

impl FileChooser {
    /// Whether it takes several files.
    pub fn multiple(&self) -> bool {
        self.0.multiple()
    }

    /// Gives it the files.
    pub fn set_files(&self, files: &[File]) -> Result {
        Ok(self.0.set_files(files)?)
    }

    /// Gives it one file of this name, type and content.
    pub fn set_file(&self, name: &str, media_type: &str, bytes: impl Into<Vec<u8>>) -> Result {
        self.set_files(&[File {
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            bytes: bytes.into(),
        }])
    }
}

impl Page {
    /// Watches the page from now on, until the watcher is dropped.
    pub fn watch(&self, what: Kinds) -> Result<Watcher> {
        Ok(Watcher(host::watch(&self.0, what)?))
    }

    /// Does something, and waits for the page that it opens.
    ///
    /// ```no_run
    /// # use flowguard_sdk::prelude::*;
    /// # fn example(page: &Page) -> Result {
    /// let terms = page.expect_popup(|| page.get_by_role(Role::Link, "Terms").click())?;
    /// expect(&terms).to_have_title("Terms of use")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn expect_popup(&self, act: impl FnOnce() -> Result) -> Result<Page> {
        match self.expect_event(Kinds::POPUP, act)? {
            Event::Popup(page) => Ok(page),
            _ => other_event(),
        }
    }

    /// Does something, and waits for the download that it begins.
    pub fn expect_download(&self, act: impl FnOnce() -> Result) -> Result<Download> {
        match self.expect_event(Kinds::DOWNLOAD, act)? {
            Event::Download(download) => Ok(download),
            _ => other_event(),
        }
    }

    /// Does something, and waits for the file chooser that it opens.
    pub fn expect_file_chooser(&self, act: impl FnOnce() -> Result) -> Result<FileChooser> {
        match self.expect_event(Kinds::FILE_CHOOSER, act)? {
            Event::FileChooser(chooser) => Ok(chooser),
            _ => other_event(),
        }
    }

    /// Does something, and waits for the dialog that it shows, which is answered by the rules of
    /// [`handle_dialogs`](Self::handle_dialogs).
    pub fn expect_dialog(&self, act: impl FnOnce() -> Result) -> Result<Dialog> {
        match self.expect_event(Kinds::DIALOG, act)? {
            Event::Dialog(dialog) => Ok(dialog),
            _ => other_event(),
        }
    }

    /// Says how all dialogs are answered from now on.
    pub fn handle_dialogs(&self, answer: &DialogAnswer) -> Result {
        Ok(host::handle_dialogs(&self.0, answer, None)?)
    }

    /// Says how the next dialog is answered.
    pub fn handle_next_dialog(&self, answer: &DialogAnswer) -> Result {
        Ok(host::handle_dialogs(&self.0, answer, Some(1))?)
    }

    fn expect_event(&self, what: Kinds, act: impl FnOnce() -> Result) -> Result<Event> {
        let watcher = self.watch(what)?;
        act()?;
        watcher.next()
    }
}

/// The host tells only what was asked for.
fn other_event<T>() -> Result<T> {
    Err(fail("the host told of an event that was not watched for"))
}
