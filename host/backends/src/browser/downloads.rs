//! Downloads of a context: the browser puts them into a folder of the context, named by numbers of its own, and
//! tells how they come along. The folder is removed with the context.

use async_trait::async_trait;
use bytes::Bytes;
use chromiumoxide::cdp::browser_protocol::browser::{
    BrowserContextId, CancelDownloadParams, DownloadProgressState, EventDownloadProgress,
    EventDownloadWillBegin, SetDownloadBehaviorBehavior, SetDownloadBehaviorParams,
};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::sync::watch;

use super::cdp::Cdp;
use super::owner::{MAX_URL, Owner};
use flowguard_core::browser::TabError;
use flowguard_core::browser::context::{Download, DownloadState};
use flowguard_core::browser::port::{DownloadProgress, FileDownload};
use flowguard_core::failure::cut;
use flowguard_core::limits::{MAX_DOWNLOAD_BYTES, MAX_DOWNLOADED_BYTES, MAX_DOWNLOADS};

const MAX_NAME: usize = 255;

/// The downloads of one context.
pub(super) struct Downloads {
    cdp: Cdp,
    context: BrowserContextId,
    /// None where it cannot be made: then nothing is downloaded.
    folder: Option<TempDir>,
    under_way: Mutex<HashMap<String, watch::Sender<DownloadProgress>>>,
}

/// One download.
struct OneDownload {
    cdp: Cdp,
    context: BrowserContextId,
    guid: String,
    file: PathBuf,
    progress: watch::Receiver<DownloadProgress>,
}

impl Downloads {
    /// Tells the browser where this context's downloads go. Nobody waits for that: no page is opened before.
    pub(super) fn new(cdp: &Cdp, context: &BrowserContextId) -> Self {
        let folder = tempfile::Builder::new().prefix("flowguard-downloads-").tempdir();
        let folder = folder
            .inspect_err(|error| tracing::warn!(%error, "there is no folder for downloads: they are denied"))
            .ok();
        let command = SetDownloadBehaviorParams {
            behavior: match folder {
                Some(_) => SetDownloadBehaviorBehavior::AllowAndName,
                None => SetDownloadBehaviorBehavior::Deny,
            },
            browser_context_id: Some(context.clone()),
            download_path: folder.as_ref().map(|folder| folder.path().display().to_string()),
            events_enabled: Some(true),
        };
        drop(cdp.send(&command));
        Self {
            cdp: cdp.clone(),
            context: context.clone(),
            folder,
            under_way: Mutex::default(),
        }
    }

    /// A page of this context begins to download.
    pub(super) fn began(&self, owner: &Owner, event: EventDownloadWillBegin) {
        let Some(folder) = &self.folder else { return };
        let (sender, progress) = watch::channel(DownloadProgress::default());
        let port = Arc::new(OneDownload {
            cdp: self.cdp.clone(),
            context: self.context.clone(),
            file: folder.path().join(&event.guid),
            guid: event.guid.clone(),
            progress,
        });
        let download = Download {
            suggested_filename: plain_name(&event.suggested_filename),
            url: cut(event.url, MAX_URL),
        };
        let has_room = self.lock().len() < MAX_DOWNLOADS;
        if !has_room || !owner.download(download, port) {
            self.cancel(&event.guid);
            return;
        }
        self.lock().insert(event.guid, sender);
    }

    /// One has come along. Too much of it ends it.
    pub(super) fn came_along(&self, event: &EventDownloadProgress) {
        let under_way = self.lock();
        let Some(sender) = under_way.get(&event.guid) else {
            return;
        };
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
        sender.send_replace(DownloadProgress { state, received });
        let all: u64 = under_way.values().map(|each| each.borrow().received).sum();
        drop(under_way);
        if state == DownloadState::InProgress && (received > MAX_DOWNLOAD_BYTES || all > MAX_DOWNLOADED_BYTES)
        {
            self.cancel(&event.guid);
        }
    }

    fn cancel(&self, guid: &str) {
        drop(self.cdp.send(&cancel(guid, &self.context)));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<DownloadProgress>>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl FileDownload for OneDownload {
    fn progress(&self) -> watch::Receiver<DownloadProgress> {
        self.progress.clone()
    }

    async fn read(&self, limit: u64) -> Result<Bytes, TabError> {
        let unreadable = |error: std::io::Error| TabError::Refused {
            command: "reading a download".to_owned(),
            message: error.to_string(),
        };
        let file = tokio::fs::File::open(&self.file).await.map_err(unreadable)?;
        let mut bytes = Vec::new();
        file.take(limit)
            .read_to_end(&mut bytes)
            .await
            .map_err(unreadable)?;
        Ok(bytes.into())
    }

    async fn cancel(&self) -> Result<(), TabError> {
        self.cdp.send(&cancel(&self.guid, &self.context)).done().await
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
