//! Files that go in and out of a page: choosers that wait for some, downloads that bring some. A guest has no
//! file system; files are a name and bytes.

use bytes::Bytes;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::artifact::{Attachment, Digest};
use crate::browser::calls::{
    CancelDownload, ChooseFiles, ChooserId, DownloadBytes, DownloadId, KeepDownload, ReadDownload,
    WaitForDownload,
};
use crate::browser::port::{DownloadProgress, FileChooser, FileDownload};
use crate::browser::session::{Browser, tab_failure, timeout};
use crate::failure::{Code, Failure};
use crate::limits::{
    MAX_ATTACHMENT_BYTES, MAX_DOWNLOADS, MAX_FILE_CHOOSERS, MAX_GUEST_FILE_BYTES, MAX_UPLOADED_FILES,
};

/// A download as it began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Download {
    /// The name that is suggested, without folders.
    pub suggested_filename: String,
    /// Where it comes from.
    pub url: String,
}

/// How a download is coming along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DownloadState {
    /// It is under way.
    #[default]
    InProgress,
    /// All of it is there.
    Completed,
    /// It was cancelled.
    Cancelled,
}

/// A file that is given to a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UploadedFile {
    /// Its name, without folders.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// What is in it. Recorded is only its digest.
    #[serde(serialize_with = "digest_of")]
    pub bytes: Bytes,
}

fn digest_of<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(Digest::of(bytes).as_str())
}

/// Downloads and choosers of a run. What is beyond their number is refused where it is announced.
#[derive(Default)]
pub(in crate::browser) struct Files(Mutex<State>);

#[derive(Default)]
struct State {
    downloads: HashMap<DownloadId, (Download, Arc<dyn FileDownload>)>,
    choosers: HashMap<ChooserId, Arc<dyn FileChooser>>,
    numbered: u32,
}

impl Files {
    /// Numbers a download; none where there are too many.
    pub(in crate::browser) fn download(
        &self,
        download: &Download,
        port: Arc<dyn FileDownload>,
    ) -> Option<DownloadId> {
        let mut state = self.lock();
        if state.downloads.len() >= MAX_DOWNLOADS {
            return None;
        }
        state.numbered += 1;
        let id = state.numbered;
        state.downloads.insert(id, (download.clone(), port));
        Some(id)
    }

    /// Numbers a chooser; none where there are too many.
    pub(in crate::browser) fn chooser(&self, port: Arc<dyn FileChooser>) -> Option<ChooserId> {
        let mut state = self.lock();
        if state.choosers.len() >= MAX_FILE_CHOOSERS {
            return None;
        }
        state.numbered += 1;
        let id = state.numbered;
        state.choosers.insert(id, port);
        Some(id)
    }

