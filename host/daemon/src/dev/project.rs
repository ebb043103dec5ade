//! What a development session is about: the files that hold flows, the packages that they are built from, and the
//! folders whose changes concern them.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::discover::{Candidate, discover, is_skipped};

/// Deeper than this no package is looked for.
const MAX_DEPTH: usize = 6;

/// What is built, from what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Project {
    /// Cargo workspaces, by their folder.
    pub(super) workspaces: Vec<Workspace>,
    /// Files that are taken as they are.
    pub(super) files: Vec<Candidate>,
    /// Folders that are searched for more files.
    pub(super) searched: Vec<PathBuf>,
}

/// Packages that are built together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Workspace {
    /// Where cargo is started.
    pub(super) root: PathBuf,
    /// The packages that make components.
    pub(super) packages: Vec<String>,
    /// The folders of these packages and of those that they are made from.
    pub(super) sources: Vec<PathBuf>,
}

/// What cargo knows of a workspace.
#[derive(Deserialize)]
struct Metadata {
    workspace_root: PathBuf,
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Target {
    crate_types: Vec<String>,
}

#[derive(Deserialize)]
struct Dependency {
    path: Option<PathBuf>,
}

impl Package {
    fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(&self.manifest_path)
    }

    fn makes_components(&self) -> bool {
        let types = |target: &Target| target.crate_types.iter().any(|kind| kind == "cdylib");
        self.targets.iter().any(types)
    }
}

impl Project {
    /// The project that these paths name: packages, YAML files and components.
    pub(crate) fn find(paths: &[PathBuf]) -> Result<Self, String> {
        let mut project = Self::default();
        let mut manifests = BTreeSet::new();
        for path in paths {
            let path = std::fs::canonicalize(path).map_err(|error| format!("{}: {error}", path.display()))?;
            if path.is_dir() {
                find_manifests(&path, MAX_DEPTH, &mut manifests);
                project.searched.push(path);
            } else if path.file_name().is_some_and(|name| name == "Cargo.toml") {
                manifests.insert(path);
            } else {
                project.files.extend(discover(&[path])?);
            }
        }
        project.workspaces = workspaces(&manifests)?;
        Ok(project)
    }

    /// The files that hold flows as they are: what was named, and what the folders hold. A component that lies
    /// where another one is built is left to the build.
    pub(super) fn files(&self) -> Result<Vec<Candidate>, String> {
        let mut files = self.files.clone();
        for found in discover(&self.searched)? {
            let is_output = |part: &std::ffi::OsStr| part == "dist" || part == "target";
            let built = !self.workspaces.is_empty()
                && matches!(found, Candidate::Wasm(_))
                && found.path().iter().any(is_output);
            if !built && !files.contains(&found) {
                files.push(found);
            }
        }
        Ok(files)
    }

    /// The folders and files whose changes concern the session.
    pub(super) fn watched(&self) -> Vec<PathBuf> {
        let sources = self.workspaces.iter().flat_map(|workspace| &workspace.sources);
        let files = self.files.iter().filter_map(|file| file.path().parent());
        let all: BTreeSet<PathBuf> = sources
            .cloned()
            .chain(self.searched.iter().cloned())
            .chain(files.map(Path::to_owned))
            .collect();
        all.into_iter().collect()
    }

    /// Whether a change of this file may change what a build makes.
    pub(super) fn is_source(&self, file: &Path) -> bool {
        let mut sources = self.workspaces.iter().flat_map(|workspace| &workspace.sources);
        let is_flow_file = file
            .extension()
            .is_some_and(|kind| kind == "yaml" || kind == "yml" || kind == "wasm");
        !is_flow_file && sources.any(|folder| file.starts_with(folder))
    }
}

fn find_manifests(folder: &Path, depth: usize, found: &mut BTreeSet<PathBuf>) {
    let manifest = folder.join("Cargo.toml");
    if manifest.is_file() {
        found.insert(manifest);
        return;
    }
    if depth == 0 {
        return;
    }
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && !is_skipped(&entry.file_name().to_string_lossy()) {
            find_manifests(&entry.path(), depth - 1, found);
        }
    }
}

