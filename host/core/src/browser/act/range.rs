//! What of an action's arguments is out of range, refused before anything waits.

use std::time::Duration;

use crate::browser::calls::{PointerOptions, Position};
use crate::failure::{Code, Failure};
use crate::limits::{MAX_INPUT_DELAY_MS, MAX_POINTER_STEPS, MAX_TEXT_BYTES};

/// Coordinates beyond this, in CSS pixels, are no place on a page.
const MAX_COORDINATE: f64 = 1_000_000.0;

pub(super) fn check_text(what: &str, text: &str) -> Result<(), Failure> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(invalid(format!(
            "{what} may have {MAX_TEXT_BYTES} bytes: {}",
            text.len()
        )));
    }
    Ok(())
}

pub(super) fn check_pointer(options: &PointerOptions) -> Result<(), Failure> {
    check_clicks(options.click_count)?;
    check_steps(options.steps)?;
    check_position(options.position)
}

pub(super) fn check_clicks(count: u32) -> Result<(), Failure> {
    if !(1..=3).contains(&count) {
        return Err(invalid(format!("a click count is 1 to 3: {count}")));
    }
    Ok(())
}

pub(super) fn check_steps(steps: u32) -> Result<(), Failure> {
    if !(1..=MAX_POINTER_STEPS).contains(&steps) {
        return Err(invalid(format!(
            "the steps of a mouse are 1 to {MAX_POINTER_STEPS}: {steps}"
        )));
    }
    Ok(())
}

pub(super) fn check_position(position: Option<Position>) -> Result<(), Failure> {
    position.map_or(Ok(()), |Position { x, y }| check_place("a position", x, y))
}

pub(super) fn check_place(what: &str, x: f64, y: f64) -> Result<(), Failure> {
    let is_place = |value: f64| value.is_finite() && value.abs() <= MAX_COORDINATE;
    if !(is_place(x) && is_place(y)) {
        return Err(invalid(format!(
            "{what} is within ±{MAX_COORDINATE} CSS pixels: {x}, {y}"
        )));
    }
    Ok(())
}

/// A delay of the input devices; none is no delay.
pub(super) fn delay(ms: Option<u32>) -> Result<Duration, Failure> {
    match ms.unwrap_or(0) {
        ms if ms <= MAX_INPUT_DELAY_MS => Ok(Duration::from_millis(ms.into())),
        ms => Err(invalid(format!(
            "a delay is at most {MAX_INPUT_DELAY_MS} ms: {ms}"
        ))),
    }
}

pub(super) fn invalid(message: String) -> Failure {
    Failure::new(Code::InvalidArgument, message)
}
