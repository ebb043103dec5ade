//! A component that was built for a later version of the contract.

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
        package flowguard:plugin@0.2.0;

        interface flows {
            run: func(flow: string) -> result<_, string>;
        }

        world flow {
            export flows;
        }
    ",
});

struct Later;

impl exports::flowguard::plugin::flows::Guest for Later {
    fn run(_flow: String) -> Result<(), String> {
        Ok(())
    }
}

export!(Later);
