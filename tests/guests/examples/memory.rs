//! Flows that remember something from one run to the next, and from one attempt to the next.

use flowguard_sdk::prelude::*;

flowguard_sdk::component! {
    name: "memory",
    flows: [counts_its_runs, fails_at_first, expects_a_param, waits_for_a_page],
    buckets: ["memory"],
}

/// Counts how often it ran, and compares that with what the run says.
#[flow]
fn counts_its_runs(context: Context) -> Result {
    let runs = Bucket::open("memory")?.increment("runs", 1)?;
    check_eq(
        "runs so far",
        runs.to_string().as_str(),
        context.param("runs").unwrap_or("1"),
    )
}

/// Does not hold the first time that it is tried, and holds from then on.
#[flow]
fn fails_at_first() -> Result {
    let tries = Bucket::open("memory")?.increment("tries", 1)?;
    check_that(format!("try {tries} comes after the first"), tries > 1)
}

/// Is given a colour by the run.
#[flow]
fn expects_a_param(context: Context) -> Result {
    check_eq("the colour", context.param("colour").unwrap_or("none"), "blue")
}

/// Says that it begins, opens the application, and waits as long as that takes.
#[flow(timeout = "30s")]
fn waits_for_a_page(page: Page) -> Result {
    log("before the page")?;
    page.goto("/")?;
    expect(&page).to_have_title("ready")
}
