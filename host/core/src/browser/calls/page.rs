//! The host calls on pages: opening, navigating, reading. Data only.

use serde::Serialize;

use super::declare::{calls, expectation_title, soft};
use super::{ExpectOptions, Outline, PageId, Response, Size};
use crate::browser::expectation::{Expectation, ExpectedText};
use crate::browser::port::LoadState;
use crate::budget::Charge;
use crate::failure::Failure;
use crate::gate::{Call, Soft};
use crate::grant::Ask;

calls! {
    /// Opens a page.
    OpenPage {} "page.open" -> PageId; title _call => "open a page".to_owned();
        @ask Ask::Act;

    /// Goes to an address.
    Goto {
        /// The page.
        page: PageId,
        /// The address, as the guest gave it.
        url: String,
        /// What to wait for.
        wait_until: LoadState,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "page.goto" -> Response; title call => format!("go to {}", call.url);
        @ask Ask::Visit(&call.url);

    /// Loads the page again.
    Reload {
        /// The page.
        page: PageId,
        /// What to wait for.
        wait_until: LoadState,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "page.reload" -> Response; title _call => "reload the page".to_owned();
        @ask Ask::Act;

    /// Goes through the history.
    GoThrough {
        /// The page.
        page: PageId,
        /// Forward, instead of back.
        forward: bool,
        /// What to wait for.
        wait_until: LoadState,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "page.go" -> Response; title call => if call.forward { "go forward".to_owned() } else { "go back".to_owned() };
        @ask Ask::Act;

    /// Shows this document instead of a loaded one.
    SetContent {
        /// The page.
        page: PageId,
        /// Its markup.
        html: String,
        /// What to wait for.
        wait_until: LoadState,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "page.set-content" -> (); title _call => "set the content".to_owned();
        @ask Ask::Act;

    /// Reads the document's markup.
    ReadContent {
        /// The page.
        page: PageId,
    } "page.content" -> String; title _call => "read the content".to_owned();
        @touches false;

    /// Brings the page to the front.
    BringToFront {
        /// The page.
        page: PageId,
    } "page.bring-to-front" -> (); title _call => "bring the page to the front".to_owned();
        @ask Ask::Act;

    /// Waits for a load state.
    WaitForLoadState {
        /// The page.
        page: PageId,
        /// The state.
        state: LoadState,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "page.wait-for-load-state" -> (); title call => format!("wait for {}", call.state.name());
        @touches false;

    /// Waits for an address.
    WaitForUrl {
        /// The page.
        page: PageId,
        /// The address.
        url: ExpectedText,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "page.wait-for-url" -> (); title call => format!("wait for address {}", call.url);
        @touches false;

    /// Reads the accessibility tree.
    AriaSnapshotOfPage {
        /// The page.
        page: PageId,
    } "page.aria-snapshot" -> String; title _call => "read the ARIA snapshot of the page".to_owned();
        @touches false;

    /// Reads the address.
    PageUrl {
        /// The page.
        page: PageId,
    } "page.url" -> String; title _call => "read the address".to_owned();
        @touches false;

    /// Reads the title.
    PageTitle {
        /// The page.
        page: PageId,
    } "page.title" -> String; title _call => "read the title".to_owned();
        @touches false;

    /// Sets the viewport.
    SetViewport {
        /// The page.
        page: PageId,
        /// The size.
        size: Size,
    } "page.set-viewport-size" -> (); title call => format!("set the viewport to {} × {}", call.size.width, call.size.height);
        @ask Ask::Act;

    /// Asserts on the page.
    ExpectPage {
        /// The page.
        page: PageId,
        /// What is expected.
        what: Expectation,
        /// How.
        options: ExpectOptions,
    } "page.expect" -> Soft<()>; title call => expectation_title(&"the page", &call.what, &call.options);
        @soft soft;
        @touches false;

    /// Reads links, images and text.
    ReadOutline {
        /// The page.
        page: PageId,
    } "page.outline" -> Outline; title _call => "read links, images and text".to_owned();
        @touches false;

    /// Fetches an address for its status.
    Probe {
        /// The page.
        page: PageId,
        /// The address, as the guest gave it.
        url: String,
        /// At most this long.
        timeout_ms: Option<u32>,
    } "page.probe" -> u16; title call => format!("probe {}", call.url);
        @ask Ask::Probe(&call.url); @charge Charge::Probe;
        @touches false;

    /// Closes the page.
    ClosePage {
        /// The page.
        page: PageId,
    } "page.close" -> (); title _call => "close the page".to_owned();
        @ask Ask::Act;
}
