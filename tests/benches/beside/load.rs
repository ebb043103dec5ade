//! What a tree of processes costs while something is done: processor time, and memory by proportional share.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// What it cost.
pub(crate) struct Load {
    pub(crate) cpu_ms: f64,
    pub(crate) peak_pss_mib: f64,
}

const LOOK_EVERY: Duration = Duration::from_millis(500);

impl Load {
    /// The cost of a process and what it has started, without the trees of others, while this is done.
    pub(crate) async fn during<T>(root: u32, others: &[u32], work: impl Future<Output = T>) -> (T, Self) {
        let before = processor_ms(root, others);
        let mut peak = 0.0_f64;
        let mut work = std::pin::pin!(work);
        let done = loop {
            tokio::select! {
                done = &mut work => break done,
                () = tokio::time::sleep(LOOK_EVERY) => peak = peak.max(memory(root, others)),
            }
        };
        let load = Self {
            cpu_ms: processor_ms(root, others) - before,
            peak_pss_mib: peak,
        };
        (done, load)
    }
}

/// The processor time of a tree. Who started a process that has ended has its time, however short it lived.
fn processor_ms(root: u32, others: &[u32]) -> f64 {
    tree(root, others).into_iter().filter_map(spent_ms).sum()
}

/// A process and all below it, without these and all below them.
pub(crate) fn tree(root: u32, without: &[u32]) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let process = entry.file_name().to_str().and_then(|name| name.parse().ok());
        if let Some(process) = process
            && let Some(parent) = field(process, 1).and_then(|parent| u32::try_from(parent).ok())
        {
            children.entry(parent).or_default().push(process);
        }
    }
    let without: HashSet<u32> = without.iter().copied().collect();
    let mut found = vec![root];
    let mut next = 0;
    while let Some(process) = found.get(next).copied() {
        let below = children.remove(&process).unwrap_or_default();
        found.extend(below.into_iter().filter(|child| !without.contains(child)));
        next += 1;
    }
    found
}

/// A number of `/proc/PID/stat`, counted from the field after the name.
fn field(process: u32, index: usize) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    fields.split(' ').nth(index)?.parse().ok()
}

fn spent_ms(process: u32) -> Option<f64> {
    // User and system time, its own and that of the children it has waited for, in hundredths of a second.
    let ticks = (11..=14).filter_map(|index| field(process, index)).sum::<u64>();
    (ticks > 0).then_some(ticks as f64 * 10.0)
}

fn memory(root: u32, others: &[u32]) -> f64 {
    tree(root, others).into_iter().map(pss_mib).sum()
}

/// The memory of a process, what it shares counted in part; 0 where it is gone.
pub(crate) fn pss_mib(process: u32) -> f64 {
    let rollup = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
    let line = rollup.lines().find(|line| line.starts_with("Pss:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    number.unwrap_or_default() / 1024.0
}
