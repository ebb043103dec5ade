//! How the reports say things: durations, sizes, moments, who is to blame and what to do. Pure text.

use chrono::DateTime;
use flowguard_core::timeline::Place;
use flowguard_core::{Blame, Code, Failure};
use std::borrow::Cow;

/// A duration for a person, from microseconds: `412 ms`, `1.2 s`, `3 min 05 s`.
pub(super) fn duration(us: u64) -> String {
    let ms = us / 1_000;
    match ms {
        0 => "<1 ms".to_owned(),
        1..1_000 => format!("{ms} ms"),
        1_000..59_950 => format!("{:.1} s", us as f64 / 1_000_000.0),
        _ => {
            let seconds = (ms + 500) / 1_000;
            let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
            match hours {
                0 => format!("{minutes} min {:02} s", seconds % 60),
                _ => format!("{hours} h {minutes:02} min"),
            }
        }
    }
}

/// A length for a person: `812 B`, `14 KiB`, `2.5 MiB`.
pub(super) fn bytes(length: u64) -> String {
    const KIB: u64 = 1 << 10;
    const MIB: u64 = 1 << 20;
    match length {
        0..KIB => format!("{length} B"),
        KIB..MIB => format!("{} KiB", length / KIB),
        _ => format!("{:.1} MiB", length as f64 / MIB as f64),
    }
}

/// A number with its noun: `1 flow`, `2 flows`.
pub(super) fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// The moment that many milliseconds after 1970.
pub(super) fn moment(ms: u64) -> DateTime<chrono::Utc> {
    i64::try_from(ms)
        .ok()
        .and_then(DateTime::from_timestamp_millis)
        .unwrap_or_default()
}

/// A moment for machines: `2026-11-20T22:18:32.123Z`.
pub(crate) fn timestamp(ms: u64) -> String {
    moment(ms).format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// A place in the flow's code: `journey.rs:42:9 in checkout::pay`.
pub(crate) fn place(place: &Place) -> String {
    let Place {
        function,
        file,
        line,
        column,
        ..
    } = place;
    let column = match column {
        0 => String::new(),
        column => format!(":{column}"),
    };
    let function = match function.as_str() {
        "" => String::new(),
        function => format!(" in {function}"),
    };
    format!("{file}:{line}{column}{function}")
}

/// Makes visible what would not be seen or would change what is seen: control characters become their
/// pictures (`␛`), marks that change the direction of writing become their code points.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c.is_control() && c != '\n' || turns(c)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\n' | '\t' => shown.push(c),
            '\r' if rest.peek() == Some(&'\n') => {}
            '\0'..='\u{1f}' => shown.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}')),
            '\u{7f}' => shown.push('\u{2421}'),
            _ if c.is_control() || turns(c) => shown.push_str(&format!("<U+{:04X}>", u32::from(c))),
            _ => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// Whether a character changes the direction of the text around it.
fn turns(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Who is to blame, as a headline.
pub(super) const fn headline(blame: Blame) -> &'static str {
    match blame {
        Blame::Product => "the product under test is wrong",
        Blame::Flow => "the flow's own code is wrong",
        Blame::Policy => "the policy does not allow it",
        Blame::Platform => "the platform failed",
    }
}

/// Who must act, and what that says of the product.
pub(super) const fn meaning(blame: Blame) -> &'static str {
    match blame {
        Blame::Product => "The application did not do what the flow expects of it.",
        Blame::Flow => {
            "The flow could not finish because of its own code, so it says nothing about the product."
        }
        Blame::Policy => {
            "The flow was refused something, so it says nothing about the product. Who runs FlowGuard decides."
        }
        Blame::Platform => {
            "Browser, network, store or FlowGuard itself failed, so this says nothing about the product or the flow."
        }
    }
}

/// What to do about a failure of this kind.
pub(super) const fn hint(failure: &Failure) -> &'static str {
    match failure.code {
        Code::AssertionFailed => {
            "Compare expected and received. If what the page shows is right, the flow's expectation is out of date."
        }
        Code::Timeout if failure.call_log.is_empty() => {
            "What was waited for did not happen in its time. Look whether the step before it causes it at all."
        }
        Code::Timeout => {
            "Read the call log: the element never came, or the last line says what kept it from being ready."
        }
        Code::NavigationFailed => "Check that the application is running and can be reached at this address.",
        Code::AmbiguousLocator => {
            "Make the locator match one element; the candidates show what it matches now."
        }
        Code::InvalidArgument => "Correct the argument in the flow; the message says what is wrong with it.",
        Code::WrongElement => "Point the locator at an element that can do this.",
        Code::FlowError => {
            "Read the message, then the backtrace from its top: the first line in the flow's own code is the place."
        }
        Code::Denied => "Name it in what the flow needs, and have the policy grant it.",
        Code::OverBudget => "Let the flow do less, or raise the budget in the policy.",
        Code::NotConfigured => "Configure a provider for this capability on the host.",
        Code::Cancelled => {
            "Look where it stood when its time was over; raise the flow's timeout if it only needs longer."
        }
        Code::PageLost => {
            "Run it again. If it happens each time, look at what the page loads and how much memory it takes."
        }
        Code::Unavailable => "Run it again when the part that the message names is back.",
        Code::Internal => "Please report it with this report attached: this is FlowGuard's own fault.",
    }
}

/// An amount of money: to the hundredth of a cent, and what is less than a cent whole.
pub(crate) fn dollars(microdollars: u64) -> String {
    let (whole, rest) = (microdollars / 1_000_000, microdollars % 1_000_000);
    match microdollars {
        1..10_000 => format!("${whole}.{rest:06}"),
        _ => format!("${whole}.{:04}", rest / 100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_say_them() {
        let said = [
            0,
            999,
            1_000,
            412_700,
            999_999,
            1_234_000,
            59_949_000,
            59_950_000,
            185_000_000,
            3_720_000_000,
        ]
        .map(duration);
        let expected = [
            "<1 ms",
            "<1 ms",
            "1 ms",
            "412 ms",
            "999 ms",
            "1.2 s",
            "59.9 s",
            "1 min 00 s",
            "3 min 05 s",
            "1 h 02 min",
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn sizes_and_moments() {
        assert_eq!(
            [812, 14_400, 2_621_440].map(bytes),
            ["812 B", "14 KiB", "2.5 MiB"]
        );
        assert_eq!(timestamp(1_795_213_112_123), "2026-11-20T22:18:32.123Z");
        assert_eq!(timestamp(u64::MAX), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn what_would_not_be_seen_is_shown() {
        assert_eq!(visible("plain\ntext"), "plain\ntext");
        assert_eq!(visible("a \x1b[31mred\0\x7f"), "a ␛[31mred␀␡");
        assert_eq!(visible("line\r\nalone\rhere\t."), "line\nalone␍here\t.");
        assert_eq!(visible("\u{202e}evil\u{85}"), "<U+202E>evil<U+0085>");
    }

    #[test]
    fn money_is_written_to_the_hundredth_of_a_cent() {
        assert_eq!(dollars(0), "$0.0000");
        assert_eq!(dollars(34), "$0.000034");
        assert_eq!(dollars(2_050_149), "$2.0501");
    }
}
