//! File choosers that pages ask for: told to the run, and given files by a function in the page, since a
//! guest's files are bytes and no paths.

use async_trait::async_trait;
use base64::Engine as _;
use chromiumoxide::cdp::browser_protocol::dom::{BackendNodeId, ResolveNodeParams};
use chromiumoxide::cdp::browser_protocol::page::{EventFileChooserOpened, FileChooserOpenedMode};
use chromiumoxide::cdp::js_protocol::runtime::{CallArgument, CallFunctionOnParams};
use serde_json::json;
use std::sync::Arc;

use crate::browser::connection::cdp::{Event, Listener, Session};
use crate::browser::context::owner::Owner;
use flowguard_core::browser::TabError;
use flowguard_core::browser::context::UploadedFile;
use flowguard_core::browser::port::FileChooser;

const SET_FILES: &str = "function (files) {
  const transfer = new DataTransfer();
  for (const { name, type, base64 } of files) {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type }));
  }
  this.files = transfer.files;
  this.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
  this.dispatchEvent(new Event('change', { bubbles: true }));
}";

/// Hears `Page` of a page's sessions.
pub(super) struct FileChoosers {
    pub(super) owner: Arc<Owner>,
    pub(super) session: Session,
}

/// An input that waits for files.
struct Waiting {
    session: Session,
    input: BackendNodeId,
    multiple: bool,
}

impl Listener for FileChoosers {
    fn event(&self, event: &Event<'_>) {
        if event.method != EventFileChooserOpened::IDENTIFIER {
            return;
        }
        let Some(opened) = event.read::<EventFileChooserOpened>() else {
            return;
        };
        // Without an input the page uses another interface, which files cannot be given to.
        let Some(input) = opened.backend_node_id else {
            return;
        };
        self.owner.file_chooser(Arc::new(Waiting {
            session: self.session.clone(),
            input,
            multiple: opened.mode == FileChooserOpenedMode::SelectMultiple,
        }));
    }
}

#[async_trait]
impl FileChooser for Waiting {
    fn multiple(&self) -> bool {
        self.multiple
    }

    async fn set_files(&self, files: &[UploadedFile]) -> Result<(), TabError> {
        let find = ResolveNodeParams {
            backend_node_id: Some(self.input),
            ..Default::default()
        };
        let found = self.session.call(&find).await?.object.object_id;
        let file = |file: &UploadedFile| {
            let base64 = base64::engine::general_purpose::STANDARD.encode(&file.bytes);
            json!({"name": file.name, "type": file.media_type, "base64": base64})
        };
        let mut set = CallFunctionOnParams::new(SET_FILES);
        set.object_id = found;
        set.arguments = Some(vec![CallArgument {
            value: Some(files.iter().map(file).collect()),
            unserializable_value: None,
            object_id: None,
        }]);
        set.user_gesture = Some(true);
        match self.session.call(&set).await?.exception_details {
            None => Ok(()),
            Some(thrown) => Err(TabError::Refused {
                command: "the file chooser".to_owned(),
                message: thrown.text,
            }),
        }
    }
}
