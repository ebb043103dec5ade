//! A process that ends with us, however we end: a guard in its process group reads from a pipe that only we hold
//! the other end of, and ends the group when that is closed.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The guard is silent and holds no output open; the program has no input.
const GUARDED: &str = r#"
exec 3<&0 </dev/null
(read -r _ <&3; kill -KILL 0) >/dev/null 2>&1 &
exec "$0" "$@" 3<&-
"#;
/// Lines of what a process said last, for the message of a failure.
const REMEMBERED_LINES: usize = 40;

/// A running process. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Guarded {
    name: String,
    child: Child,
    /// Closed by the operating system when we end, and by `Drop` before.
    lifeline: Option<ChildStdin>,
    lines: Mutex<Receiver<String>>,
    said: Arc<Mutex<VecDeque<String>>>,
}

/// The command that starts a program under the guard; arguments and environment are added to it.
pub(super) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", GUARDED]).arg(program);
    command
}

impl Guarded {
    /// Starts what [`command`] made.
    pub(super) fn start(name: &str, mut command: Command) -> Self {
        command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("/bin/sh runs");
        let (tell, lines) = mpsc::channel();
        let said = Arc::default();
        // Both are read to their ends, so that the process never waits for a full pipe.
        read_lines(child.stdout.take().expect("piped"), tell.clone(), &said);
        read_lines(child.stderr.take().expect("piped"), tell, &said);
        Self {
            name: name.to_owned(),
            lifeline: child.stdin.take(),
            child,
            lines: Mutex::new(lines),
            said,
        }
    }

    /// The number of the process.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the line that tells what is looked for.
    pub(super) fn announced<T>(&self, limit: Duration, find: impl Fn(&str) -> Option<T>) -> T {
        let until = Instant::now() + limit;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.next_line(left) {
                Ok(line) => {
                    if let Some(found) = find(&line) {
                        return found;
                    }
                }
                Err(_) => panic!(
                    "{} did not say where it is within {limit:?}; it said:\n{}",
                    self.name,
                    self.said()
                ),
            }
        }
    }

    /// Waits for its end. Closed outputs are the sign of it; nothing else may hold them open.
    pub(super) fn ended(mut self, limit: Duration) -> Result<ExitStatus, String> {
        let until = Instant::now() + limit;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.next_line(left) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    return Err(format!("it did not end within {limit:?}\n{}", self.said()));
                }
            }
        }
        let status = self.child.wait().map_err(|error| error.to_string())?;
        match status.success() {
            true => Ok(status),
            false => Err(format!("it ended with {status}\n{}", self.said())),
        }
    }

    fn next_line(&self, limit: Duration) -> Result<String, RecvTimeoutError> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.recv_timeout(limit)
    }

    /// What it said last, on either output.
    fn said(&self) -> String {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.iter().map(|line| format!("    {line}\n")).collect()
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // The guard ends the group, the program first of all.
        drop(self.lifeline.take());
        let _ = self.child.wait();
    }
}

fn read_lines(output: impl Read + Send + 'static, tell: Sender<String>, said: &Arc<Mutex<VecDeque<String>>>) {
    let said = Arc::clone(said);
    std::thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            if said.len() == REMEMBERED_LINES {
                said.pop_front();
            }
            said.push_back(line.clone());
            drop(said);
            // Nobody listens any more once it has said where it is.
            let _ = tell.send(line);
        }
    });
}
