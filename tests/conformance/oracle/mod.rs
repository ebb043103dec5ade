//! The gallery, done twice: by FlowGuard's browser and by Playwright, on the same pages in the same Chromium.
//! Playwright is the oracle: where the two do not say the same, the difference is listed with its reason, or
//! the test fails. A difference that is listed and not there fails it too.

mod case;
mod complete;
mod differences;
mod grammar;
mod ours;
mod random;
mod theirs;
mod verdict;

use flowguard_backends::browser::LocalBrowsers;
use serde_json::json;
use std::collections::{BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use crate::inspector::Inspector;
use crate::site::{Answer, Site};
use crate::stage::local_browsers;
use case::{AMPLE_MS, Case, all_cases};
use differences::Differences;
use ours::Ours;
use random::{Chance, random_cases};
use theirs::Oracle;
pub(crate) use theirs::run;
use verdict::Verdict;

/// Pages at work at the same time, on each side.
const LANES: u32 = 4;

/// The least that the comparison must hold, so that cases do not vanish unnoticed.
const LEAST_COMPARISONS: usize = 250;

/// For who writes a page: only these pages, with commas between, are done, and both verdicts are told.
const ONLY: &str = "FLOWGUARD_GALLERY_ONLY";

/// How many random locators are compared.
const RANDOM_CHECKS: usize = 1_000;
const RANDOM_SEED: u64 = 2_026;

/// What a case gave on both sides.
struct Compared {
    case: Case,
    ours: Verdict,
    theirs: Verdict,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn playwright_says_the_same_about_every_page() {
    let mut listed = Differences::read();
    let mut cases = all_cases();
    for case in cases
        .iter_mut()
        .flatten()
        .filter(|case| listed.answers_only_there(case))
    {
        case.their_timeout_ms = AMPLE_MS;
    }
    if let Ok(pages) = std::env::var(ONLY) {
        return tell_of(cases, &pages).await;
    }
    let compared = compare(cases).await;
    let pages: BTreeSet<&str> = compared.iter().map(|each| each.case.page.as_str()).collect();
    let mut wrong = Vec::new();
    for each in &compared {
        wrong.extend(each.case.broken_rule(&each.ours));
        if let Some(difference) = each.ours.difference(&each.theirs) {
            wrong.extend(listed.unlisted(&each.case, &difference));
        }
    }
    wrong.extend(listed.left());
    println!(
        "{} comparisons with Playwright on {} pages, {} differences on purpose",
        compared.len(),
        pages.len(),
        listed.len()
    );
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared.len() >= LEAST_COMPARISONS, "cases are missing");
}

/// `FLOWGUARD_RANDOM_CHECKS` asks for more, `FLOWGUARD_RANDOM_SEED` for others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn playwright_finds_the_same_in_documents_that_nobody_wrote() {
    let asked = |name: &str| {
        std::env::var(name)
            .ok()
            .map(|number| number.parse().expect("a number"))
    };
    let seed = asked("FLOWGUARD_RANDOM_SEED").unwrap_or(RANDOM_SEED);
    let checks = asked("FLOWGUARD_RANDOM_CHECKS").map_or(RANDOM_CHECKS, |checks| {
        usize::try_from(checks).expect("a number of checks")
    });
    let compared = compare(random_cases(&mut Chance::new(seed), checks)).await;
    let found = compared
        .iter()
        .filter(|each| each.case.kind() == "tell" && each.ours.value["ids"] != json!([]))
        .count();
    println!(
        "{} random locators and looks, seed {seed}; {found} found something",
        compared.len()
    );
    let different = compared.iter().filter_map(|Compared { case, ours, theirs }| {
        let difference = ours.difference(theirs)?;
        let document = case.document.as_deref().unwrap_or_default();
        Some(format!(
            "{case}: {}\n  in {document}",
            difference.places().join("\n    ")
        ))
    });
    let different: Vec<String> = different.collect();
    assert!(
        different.is_empty(),
        "{} differ, seed {seed}:\n{}",
        different.len(),
        different.join("\n")
    );
    assert!(found * 4 > compared.len(), "the locators hardly find anything");
}

/// Tells what both sides say of some pages, and asserts nothing.
#[expect(
    clippy::print_stdout,
    reason = "it is there to be read by the one who runs it"
)]
async fn tell_of(mut cases: VecDeque<Vec<Case>>, pages: &str) {
    cases.retain(|group| pages.split(',').any(|page| page == group[0].page));
    for Compared { case, ours, theirs } in compare(cases).await {
        let is_same = ours.difference(&theirs).is_none();
        println!(
            "{}",
            json!({"page": case.page, "title": case.title, "same": is_same,
                   "broken": case.broken_rule(&ours), "ours": ours.to_value(), "theirs": theirs.to_value(),
                   "words": [ours.message, theirs.message]})
        );
    }
}

/// Does every case on both sides.
async fn compare(cases: VecDeque<Vec<Case>>) -> Vec<Compared> {
    let queue = Arc::new(Mutex::new(cases));
    let browsers = Arc::new(local_browsers());
    browsers.warm_up().await.expect("a browser");
    let oracle = Arc::new(Oracle::start(&program_of(&browsers).await).await);
    let lanes: Vec<_> = (0..LANES)
        .map(|lane| {
            let (queue, browsers, oracle) = (queue.clone(), browsers.clone(), oracle.clone());
            tokio::spawn(async move {
                let site = Site::start().await;
                let mut ours = Ours::open(&browsers, &site).await;
                let mut compared = Vec::new();
                loop {
                    let next = queue.lock().unwrap().pop_front();
                    let Some(group) = next else { break };
                    compared.extend(compare_group(group, lane, &site, &mut ours, &oracle).await);
                }
                ours.close().await;
                compared
            })
        })
        .collect();
    let mut compared = Vec::new();
    for lane in lanes {
        compared.extend(lane.await.expect("a lane ends by itself"));
    }
    browsers.shut_down().await;
    Arc::into_inner(oracle)
        .expect("the lanes have ended")
        .stop()
        .await;
    compared
}

/// The program that this browser is.
async fn program_of(browsers: &LocalBrowsers) -> PathBuf {
    let mut inspector = Inspector::connect(&browsers.address().await.expect("it runs")).await;
    let process = inspector.process().await;
    std::fs::read_link(format!("/proc/{process}/exe")).expect("it runs on this machine")
}

/// Cases of one page that share its load: only the last one may change it.
async fn compare_group(
    group: Vec<Case>,
    lane: u32,
    site: &Site,
    ours: &mut Ours,
    oracle: &Oracle,
) -> Vec<Compared> {
    let mut compared = Vec::new();
    for (place, case) in group.into_iter().enumerate() {
        let is_first = place == 0;
        if let Some(document) = &case.document {
            site.put(&format!("/{}", case.page), Answer::Page(document.clone()));
        }
        let (ours, theirs) = tokio::join!(
            ours.answer(&case, site, is_first),
            oracle.ask(lane, &case, site, is_first)
        );
        compared.push(Compared { case, ours, theirs });
    }
    compared
}
