//! A component whose `describe` names two flows alike.

use flowguard_sdk::prelude::*;
use flowguard_sdk::{Component, Description, FlowInfo, Needs, Source};

struct Described;

impl Component for Described {
    fn describe(_source: Option<Source>) -> Result<Description> {
        let flow = FlowInfo {
            name: "twin".into(),
            intent: String::new(),
            url: String::new(),
            critical: false,
            tags: Vec::new(),
            timeout: None,
        };
        let needs = Needs {
            hosts: Vec::new(),
            buckets: Vec::new(),
            plugins: Vec::new(),
        };
        Ok(Description {
            name: "twins".into(),
            version: "0.1.0".into(),
            flows: vec![flow.clone(), flow],
            needs,
        })
    }

    fn run(_flow: &str, _context: Context) -> Result {
        Ok(())
    }
}

flowguard_sdk::export_component!(Described);
