//! The host calls on locators that observe: assertions and readings. Data only.

use serde::Serialize;

use super::declare::{calls, expectation_title, soft};
use super::{ElementState, ExpectOptions, Presence, Reading, Rect, Target};
use crate::browser::expectation::Expectation;
use crate::failure::Failure;
use crate::gate::{Call, Soft};

calls! {
    /// Asserts on elements.
    Expect {
        /// What.
        target: Target,
        /// What is expected.
        what: Expectation,
        /// How.
        options: ExpectOptions,
    } "locator.expect" -> Soft<()>; title call => expectation_title(&call.target.locator, &call.what, &call.options);
        @soft soft;
        @touches false;

    /// Reads the accessibility tree.
    AriaSnapshot {
        /// What.
        target: Target,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "locator.aria-snapshot" -> String; title call => format!("read the ARIA snapshot of {}", call.target.locator);
        @touches false;

    /// Counts.
    Count {
        /// What.
        target: Target,
    } "locator.count" -> u32; title call => format!("count {}", call.target.locator);
        @touches false;

    /// Tells whether it is in a state.
    IsInState {
        /// What.
        target: Target,
        /// Which.
        state: ElementState,
        /// At most this long, where the element is waited for.
        timeout_ms: Option<u32>,
    } "locator.is-in-state" -> bool; title call => format!("is {} {}", call.target.locator, call.state.name());
        @touches false;

    /// Waits for it to be there, or to be gone.
    WaitFor {
        /// What.
        target: Target,
        /// What is waited for.
        state: Presence,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "locator.wait-for" -> (); title call => format!("wait for {} to be {}", call.target.locator, call.state.name());
        @touches false;

    /// Reads a text, a value or an attribute.
    Read {
        /// What.
        target: Target,
        /// Which.
        reading: Reading,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "locator.read" -> Option<String>; title call => format!("read {} of {}", call.reading.title(), call.target.locator);
        @touches false;

    /// Reads the texts of all elements.
    AllTexts {
        /// What.
        target: Target,
        /// As they are rendered, instead of as they are written.
        rendered: bool,
    } "locator.all-texts" -> Vec<String>; title call => format!("read the texts of {}", call.target.locator);
        @touches false;

    /// Reads the box.
    BoundingBox {
        /// What.
        target: Target,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "locator.bounding-box" -> Option<Rect>; title call => format!("read the box of {}", call.target.locator);
        @touches false;
}
