//! How fast runs replay: flows that pass, fail, trap and run out of time are recorded by the program, and replayed by
//! it with a search path on which there is no browser.

use flowguard_tests::{Flowguard, RunOutcome, flows, guest, shop};
use std::path::Path;

/// Records, replays, and prints the table.
pub(crate) async fn measure() {
    let shop = shop().await;
    let shell = Flowguard::new().base_url(shop.url());
    let nowhere = shell.clone().variable("PATH", Path::new("/nowhere"));
    println!(
        "{:<44}{:<10}{:>12}{:>12}{:>10}",
        "a run, recorded and replayed", "verdict", "recorded", "replayed", "times"
    );
    let (mut all, mut same) = (Vec::new(), 0);
    for arguments in [
        vec![flows().to_owned()],
        vec![flows().to_owned(), "--param=bug=total".to_owned()],
        vec![guest("runaway")],
        vec![guest("memory"), "--grep=fails_at_first".to_owned()],
    ] {
        let recorded = shell.run(arguments).await;
        for run in recorded.runs() {
            let report = shell.scratch().join("replay.json");
            let json = format!("--reporter=json={}", report.display());
            nowhere.call(["replay", run.id(), &json]).await;
            let text = std::fs::read_to_string(&report).expect("it was written");
            let replayed: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            let again = RunOutcome(&replayed["runs"][0]);
            let times = attempts_ms(&run) / attempts_ms(&again);
            same += usize::from(again.verdict() == run.verdict() && again.blame() == run.blame());
            println!(
                "{:<44}{:<10}{:>9.1} ms{:>9.2} ms{times:>10.0}",
                run.name(),
                run.verdict(),
                attempts_ms(&run),
                attempts_ms(&again)
            );
            all.push(times);
        }
    }
    all.sort_by(f64::total_cmp);
    let median = all.get(all.len() / 2).copied().unwrap_or_default();
    println!(
        "{} runs, {same} with the same verdict and blame; median {median:.0} times\n",
        all.len()
    );
}

/// The time of a run's attempts, without what the host does before and after.
fn attempts_ms(run: &RunOutcome<'_>) -> f64 {
    let attempts = run.0["attempts"].as_array().into_iter().flatten();
    attempts
        .filter_map(|attempt| attempt["duration_ms"].as_f64())
        .sum()
}
