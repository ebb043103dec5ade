//! The host calls on what a page does besides what it shows: watchers, dialogs, downloads, file choosers.
//! Data only.

use serde::Serialize;

use super::PageId;
use super::declare::calls;
use crate::artifact::Digest;
use crate::browser::context::{DialogAnswer, DownloadState, Happening, Kinds, UploadedFile};
use crate::gate::Call;
use crate::grant::Ask;

/// Names a watcher within its run.
pub type WatchId = u32;
/// Names a download within its run.
pub type DownloadId = u32;
/// Names a file chooser within its run.
pub type ChooserId = u32;

calls! {
    /// Begins to watch a page.
    Watch {
        /// The page.
        page: PageId,
        /// For what.
        what: Kinds,
    } "page.watch" -> WatchId; title call => format!("watch for {}", call.what);
        @ask Ask::Act;

    /// Takes the oldest event, or waits for one.
    NextEvent {
        /// The watcher.
        watch: WatchId,
        /// For a person: what it watches for.
        what: Kinds,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "watcher.next" -> Happening; title call => format!("wait for {}", call.what);

    /// Counts the events that were left out.
    MissedEvents {
        /// The watcher.
        watch: WatchId,
    } "watcher.missed" -> u32; title _call => "count the events that were left out".to_owned();

    /// Says how dialogs are answered.
    HandleDialogs {
        /// The page.
        page: PageId,
        /// How.
        answer: DialogAnswer,
        /// How many of them; none for all.
        times: Option<u32>,
    } "page.handle-dialogs" -> (); title call => format!("{} dialogs from now on", call.answer);
        @ask Ask::Act;

    /// Reads how a download is coming along.
    ReadDownload {
        /// The download.
        download: DownloadId,
    } "download.state" -> DownloadState; title _call => "read the state of the download".to_owned();
        @touches false;

    /// Waits for the end of a download; its size.
    WaitForDownload {
        /// The download.
        download: DownloadId,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "download.wait" -> u32; title _call => "wait for the download".to_owned();

    /// Copies a download's bytes into the guest. In the cassette the answer is an artifact.
    DownloadBytes {
        /// The download.
        download: DownloadId,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "download.bytes" -> Digest; title _call => "read the download".to_owned();
        @touches false;

    /// Keeps a download with the report.
    KeepDownload {
        /// The download.
        download: DownloadId,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "download.keep" -> Digest; title _call => "keep the download".to_owned();

    /// Cancels a download.
    CancelDownload {
        /// The download.
        download: DownloadId,
    } "download.cancel" -> (); title _call => "cancel the download".to_owned();
        @ask Ask::Act;

    /// Gives files to a chooser.
    ChooseFiles {
        /// The chooser.
        chooser: ChooserId,
        /// The files.
        files: Vec<UploadedFile>,
    } "file-chooser.set-files" -> (); title call => files_title(&call.files);
        @ask Ask::Act;
}

fn files_title(files: &[UploadedFile]) -> String {
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    match names.as_slice() {
        [] => "choose no file".to_owned(),
        names => format!("choose {}", super::declare::shortened(&names.join(", "))),
    }
}
