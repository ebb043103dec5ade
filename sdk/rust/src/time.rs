//! Durations as authors write them and as the contract carries them: whole milliseconds.

use std::time::Duration;

/// `2.minutes()`, `5.seconds()` and `300.milliseconds()`.
///
/// ```
/// use flowguard_sdk::prelude::*;
/// assert_eq!(2.seconds(), std::time::Duration::from_millis(2000));
/// ```
pub trait Durations {
    /// That many minutes.
    fn minutes(self) -> Duration;
    /// That many seconds.
    fn seconds(self) -> Duration;
    /// That many milliseconds.
    fn milliseconds(self) -> Duration;
}

impl Durations for u32 {
    fn minutes(self) -> Duration {
        Duration::from_secs(u64::from(self) * 60)
    }

    fn seconds(self) -> Duration {
        Duration::from_secs(self.into())
    }

    fn milliseconds(self) -> Duration {
        Duration::from_millis(self.into())
    }
}

/// Reads a duration as files and attributes write it: `300ms`, `45s`, `2m`, `1.5s`. None where it is none.
///
/// ```
/// use flowguard_sdk::parse_duration;
/// assert_eq!(parse_duration("1.5s"), Some(std::time::Duration::from_millis(1500)));
/// assert_eq!(parse_duration("45"), None);
/// ```
pub fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit_at);
    let factor = match unit {
        "ms" => 1.0,
        "s" => 1000.0,
        "m" | "min" => 60_000.0,
        _ => return None,
    };
    let number = number.trim_end();
    if !number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * factor / 1000.0).ok()
}

/// What the contract carries. A part of a millisecond counts as a whole one, so that nothing becomes "none".
pub(crate) fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        let cases = [
            ("300ms", 300),
            ("45s", 45_000),
            ("2m", 120_000),
            ("1.5s", 1_500),
            (" 5 s ", 5_000),
            ("0s", 0),
        ];
        for (text, expected) in cases {
            assert_eq!(
                parse_duration(text),
                Some(Duration::from_millis(expected)),
                "{text}"
            );
        }
        for text in ["", "s", "5", "5h", "-1s", "1e3s", "infs", "1.2.3s", "five s"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn parts_of_a_millisecond_are_rounded_up_and_ages_are_cut() {
        assert_eq!(milliseconds(Duration::from_micros(1)), 1);
        assert_eq!(milliseconds(Duration::from_micros(2000)), 2);
        assert_eq!(milliseconds(Duration::ZERO), 0);
        assert_eq!(milliseconds(Duration::MAX), u32::MAX);
    }
}