fn workspaces(manifests: &BTreeSet<PathBuf>) -> Result<Vec<Workspace>, String> {
    let mut by_root: BTreeMap<PathBuf, Workspace> = BTreeMap::new();
    for manifest in manifests {
        let metadata = metadata(manifest)?;
        let folder = manifest.parent().unwrap_or(manifest);
        let is_root = metadata.workspace_root == folder;
        let chosen = metadata.packages.iter().filter(|package| {
            let is_it = package.manifest_path == *manifest;
            package.makes_components() && (is_it || (is_root && package.folder().starts_with(folder)))
        });
        let workspace = by_root
            .entry(metadata.workspace_root.clone())
            .or_insert_with(|| Workspace {
                root: metadata.workspace_root.clone(),
                packages: Vec::new(),
                sources: Vec::new(),
            });
        for package in chosen {
            if !workspace.packages.contains(&package.name) {
                workspace.packages.push(package.name.clone());
                add_sources(package, &metadata.packages, &mut workspace.sources);
            }
        }
    }
    by_root.retain(|_, workspace| !workspace.packages.is_empty());
    Ok(by_root.into_values().collect())
}

/// The folder of a package and of all that it is made from in the workspace.
fn add_sources(package: &Package, all: &[Package], sources: &mut Vec<PathBuf>) {
    let folder = package.folder().to_owned();
    if sources.contains(&folder) {
        return;
    }
    sources.push(folder);
    for path in package
        .dependencies
        .iter()
        .filter_map(|dependency| dependency.path.as_ref())
    {
        match all.iter().find(|package| package.folder() == path) {
            Some(package) => add_sources(package, all, sources),
            None if sources.contains(path) => {}
            None => sources.push(path.clone()),
        }
    }
}

fn metadata(manifest: &Path) -> Result<Metadata, String> {
    let mut cargo = Command::new(super::build::cargo());
    cargo
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--manifest-path",
        ])
        .arg(manifest);
    let output = cargo.output().map_err(|error| {
        format!("cargo cannot be started: {error}; install Rust by rustup, or name built components")
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}: {}", manifest.display(), said.trim()));
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{}: what cargo says cannot be read: {error}", manifest.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, file: &str, text: &str) {
        let path = root.join(file);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("folder");
        std::fs::write(path, text).expect("file");
    }

    /// A workspace with a flow, what it is made from, and a package that makes no component.
    fn workspace() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("folder");
        let root = folder.path();
        let package = |name: &str, more: &str| {
            format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{more}")
        };
        write(
            root,
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"flow\", \"words\", \"tool\"]\n",
        );
        let flow = "[lib]\ncrate-type = [\"cdylib\"]\n[dependencies]\nwords = { path = \"../words\" }\n";
        write(root, "flow/Cargo.toml", &package("flow", flow));
        write(root, "words/Cargo.toml", &package("words", ""));
        write(root, "tool/Cargo.toml", &package("tool", ""));
        for file in [
            "flow/src/lib.rs",
            "words/src/lib.rs",
            "tool/src/lib.rs",
            "smoke.yaml",
            "flow/dist/old.wasm",
        ] {
            write(root, file, "");
        }
        folder
    }

    #[test]
    fn a_workspace_is_its_flows_and_what_they_are_made_from() {
        let folder = workspace();
        let root = std::fs::canonicalize(folder.path()).expect("it exists");
        for named in [root.clone(), root.join("flow"), root.join("flow/Cargo.toml")] {
            let project = Project::find(&[named]).expect("a project");
            let [workspace] = project.workspaces.as_slice() else {
                panic!("one workspace: {project:?}");
            };
            assert_eq!(workspace.packages, ["flow"]);
            assert_eq!(workspace.sources, [root.join("flow"), root.join("words")]);
            assert!(project.is_source(&root.join("words/src/lib.rs")));
            assert!(!project.is_source(&root.join("tool/src/lib.rs")));
            assert!(!project.is_source(&root.join("flow/smoke.yaml")));
        }
    }

    #[test]
    fn files_of_a_folder_are_flows_but_for_what_is_built() {
        let folder = workspace();
        let root = std::fs::canonicalize(folder.path()).expect("it exists");
        let project = Project::find(std::slice::from_ref(&root)).expect("a project");
        assert_eq!(
            project.files().expect("readable"),
            [Candidate::Yaml(root.join("smoke.yaml"))]
        );
    }

    #[test]
    fn what_is_not_there_is_told() {
        let missing = Project::find(&[PathBuf::from("missing")]).expect_err("it is not there");
        assert!(missing.starts_with("missing: "), "{missing}");
    }
}
