//! Flows that take more of the host than they are given: handles, log lines, steps.

use flowguard_sdk::Span;
use flowguard_sdk::prelude::*;

flowguard_sdk::component! {
    name: "hoarder",
    flows: [keeps_locators, floods_the_log, opens_steps, leaves_steps_open],
}

/// Makes locators and never lets go of one.
#[flow]
fn keeps_locators(page: Page) -> Result {
    loop {
        std::mem::forget(page.locator("a"));
    }
}

/// Writes log lines for ever.
#[flow]
fn floods_the_log() -> Result {
    loop {
        log("again")?;
    }
}

/// Opens steps for ever and ends none.
#[flow]
fn opens_steps() -> Result {
    let mut open = Vec::new();
    loop {
        open.push(Span::start("one more")?);
    }
}

/// Opens a few steps, ends none, and goes.
#[flow]
fn leaves_steps_open() -> Result {
    for name in ["outer", "inner"] {
        std::mem::forget(Span::start(name)?);
    }
    log("inside both")
}
