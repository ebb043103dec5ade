//! Files for elements: chosen in an input, or dropped. They are made in the page out of names and bytes.

use base64::Engine as _;
use serde_json::{Value, json};

use super::range::{check_position, check_text, invalid};
use crate::browser::calls::{DropFiles, DroppedData, PointerOptions, SetInputFiles};
use crate::browser::context::{UploadedFile, check_files};
use crate::browser::session::Browser;
use crate::failure::Failure;
use crate::limits::MAX_UPLOADED_FILES;

impl Browser {
    /// Gives files to an input, instead of those that it had.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::failure::Code::InvalidArgument) where they are too many, too large or
    /// wrongly named, [`Code::WrongElement`](crate::failure::Code::WrongElement) where it takes none.
    pub async fn set_input_files(&self, call: &SetInputFiles) -> Result<(), Failure> {
        check_files(&call.files)?;
        let action = json!({"kind": "setFiles", "files": written(&call.files)});
        let mut job = self.action_job(&call.target, call.timeout_ms, false)?;
        job.perform_done(&action).await.map(|_| ())
    }

    /// Drops files and data onto an element.
    ///
    /// # Errors
    /// [`Code::Timeout`](crate::failure::Code::Timeout) where it never becomes ready,
    /// [`Code::WrongElement`](crate::failure::Code::WrongElement) where it does not take them.
    pub async fn drop_files(&self, call: &DropFiles) -> Result<(), Failure> {
        check_files(&call.files)?;
        check_data(&call.data)?;
        check_position(call.options.position)?;
        let options = PointerOptions {
            timeout_ms: call.options.timeout_ms,
            force: call.options.force,
            trial: call.options.trial,
            ..PointerOptions::default()
        };
        let action = json!({
            "kind": "dropFiles",
            "files": written(&call.files),
            "data": call.data,
            "position": call.options.position,
        });
        let mut job = self.pointer_job(&call.target, &options)?;
        job.perform_done(&action).await.map(|_| ())
    }
}

/// Files as the injected script reads them.
fn written(files: &[UploadedFile]) -> Value {
    let file = |file: &UploadedFile| {
        let base64 = base64::engine::general_purpose::STANDARD.encode(&file.bytes);
        json!({"name": file.name, "type": file.media_type, "base64": base64})
    };
    files.iter().map(file).collect()
}

fn check_data(data: &[DroppedData]) -> Result<(), Failure> {
    if data.len() > MAX_UPLOADED_FILES {
        return Err(invalid(format!(
            "at most {MAX_UPLOADED_FILES} pieces of data are dropped at once: {}",
            data.len()
        )));
    }
    if data
        .iter()
        .any(|each| each.media_type.is_empty() || each.media_type.len() > 255)
    {
        return Err(invalid("a media type has 1 to 255 bytes".to_owned()));
    }
    let all: String = data.iter().map(|each| each.value.as_str()).collect();
    check_text("what is dropped", &all)
}
