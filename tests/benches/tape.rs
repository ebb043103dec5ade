//! What recording a run's host calls costs: the flow with a cassette and without, in turns.

use crate::Bench;
use crate::beside::{Load, Ours, Row, Table, local, middle};

const ROUNDS: usize = 8;
const RUNS: usize = 20;

/// Measures and prints the table.
pub(crate) async fn measure(bench: &Bench, address: &str) {
    let mut table = Table::begin("A cassette of every run", ["with", "without"]);
    let without = Ours::on(bench, local(None), address).await.without_har();
    let with = without.recorded(bench).await;
    let mut times = [Vec::new(), Vec::new()];
    let mut costs = [Vec::new(), Vec::new()];
    for which in [&with, &without] {
        which.flows(RUNS, 1).await;
    }
    for _ in 0..ROUNDS {
        for (index, which) in [&with, &without].into_iter().enumerate() {
            let (flows, load) = Load::during(std::process::id(), &[], which.flows(RUNS, 1)).await;
            times[index].push(flows.took / RUNS as f64);
            costs[index].push(load.cpu_ms / RUNS as f64);
        }
    }
    table.row(Row::ms("a run, from its start to its record", times.map(middle)).at_most(1.05));
    table.row(Row::ms("processor time", costs.map(middle)));
    table.print();
    with.end().await;
}
