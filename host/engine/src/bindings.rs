//! The contract as Rust sees it: `wit/`, expanded once for each world. The second world reuses the first's
//! interfaces, so that the host implements each once.
#![expect(unreachable_pub, reason = "generated; the documentation is in wit/")]

mod flow_world {
    wasmtime::component::bindgen!({
        world: "flow",
        path: "../../wit",
        imports: { default: async | trappable },
        exports: { default: async },
        with: {
            "flowguard:plugin/types.image": crate::host::ImageHandle,
            "flowguard:plugin/browser.page": crate::host::PageHandle,
            "flowguard:plugin/browser.locator": crate::host::LocatorHandle,
            "flowguard:plugin/batch.steps": crate::host::StepsHandle,
            "flowguard:plugin/context.browser-context": crate::host::BrowserContextHandle,
            "flowguard:plugin/events.watcher": crate::host::WatcherHandle,
            "flowguard:plugin/events.download": crate::host::DownloadHandle,
            "flowguard:plugin/events.file-chooser": crate::host::FileChooserHandle,
            "flowguard:plugin/network.route": crate::host::RouteHandle,
            "flowguard:plugin/network.held-request": crate::host::HeldHandle,
            "flowguard:plugin/network.traffic": crate::host::TrafficHandle,
            "flowguard:plugin/network.exchange": crate::host::ExchangeHandle,
            "flowguard:plugin/network.web-socket": crate::host::SocketHandle,
            "flowguard:plugin/storage.bucket": crate::host::BucketHandle,
            "flowguard:plugin/telemetry.span": crate::host::SpanHandle,
            "flowguard:plugin/retries.retry": crate::host::RetryHandle,
        },
        trappable_error_type: { "flowguard:plugin/types.failure" => crate::host::Failed },
    });
}

mod assertion_world {
    wasmtime::component::bindgen!({
        world: "assertion",
        path: "../../wit",
        imports: { default: async | trappable },
        exports: { default: async },
        with: {
            "flowguard:plugin/types": crate::bindings::types,
            "flowguard:plugin/browser": crate::bindings::browser,
            "flowguard:plugin/vision": crate::bindings::vision,
            "flowguard:plugin/telemetry": crate::bindings::telemetry,
        },
        trappable_error_type: { "flowguard:plugin/types.failure" => crate::host::Failed },
    });
}

pub use assertion_world::exports::flowguard::plugin::checks;
pub use assertion_world::{Assertion, AssertionPre};
pub use flow_world::exports::flowguard::plugin::flows;
pub use flow_world::flowguard::plugin::{
    assertions, batch, browser, clock, context, events, files, network, overlays, retries, script, secrets,
    source, storage, telemetry, types, vision,
};
pub use flow_world::{Flow, FlowPre};
