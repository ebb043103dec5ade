//! From the paths that the user named to the files that hold flows.

use std::path::{Path, PathBuf};

/// Folders that hold no flows of the user's.
const SKIPPED: [&str; 4] = ["target", "node_modules", "__pycache__", "venv"];
const MAX_FILES: usize = 10_000;

/// A file that may hold flows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Candidate {
    /// A WebAssembly file.
    Wasm(PathBuf),
    /// A YAML file.
    Yaml(PathBuf),
}

impl Candidate {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Wasm(path) | Self::Yaml(path) => path,
        }
    }

    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "wasm" => Some(Self::Wasm(path.to_owned())),
            "yaml" | "yml" => Some(Self::Yaml(path.to_owned())),
            _ => None,
        }
    }
}

/// The files below these paths, each once, in order. A file that is named itself is taken as it is; in a
/// folder only what can be a flow is.
pub(crate) fn discover(paths: &[PathBuf]) -> Result<Vec<Candidate>, String> {
    let mut found = Vec::new();
    for path in paths {
        let about = std::fs::metadata(path).map_err(|error| format!("{}: {error}", path.display()))?;
        if about.is_dir() {
            walk(path, &mut found)?;
        } else {
            // What is no YAML is taken for a component: loading it says what is wrong with it.
            found.push(Candidate::of(path).unwrap_or_else(|| Candidate::Wasm(path.clone())));
        }
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|candidate| seen.insert(candidate.path().to_owned()));
    Ok(found)
}

/// Two files that a server cannot tell apart: it knows a component by its file's name, so the second would silently take
/// the place of the first, and the flows of the first would never run.
pub(crate) fn distinct_names(candidates: &[Candidate]) -> Result<(), String> {
    let mut seen = std::collections::HashMap::new();
    for path in candidates.iter().map(Candidate::path) {
        let name = path.file_name().unwrap_or_default();
        if let Some(first) = seen.insert(name, path) {
            return Err(format!(
                "{} and {} have one name, by which a server knows a component: rename one of them",
                first.display(),
                path.display()
            ));
        }
    }
    Ok(())
}

/// Whether nothing of the user's is in a folder of this name, or in a file that is hidden.
pub(crate) fn is_skipped(name: &str) -> bool {
    name.starts_with('.') || SKIPPED.contains(&name)
}

fn walk(folder: &Path, found: &mut Vec<Candidate>) -> Result<(), String> {
    let named = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(named)? {
        let entry = entry.map_err(named)?;
        entries.push((entry.path(), entry.file_type().map_err(named)?));
    }
    entries.sort_by(|one, other| one.0.cmp(&other.0));
    for (path, kind) in entries {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        // A link is not followed: it could lead round in a circle, or out of the folder.
        if is_skipped(&name) || kind.is_symlink() {
            continue;
        }
        if kind.is_dir() {
            walk(&path, found)?;
        } else {
            found.extend(Candidate::of(&path));
        }
        if found.len() > MAX_FILES {
            return Err(format!(
                "{}: more than {MAX_FILES} files; name a smaller folder",
                folder.display()
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_searched_for_what_can_be_a_flow() {
        let folder = tempfile::tempdir().expect("folder");
        let root = folder.path();
        for file in [
            "b.yaml",
            "a.wasm",
            "notes.txt",
            "sub/c.yml",
            "target/x.wasm",
            ".hidden/y.yaml",
        ] {
            let path = root.join(file);
            std::fs::create_dir_all(path.parent().expect("parent")).expect("folder");
            std::fs::write(path, "").expect("file");
        }
        let paths = [root.to_owned(), root.join("b.yaml"), root.join("notes.txt")];
        let found = discover(&paths).expect("readable");
        let names: Vec<String> = found
            .iter()
            .map(|c| c.path().strip_prefix(root).expect("below").display().to_string())
            .collect();
        assert_eq!(names, ["a.wasm", "b.yaml", "sub/c.yml", "notes.txt"]);
        assert!(
            discover(&[root.join("missing")])
                .expect_err("missing")
                .contains("missing")
        );
    }

    #[test]
    fn two_files_of_one_name_are_told() {
        let named = |path: &str| Candidate::Yaml(PathBuf::from(path));
        assert_eq!(distinct_names(&[named("a/x.yaml"), named("a/y.yaml")]), Ok(()));
        let message = distinct_names(&[named("a/x.yaml"), named("b/x.yaml")]).expect_err("one name");
        assert!(
            message.contains("a/x.yaml") && message.contains("b/x.yaml"),
            "{message}"
        );
    }
}
