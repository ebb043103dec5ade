//! A component whose `describe` never returns.

use flowguard_sdk::prelude::*;
use flowguard_sdk::{Component, Description, Source};

struct Described;

impl Component for Described {
    fn describe(_source: Option<Source>) -> Result<Description> {
        loop {
            std::hint::black_box(0);
        }
    }

    fn run(_flow: &str, _context: Context) -> Result {
        Ok(())
    }
}

flowguard_sdk::export_component!(Described);
