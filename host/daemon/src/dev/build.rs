//! Building components with their language's own tool. One build at a time; a newer one replaces it.

use serde::Deserialize;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};
use tokio::process::Command;

use super::project::Workspace;

/// The target of the components.
const TARGET: &str = "wasm32-wasip2";
/// Of what a compiler says, so much is shown.
const MAX_OUTPUT_BYTES: usize = 64 << 10;

/// What a build made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Built {
    /// The components.
    pub(super) files: Vec<PathBuf>,
    /// How long it took.
    pub(super) took: Duration,
}

/// The cargo that started us, or the one on the path.
pub(super) fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// A line of cargo's report.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// Builds all components of these workspaces. The build ends when this is dropped.
///
/// # Errors
/// What the compiler said.
pub(super) async fn build(workspaces: &[Workspace], profile: &str) -> Result<Built, String> {
    let began = Instant::now();
    let mut files = Vec::new();
    for workspace in workspaces {
        let mut cargo = Command::new(cargo());
        cargo.current_dir(&workspace.root).stdin(Stdio::null()).args([
            "build",
            "--quiet",
            "--message-format=json-render-diagnostics",
            "--lib",
            "--target",
            TARGET,
            "--profile",
            profile,
        ]);
        for package in &workspace.packages {
            cargo.args(["--package", package]);
        }
        let output = output(&mut cargo)
            .await
            .map_err(|error| format!("cargo cannot be started: {error}; install Rust by rustup"))?;
        if !output.status.success() {
            return Err(said(&output.stderr));
        }
        files.extend(components(&output.stdout));
    }
    Ok(Built {
        files,
        took: began.elapsed(),
    })
}

/// Runs a tool to its end; with this future it ends together with all that it has started.
async fn output(command: &mut Command) -> std::io::Result<Output> {
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    // A compiler that outlives its cargo would write into the next build's files.
    #[cfg(unix)]
    command.process_group(0);
    let child = command.spawn()?;
    let _group = Group(child.id());
    child.wait_with_output().await
}

/// The processes of a build, ended with it.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(id) = self.0.and_then(|id| i32::try_from(id).ok())
            && let Some(group) = rustix::process::Pid::from_raw(id)
        {
            // There is none where the build has ended.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

fn components(report: &[u8]) -> Vec<PathBuf> {
    let lines = report.split(|byte| *byte == b'\n');
    let messages = lines.filter_map(|line| serde_json::from_slice::<Message>(line).ok());
    let artifacts = messages.filter(|message| message.reason == "compiler-artifact");
    let files = artifacts.flat_map(|message| message.filenames);
    files
        .filter(|file| file.extension().is_some_and(|kind| kind == "wasm"))
        .collect()
}

/// What the compiler said, the first part of it.
fn said(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let text = text.trim();
    match text.char_indices().find(|(at, _)| *at >= MAX_OUTPUT_BYTES) {
        Some((end, _)) => format!("{}\n…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_what_cargo_made() {
        let report = br#"{"reason":"compiler-artifact","filenames":["/t/libsdk.rlib"]}
{"reason":"compiler-artifact","filenames":["/t/flow.wasm"]}
no JSON
{"reason":"build-finished","success":true}"#;
        assert_eq!(components(report), [PathBuf::from("/t/flow.wasm")]);
    }
}
