//! What wit-bindgen makes of the contract, as it comes. Never hold logic here, and never show a handle of
//! these modules to an author: the rooms around it wrap them.
#![allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    clippy::pedantic,
    clippy::style,
    clippy::complexity,
    reason = "generated code"
)]

/// World `flow`.
pub mod flow {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "flow",
        additional_derives: [PartialEq],
        // Handles are not compared, and these hold some.
        additional_derives_ignore: ["event", "remedy"],
        pub_export_macro: true,
        export_macro_name: "export_flow",
        default_bindings_module: "flowguard_sdk::bindings::flow",
    });
}

/// World `assertion`; what it imports is the same as that of `flow`.
pub mod assertion {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "assertion",
        additional_derives: [PartialEq],
        pub_export_macro: true,
        export_macro_name: "export_assertion",
        default_bindings_module: "flowguard_sdk::bindings::assertion",
        with: {
            "flowguard:plugin/types@0.1.0": super::flow::flowguard::plugin::types,
            "flowguard:plugin/browser@0.1.0": super::flow::flowguard::plugin::browser,
            "flowguard:plugin/vision@0.1.0": super::flow::flowguard::plugin::vision,
            "flowguard:plugin/telemetry@0.1.0": super::flow::flowguard::plugin::telemetry,
        },
    });
}
