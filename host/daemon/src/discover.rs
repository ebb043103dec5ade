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
}
