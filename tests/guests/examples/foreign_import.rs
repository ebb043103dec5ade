//! A component that imports what no world of the contract offers.

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
        package test:foreign@0.1.0;

        interface door {
            open: func() -> bool;
        }

        world foreign {
            import door;
            export run: func();
        }
    ",
});

struct Foreign;

impl Guest for Foreign {
    fn run() {
        while !test::foreign::door::open() {}
    }
}

export!(Foreign);
