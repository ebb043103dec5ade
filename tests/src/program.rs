//! The program `flowguard`, started as a user starts it: arguments, environment, a data folder.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::outcome::Outcome;
use crate::paths::root;
use crate::processes::Processes;

/// No command of a test takes longer; one that does hangs.
const LONGEST: Duration = Duration::from_secs(60);
/// Whether a variable would change what the program does.
fn configures(variable: &str) -> bool {
    const FAMILIES: [&str; 9] = [
        "FLOWGUARD_",
        "DD_",
        "AWS_",
        "BROWSERBASE_",
        "PHOENIX_",
        "CI_",
        "GITHUB_",
        "BUILDKITE_",
        "CIRCLE_",
    ];
    const OTHERS: [&str; 4] = ["CI", "MONGODB_URI", "ANTHROPIC_API_KEY", "EXECUTION_MODE"];
    OTHERS.contains(&variable) || FAMILIES.iter().any(|family| variable.starts_with(family))
}

/// A user's shell: each command that it runs has the same data folder and environment.
#[derive(Clone, Debug)]
pub struct Flowguard {
    place: Arc<Place>,
    base_url: Option<String>,
    variables: Vec<(String, String)>,
    reports: Arc<AtomicU32>,
}

/// The folders of one shell, removed with it.
#[derive(Debug)]
struct Place {
    folder: TempDir,
}

impl Place {
    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

impl Default for Flowguard {
    fn default() -> Self {
        Self::new()
    }
}

impl Flowguard {
    /// A shell with a fresh data folder. Compiled code is shared with the other tests, because compiling the
    /// same guests again for each would take most of their time.
    ///
    /// # Panics
    /// Where no temporary folder can be made.
    #[must_use]
    pub fn new() -> Self {
        let shell = Self::cold();
        let compiled = target().join("compiled-for-tests");
        std::fs::create_dir_all(&compiled).expect("the target folder is writable");
        std::fs::create_dir_all(shell.data()).expect("the data folder can be made");
        std::os::unix::fs::symlink(compiled, shell.data().join("compiled"))
            .expect("the data folder is fresh");
        shell
    }

    /// A shell whose data folder does not even exist, as on a new machine.
    ///
    /// # Panics
    /// Where no temporary folder can be made.
    #[must_use]
    pub fn cold() -> Self {
        let folder = TempDir::with_prefix("fg-").expect("a temporary folder can be made");
        // The browser's profile comes below it as well, which tells this shell's browsers from others.
        std::fs::create_dir(folder.path().join("tmp")).expect("the folder is fresh");
        Self {
            place: Arc::new(Place { folder }),
            base_url: None,
            variables: Vec::new(),
            reports: Arc::default(),
        }
    }

    /// Runs flows against this application.
    #[must_use]
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Sets a variable of the environment.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl AsRef<Path>) -> Self {
        self.variables
            .push((name.to_owned(), value.as_ref().display().to_string()));
        self
    }

    /// Where cargo put the programs, and where tests may keep what takes long to make.
    #[must_use]
    pub fn target() -> PathBuf {
        target()
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.place.data()
    }

    /// A folder for the test's own files; nobody else writes there.
    #[must_use]
    pub fn scratch(&self) -> &Path {
        self.place.folder.path()
    }

    /// `flowguard run` with these arguments, to its end; a JSON report is written besides.
    pub async fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Outcome {
        self.start(arguments).ended().await
    }

    /// `flowguard` with these arguments, to its end.
    pub async fn call<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Outcome {
        self.spawn(arguments, None).ended().await
    }

