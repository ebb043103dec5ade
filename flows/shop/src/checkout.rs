//! The forms of the checkout and what is wrong with them. A form is valid or says, field by field and in the
//! order of the fields, what a person has to change.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// What is wrong with one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The field's name in the form.
    pub field: &'static str,
    /// What to change.
    pub message: &'static str,
}

/// Where the order goes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Address {
    /// Where the receipt goes.
    pub email: String,
    /// Who receives it.
    pub name: String,
    /// Street and number.
    pub street: String,
    /// Postcode, by the rules of the country.
    pub postcode: String,
    /// City.
    pub city: String,
    /// `DE`, `FR` or `NL`.
    pub country: String,
}

/// The countries that the shop ships to: code, name.
pub const COUNTRIES: &[(&str, &str)] = &[("DE", "Germany"), ("FR", "France"), ("NL", "Netherlands")];

impl Address {
    /// What is wrong with it; empty where nothing is.
    #[must_use]
    pub fn errors(&self) -> Vec<FieldError> {
        let checks = [
            (
                "email",
                is_email(&self.email),
                "Enter an email address such as ada@example.org",
            ),
            ("name", is_filled(&self.name), "Enter your full name"),
            ("street", is_filled(&self.street), "Enter a street and number"),
            (
                "postcode",
                is_postcode(&self.postcode, &self.country),
                postcode_rule(&self.country),
            ),
            ("city", is_filled(&self.city), "Enter a city"),
            (
                "country",
                COUNTRIES.iter().any(|(code, _)| *code == self.country),
                "Choose a country",
            ),
        ];
        failed(&checks)
    }
}

/// How the order is paid.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Card {
    /// 12 to 19 digits, blanks and dashes allowed.
    pub number: String,
    /// `MM/YY`.
    pub expiry: String,
    /// 3 or 4 digits.
    pub cvc: String,
}

/// The test card that the bank declines.
const DECLINED: &str = "4000000000000002";

impl Card {
    /// What is wrong with it in this month; empty where nothing is.
    #[must_use]
    pub fn errors(&self, now: Month) -> Vec<FieldError> {
        let number = digits(&self.number);
        let checks = [
            (
                "number",
                is_card_number(&self.number),
                "Enter the card number as it is on the card",
            ),
            (
                "number",
                number != DECLINED,
                "The bank declined this card; use another one",
            ),
            (
                "expiry",
                Month::parse(&self.expiry).is_some(),
                "Enter month and year, such as 09/31",
            ),
            (
                "expiry",
                Month::parse(&self.expiry).is_none_or(|end| end >= now),
                "This card has expired",
            ),
            ("cvc", is_cvc(&self.cvc), "Enter the 3 or 4 digits on the back"),
        ];
        failed(&checks)
    }
}

/// A month of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    year: u64,
    month: u64,
}

impl Month {
    /// The month that it is now, in UTC.
    #[must_use]
    pub fn now() -> Self {
        let seconds = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        Self::of_day(seconds / 86_400)
    }

    /// The month of a day counted from 1970-01-01.
    fn of_day(mut day: u64) -> Self {
        let mut year = 1970;
        while day >= days_in_year(year) {
            day -= days_in_year(year);
            year += 1;
        }
        let mut month = 1;
        while day >= days_in_month(year, month) {
            day -= days_in_month(year, month);
            month += 1;
        }
        Self { year, month }
    }

    /// Reads `MM/YY`.
    fn parse(text: &str) -> Option<Self> {
        let (month, year) = text.trim().split_once('/')?;
        let two_digits = |text: &str| (text.len() == 2).then(|| text.parse::<u64>().ok()).flatten();
        let month = two_digits(month.trim()).filter(|month| (1..=12).contains(month))?;
        Some(Self {
            year: 2000 + two_digits(year.trim())?,
            month,
        })
    }
}

fn days_in_year(year: u64) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

