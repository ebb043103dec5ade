//! Processes of the machine: who started whom, and whether they have ended.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// A process and those below it, held so that their numbers cannot come to mean others.
#[derive(Debug)]
pub struct Processes {
    held: Vec<Held>,
}

#[derive(Debug)]
struct Held {
    pid: i32,
    command: String,
    handle: OwnedFd,
}

impl Processes {
    /// The process with this number, and all below it.
    #[must_use]
    pub fn below(root: u32) -> Self {
        let parents = parents();
        let mut found = vec![i32::try_from(root).unwrap_or_default()];
        let mut next = 0;
        while let Some(parent) = found.get(next).copied() {
            found.extend(
                parents
                    .iter()
                    .filter(|(_, of)| **of == parent)
                    .map(|(pid, _)| *pid),
            );
            next += 1;
        }
        Self {
            held: found.into_iter().filter_map(hold).collect(),
        }
    }

    /// The browser's own process: the one that was started with a profile.
    ///
    /// # Panics
    /// Where there is none.
    #[must_use]
    pub fn browser(&self) -> i32 {
        let browser = self.browsers().next();
        assert!(browser.is_some(), "no browser runs: {:?}", self.held);
        browser.map_or(0, |held| held.pid)
    }

    /// How many processes of browsers there are.
    #[must_use]
    pub fn count_of_browsers(&self) -> usize {
        self.browsers().count()
    }

    /// Kills the browser's own process, as a machine out of memory does.
    ///
    /// # Panics
    /// Where it cannot be signalled.
    pub fn kill_browser(&self) {
        let pid = self.browser();
        let held = self.held.iter().find(|held| held.pid == pid).expect("just found");
        pidfd_send_signal(&held.handle, Signal::KILL).expect("the browser can be signalled");
    }

    /// Waits until all of them have ended.
    ///
    /// # Panics
    /// Names those that have not after this time.
    pub async fn all_end_within(self, limit: Duration) {
        let until = Instant::now() + limit;
        let remaining = tokio::task::spawn_blocking(move || {
            let is_there = |held: &Held| !ends_before(&held.handle, until);
            self.held
                .into_iter()
                .filter(is_there)
                .map(|held| format!("{} {}", held.pid, held.command))
                .collect()
        });
        let remaining: Vec<String> = remaining.await.expect("waiting does not fail");
        assert!(
            remaining.is_empty(),
            "still there after {limit:?}: {remaining:#?}"
        );
    }

    /// The browsers' own processes: with a profile, no part of another, and not the shell that starts them.
    fn browsers(&self) -> impl Iterator<Item = &Held> {
        self.held.iter().filter(|Held { command, .. }| {
            let is_shell = command.starts_with("/bin/sh");
            command.contains("flowguard-browser-") && !command.contains("--type=") && !is_shell
        })
    }
}

/// The handle of a process can be read from when it has ended.
fn ends_before(handle: &OwnedFd, until: Instant) -> bool {
    let left = until.saturating_duration_since(Instant::now());
    let left = Timespec::try_from(left).expect("a test waits for seconds");
    let mut watched = [PollFd::new(handle, PollFlags::IN)];
    poll(&mut watched, Some(&left)).is_ok_and(|ready| ready > 0)
}

fn hold(pid: i32) -> Option<Held> {
    let handle = pidfd_open(Pid::from_raw(pid)?, PidfdFlags::NONBLOCK).ok()?;
    let command = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let command = String::from_utf8_lossy(&command).replace('\0', " ");
    Some(Held { pid, command, handle })
}

/// The parent of every process.
fn parents() -> HashMap<i32, i32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(|pid| Some((pid, parent(pid)?))).collect()
}

fn parent(pid: i32) -> Option<i32> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command's name may hold blanks and brackets; the fields begin after the last one.
    text.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}
