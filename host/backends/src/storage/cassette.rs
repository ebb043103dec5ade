//! A cassette in a file: the recording of one attempt, a line for each host call, written as the run goes.
//!
//! A line has reached the operating system when `append` returns, so that a crash or a kill of the host loses
//! no call that was answered. Nothing is forced to the disk: a power cut may take the last lines with it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use flowguard_core::cassette::{Header, Tape};

use super::folder;

/// A file that a run's host calls are written to.
#[derive(Debug)]
pub struct CassetteFile {
    file: File,
    /// A write failed, perhaps in the middle of a line; what came after it would be glued to the torn half.
    torn: AtomicBool,
}

impl CassetteFile {
    /// Makes the file, and the folders above it, and writes the header line.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] where there is such a file: a recording is never overwritten. Else what
    /// the operating system said.
    pub fn create(path: impl AsRef<Path>, header: &Header) -> io::Result<Self> {
        let path = path.as_ref();
        let named = |error: io::Error| describe(path, &error);
        if let Some(parent) = path.parent() {
            folder::make(parent).map_err(named)?;
        }
        let file = OpenOptions::new().append(true).create_new(true).open(path);
        let cassette = Self::over(file.map_err(named)?);
        let mut line = serde_json::to_vec(header)?;
        line.push(b'\n');
        cassette.append(&line).map_err(named)?;
        Ok(cassette)
    }

    fn over(file: File) -> Self {
        Self {
            file,
            torn: AtomicBool::new(false),
        }
    }
}

impl Tape for CassetteFile {
    /// One `write` for a line: the file is in append mode, so lines of several threads do not mix.
    fn append(&self, line: &[u8]) -> io::Result<()> {
        if self.torn.load(Ordering::Acquire) {
            return Err(io::Error::other(
                "the cassette ends where an earlier write failed",
            ));
        }
        (&self.file).write_all(line).inspect_err(|_| {
            self.torn.store(true, Ordering::Release);
        })
    }
}

fn describe(path: &Path, error: &io::Error) -> io::Error {
    let advice = match error.kind() {
        io::ErrorKind::AlreadyExists => "a recording is never overwritten, remove it or name another file",
        _ if folder::is_out_of_space(error) => "the disk is full, free some space",
        _ => "check that the folder may be written to",
    };
    let message = format!(
        "the cassette cannot be recorded: {error}: {advice}: {}",
        path.display()
    );
    io::Error::new(error.kind(), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `/dev/full` refuses every write as a full disk does.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told_once_and_nothing_is_written_after_it() {
        let full = OpenOptions::new().append(true).open("/dev/full").unwrap();
        let cassette = CassetteFile::over(full);
        let first = cassette.append(b"{}\n").unwrap_err();
        assert_eq!(first.kind(), io::ErrorKind::StorageFull);
        let second = cassette.append(b"{}\n").unwrap_err();
        assert!(second.to_string().contains("an earlier write failed"), "{second}");
    }
}
