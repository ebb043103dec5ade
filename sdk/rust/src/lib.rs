//! Write FlowGuard flows and custom assertions in Rust.
//!
//! A flow is a function with `#[flow]`; its doc comment says what the user wants to get done. The crate is a
//! `cdylib`, and [`component!`] lists its flows and what they need:
//!
//! ```no_run
//! use flowguard_sdk::prelude::*;
//!
//! flowguard_sdk::component! {
//!     flows: [checkout],
//!     buckets: ["carts"],
//!     plugins: ["content"],
//! }
//!
//! /// Buys one mug and pays by card.
//! #[flow(url = "/", critical, tags = ["smoke", "checkout"], timeout = "45s")]
//! fn checkout(page: Page) -> Result {
//!     page.get_by_role(Role::Link, "Mugs").click()?;
//!     let card = page.get_by_test_id("product").filter(has_text("Blue mug"));
//!     card.get_by_role(Role::Button, "Add to cart").click()?;
//!     expect(page.get_by_role(Role::Status, ())).to_have_text("1 item")?;
//!     step("pay", || {
//!         page.get_by_label("Card number").fill("4242 4242 4242 4242")?;
//!         page.get_by_role(Role::Button, exact("Pay")).click()
//!     })?;
//!     expect(&page).to_have_url("/thanks")
//! }
//! ```
//!
//! Build it with `cargo build --target wasm32-wasip2`: the `.wasm` file is the component.
//!
//! Every call blocks until the host is done with it; waiting and retrying are the host's. Options have one
//! scheme: a plain call takes none, its twin ending in `_with` takes a builder, and what is not a call on a
//! page or a locator has a type that is built and then called ([`Check`], [`CustomAssertion`]).

mod assertion;
mod batch;
#[doc(hidden)]
pub mod bindings;
mod check;
mod component;
mod context;
mod device;
mod devices;
mod events;
mod expect;
mod failure;
mod files;
mod locator;
mod network;
mod options;
mod overlays;
mod page;
mod query;
mod retry;
mod role;
mod screenshot;
mod script;
mod secrets;
mod source;
mod storage;
mod telemetry;
mod text;
mod time;
mod vision;

/// Plain records of the contract that several calls share.
pub mod types {
    pub use crate::bindings::flow::flowguard::plugin::types::{Rect, Size};
}

pub use assertion::{Assertion, PageView, WithEvidence, notice, verdict, violation};
pub use batch::Batch;
pub use check::{
    Check, CustomAssertion, Finding, Params, Severity, Verdict, assert_with, check_eq, check_that,
};
pub use component::{
    Component, Context, Description, Flow, FlowInfo, FromRun, Needs, Source, contract_timeout, unknown_flow,
};
pub use context::{
    BrowserContext, Clock, ColorScheme, ContextOptions, Contrast, Cookie, CookieFilter, ForcedColors,
    Geolocation, Media, MediaType, NewCookie, Permission, ReducedMotion, SameSite,
};
pub use device::Device;
pub use devices::{Keyboard, Mouse};
pub use events::{
    ConsoleMessage, Dialog, DialogAnswer, DialogKind, Download, DownloadState, Event, File, FileChooser,
    Kinds, Watcher,
};
pub use expect::{Expect, PseudoElement, Subject, expect};
pub use failure::{Evidence, Failure, FailureCode, OrFail, Result, fail};
pub use files::Dropped;
pub use flowguard_sdk_macros::{assertion, component, flow};
pub use locator::Locator;
pub use network::{
    AbortReason, Changes, Decision, Exchange, Frame, Fulfil, Header, Held, HeldRequest, Message,
    NetworkResponse, NotFound, Request, Requests, ResourceType, Route, SecurityDetails, ServerAddress,
    Timing, Traffic, WebSocket, abort, continue_with, fulfil,
};
pub use options::{
    ActionOptions, DragOptions, ElementState, GotoOptions, KeyOptions, LoadState, Modifiers, MouseButton,
    PointerOptions, Position, Presence,
};
pub use overlays::{HandlerId, OverlayHandler};
pub use page::{Outline, OutlineItem, Page, Response};
pub use query::{
    Checked, Choice, Filter, Locate, RoleOptions, TestId, Tristate, by_index, by_value, has, has_not,
    has_not_text, has_text, hidden, visible,
};
pub use retry::{Poll, ToPass, expect_poll, to_pass};
pub use role::{ROLES, Role, UnknownRole};
pub use screenshot::{ImageFormat, Likeness, ScreenshotOptions};
pub use script::ScriptOptions;
pub use source::at_line;
pub use storage::Bucket;
pub use telemetry::{Level, Span, attach, log, log_with, metric, metric_with, step};
pub use text::{ExpectedText, Pattern, Text, exact, ignoring_case, pattern};
pub use time::{Durations, parse_duration};
pub use vision::{Extraction, Image, ImageInfo, JudgeOptions, Judgement, Region, Usage};

/// What a flow needs: `use flowguard_sdk::prelude::*;`.
pub mod prelude {
    pub use crate::assertion::{PageView, WithEvidence, notice, verdict, violation};
    pub use crate::bail;
    pub use crate::check::{Check, CustomAssertion, Verdict, assert_with, check_eq, check_that};
    pub use crate::component::Context;
    pub use crate::context::{BrowserContext, ColorScheme, ContextOptions, Permission};
    pub use crate::device::Device;
    pub use crate::events::{DialogAnswer, Event, File, Kinds};
    pub use crate::expect::expect;
    pub use crate::failure::{Failure, OrFail, Result, fail};
    pub use crate::files::Dropped;
    pub use crate::locator::Locator;
    pub use crate::options::{
        ActionOptions, DragOptions, GotoOptions, KeyOptions, LoadState, Modifiers, MouseButton,
        PointerOptions, Presence,
    };
    pub use crate::overlays::OverlayHandler;
    pub use crate::page::Page;
    pub use crate::query::{
        Locate, RoleOptions, Tristate, by_index, by_value, has, has_not, has_not_text, has_text, hidden,
        visible,
    };
    pub use crate::retry::{ToPass, expect_poll, to_pass};
    pub use crate::role::Role;
    pub use crate::screenshot::{Likeness, ScreenshotOptions};
    pub use crate::script::ScriptOptions;
    pub use crate::storage::Bucket;
    pub use crate::telemetry::{Level, attach, log, log_with, metric, step};
    pub use crate::text::{exact, ignoring_case, pattern};
    pub use crate::time::Durations;
    pub use crate::vision::{Image, JudgeOptions};
    pub use flowguard_sdk_macros::{assertion, flow};
}

/// What the macros write; no part of the crate's promise.
#[doc(hidden)]
pub mod __private {
    pub use crate::assertion::{Exported as ExportedAssertion, is_assertion};
    pub use crate::component::{
        Exported as ExportedComponent, FlowEntry, describe_flows, is_component, run_flow, timeout_of,
    };
}
