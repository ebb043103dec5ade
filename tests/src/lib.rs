//! The harness of the tests that cross rooms: how the program, the shop and the other peers are started and
//! ended, so that a test reads as a sentence. Never a test itself, and never a way round the command line:
//! what a user cannot do, this does not do either.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a harness ends the test that it cannot serve; the message says what to do"
)]

mod developing;
mod emulating;
mod outcome;
mod paths;
mod peer;
pub mod peers;
mod playwright;
mod processes;
mod program;
mod serving;
mod traces;
mod turn;
mod wire;

pub use developing::Developing;
pub use emulating::Emulating;
pub use outcome::{Outcome, RunOutcome};
pub use paths::{flows, guest, guests, root};
pub use peer::{HeldRequest, Peer};
pub use playwright::{Playwright, install_playwright, oracle};
pub use processes::Processes;
pub use program::{Flowguard, Running};
pub use serving::{Answer, Serving};
pub use traces::Canary;
pub use turn::{Alone, Shared, alone, shared};
pub use wire::{Traffic, Wire};

pub use flowguard_shop::{Options as ShopOptions, Shop};

/// The shop on a free port, with a list that arrives soon.
///
/// # Panics
/// Where no port can be bound.
pub async fn shop() -> Shop {
    let options = ShopOptions {
        list_delay: std::time::Duration::from_millis(50),
        ..ShopOptions::default()
    };
    Shop::start(options).await.expect("the shop binds a free port")
}
