//! The flow that calls the assertion `meddler`; the run's parameter says what that is to try.

use flowguard_sdk::prelude::*;

flowguard_sdk::component! {
    name: "calls-meddler",
    flows: [calls_meddler, goes_on_after_meddler],
    plugins: ["meddler"],
}

/// Ends as the assertion ends.
#[flow(url = "/")]
fn calls_meddler(page: Page, context: Context) -> Result {
    meddle(&page, &context)?;
    Ok(())
}

/// Goes on whatever the assertion does, and still has its page.
#[flow(url = "/")]
fn goes_on_after_meddler(page: Page, context: Context) -> Result {
    if let Err(failure) = meddle(&page, &context) {
        log(format!("the assertion failed: {failure}"))?;
    }
    expect(page.get_by_role(Role::Heading, "Things that last")).to_be_visible()
}

fn meddle(page: &Page, context: &Context) -> Result<Verdict> {
    let what = context.param("meddle").unwrap_or("nothing");
    CustomAssertion::new("meddler")
        .params(format!("{what:?}"))
        .timeout(1.seconds())
        .check(page)
}