    /// `flowguard` with these arguments, until it has said its first line; then it is interrupted, and ends as such.
    ///
    /// # Panics
    /// Where it says nothing, or ends otherwise.
    pub async fn lives<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) {
        let mut running = self.spawn(arguments, None);
        let _said = running.announces().await;
        running.interrupt();
        let outcome = running.ended().await;
        assert_eq!(outcome.code, Some(130), "{}", outcome.text());
    }

    /// Starts `flowguard run`.
    #[must_use]
    pub fn start<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Running {
        let number = self.reports.fetch_add(1, Ordering::Relaxed);
        let report = self.scratch().join(format!("report-{number}.json"));
        let mut all = vec!["run".into(), "--reporter=list".into()];
        all.push(format!("--reporter=json={}", report.display()).into());
        if let Some(url) = &self.base_url {
            all.push(format!("--base-url={url}").into());
        }
        all.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self.spawn(all, Some(report))
    }

    /// Starts `flowguard dev`, with its events among what it says.
    pub(crate) fn spawn_dev<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Running {
        let mut all = vec![
            "dev".into(),
            "--events=/dev/stdout".into(),
            "--listen=127.0.0.1:0".into(),
        ];
        if let Some(url) = &self.base_url {
            all.push(format!("--base-url={url}").into());
        }
        all.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self.spawn(all, None)
    }

    /// Starts `flowguard browserbase-emulator` on a free port.
    pub(crate) fn spawn_emulator<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Running {
        let mut all: Vec<std::ffi::OsString> =
            vec!["browserbase-emulator".into(), "--listen=127.0.0.1:0".into()];
        all.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self.spawn(all, None)
    }

    /// Starts `flowguard serve` on a free port.
    pub(crate) fn spawn_serve<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Running {
        let mut all = vec!["serve".into(), "--listen=127.0.0.1:0".into()];
        if let Some(url) = &self.base_url {
            all.push(format!("--base-url={url}").into());
        }
        all.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self.spawn(all, None)
    }

    fn spawn<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
        report: Option<PathBuf>,
    ) -> Running {
        let program = target().join("flowguard");
        assert!(
            program.is_file(),
            "{} is not built: run `cargo xtask test`",
            program.display()
        );
        let mut command = Command::new(program);
        command.args(arguments).current_dir(root()).kill_on_drop(true);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(configures) {
                command.env_remove(name);
            }
        }
        command
            .env("TMPDIR", self.scratch().join("tmp"))
            .env("FLOWGUARD_DATA", self.data());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        let child = command.spawn().expect("the program starts");
        Running {
            child,
            shell: self.clone(),
            report,
        }
    }
}

/// A command that has not ended.
#[derive(Debug)]
pub struct Running {
    child: Child,
    shell: Flowguard,
    report: Option<PathBuf>,
}

impl Running {
    /// The process, and those that it started.
    ///
    /// # Panics
    /// Where it has ended.
    #[must_use]
    pub fn processes(&self) -> Processes {
        Processes::below(self.child.id().expect("the program still runs"))
    }

    pub(crate) fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Waits for its first line, which ends with where it is: that address, and what it says after.
    ///
    /// # Panics
    /// Where it says nothing.
    pub(crate) async fn announces(&mut self) -> (Lines<BufReader<ChildStdout>>, String) {
        let stdout = self.take_stdout().expect("its output is piped");
        let mut lines = BufReader::new(stdout).lines();
        let line = tokio::time::timeout(LONGEST, lines.next_line()).await;
        let line = line
            .expect("it starts")
            .expect("its output can be read")
            .expect("it says where it is");
        let address = line.rsplit(' ').next().expect("an address").to_owned();
        (lines, address)
    }

    /// Reads its log until it says this; what it logs after that is not in the outcome.
    ///
    /// # Panics
    /// Where it ends, or a minute passes, without saying it.
    pub async fn hears(&mut self, text: &str) {
        let stderr = self.child.stderr.take().expect("its log is piped");
        let mut lines = BufReader::new(stderr).lines();
        let heard = async {
            while let Some(line) = lines.next_line().await.expect("its log can be read") {
                if line.contains(text) {
                    return true;
                }
            }
            false
        };
        let heard = tokio::time::timeout(LONGEST, heard).await;
        assert_eq!(heard, Ok(true), "it never said {text:?}");
        // Nobody waits for a pipe that is full.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    }

    /// Sends what a terminal sends for ctrl-c.
    pub fn interrupt(&self) {
        self.signal(rustix::process::Signal::INT);
    }

    /// Asks it to end, as a supervisor does.
    pub fn terminate(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    /// Ends it as `kill -9` does.
    pub fn kill(&self) {
        self.signal(rustix::process::Signal::KILL);
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        let id = id
            .and_then(rustix::process::Pid::from_raw)
            .expect("the program still runs");
        rustix::process::kill_process(id, signal).expect("the program can be signalled");
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// Where it does not end.
    pub async fn ended(self) -> Outcome {
        let Self { child, shell, report } = self;
        let output = tokio::time::timeout(LONGEST, child.wait_with_output()).await;
        let output = output
            .expect("the program ends within a minute")
            .expect("its output can be read");
        let text = report.and_then(|file| std::fs::read_to_string(file).ok());
        Outcome {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            report: text.and_then(|text| serde_json::from_str(&text).ok()),
            scratch: shell.scratch().to_owned(),
        }
    }
}

/// Where cargo put the programs: two folders above the running test.
fn target() -> PathBuf {
    let test = std::env::current_exe().expect("the test knows where it is");
    test.ancestors()
        .nth(2)
        .expect("a test lies in the target folder")
        .to_owned()
}