    fn get(&self, id: DownloadId) -> Result<(Download, Arc<dyn FileDownload>), Failure> {
        let found = self.lock().downloads.get(&id).cloned();
        found.ok_or_else(|| Failure::new(Code::InvalidArgument, format!("there is no download {id}")))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Browser {
    /// How the download is coming along.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where there is none of this number.
    pub async fn download_state(&self, call: &ReadDownload) -> Result<DownloadState, Failure> {
        let (_, port) = self.events.files.get(call.download)?;
        Ok(port.progress().borrow().state)
    }

    /// Waits for the end; the size in bytes.
    ///
    /// # Errors
    /// [`Code::NavigationFailed`] where it was cancelled, [`Code::Timeout`] where it takes too long.
    pub async fn wait_for_download(&self, call: &WaitForDownload) -> Result<u32, Failure> {
        let ended = self.ended_download(call.download, call.timeout_ms).await?;
        Ok(u32::try_from(ended.received).unwrap_or(u32::MAX))
    }

    /// Waits for the end and puts the bytes aside; they are read with [`Browser::kept_bytes`].
    ///
    /// # Errors
    /// As [`Browser::wait_for_download`]; [`Code::OverBudget`] where it is too large to copy.
    pub async fn download_bytes(&self, call: &DownloadBytes) -> Result<Digest, Failure> {
        let kept = self
            .kept_download(call.download, call.timeout_ms, MAX_GUEST_FILE_BYTES)
            .await?;
        Ok(kept.digest)
    }

    /// Waits for the end and keeps it with the report.
    ///
    /// # Errors
    /// As [`Browser::wait_for_download`]; [`Code::OverBudget`] where it is too large for the report.
    pub async fn keep_download(&self, call: &KeepDownload) -> Result<Digest, Failure> {
        let kept = self
            .kept_download(call.download, call.timeout_ms, MAX_ATTACHMENT_BYTES)
            .await?;
        let digest = kept.digest.clone();
        self.ledger.timeline.attach_to_latest(kept);
        Ok(digest)
    }

    /// Cancels a download.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where there is none of this number.
    pub async fn cancel_download(&self, call: &CancelDownload) -> Result<(), Failure> {
        let (_, port) = self.events.files.get(call.download)?;
        if port.progress().borrow().state != DownloadState::InProgress {
            return Ok(());
        }
        port.cancel().await.map_err(tab_failure)
    }

    /// The bytes of what this run has put aside.
    ///
    /// # Errors
    /// [`Code::Unavailable`] where they are gone.
    pub async fn kept_bytes(&self, digest: &Digest) -> Result<Bytes, Failure> {
        let read = self.ledger.artifacts.get(digest).await;
        read.map_err(|error| Failure::new(Code::Unavailable, error.to_string()))
    }

    /// Gives files to a chooser.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] where they are too many, too large or wrongly named, or the chooser takes
    /// one only.
    pub async fn choose_files(&self, call: &ChooseFiles) -> Result<(), Failure> {
        let chooser = self.events.files.lock().choosers.get(&call.chooser).cloned();
        let Some(chooser) = chooser else {
            return wrong(format!("there is no file chooser {}", call.chooser));
        };
        check_files(&call.files)?;
        if call.files.len() > 1 && !chooser.multiple() {
            return wrong("this file chooser takes one file only".to_owned());
        }
        let wait = self.ledger.progress.allowance(self.options.action_timeout);
        match tokio::time::timeout(wait, chooser.set_files(&call.files)).await {
            Ok(done) => done.map_err(tab_failure),
            Err(_) => Err(Failure::new(
                Code::Timeout,
                "the page did not take the files: its main thread is busy",
            )),
        }
    }

    async fn ended_download(
        &self,
        id: DownloadId,
        timeout_ms: Option<u32>,
    ) -> Result<DownloadProgress, Failure> {
        let (download, port) = self.events.files.get(id)?;
        let wait = self.download_time(timeout_ms)?;
        let mut progress = port.progress();
        let ended = progress.wait_for(|progress| progress.state != DownloadState::InProgress);
        let name = &download.suggested_filename;
        match tokio::time::timeout(wait, ended).await {
            Ok(Ok(ended)) if ended.state == DownloadState::Completed => Ok(*ended),
            Ok(_) => Err(Failure::new(
                Code::NavigationFailed,
                format!("the download of {name:?} was cancelled"),
            )),
            Err(_) => Err(Failure::new(
                Code::Timeout,
                format!(
                    "the download of {name:?} did not end within {} ms",
                    wait.as_millis()
                ),
            )),
        }
    }

    async fn kept_download(
        &self,
        id: DownloadId,
        timeout_ms: Option<u32>,
        limit: usize,
    ) -> Result<Attachment, Failure> {
        let ended = self.ended_download(id, timeout_ms).await?;
        if ended.received > limit as u64 {
            let message = format!(
                "a download of {} bytes is too large: at most {limit}",
                ended.received
            );
            return Err(Failure::new(Code::OverBudget, message));
        }
        let (download, port) = self.events.files.get(id)?;
        let bytes = port.read(limit as u64).await.map_err(tab_failure)?;
        self.ledger
            .keep(&download.suggested_filename, "application/octet-stream", bytes)
            .await
    }

    fn download_time(&self, wanted: Option<u32>) -> Result<Duration, Failure> {
        let progress = &self.ledger.progress;
        Ok(progress.allowance(timeout(wanted, progress.remaining())?))
    }
}

/// Whether files can be given to a page.
pub(in crate::browser) fn check_files(files: &[UploadedFile]) -> Result<(), Failure> {
    if files.len() > MAX_UPLOADED_FILES {
        return wrong(format!("at most {MAX_UPLOADED_FILES} files: {}", files.len()));
    }
    let bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
    if bytes > MAX_GUEST_FILE_BYTES {
        return wrong(format!(
            "files have at most {MAX_GUEST_FILE_BYTES} bytes together: {bytes}"
        ));
    }
    let is_bad = |name: &str| name.is_empty() || name.len() > 255 || name.contains(['/', '\\', '\0']);
    match files.iter().find(|file| is_bad(&file.name)) {
        Some(file) => wrong(format!(
            "a file's name is 1 to 255 bytes without folders: {:?}",
            file.name
        )),
        None => Ok(()),
    }
}

fn wrong<T>(message: String) -> Result<T, Failure> {
    super::options::wrong(message)
}
