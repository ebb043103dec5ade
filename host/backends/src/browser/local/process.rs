//! A Chromium process of our own: found, started, ended. It ends with us, however we end.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};

use super::LocalOptions;
use flowguard_core::browser::BrowserError;

/// The one command that installs a browser.
const INSTALL: &str = "apt-get install chromium-headless-shell";
/// The environment variable that names a browser.
pub(super) const VARIABLE: &str = "FLOWGUARD_CHROMIUM";

const HEADLESS: [&str; 4] = [
    "chromium-headless-shell",
    "chromium",
    "google-chrome-stable",
    "google-chrome",
];
const HEADED: [&str; 3] = ["chromium", "google-chrome-stable", "google-chrome"];
/// Starts the browser so that it ends when we do, also when we are killed: a guard in its process group reads
/// from a pipe that only we hold the other end of, and ends the group when that is closed. A parent-death
/// signal would not do: distributions start the browser by a script, which alone would get it.
const GUARDED: &str = r#"
exec 3<&0 </dev/null
(read -r _ <&3; kill -KILL 0) >/dev/null 2>&1 &
exec "$0" "$@" 3<&-
"#;
/// The last of them holds a page's tasks back after an input until the next frame is drawn. Our questions are such
/// tasks: each click would wait a frame for its answer.
const DISABLED_FEATURES: &str = "--disable-features=Translate,OptimizationHints,MediaRouter,\
    DialMediaRouteProvider,PaintHolding,HttpsUpgrades,DeferRendererTasksAfterInput";
const START_TIMEOUT: Duration = Duration::from_secs(20);
const ANNOUNCEMENT: &str = "DevTools listening on ";

/// A running browser.
pub(super) struct Process {
    child: Child,
    /// Closed by the operating system when we end, and by `Drop` before: see [`GUARDED`].
    _lifeline: Option<ChildStdin>,
    /// Where its websocket is.
    pub(super) address: String,
    // Removed with the process, where it is its own.
    _profile: Option<tempfile::TempDir>,
}

/// Finds a browser: the one named, or the first on the search path.
pub(super) fn find(named: Option<&Path>, search: &OsStr, headed: bool) -> Result<PathBuf, BrowserError> {
    let names: &[&str] = if headed { &HEADED } else { &HEADLESS };
    if let Some(path) = named {
        return match path.is_file() {
            true => Ok(path.to_owned()),
            false => Err(not_installed(&path.display().to_string())),
        };
    }
    let folders: Vec<PathBuf> = std::env::split_paths(search).collect();
    let found = names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    found
        .into_iter()
        .find(|path| path.is_file())
        .ok_or_else(|| not_installed(&format!("{} on PATH", names.join(", "))))
}

fn not_installed(looked_for: &str) -> BrowserError {
    BrowserError::NotInstalled {
        looked_for: looked_for.to_owned(),
        install: INSTALL.to_owned(),
        variable: VARIABLE.to_owned(),
    }
}

impl Process {
    /// Starts a browser, in this folder, and waits until it can be spoken to.
    pub(super) async fn start(path: &Path, options: &LocalOptions) -> Result<Self, BrowserError> {
        let not_started = |why: String| BrowserError::NotStarted {
            path: path.display().to_string(),
            why,
        };
        let (own, profile) = match &options.profile {
            Some(profile) => (None, profile.clone()),
            None => {
                let own = tempfile::Builder::new().prefix("flowguard-browser-").tempdir();
                let own =
                    own.map_err(|error| not_started(format!("its profile folder cannot be made: {error}")))?;
                let profile = own.path().to_owned();
                (Some(own), profile)
            }
        };
        // It may run in another folder than we.
        let program = std::path::absolute(path).map_err(|error| not_started(error.to_string()))?;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", GUARDED]).arg(program);
        command.args(arguments(path, options, &profile));
        command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if let Some(folder) = &options.folder {
            command.current_dir(folder);
        }
        let mut child = command.spawn().map_err(|error| not_started(error.to_string()))?;
        match tokio::time::timeout(START_TIMEOUT, announced(&mut child)).await {
            Ok(Ok(address)) => Ok(Self {
                _lifeline: child.stdin.take(),
                child,
                address,
                _profile: own,
            }),
            Ok(Err(said)) => Err(not_started(said)),
            Err(_) => Err(not_started(format!(
                "it said nothing within {} s",
                START_TIMEOUT.as_secs()
            ))),
        }
    }

