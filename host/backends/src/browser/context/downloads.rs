//! Downloads of a context: the browser puts them into a folder of the context, named by numbers of its own, and
//! tells how they come along. The folder is removed with the context. A browser in a cloud keeps them there, and they are
//! asked for by name ([`RemoteFiles`]).

use async_trait::async_trait;
use bytes::Bytes;
use chromiumoxide::cdp::browser_protocol::browser::{
    BrowserContextId, CancelDownloadParams, DownloadProgressState, EventDownloadProgress,
    EventDownloadWillBegin, SetDownloadBehaviorBehavior, SetDownloadBehaviorParams,
};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::sync::watch;

use super::owner::{MAX_URL, Owner};
use crate::browser::connection::cdp::Cdp;
use flowguard_core::browser::TabError;
use flowguard_core::browser::context::{Download, DownloadState};
use flowguard_core::browser::port::{DownloadProgress, FileDownload};
use flowguard_core::failure::cut;
use flowguard_core::limits::{MAX_DOWNLOAD_BYTES, MAX_DOWNLOADED_BYTES, MAX_DOWNLOADS};

const MAX_NAME: usize = 255;

/// The downloads of one context.
pub(in crate::browser) struct Downloads {
    cdp: Cdp,
    context: BrowserContextId,
    place: Place,
    under_way: Mutex<HashMap<String, UnderWay>>,
}

/// A download that somebody follows.
struct UnderWay {
    progress: watch::Sender<DownloadProgress>,
    /// The name that it has got at last.
    name: Arc<OnceLock<String>>,
}

/// Where files go.
enum Place {
    Here(TempDir),
    There(Arc<dyn RemoteFiles>),
    /// No folder can be made: nothing is downloaded.
    Nowhere,
}

/// Where one file is.
enum File {
    Here(PathBuf),
    There(Arc<dyn RemoteFiles>, Arc<OnceLock<String>>, String),
}

/// Files that a browser in a cloud has downloaded.
#[async_trait]
pub(in crate::browser) trait RemoteFiles: Send + Sync {
    /// The file of this name, at most so many bytes of it. One that has come only just is waited for.
    async fn read(&self, name: &str, limit: u64) -> Result<Bytes, String>;
}

/// One download.
struct OneDownload {
    cdp: Cdp,
    context: BrowserContextId,
    guid: String,
    file: File,
    progress: watch::Receiver<DownloadProgress>,
}

impl Downloads {
    /// Tells the browser where this context's downloads go. Nobody waits for that: no page is opened before.
    pub(in crate::browser) fn new(
        cdp: &Cdp,
        context: &BrowserContextId,
        remote: Option<Arc<dyn RemoteFiles>>,
    ) -> Self {
        let place = remote.map_or_else(Place::here, Place::There);
        let (behavior, download_path) = match &place {
            Place::Here(folder) => (
                SetDownloadBehaviorBehavior::AllowAndName,
                Some(folder.path().display().to_string()),
            ),
            // What the cloud's documentation asks for.
            Place::There(_) => (SetDownloadBehaviorBehavior::Allow, Some("downloads".to_owned())),
            Place::Nowhere => (SetDownloadBehaviorBehavior::Deny, None),
        };
        let command = SetDownloadBehaviorParams {
            behavior,
            browser_context_id: Some(context.clone()),
            download_path,
            events_enabled: Some(true),
        };
        drop(cdp.send(&command));
        Self {
            cdp: cdp.clone(),
            context: context.clone(),
            place,
            under_way: Mutex::default(),
        }
    }

