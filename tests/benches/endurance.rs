//! A thousand runs in a row in one process with one browser: what is left of each. Nothing may grow beyond noise.

use std::path::Path;

use crate::Bench;
use crate::beside::{Ours, local, pss_mib, tree};

const RUNS: usize = 1_000;
/// The first runs fill caches and pools; what grows in them is not counted.
const WARM_UP: usize = 20;
const STEP: usize = 100;

/// What the process and its children hold.
struct Held {
    resident_mib: f64,
    handles: usize,
    threads: usize,
    processes: usize,
    browser_mib: f64,
}

/// Runs the ten-step flow again and again, and prints what is held in between.
pub(crate) async fn measure(bench: &Bench, address: &str) {
    println!("\n{RUNS} runs in a row, after {WARM_UP} that are not counted");
    println!(
        "{:>6}{:>14}{:>10}{:>10}{:>22}{:>18}",
        "runs", "host, MiB", "handles", "threads", "browser's processes", "browser, MiB"
    );
    let ours = Ours::on(bench, local(None), address).await;
    ours.flows(WARM_UP, 1).await;
    for run in (0..=RUNS).step_by(STEP) {
        if run > 0 {
            ours.flows(STEP, 1).await;
        }
        let held = held(std::process::id());
        println!(
            "{run:>6}{:>14.1}{:>10}{:>10}{:>22}{:>18.1}",
            held.resident_mib, held.handles, held.threads, held.processes, held.browser_mib
        );
    }
    ours.end().await;
}

fn held(process: u32) -> Held {
    let folder = Path::new("/proc").join(process.to_string());
    let count = |name: &str| std::fs::read_dir(folder.join(name)).map_or(0, Iterator::count);
    let children = tree(process, &[]);
    let below = || children.iter().filter(|child| **child != process);
    Held {
        resident_mib: pss_mib(process),
        handles: count("fd"),
        threads: count("task"),
        processes: below().count(),
        browser_mib: below().map(|child| pss_mib(*child)).sum(),
    }
}
