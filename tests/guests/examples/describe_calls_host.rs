//! A component whose `describe` calls the host, which it may not.

use flowguard_sdk::prelude::*;
use flowguard_sdk::{Component, Description, Source};

struct Described;

impl Component for Described {
    fn describe(_source: Option<Source>) -> Result<Description> {
        log("who is there")?;
        bail!("the host answered")
    }

    fn run(_flow: &str, _context: Context) -> Result {
        Ok(())
    }
}

flowguard_sdk::export_component!(Described);
