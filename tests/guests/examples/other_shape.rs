//! A component that names the present contract and means another: a function's parameters differ.

#![cfg(target_arch = "wasm32")]
#![allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    clippy::all,
    reason = "generated code"
)]

wit_bindgen::generate!({
    inline: "
        package flowguard:plugin@0.1.0;

        interface flows {
            record flow { name: string, colour: u32 }
            describe: func() -> list<flow>;
            run: func(flow: string) -> result<_, string>;
        }

        world flow {
            export flows;
        }
    ",
});

struct Other;

impl exports::flowguard::plugin::flows::Guest for Other {
    fn describe() -> Vec<exports::flowguard::plugin::flows::Flow> {
        Vec::new()
    }

    fn run(_flow: String) -> Result<(), String> {
        Ok(())
    }
}

export!(Other);
