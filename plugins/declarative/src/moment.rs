//! A moment as people write it, `2026-05-01` or `2026-05-01T08:30:00Z`, in milliseconds since 1970.

use crate::fields::scalar;
use crate::node::Node;
use crate::problem::Problems;

/// Reads a moment in UTC.
pub(crate) fn read(node: &Node, key: &str, problems: &mut Problems) -> Option<f64> {
    let text = scalar(node, key, problems)?;
    match parse(text) {
        Some(time) => Some(time),
        None => problems.none(
            node.place,
            format!("`{key}` is a moment like 2026-05-01 or 2026-05-01T08:30:00Z, and this is none: {text}"),
        ),
    }
}

fn parse(text: &str) -> Option<f64> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, time.strip_suffix('Z')?),
        None => (text, "00:00:00"),
    };
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let fits = (1..=12).contains(&month)
        && (1..=days_of(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    let days = days_since_1970(year, month, day);
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second;
    fits.then_some(seconds as f64 * 1_000.0)
}

/// Three numbers of so many digits each.
fn numbers(text: &str, between: char, digits: [usize; 3]) -> Option<[i64; 3]> {
    let mut parts = text.split(between);
    let mut numbers = [0; 3];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next()?;
        let is_number = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        *number = is_number.then(|| part.parse().ok()).flatten()?;
    }
    parts.next().is_none().then_some(numbers)
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days of the proleptic Gregorian calendar.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let leaps_before = |year: i64| (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400;
    let years = (year - 1970) * 365 + leaps_before(year) - leaps_before(1970);
    years + (1..month).map(|month| days_of(year, month)).sum::<i64>() + day - 1
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn moments_are_read() {
        assert_eq!(parse("1970-01-01"), Some(0.0));
        assert_eq!(parse("2026-05-01T00:00:00Z"), Some(1_777_593_600_000.0));
        assert_eq!(parse("2024-02-29T23:59:59Z"), Some(1_709_251_199_000.0));
        assert_eq!(parse("1969-12-31"), Some(-86_400_000.0));
        for wrong in [
            "2026-02-29",
            "2026-5-1",
            "2026-05-01T08:30",
            "2026-05-01T24:00:00Z",
            "soon",
            "2026-13-01",
            "",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
