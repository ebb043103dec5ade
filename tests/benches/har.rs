//! What recording the network of a run costs: the flow with a HAR and without, in turns, on a page that loads
//! nothing else and on one that loads forty resources.

use crate::Bench;
use crate::beside::{Load, Ours, Row, Table, local, middle};

const ROUNDS: usize = 8;
const RUNS: usize = 10;
const RESOURCES: usize = 40;

/// Measures and prints the table.
pub(crate) async fn measure(bench: &Bench) {
    let mut table = Table::begin("A HAR of every run", ["with", "without"]);
    for resources in [0, RESOURCES] {
        let address = crate::form::serve(resources).await;
        compare(bench, &address, resources, &mut table).await;
    }
    table.print();
}

async fn compare(bench: &Bench, address: &str, resources: usize, table: &mut Table) {
    let with = Ours::on(bench, local(None), address).await;
    let without = with.without_har();
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
    let what = format!("{resources} resources: ");
    table.row(
        Row::ms(
            &format!("{what}a run, from its start to its record"),
            times.map(middle),
        )
        .at_most(1.03),
    );
    table.row(Row::ms(&format!("{what}processor time"), costs.map(middle)));
    with.end().await;
}