    /// A page of this context begins to download.
    pub(in crate::browser) fn began(&self, owner: &Owner, event: EventDownloadWillBegin) {
        let name = plain_name(&event.suggested_filename);
        let last_name = Arc::<OnceLock<String>>::default();
        let file = match &self.place {
            Place::Here(folder) => File::Here(folder.path().join(&event.guid)),
            Place::There(files) => File::There(files.clone(), last_name.clone(), name.clone()),
            Place::Nowhere => return,
        };
        let (sender, progress) = watch::channel(DownloadProgress::default());
        let port = Arc::new(OneDownload {
            cdp: self.cdp.clone(),
            context: self.context.clone(),
            file,
            guid: event.guid.clone(),
            progress,
        });
        let download = Download {
            suggested_filename: name,
            url: cut(event.url, MAX_URL),
        };
        let has_room = self.lock().len() < MAX_DOWNLOADS;
        if !has_room || !owner.download(download, port) {
            self.cancel(&event.guid);
            return;
        }
        let under_way = UnderWay {
            progress: sender,
            name: last_name,
        };
        self.lock().insert(event.guid, under_way);
    }

    /// One has come along. Too much of it ends it.
    pub(in crate::browser) fn came_along(&self, event: &EventDownloadProgress) {
        let under_way = self.lock();
        let Some(UnderWay { progress, name }) = under_way.get(&event.guid) else {
            return;
        };
        if let Some(path) = &event.file_path {
            let _ = name.set(plain_name(path));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number of bytes"
        )]
        let received = event.received_bytes.max(0.0) as u64;
        let state = match event.state {
            DownloadProgressState::InProgress => DownloadState::InProgress,
            DownloadProgressState::Completed => DownloadState::Completed,
            DownloadProgressState::Canceled => DownloadState::Cancelled,
        };
        progress.send_replace(DownloadProgress { state, received });
        let all: u64 = under_way
            .values()
            .map(|each| each.progress.borrow().received)
            .sum();
        drop(under_way);
        if state == DownloadState::InProgress && (received > MAX_DOWNLOAD_BYTES || all > MAX_DOWNLOADED_BYTES)
        {
            self.cancel(&event.guid);
        }
    }

    fn cancel(&self, guid: &str) {
        drop(self.cdp.send(&cancel(guid, &self.context)));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, UnderWay>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl FileDownload for OneDownload {
    fn progress(&self) -> watch::Receiver<DownloadProgress> {
        self.progress.clone()
    }

    async fn read(&self, limit: u64) -> Result<Bytes, TabError> {
        let read = match &self.file {
            File::Here(path) => beginning(path, limit).await.map_err(|error| error.to_string()),
            File::There(files, last, suggested) => files.read(last.get().unwrap_or(suggested), limit).await,
        };
        read.map_err(|message| TabError::Refused {
            command: "reading a download".to_owned(),
            message,
        })
    }

    async fn cancel(&self) -> Result<(), TabError> {
        self.cdp.send(&cancel(&self.guid, &self.context)).done().await
    }
}

async fn beginning(path: &Path, limit: u64) -> std::io::Result<Bytes> {
    let file = tokio::fs::File::open(path).await?;
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes).await?;
    Ok(bytes.into())
}

impl Place {
    fn here() -> Self {
        let folder = tempfile::Builder::new().prefix("flowguard-downloads-").tempdir();
        folder.map_or_else(
            |error| {
                tracing::warn!(%error, "there is no folder for downloads: they are denied");
                Self::Nowhere
            },
            Self::Here,
        )
    }
}

fn cancel(guid: &str, context: &BrowserContextId) -> CancelDownloadParams {
    CancelDownloadParams {
        guid: guid.to_owned(),
        browser_context_id: Some(context.clone()),
    }
}

/// A name without folders, whatever the server says.
fn plain_name(suggested: &str) -> String {
    let name = suggested.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    match name.as_str() {
        "" | "." | ".." => "download".to_owned(),
        _ => cut(name, MAX_NAME),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_elsewhere() {
        for (suggested, name) in [
            ("order.pdf", "order.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\x\\y.txt", "y.txt"),
            ("..", "download"),
            ("", "download"),
            ("a\nb", "ab"),
        ] {
            assert_eq!(plain_name(suggested), name);
        }
    }
}
