//! The text of a line of the flow's code, as far as it may be shown. A component's debug information names any file
//! it likes: only files below the current folder are read, and no link leads out of it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use flowguard_core::failure::cut;
use flowguard_core::flow::Source;
use flowguard_core::timeline::Place;

/// A longer file is no source that a person wrote.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// Parts of a path outside the folder.
const SHOWN_PARTS: usize = 3;
/// Bytes of a line.
const MAX_LINE_BYTES: usize = 200;

/// The lines of a flow's sources.
pub(crate) struct SourceLines {
    /// The folder that may be read.
    root: Option<PathBuf>,
    files: HashMap<String, Option<Vec<String>>>,
}

impl SourceLines {
    /// Lines of files below this folder, and of the text that was interpreted.
    pub(crate) fn below(root: &Path, source: Option<&Source>) -> Self {
        let files = source.map(|source| (source.name.clone(), Some(lines(&source.text))));
        Self {
            root: std::fs::canonicalize(root).ok(),
            files: files.into_iter().collect(),
        }
    }

    /// How a file is shown: from the folder on, or its last parts, which name nothing of the machine that built it.
    pub(crate) fn shown(&self, file: &str) -> String {
        let below = self
            .root
            .as_deref()
            .and_then(|root| Path::new(file).strip_prefix(root).ok());
        match below {
            Some(below) => below.display().to_string(),
            None if Path::new(file).is_absolute() => {
                let parts: Vec<&str> = file.split('/').filter(|part| !part.is_empty()).collect();
                parts[parts.len().saturating_sub(SHOWN_PARTS)..].join("/")
            }
            None => file.to_owned(),
        }
    }

    /// The text of the line that a place is in; empty where it is not known.
    pub(crate) fn of(&mut self, place: &Place) -> String {
        let root = self.root.as_deref();
        let file = self.files.entry(place.file.clone());
        let lines = file.or_insert_with(|| read(root?, &place.file));
        let number = (place.line as usize).checked_sub(1);
        let line = number.and_then(|number| lines.as_ref()?.get(number));
        line.cloned().unwrap_or_default()
    }
}

fn read(root: &Path, file: &str) -> Option<Vec<String>> {
    text(root, file).map(|text| lines(&text))
}

/// The text of a file below this folder, which is a canonical path.
pub(crate) fn text(root: &Path, file: &str) -> Option<String> {
    let path = std::fs::canonicalize(root.join(file)).ok()?;
    let about = std::fs::metadata(&path).ok()?;
    if !path.starts_with(root) || !about.is_file() || about.len() > MAX_FILE_BYTES {
        return None;
    }
    std::fs::read_to_string(path).ok()
}

/// The lines of a text as places have them.
pub(crate) fn lines(text: &str) -> Vec<String> {
    let line = |line: &str| cut(line.trim().to_owned(), MAX_LINE_BYTES);
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(file: &str, line: u32) -> Place {
        Place {
            function: String::new(),
            file: file.to_owned(),
            line,
            column: 0,
            text: String::new(),
        }
    }

    #[test]
    fn only_what_lies_below_the_folder_is_read() {
        let folder = tempfile::tempdir().expect("folder");
        let root = folder.path().join("project");
        std::fs::create_dir(&root).expect("folder");
        std::fs::write(root.join("flow.rs"), "first\n    second\n").expect("file");
        std::fs::write(folder.path().join("secret"), "secret\n").expect("file");
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.path().join("secret"), root.join("link.rs")).expect("link");
        let mut lines = SourceLines::below(&root, None);
        assert_eq!(lines.of(&place("flow.rs", 2)), "second");
        let absolute = root.join("flow.rs").display().to_string();
        assert_eq!(lines.of(&place(&absolute, 1)), "first");
        let canonical = std::fs::canonicalize(root.join("flow.rs")).expect("it exists");
        assert_eq!(lines.shown(&canonical.display().to_string()), "flow.rs");
        assert_eq!(
            lines.shown("/home/someone/flows/checkout/src/lib.rs"),
            "checkout/src/lib.rs"
        );
        let outside = folder.path().join("secret").display().to_string();
        for (file, line) in [
            ("flow.rs", 0),
            ("flow.rs", 3),
            ("../secret", 1),
            ("link.rs", 1),
            (&outside, 1),
            ("/", 1),
        ] {
            assert_eq!(lines.of(&place(file, line)), "", "{file}:{line}");
        }
    }

    #[test]
    fn an_interpreted_file_is_the_one_that_ran() {
        let source = Source {
            name: "smoke.yaml".to_owned(),
            text: "name: smoke\nsteps:\n".to_owned(),
        };
        let mut lines = SourceLines::below(Path::new("."), Some(&source));
        assert_eq!(lines.of(&place("smoke.yaml", 1)), "name: smoke");
    }
}
