//! Baselines in a folder that people keep with their flows: `component/flow/name-platform.png`.
//!
//! The folder belongs to its users, who look at its files and put them under version control: nothing here
//! writes unless it was asked to, and a file appears whole or not at all.

mod pixels;

use async_trait::async_trait;
use bytes::Bytes;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::Semaphore;

use flowguard_core::baseline::{BaselineError, BaselineName, Baselines, Compared, Tolerance};
use flowguard_core::limits::MAX_ATTACHMENT_BYTES;
use pixels::Pixels;

/// A folder of baselines.
#[derive(Clone, Debug)]
pub struct BaselineFolder {
    root: Arc<Path>,
    /// Decoded pictures are large: one comparison at a time.
    comparing: Arc<Semaphore>,
}

impl BaselineFolder {
    /// The baselines in this folder; it is made when the first is kept.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into().into(),
            comparing: Arc::new(Semaphore::new(1)),
        }
    }

    fn path_of(&self, name: &BaselineName) -> PathBuf {
        let [component, flow, file] = name.parts();
        self.root.join(component).join(flow).join(format!("{file}.png"))
    }

    fn unavailable(path: &Path, what: &str, error: &io::Error) -> BaselineError {
        BaselineError::Unavailable(format!("{} could not be {what}: {error}", path.display()))
    }
}

#[async_trait]
impl Baselines for BaselineFolder {
    async fn load(&self, name: &BaselineName) -> Result<Option<Bytes>, BaselineError> {
        let path = self.path_of(name);
        blocking(move || read(&path)).await
    }

    async fn save(&self, name: &BaselineName, picture: Bytes) -> Result<(), BaselineError> {
        let path = self.path_of(name);
        blocking(move || write(&path, &picture).map_err(|error| Self::unavailable(&path, "written", &error)))
            .await
    }

    async fn compare(
        &self,
        expected: Bytes,
        actual: Bytes,
        tolerance: Tolerance,
    ) -> Result<Compared, BaselineError> {
        if expected == actual {
            return Ok(Compared::Same);
        }
        let turn = self.comparing.clone().acquire_owned().await;
        blocking(move || {
            let _turn = turn;
            let expected = Pixels::decode(&expected, "the baseline")?;
            let actual = Pixels::decode(&actual, "the page's picture")?;
            pixels::compare(&expected, &actual, tolerance)
        })
        .await
    }
}

fn read(path: &Path) -> Result<Option<Bytes>, BaselineError> {
    let length = match std::fs::metadata(path) {
        Ok(about) => about.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(BaselineFolder::unavailable(path, "read", &error)),
    };
    if length > MAX_ATTACHMENT_BYTES as u64 {
        return Err(BaselineError::Unreadable {
            what: path.display().to_string(),
            why: format!("it has {length} bytes, at most {MAX_ATTACHMENT_BYTES} are read"),
        });
    }
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes.into())),
        Err(error) => Err(BaselineFolder::unavailable(path, "read", &error)),
    }
}

fn write(path: &Path, picture: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new()
        .prefix(".baseline-")
        .tempfile_in(folder)?;
    file.write_all(picture)?;
    // A file that people share and look at, unlike what is kept for the report.
    #[cfg(unix)]
    std::fs::set_permissions(file.path(), std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    file.persist(path)?;
    Ok(())
}

/// Runs file work and comparisons off the async threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BaselineError> + Send + 'static,
) -> Result<T, BaselineError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(BaselineError::Unavailable(format!(
            "the work was abandoned: {error}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(of: &str) -> BaselineName {
        BaselineName::new("shop", "checkout", of, "chromium-linux").unwrap()
    }

    #[tokio::test]
    async fn a_baseline_is_kept_under_its_name_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let baselines = BaselineFolder::new(folder.path().join("baselines"));
        assert_eq!(baselines.load(&name("cart")).await.unwrap(), None);
        baselines
            .save(&name("cart"), Bytes::from_static(b"one"))
            .await
            .unwrap();
        baselines
            .save(&name("cart"), Bytes::from_static(b"two"))
            .await
            .unwrap();
        assert_eq!(
            baselines.load(&name("cart")).await.unwrap().as_deref(),
            Some(&b"two"[..])
        );
        let kept = folder.path().join("baselines/shop/checkout");
        let files: Vec<_> = std::fs::read_dir(&kept)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(files, ["cart-chromium-linux.png"]);
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_told() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let baselines = BaselineFolder::new(file.path());
        let error = baselines
            .save(&name("cart"), Bytes::from_static(b"one"))
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("could not be written"), "{error}");
    }

    #[tokio::test]
    async fn a_baseline_that_is_no_picture_is_told() {
        let baselines = BaselineFolder::new("unused");
        let compared = baselines
            .compare(
                Bytes::from_static(b"not a picture"),
                Bytes::from_static(b"\x89PNG"),
                Tolerance::DEFAULT,
            )
            .await;
        let error = compared.unwrap_err().to_string();
        assert!(
            error.starts_with("the baseline cannot be read as a PNG"),
            "{error}"
        );
    }
}
