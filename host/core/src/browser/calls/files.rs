//! The host calls that bring files to elements. Data only.

use serde::Serialize;

use super::declare::calls;
use super::{Position, Target};
use crate::browser::context::UploadedFile;
use crate::gate::Call;
use crate::grant::Ask;

/// Data that is dropped beside files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DroppedData {
    /// Its media type.
    pub media_type: String,
    /// The data.
    pub value: String,
}

/// How files are dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct DropOptions {
    /// At most this long.
    pub timeout_ms: Option<u32>,
    /// Skip the checks of state and of the hit target.
    pub force: bool,
    /// Do everything but the drop.
    pub trial: bool,
    /// Where in the element.
    pub position: Option<Position>,
}

calls! {
    /// Gives files to an input.
    SetInputFiles {
        /// What.
        target: Target,
        /// The files.
        files: Vec<UploadedFile>,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "locator.set-input-files" -> ();
        title call => format!("choose {} in {}", named(&call.files), call.target.locator);
        @ask Ask::Act;

    /// Drops files onto an element.
    DropFiles {
        /// What.
        target: Target,
        /// The files.
        files: Vec<UploadedFile>,
        /// Other data.
        data: Vec<DroppedData>,
        /// How.
        options: DropOptions,
    } "locator.drop" -> (); title call => format!("drop {} onto {}", named(&call.files), call.target.locator);
        @ask Ask::Act;
}

/// The first of the files, and how many there are.
fn named(files: &[UploadedFile]) -> String {
    match files {
        [] => "no file".to_owned(),
        [file] => format!("{:?}", file.name),
        [file, rest @ ..] => format!("{:?} and {} more", file.name, rest.len()),
    }
}
