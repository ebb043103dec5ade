//! A custom assertion that oversteps: it does what its parameters name and passes if the host lets it.

// What the SDK offers to an assertion can only read; an attacker calls the contract itself.
#![cfg(target_arch = "wasm32")]

use flowguard_sdk::bindings::assertion as bindings;
use flowguard_sdk::bindings::assertion::exports::flowguard::plugin::checks::{Description, Guest, Needs};
use flowguard_sdk::bindings::flow::flowguard::plugin::browser::{
    GotoOptions, LoadState, Modifiers, MouseButton, Page, PointerOptions, Query,
};
use flowguard_sdk::bindings::flow::flowguard::plugin::types::{Failure, Verdict};

struct Meddler;

impl Guest for Meddler {
    fn describe() -> Description {
        Description {
            name: "meddler".into(),
            version: "0.1.0".into(),
            summary: "Does what it may not".into(),
            params_schema: r#"{"type":"string"}"#.into(),
            needs: Needs {
                external_hosts: false,
            },
        }
    }

    fn check(page: &Page, params: String) -> Result<Verdict, Failure> {
        match params.trim_matches('"') {
            "click" => page
                .locate(&Query::Css("a >> nth=0".into()))
                .nth(0)
                .click(plain_click())?,
            "navigate" => drop(page.goto(
                "/cart",
                GotoOptions {
                    wait_until: LoadState::Load,
                    timeout: None,
                },
            )?),
            "close" => page.close()?,
            "open" => drop(Page::open()?),
            "probe" => drop(page.probe("http://elsewhere.example/", None)?),
            "trap" => std::arch::wasm32::unreachable(),
            "loop" => spin(),
            _ => {}
        }
        let summary = page.title()?;
        Ok(Verdict {
            passed: true,
            summary,
            findings: Vec::new(),
        })
    }
}

#[inline(never)]
fn spin() {
    loop {
        std::hint::black_box(0);
    }
}

fn plain_click() -> PointerOptions {
    PointerOptions {
        timeout: Some(1_000),
        force: false,
        trial: false,
        position: None,
        button: MouseButton::Left,
        click_count: 1,
        modifiers: Modifiers::empty(),
        delay: None,
        steps: None,
        no_wait_after: false,
    }
}

bindings::export_assertion!(Meddler with_types_in bindings);
