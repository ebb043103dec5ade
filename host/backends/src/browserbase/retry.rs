//! How long to wait before a call is made again: what the service says, else longer each time, and not all at once.

use reqwest::header::HeaderMap;
use std::time::Duration;

/// Calls at most: a first one and two more, as the official SDKs have it.
pub(super) const TRIES: u32 = 3;
/// What the service may ask for; beyond it, its word is passed over.
const LONGEST_ASKED: Duration = Duration::from_secs(60);
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(8);

/// Whether the service itself says that a call is to be made again, or not to be.
pub(super) fn asked_to(headers: &HeaderMap) -> Option<bool> {
    match headers.get("x-should-retry")?.to_str().ok()? {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// The pause before the try after this many; `drawn`, 0 to 1, spreads those who were refused together.
pub(super) fn pause(headers: Option<&HeaderMap>, tries: u32, drawn: f64) -> Duration {
    if let Some(asked) = headers.and_then(asked) {
        return asked;
    }
    let doubled = FIRST
        .saturating_mul(1 << tries.saturating_sub(1).min(8))
        .min(LONGEST);
    doubled.mul_f64(1.0 - 0.25 * drawn.clamp(0.0, 1.0))
}

/// What the headers ask for: milliseconds, seconds with fractions, or a date.
fn asked(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok();
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let seconds = match text("retry-after-ms").and_then(number) {
        Some(ms) => ms / 1_000.0,
        None => {
            let after = text("retry-after")?;
            number(after).or_else(|| until(after))?
        }
    };
    let asked = Duration::try_from_secs_f64(seconds).ok()?;
    (!asked.is_zero() && asked <= LONGEST_ASKED).then_some(asked)
}

/// Seconds until a date of HTTP.
fn until(date: &str) -> Option<f64> {
    let date = chrono::DateTime::parse_from_rfc2822(date).ok()?;
    let left = date.with_timezone(&chrono::Utc) - chrono::Utc::now();
    Some(left.num_milliseconds() as f64 / 1_000.0)
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test ends where it cannot go on")]
mod tests {
    use super::*;

    fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
        let header = |(name, value): &(&'static str, &str)| {
            let name = reqwest::header::HeaderName::from_static(name);
            (name, value.parse().expect("a value"))
        };
        all.iter().map(header).collect()
    }

    #[test]
    fn what_the_service_asks_for_is_waited_for_within_reason() {
        let ms = |all: &[(&'static str, &str)]| pause(Some(&headers(all)), 1, 0.0).as_millis();
        assert_eq!(ms(&[("retry-after-ms", "50"), ("retry-after", "9")]), 50);
        assert_eq!(ms(&[("retry-after", "0.2")]), 200);
        assert_eq!(ms(&[("retry-after", "60")]), 60_000);
        for odd in ["61", "0", "-1", "soon", "NaN", "inf", "1e300", ""] {
            assert_eq!(ms(&[("retry-after", odd)]), 500, "{odd}");
        }
        let soon = (chrono::Utc::now() + chrono::TimeDelta::seconds(20)).to_rfc2822();
        let asked = ms(&[("retry-after", &soon)]);
        assert!((18_000..=20_000).contains(&asked), "{asked}");
        let past = (chrono::Utc::now() - chrono::TimeDelta::seconds(20)).to_rfc2822();
        assert_eq!(ms(&[("retry-after", &past)]), 500);
    }

    #[test]
    fn without_a_word_each_pause_is_longer_and_none_too_long() {
        let ms = |tries, drawn| pause(None, tries, drawn).as_millis();
        assert_eq!(
            [1, 2, 3, 4, 5, 6, 60].map(|tries| ms(tries, 0.0)),
            [500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]
        );
        assert_eq!((ms(1, 1.0), ms(1, 0.5)), (375, 437));
    }

    #[test]
    fn the_service_s_own_word_is_heard() {
        assert_eq!(asked_to(&headers(&[("x-should-retry", "true")])), Some(true));
        assert_eq!(asked_to(&headers(&[("x-should-retry", "false")])), Some(false));
        assert_eq!(asked_to(&headers(&[("x-should-retry", "maybe")])), None);
        assert_eq!(asked_to(&HeaderMap::new()), None);
    }
}
