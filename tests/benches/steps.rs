//! Where the time of the ten-step flow goes: the median of each step, over a hundred runs on a warm browser.
#![expect(clippy::print_stdout, reason = "a program for people at a terminal")]

use flowguard_core::run::RunRecord;

use crate::Bench;
use crate::beside::{Ours, local};

const RUNS: usize = 100;

/// Runs the flow and prints a line for each of its steps.
pub(crate) async fn measure(bench: &Bench, address: &str) {
    let ours = Ours::on(bench, local(None), address).await;
    let mut records: Vec<RunRecord> = Vec::new();
    ours.one().await;
    for _ in 0..RUNS {
        records.push(ours.one().await);
    }
    ours.end().await;
    println!("\n{:<56}{:>12}{:>12}", "the steps of a flow", "at", "took");
    for index in 0..records[0].attempts[0].history.steps.len() {
        let each = || records.iter().map(|run| &run.attempts[0].history.steps[index]);
        let step = &records[0].attempts[0].history.steps[index];
        let [at, took] = [
            middle(each().map(|step| step.at_us)),
            middle(each().map(|step| step.took_us)),
        ];
        println!("{:<56}{at:>9.1} ms{took:>9.1} ms", step.title);
    }
    println!(
        "{:<56}{:>9.1} ms",
        "the whole run",
        middle(records.iter().map(|run| run.took_us))
    );
}

fn middle(values: impl Iterator<Item = u64>) -> f64 {
    let mut values: Vec<u64> = values.collect();
    values.sort_unstable();
    values[values.len() / 2] as f64 / 1e3
}
