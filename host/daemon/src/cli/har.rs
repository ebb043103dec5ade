//! The HAR of a run: whether one is recorded, and the one that a run is answered from, which is read and
//! checked once, before anything starts.

use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::UsageError;
use flowguard_core::browser::network::har::replay::HarReplay;
use flowguard_core::limits::MAX_HAR_BYTES;

/// What the command line says of HARs.
#[derive(Debug, Args)]
pub(super) struct HarArgs {
    /// Do not record the network
    #[arg(long)]
    pub(super) no_har: bool,
    /// Answer all requests from this HAR; what it does not have fails
    #[arg(long, value_name = "FILE")]
    replay_har: Option<PathBuf>,
}

impl HarArgs {
    /// The HAR that runs are answered from.
    ///
    /// # Errors
    /// Where the file cannot be read, is too large, or is no HAR.
    pub(super) fn replay(&self) -> Result<Option<Arc<HarReplay>>, UsageError> {
        self.replay_har.as_deref().map(read).transpose()
    }
}

fn read(file: &Path) -> Result<Arc<HarReplay>, UsageError> {
    let wrong = |why: String| UsageError(format!("the HAR {} cannot be replayed: {why}", file.display()));
    let length = std::fs::metadata(file)
        .map_err(|error| wrong(error.to_string()))?
        .len();
    if length > MAX_HAR_BYTES as u64 {
        return Err(wrong(format!(
            "it has {length} bytes, at most {MAX_HAR_BYTES} are read"
        )));
    }
    let bytes = std::fs::read(file).map_err(|error| wrong(error.to_string()))?;
    let har = HarReplay::read(&bytes).map_err(|failure| wrong(failure.message))?;
    Ok(Arc::new(har))
}
