//! Building components: every package of the workspace below `flows/`, `plugins/` and `tests/guests/` that
//! makes a `cdylib`, each put into the `dist` folder of its room.

use anyhow::Context;
use serde_json::Value;
use std::path::{Path, PathBuf};

use crate::run::{cargo, check, output, root};
use crate::setup::TARGET;

const PROFILE: &str = "guest";

/// A component to build.
struct Guest {
    package: String,
    /// What cargo calls its file, and what it is called in `dist`.
    files: Vec<(PathBuf, String)>,
    dist: PathBuf,
}

/// Builds all components.
pub(crate) fn build() -> anyhow::Result<()> {
    let metadata = metadata()?;
    let guests = guests(&metadata)?;
    let mut command = cargo();
    command.args([
        "build",
        "--quiet",
        "--profile",
        PROFILE,
        "--target",
        TARGET,
        "--lib",
        "--examples",
    ]);
    for guest in &guests {
        command.args(["--package", &guest.package]);
    }
    check(&mut command)?;
    let built = target_folder(&metadata)?.join(TARGET).join(PROFILE);
    for guest in &guests {
        std::fs::create_dir_all(&guest.dist)?;
        for (file, name) in &guest.files {
            let to = guest.dist.join(format!("{name}.wasm"));
            std::fs::copy(built.join(file), &to)
                .with_context(|| format!("{} of {}", file.display(), guest.package))?;
        }
    }
    Ok(())
}

/// What cargo knows of the workspace.
pub(crate) fn metadata() -> anyhow::Result<Value> {
    let text = output(cargo().args(["metadata", "--format-version", "1", "--no-deps"]))?;
    Ok(serde_json::from_str(&text)?)
}

/// Where cargo builds.
pub(crate) fn target_folder(metadata: &Value) -> anyhow::Result<PathBuf> {
    let folder = metadata["target_directory"]
        .as_str()
        .context("cargo names no target folder")?;
    Ok(PathBuf::from(folder))
}

fn guests(metadata: &Value) -> anyhow::Result<Vec<Guest>> {
    let packages = metadata["packages"]
        .as_array()
        .context("cargo lists no packages")?;
    let rooms = ["flows", "plugins", "tests/guests"].map(|room| root().join(room));
    let mut guests = Vec::new();
    for package in packages {
        let manifest = Path::new(package["manifest_path"].as_str().unwrap_or_default());
        let Some(room) = rooms.iter().find(|room| manifest.starts_with(room)) else {
            continue;
        };
        let files = components(package);
        if !files.is_empty() {
            let name = package["name"].as_str().unwrap_or_default().to_owned();
            guests.push(Guest {
                package: name,
                files,
                dist: room.join("dist"),
            });
        }
    }
    Ok(guests)
}

/// The files of a package's libraries and examples that are components.
fn components(package: &Value) -> Vec<(PathBuf, String)> {
    let targets = package["targets"].as_array().into_iter().flatten();
    let is_component = |target: &&Value| {
        let kinds = target["crate_types"].as_array().into_iter().flatten();
        kinds.into_iter().any(|kind| kind == "cdylib")
    };
    let file = |target: &Value| {
        let name = target["name"].as_str().unwrap_or_default();
        let file = format!("{}.wasm", name.replace('-', "_"));
        let short = name
            .trim_start_matches("flowguard_")
            .trim_start_matches("flowguard-")
            .replace('_', "-");
        let is_example = target["kind"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|kind| kind == "example");
        if is_example {
            (Path::new("examples").join(file), short)
        } else {
            (PathBuf::from(file), short)
        }
    };
    targets.filter(is_component).map(file).collect()
}
