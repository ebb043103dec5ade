//! What is told of a store of artifacts that failed: what happened, where, and what to do. Never a credential.

use std::error::Error as _;
use std::io;

use flowguard_core::artifact::ArtifactError;
use object_store::Error;

use super::super::folder;
use super::place::Place;
use crate::causes::causes;

/// Characters of what a store says of itself.
const MAX_SAID: usize = 400;
/// How stores say that there is no bucket, where others say that there is no object.
const NO_BUCKET: [&str; 3] = ["NoSuchBucket", "ContainerNotFound", "bucket does not exist"];

/// What was being done.
#[derive(Clone, Copy)]
pub(super) enum Doing {
    Writing,
    Reading,
    Removing,
}

impl Doing {
    const fn done(self) -> &'static str {
        match self {
            Self::Writing => "written",
            Self::Reading => "read",
            Self::Removing => "removed",
        }
    }
}

/// Whether there is no such object, in a bucket that is there.
pub(super) fn is_missing(error: &Error) -> bool {
    matches!(error, Error::NotFound { .. }) && !lacks_bucket(error)
}

/// What is told of a store's error.
pub(super) fn of(doing: Doing, place: &Place, error: &Error) -> ArtifactError {
    if let Some(error) = file_error(error).filter(|_| place.is_folder()) {
        return of_folder(doing, place, error);
    }
    told(doing, place, &said(error), advice(error))
}

/// What is told of a folder's error.
pub(super) fn of_folder(doing: Doing, place: &Place, error: &io::Error) -> ArtifactError {
    let advice = if folder::is_out_of_space(error) {
        "the disk is full, free some space or name another folder"
    } else {
        "check that the folder is there and may be read and written"
    };
    told(doing, place, &error.to_string(), advice)
}

fn told(doing: Doing, place: &Place, said: &str, advice: &str) -> ArtifactError {
    let (done, place) = (doing.done(), place.shown());
    ArtifactError::Unavailable(format!(
        "an artifact could not be {done}: {said}: {advice}: {place}"
    ))
}

fn advice(error: &Error) -> &'static str {
    match error {
        Error::NotFound { .. } => "make the bucket, or name another",
        Error::PermissionDenied { .. } => {
            "give these credentials the rights to list, read, write and delete objects there"
        }
        Error::Unauthenticated { .. } => "check the store's credentials in the environment",
        _ => "check that the store can be reached and the credentials in the environment are its own",
    }
}

fn lacks_bucket(error: &Error) -> bool {
    let said = causes(error);
    NO_BUCKET.iter().any(|sign| said.contains(sign))
}

/// What went wrong with a file, where that is the cause.
fn file_error(error: &Error) -> Option<&io::Error> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return Some(error);
        }
        cause = error.source();
    }
    None
}

/// What a store says, in one line, cut, and without what follows the question mark of an address: signatures are
/// there.
fn said(error: &Error) -> String {
    let words = causes(error);
    let words = words.split_whitespace().map(|word| match word.split_once('?') {
        Some((address, _)) if address.contains("://") => address,
        _ => word,
    });
    let line = words.collect::<Vec<_>>().join(" ");
    let mut said: String = line.chars().filter(|c| !c.is_control()).take(MAX_SAID).collect();
    if said.len() < line.len() {
        said.push('…');
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        let source = source.into();
        Error::Generic { store: "S3", source }
    }

    /// `/dev/full` refuses every write as a full disk does.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told() {
        use std::io::Write;
        let mut full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let full = failed(full.write_all(b"screenshot").unwrap_err());
        let told = of(Doing::Writing, &Place::folder("/artifacts".into()), &full).to_string();
        assert!(
            told.contains("the disk is full, free some space or name another folder: /artifacts"),
            "{told}"
        );
    }

    #[test]
    fn a_signature_is_not_told() {
        let said = said(&failed(
            "GET https://blob.example/c/ab?sv=1&sig=SECRET failed\nat once",
        ));
        assert_eq!(
            said,
            "Generic S3 error: GET https://blob.example/c/ab failed at once"
        );
    }

    #[test]
    fn a_long_answer_is_cut() {
        let said = said(&failed("x".repeat(10_000)));
        assert_eq!(said.chars().count(), MAX_SAID + 1);
    }

    #[test]
    fn a_bucket_that_is_not_there_is_no_missing_artifact() {
        let of = |said: &str| Error::NotFound {
            path: "ab/cd".into(),
            source: said.into(),
        };
        assert!(is_missing(&of("404: <Code>NoSuchKey</Code>")));
        assert!(!is_missing(&of("404: <Code>NoSuchBucket</Code>")));
        assert!(!is_missing(&failed("500")));
    }
}
