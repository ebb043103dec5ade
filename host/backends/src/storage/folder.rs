//! Folders that FlowGuard makes for itself.

use std::fs::DirBuilder;
use std::io;
use std::path::Path;

/// Makes the folder and those above it. What this makes is for its owner only: values and screenshots may
/// show what the application under test shows. A folder that is there already is left as it is.
pub(super) fn make(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Whether the operating system refused for want of space.
pub(super) fn is_out_of_space(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}
