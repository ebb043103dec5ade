//! Durations as people type them: `500ms`, `30s`, `2m`, or a bare number of seconds.

use std::time::Duration;

pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("not a duration: {text:?}; write 500ms, 30s or 2m");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let ms = match &text[digits.len()..] {
        "ms" => Some(number),
        "" | "s" => number.checked_mul(1_000),
        "m" => number.checked_mul(60_000),
        _ => return Err(wrong()),
    };
    match ms {
        Some(ms @ 1..=3_600_000) => Ok(Duration::from_millis(ms)),
        _ => Err(format!("a duration is 1ms to 60m: {text:?}")),
    }
}

/// A duration as [`parse`] reads it.
pub(crate) fn written(duration: Duration) -> String {
    let ms = duration.as_millis();
    match ms % 1_000 {
        0 => format!("{}s", ms / 1_000),
        _ => format!("{ms}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let ms = |text| parse(text).map(|d| d.as_millis()).ok();
        assert_eq!(ms("500ms"), Some(500));
        assert_eq!(ms("30s"), Some(30_000));
        assert_eq!(ms("30"), Some(30_000));
        assert_eq!(ms("2m"), Some(120_000));
        for text in ["1ms", "1500ms", "45s", "3600s"] {
            assert_eq!(parse(text).map(written).as_deref(), Ok(text));
        }
        for wrong in [
            "",
            "s",
            "0s",
            "61m",
            "1h",
            "-1s",
            "1.5s",
            "99999999999999999999s",
            "18446744073709551615m",
        ] {
            assert_eq!(ms(wrong), None, "{wrong}");
        }
    }
}