fn days_in_month(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// The errors of the checks that did not hold, the first of each field.
fn failed(checks: &[(&'static str, bool, &'static str)]) -> Vec<FieldError> {
    let mut errors: Vec<FieldError> = Vec::new();
    for &(field, holds, message) in checks {
        if !holds && errors.iter().all(|error| error.field != field) {
            errors.push(FieldError { field, message });
        }
    }
    errors
}

fn is_filled(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= 200
}

/// Whether the text has the shape of an email address. Only sending a message to it proves more.
#[must_use]
pub fn is_email(text: &str) -> bool {
    let Some((mailbox, host)) = text.trim().split_once('@') else {
        return false;
    };
    let allowed = |c: char| !c.is_whitespace() && c != '@';
    let labels: Vec<_> = host.split('.').collect();
    text.len() <= 254
        && !mailbox.is_empty()
        && text.trim().chars().filter(|c| *c == '@').count() == 1
        && mailbox.chars().all(allowed)
        && labels.len() >= 2
        && labels
            .iter()
            .all(|label| !label.is_empty() && label.chars().all(allowed))
}

fn is_postcode(text: &str, country: &str) -> bool {
    let text: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    match country {
        "NL" => {
            text.len() == 6
                && text[..4].iter().all(char::is_ascii_digit)
                && text[4..].iter().all(char::is_ascii_alphabetic)
        }
        _ => text.len() == 5 && text.iter().all(char::is_ascii_digit),
    }
}

fn postcode_rule(country: &str) -> &'static str {
    match country {
        "NL" => "Enter a postcode of four digits and two letters",
        _ => "Enter a postcode of five digits",
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, ' ' | '-')).collect()
}

/// Length and check digit (Luhn) of a card number.
fn is_card_number(text: &str) -> bool {
    let digits = digits(text);
    let values: Option<Vec<u32>> = digits.chars().rev().map(|c| c.to_digit(10)).collect();
    values.is_some_and(|values| (12..=19).contains(&values.len()) && luhn_sum(&values).is_multiple_of(10))
}

fn luhn_sum(from_the_right: &[u32]) -> u32 {
    let weigh = |(place, digit): (usize, &u32)| match (place % 2, digit * 2) {
        (0, _) => *digit,
        (_, twice) if twice > 9 => twice - 9,
        (_, twice) => twice,
    };
    from_the_right.iter().enumerate().map(weigh).sum()
}

fn is_cvc(text: &str) -> bool {
    let text = text.trim();
    (3..=4).contains(&text.len()) && text.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Month = Month {
        year: 2026,
        month: 11,
    };

    fn fields(errors: &[FieldError]) -> Vec<&str> {
        errors.iter().map(|error| error.field).collect()
    }

    fn card(number: &str, expiry: &str, cvc: &str) -> Card {
        Card {
            number: number.into(),
            expiry: expiry.into(),
            cvc: cvc.into(),
        }
    }

    #[test]
    fn an_empty_address_names_every_field_in_order() {
        let errors = Address::default().errors();
        assert_eq!(
            fields(&errors),
            ["email", "name", "street", "postcode", "city", "country"]
        );
    }

    #[test]
    fn emails() {
        for good in ["ada@example.org", " ada.l+shop@mail.example.org "] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "ada",
            "ada@",
            "@example.org",
            "ada@host",
            "a b@example.org",
            "a@b@c.org",
            "a@x..org",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn postcodes_follow_the_country() {
        assert!(is_postcode("10115", "DE"));
        assert!(!is_postcode("1011", "DE"));
        assert!(is_postcode("1012 AB", "NL"));
        assert!(!is_postcode("10115", "NL"));
    }

    #[test]
    fn card_numbers_pass_luhn_or_fail() {
        for good in ["4242 4242 4242 4242", "5555-5555-5555-4444", "378282246310005"] {
            assert!(is_card_number(good), "{good}");
        }
        for bad in ["4242 4242 4242 4241", "0", "4242x4242424242424", ""] {
            assert!(!is_card_number(bad), "{bad}");
        }
    }

    #[test]
    fn a_good_card_has_no_errors_and_this_month_is_still_valid() {
        assert_eq!(card("4242 4242 4242 4242", "11/26", "123").errors(NOW), []);
    }

    #[test]
    fn a_bad_card_tells_one_error_a_field() {
        let errors = card("4242", "10/26", "12").errors(NOW);
        assert_eq!(fields(&errors), ["number", "expiry", "cvc"]);
        assert_eq!(errors[1].message, "This card has expired");
    }

    #[test]
    fn the_bank_declines_its_test_card() {
        let errors = card("4000 0000 0000 0002", "12/30", "123").errors(NOW);
        assert!(errors[0].message.contains("declined"));
    }

    #[test]
    fn months_of_days() {
        assert_eq!(Month::of_day(0), Month { year: 1970, month: 1 });
        assert_eq!(Month::of_day(19_782), Month { year: 2024, month: 2 });
        assert_eq!(Month::of_day(19_783), Month { year: 2024, month: 3 });
    }
}
