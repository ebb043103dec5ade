//! Files for elements: chosen in an input, or dropped.

use std::time::Duration;

use crate::bindings::flow::flowguard::plugin::files as host;
use crate::events::File;
use crate::failure::Result;
use crate::locator::Locator;
use crate::options::Position;
use crate::time;

impl File {
    /// A file of this name, media type and content.
    #[must_use]
    pub fn new(name: impl Into<String>, media_type: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            name: name.into(),
            media_type: media_type.into(),
            bytes: bytes.into(),
        }
    }
}

/// What is dropped onto an element, and how.
#[derive(Clone, Debug)]
#[must_use]
pub struct Dropped {
    files: Vec<File>,
    data: Vec<host::DroppedData>,
    options: host::DropOptions,
}

impl Dropped {
    /// These files, in the middle of the element.
    pub fn files(files: &[File]) -> Self {
        Self {
            files: files.to_vec(),
            data: Vec::new(),
            options: host::DropOptions {
                timeout: None,
                force: false,
                trial: false,
                position: None,
            },
        }
    }

    /// Data of this media type, for example `text/plain`.
    pub fn data(media_type: &str, value: &str) -> Self {
        Self::files(&[]).and_data(media_type, value)
    }

    /// And data of this media type.
    pub fn and_data(mut self, media_type: &str, value: &str) -> Self {
        self.data.push(host::DroppedData {
            media_type: media_type.to_owned(),
            value: value.to_owned(),
        });
        self
    }

    /// At most this long, instead of the run's action timeout.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.options.timeout = Some(time::milliseconds(limit));
        self
    }

    /// Skips the checks of state and of the hit target.
    pub fn force(mut self) -> Self {
        self.options.force = true;
        self
    }

    /// Does everything but the drop itself.
    pub fn trial(mut self) -> Self {
        self.options.trial = true;
        self
    }

    /// Where it is dropped, from the top left of the padding box, in CSS pixels.
    pub fn position(mut self, x: f64, y: f64) -> Self {
        self.options.position = Some(Position { x, y });
        self
    }
}

impl Locator {
    /// Waits for an input of files, or its label, and gives it these instead of those that it had; none clears it.
    /// The input need not be visible.
    ///
    /// ```no_run
    /// # use flowguard_sdk::prelude::*;
    /// # fn example(page: &Page) -> Result {
    /// let invoice = File::new("invoice.pdf", "application/pdf", "%PDF-1.7");
    /// page.get_by_label("Invoice").set_input_files(&[invoice])?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_input_files(&self, files: &[File]) -> Result {
        Ok(host::set_input_files(&self.0, files, None)?)
    }

    /// [`set_input_files`](Self::set_input_files), at most this long.
    pub fn set_input_files_within(&self, files: &[File], limit: Duration) -> Result {
        Ok(host::set_input_files(
            &self.0,
            files,
            Some(time::milliseconds(limit)),
        )?)
    }

    /// Drops files or data onto the element, as out of another program.
    ///
    /// ```no_run
    /// # use flowguard_sdk::prelude::*;
    /// # fn example(page: &Page) -> Result {
    /// let note = File::new("note.txt", "text/plain", "hello");
    /// page.get_by_test_id("dropzone").drop(&Dropped::files(&[note]))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn drop(&self, what: &Dropped) -> Result {
        Ok(host::drop(&self.0, &what.files, &what.data, what.options)?)
    }
}
