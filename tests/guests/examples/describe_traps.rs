//! A component whose `describe` panics.
#![allow(clippy::panic, reason = "this is what a panic of a guest is tested with")]

use flowguard_sdk::prelude::*;
use flowguard_sdk::{Component, Description, Source};

struct Described;

impl Component for Described {
    fn describe(_source: Option<Source>) -> Result<Description> {
        panic!("nothing to describe")
    }

    fn run(_flow: &str, _context: Context) -> Result {
        Ok(())
    }
}

flowguard_sdk::export_component!(Described);
