//! Reports of finished runs, for people and for other tools.
//!
//! One [`Report`] is made from the run records, and every renderer reads that: [`json`] for programs,
//! [`junit`] for CI servers, [`html`] for people who look, [`terminal`] for people who wait. A renderer is a
//! pure function from the report to text. It never decides a verdict, never reads files, and never trusts a
//! text: what pages, flows and models wrote passes the escaping of its format.

pub(crate) mod attempt;
pub(crate) mod files;
pub(crate) mod html;
pub(crate) mod json;
pub(crate) mod junit;
mod model;
pub(crate) mod seen;
pub(crate) mod terminal;
pub(crate) mod words;

#[cfg(test)]
mod fixtures;

pub(crate) use model::{LoadFailure, Overall, Report};
