//! FlowGuard beside Playwright: the same flow on the same page in the same Chromium, in turns, and the medians
//! with the targets beside them. Here is what is measured; how, is in the other files of this folder.

mod flowguard;
mod load;
mod table;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Bench;
pub(crate) use flowguard::Ours;
use flowguard_backends::browser::{LocalBrowsers, LocalOptions};
use flowguard_tests::{Playwright, Wire};
pub(crate) use load::{Load, pss_mib, tree};
use serde_json::json;
pub(crate) use table::{Row, Table};

/// Times that the two take turns.
const ROUNDS: usize = 4;
const LOCAL_RUNS: usize = 10;
const LINK_RUNS: usize = 1;
const DELAYS_MS: [u64; 2] = [25, 50];
const WORKERS: [usize; 4] = [1, 2, 4, 8];
const BUSY_RUNS: usize = 24;

/// What one flow took, part by part, in milliseconds.
#[derive(Clone, Debug, serde::Deserialize)]
pub(crate) struct Sample {
    /// Context and page.
    pub(crate) open: f64,
    /// Loading the form.
    pub(crate) goto: f64,
    /// The nine steps after that.
    pub(crate) steps: f64,
}

/// What several flows took.
#[derive(Clone, Debug, serde::Deserialize)]
pub(crate) struct Flows {
    /// All together, in milliseconds.
    pub(crate) took: f64,
    pub(crate) samples: Vec<Sample>,
}

/// Measures everything and prints the tables.
pub(crate) async fn measure(bench: &Bench, address: &str) {
    let chromium = local(None).executable().expect("a browser");
    let mut table = Table::begin("FlowGuard beside Playwright", ["FlowGuard", "Playwright"]);
    locally(bench, address, &chromium, &mut table).await;
    for delay in DELAYS_MS {
        over_a_link(
            bench,
            address,
            &chromium,
            Duration::from_millis(delay),
            &mut table,
        )
        .await;
    }
    table.print();
}

async fn locally(bench: &Bench, address: &str, chromium: &Path, table: &mut Table) {
    let ours = Ours::on(bench, local(None), address).await;
    let mut theirs = Playwright::launch(chromium).await;
    let (mut fg, mut pw) = (Vec::new(), Vec::new());
    // The first flow of each is not counted.
    ours.flows(1, 1).await;
    there(&mut theirs, address, 1, 1).await;
    for _ in 0..ROUNDS {
        fg.extend(ours.flows(LOCAL_RUNS, 1).await.samples);
        pw.extend(there(&mut theirs, address, LOCAL_RUNS, 1).await.samples);
    }
    let pair = |part: fn(&Sample) -> f64| [median(&fg, part), median(&pw, part)];
    table.row(Row::ms("ten steps, local", pair(|s| s.goto + s.steps)).at_most(0.3));
    table.row(Row::ms("the same without the goto", pair(|s| s.steps)).at_most(0.3));
    table.row(Row::ms("fresh context and page", pair(|s| s.open)));
    table.row(Row::ms("all of it", pair(|s| s.open + s.goto + s.steps)).at_most(0.3));
    for workers in WORKERS {
        busy(&ours, &mut theirs, address, workers, table).await;
    }
    theirs.end().await;
    ours.end().await;
}

/// Flows a second, processor time and memory with so many at once.
async fn busy(ours: &Ours<'_>, theirs: &mut Playwright, address: &str, workers: usize, table: &mut Table) {
    let mut rates = [Vec::new(), Vec::new()];
    let mut costs = [Vec::new(), Vec::new()];
    let mut memory = [0.0_f64; 2];
    for _ in 0..ROUNDS / 2 {
        let (flows, load) = Load::during(
            std::process::id(),
            &[theirs.process()],
            ours.flows(BUSY_RUNS, workers),
        )
        .await;
        let their_process = theirs.process();
        let (flows_there, load_there) =
            Load::during(their_process, &[], there(theirs, address, BUSY_RUNS, workers)).await;
        for (index, (flows, load)) in [(flows, load), (flows_there, load_there)].into_iter().enumerate() {
            rates[index].push(BUSY_RUNS as f64 / flows.took * 1e3);
            costs[index].push(load.cpu_ms / BUSY_RUNS as f64);
            memory[index] = memory[index].max(load.peak_pss_mib);
        }
    }
    let middles = |of: [Vec<f64>; 2]| of.map(middle);
    let rate = Row::new(
        &format!("flows a second, {workers} at once"),
        "/s",
        middles(rates),
    );
    table.row(if workers == 8 { rate.at_least(2.5) } else { rate });
    if workers == 8 || workers == 1 {
        let cpu = Row::ms(
            &format!("processor time a flow, {workers} at once"),
            middles(costs),
        );
        table.row(cpu.at_most(0.4));
        table.row(Row::new(
            &format!("memory (PSS), {workers} at once"),
            " MiB",
            memory,
        ));
    }
}

async fn over_a_link(bench: &Bench, address: &str, chromium: &Path, delay: Duration, table: &mut Table) {
    let wire = Wire::start(delay).await;
    let folder = tempfile::tempdir().expect("a folder");
    let ours = Ours::on(
        bench,
        local(Some(wire.in_front_of(chromium, folder.path()))),
        address,
    )
    .await;
    let mut theirs = Playwright::connect(&ours.browser_address().await).await;
    let in_one = ours.batched(bench);
    let (mut fg, mut batched, mut pw) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS / 2 {
        fg.extend(ours.flows(LINK_RUNS, 1).await.samples);
        batched.extend(in_one.flows(LINK_RUNS, 1).await.samples);
        pw.extend(there(&mut theirs, address, LINK_RUNS, 1).await.samples);
    }
    let pair = |part: fn(&Sample) -> f64| [median(&fg, part), median(&pw, part)];
    let ms = delay.as_millis();
    let whole = Row::ms(
        &format!("ten steps, {ms} ms each way"),
        pair(|s| s.goto + s.steps),
    );
    table.row(if ms == 50 { whole.at_most(0.2) } else { whole });
    let form = |samples: &[Sample]| median(samples, |s| s.steps);
    let whole = Row::ms(
        &format!("without the goto, {ms} ms each way"),
        [form(&fg), form(&pw)],
    );
    table.row(if ms == 50 { whole.at_most(0.2) } else { whole });
    let in_one = Row::ms(
        &format!("the form in one batch, {ms} ms each way"),
        [form(&batched), form(&pw)],
    );
    table.row(if ms == 50 { in_one.at_most(0.1) } else { in_one });
    table.row(Row::ms(
        &format!("fresh context and page, {ms} ms each way"),
        pair(|s| s.open),
    ));
    theirs.end().await;
    ours.end().await;
}

async fn there(theirs: &mut Playwright, url: &str, runs: usize, workers: usize) -> Flows {
    let order = json!({"do": "flows", "url": url, "runs": runs, "workers": workers});
    serde_json::from_value(theirs.order(&order).await).expect("samples")
}

pub(crate) fn local(executable: Option<PathBuf>) -> LocalBrowsers {
    LocalBrowsers::new(LocalOptions {
        executable,
        keeps_ready: true,
        search_path: std::env::var_os("PATH").unwrap_or_default(),
        ..LocalOptions::default()
    })
}

fn median(samples: &[Sample], part: fn(&Sample) -> f64) -> f64 {
    middle(samples.iter().map(part).collect())
}

pub(crate) fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