    /// Bytes that it and its children hold and share with nobody; 0 where the system does not tell.
    pub(super) fn memory(&self) -> u64 {
        let group = self.child.id().unwrap_or_default();
        let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let of_group = all.filter(|entry| group_of(&entry.path()) == Some(group));
        let kilobytes: u64 = of_group.filter_map(|entry| own_kilobytes(&entry.path())).sum();
        kilobytes << 10
    }

    /// Waits for its end, and makes one after a while.
    pub(super) async fn end(mut self) {
        if tokio::time::timeout(Duration::from_secs(2), self.child.wait())
            .await
            .is_err()
        {
            let _ = self.child.kill().await;
        }
        // The lifeline closes with `self`: what is left of the group ends.
    }
}

/// The process group of a process, by its folder in `/proc`.
fn group_of(process: &Path) -> Option<u32> {
    let stat = std::fs::read_to_string(process.join("stat")).ok()?;
    // The name in parentheses may hold anything; after it come state, parent and group.
    let (_, after) = stat.rsplit_once(')')?;
    after.split_ascii_whitespace().nth(2)?.parse().ok()
}

/// The kilobytes of memory that a process alone holds.
fn own_kilobytes(process: &Path) -> Option<u64> {
    let status = std::fs::read_to_string(process.join("status")).ok()?;
    let own = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    own.trim().strip_suffix(" kB")?.parse().ok()
}

/// Reads the address of its websocket from what it says; on the way out, what else it said.
async fn announced(child: &mut Child) -> Result<String, String> {
    let stderr = child.stderr.take().ok_or("its output cannot be read")?;
    let mut lines = BufReader::new(stderr).lines();
    let mut said = Vec::new();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(address) = line.strip_prefix(ANNOUNCEMENT) {
            let address = address.trim().to_owned();
            // Goes on reading, so that the browser never waits for a full pipe.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok(address);
        }
        said.push(line);
    }
    let status = child
        .wait()
        .await
        .map_or_else(|error| error.to_string(), |status| status.to_string());
    let last: Vec<String> = said.into_iter().rev().take(3).rev().collect();
    Err(format!("it ended with {status}: {}", last.join(" | ")))
}

/// Lean: nothing that phones home, no first-run pages, no throttling of what is not in front.
fn arguments(path: &Path, options: &LocalOptions, profile: &Path) -> Vec<String> {
    let mut arguments: Vec<String> = [
        "--remote-debugging-port=0",
        "--no-first-run",
        "--no-default-browser-check",
        "--disable-background-networking",
        "--disable-background-timer-throttling",
        "--disable-backgrounding-occluded-windows",
        "--disable-renderer-backgrounding",
        "--disable-breakpad",
        "--disable-client-side-phishing-detection",
        "--disable-component-extensions-with-background-pages",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-dev-shm-usage",
        "--disable-extensions",
        "--disable-field-trial-config",
        "--disable-gpu",
        "--disable-hang-monitor",
        "--disable-ipc-flooding-protection",
        "--disable-popup-blocking",
        "--disable-prompt-on-repost",
        "--disable-quic",
        "--disable-sync",
        DISABLED_FEATURES,
        "--force-color-profile=srgb",
        "--hide-scrollbars",
        "--metrics-recording-only",
        "--mute-audio",
        "--no-service-autorun",
        "--no-startup-window",
        "--password-store=basic",
        "--use-mock-keychain",
    ]
    .map(str::to_owned)
    .into();
    let is_shell = path
        .file_name()
        .is_some_and(|name| name.to_string_lossy().contains("headless-shell"));
    if !options.headed && !is_shell {
        arguments.push("--headless".to_owned());
    }
    if rustix::process::geteuid().is_root() {
        // Chromium refuses its own sandbox to root, in containers above all.
        arguments.push("--no-sandbox".to_owned());
    }
    if !options.hidden_hosts.is_empty() {
        let rule = |host: &String| format!("MAP {host} ~NOTFOUND");
        let rules: Vec<String> = options.hidden_hosts.iter().map(rule).collect();
        arguments.push(format!("--host-resolver-rules={}", rules.join(", ")));
    }
    arguments.push(format!("--user-data-dir={}", profile.display()));
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_browser_names_the_command_that_installs_it() {
        let error = find(None, OsStr::new("/nowhere"), false)
            .expect_err("none there")
            .to_string();
        assert!(error.contains("chromium-headless-shell, chromium"), "{error}");
        assert!(
            error.contains("`apt-get install chromium-headless-shell`"),
            "{error}"
        );
        assert!(error.contains("FLOWGUARD_CHROMIUM=PATH"), "{error}");
    }
}
