//! Reports of finished runs, for people and for other tools.
//!
//! One [`Report`] is made from the run records, and every renderer reads that: [`json`] for programs,
//! [`junit`] for CI servers, [`html`] for people who look, [`terminal`] for people who wait. A renderer is a
//! pure function from the report to text. It never decides a verdict, never reads files, and never trusts a
//! text: what pages, flows and models wrote passes the escaping of its format.

mod attempt;
pub mod files;
pub mod html;
pub mod json;
pub mod junit;
mod model;
pub mod terminal;
mod words;

#[cfg(test)]
mod fixtures;

pub use model::{Counts, LoadFailure, Overall, Report};
