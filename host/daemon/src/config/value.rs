//! What a value may be: how it is read from the file, a variable or a flag, and how it is shown. Each type says what it
//! expects in words; nothing here knows a key.

use serde_json::{Value, json};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::de::DeValue;
use url::Url;

use super::duration;
use flowguard_core::limits::{MAX_SETTING_BYTES, MAX_SETTING_ENTRIES};
use flowguard_core::secrets::Secret;

/// A value as it was written.
#[derive(Clone, Copy)]
pub(crate) enum Raw<'a> {
    /// In a variable or a flag.
    Text(&'a OsStr),
    /// In the file, which lies in this folder.
    File(&'a DeValue<'a>, &'a Path),
}

impl<'a> Raw<'a> {
    /// The text that it is.
    pub(super) fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => text.to_str(),
            Self::File(value, _) => value.as_str(),
        }
    }

    fn whole_number(self) -> Option<i64> {
        match self {
            Self::Text(text) => text.to_str()?.parse().ok(),
            Self::File(value, _) => {
                let number = value.as_integer()?;
                i64::from_str_radix(number.as_str(), number.radix()).ok()
            }
        }
    }

    fn number(self) -> Option<f64> {
        match self {
            Self::Text(text) => text.to_str()?.parse().ok(),
            Self::File(value, _) => match value.as_float() {
                Some(float) => float.as_str().parse().ok(),
                None => self.whole_number().map(|whole| whole as f64),
            },
        }
    }

    /// What was found, for a message. For a secret only of which kind it is.
    pub(super) fn found(self, is_secret: bool) -> String {
        let cut = |text: &str| match text.char_indices().nth(80) {
            Some((end, _)) => format!("{:?}…", &text[..end]),
            None => format!("{text:?}"),
        };
        match self {
            _ if is_secret && self.text().is_some() => "another text".to_owned(),
            Self::Text(text) => match text.to_str() {
                Some(text) => cut(text),
                None => "bytes that are no text".to_owned(),
            },
            Self::File(DeValue::String(text), _) => cut(text),
            Self::File(DeValue::Integer(number), _) if !is_secret => number.to_string(),
            Self::File(DeValue::Float(number), _) if !is_secret => number.to_string(),
            Self::File(DeValue::Boolean(value), _) => value.to_string(),
            Self::File(DeValue::Integer(_) | DeValue::Float(_), _) => "a number".to_owned(),
            Self::File(DeValue::Datetime(_), _) => "a date".to_owned(),
            Self::File(DeValue::Array(_), _) => "a list".to_owned(),
            Self::File(DeValue::Table(_), _) => "a table".to_owned(),
        }
    }
}

/// A type that a key's value can have.
pub(crate) trait Setting: Sized + Clone + PartialEq {
    /// Its value is never shown.
    const IS_SECRET: bool = false;

    /// What is expected, in words: "a whole number from 1 to 64".
    fn expected() -> String;

    /// The value; `None` where it is not what is expected.
    fn read(raw: Raw<'_>) -> Option<Self>;

    /// The value for people and machines; `null` is "not set".
    fn shown(&self) -> Value;
}

impl<T: Setting> Setting for Option<T> {
    const IS_SECRET: bool = T::IS_SECRET;

    fn expected() -> String {
        T::expected()
    }

    fn read(raw: Raw<'_>) -> Option<Self> {
        T::read(raw).map(Some)
    }

    fn shown(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::shown)
    }
}

impl Setting for String {
    fn expected() -> String {
        format!("a text of 1 to {MAX_SETTING_BYTES} bytes, without control characters")
    }

    fn read(raw: Raw<'_>) -> Option<Self> {
        raw.text().filter(|text| is_plain(text)).map(str::to_owned)
    }

    fn shown(&self) -> Value {
        json!(self)
    }
}

fn is_plain(text: &str) -> bool {
    (1..=MAX_SETTING_BYTES).contains(&text.len()) && !text.chars().any(char::is_control)
}

impl Setting for Secret {
    const IS_SECRET: bool = true;

    fn expected() -> String {
        "a text without control characters".to_owned()
    }

    fn read(raw: Raw<'_>) -> Option<Self> {
        let text = raw.text().filter(|text| is_plain(text))?;
        Some(Self::new(text.to_owned()))
    }

    fn shown(&self) -> Value {
        json!("[secret]")
    }
}

impl Setting for PathBuf {
    fn expected() -> String {
        "a path".to_owned()
    }

    fn read(raw: Raw<'_>) -> Option<Self> {
        match raw {
            Raw::Text(text) => Some(Self::from(text)),
            // What a file names lies where the file lies.
            Raw::File(value, folder) => value
                .as_str()
                .filter(|text| !text.is_empty() && !text.contains('\0'))
                .map(|text| folder.join(text)),
        }
    }

    fn shown(&self) -> Value {
        json!(self.display().to_string())
    }
}

impl Setting for Url {
    fn expected() -> String {
        "an address that begins with http:// or https://".to_owned()
    }

    fn read(raw: Raw<'_>) -> Option<Self> {
        let url = Self::parse(raw.text()?).ok()?;
        (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
    }

    fn shown(&self) -> Value {
        json!(without_password(self))
    }
}

/// An address without the password in it: `https://user:[secret]@host/`.
pub(crate) fn without_password(url: &Url) -> String {
    let Some(password) = url.password() else {
        return url.to_string();
    };
    url.as_str().replacen(&format!(":{password}@"), ":[secret]@", 1)
}

impl Setting for bool {
    fn expected() -> String {
        "true or false".to_owned()
    }

    fn read(raw: Raw<'_>) -> Option<Self> {
        match raw {
            Raw::Text(text) => match text.to_str()?.to_lowercase().as_str() {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            },
            Raw::File(value, _) => value.as_bool(),
        }
    }

    fn shown(&self) -> Value {
        json!(self)
    }
}

/// A whole number within bounds, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Within<const MIN: u32, const MAX: u32>(pub(crate) u32);

impl<const MIN: u32, const MAX: u32> Setting for Within<MIN, MAX> {
    fn expected() -> String {
        format!("a whole number from {MIN} to {MAX}")
    }

    fn read(raw: Raw<'_>) -> Option<Self> {
        let number = u32::try_from(raw.whole_number()?).ok()?;
        (MIN..=MAX).contains(&number).then_some(Self(number))
    }

    fn shown(&self) -> Value {
        json!(self.0)
    }
}

/// A part of a whole, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ratio(pub(crate) f64);

impl Setting for Ratio {
    fn expected() -> String {
        "a number from 0 to 1".to_owned()
    }

    fn read(raw: Raw<'_>) -> Option<Self> {
        let number = raw.number()?;
        (0.0..=1.0).contains(&number).then_some(Self(number))
    }

    fn shown(&self) -> Value {
        json!(self.0)
    }
}

/// An amount of money, in millionths of a dollar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dollars(pub(crate) u64);

impl Setting for Dollars {
    fn expected() -> String {
        "a number of dollars from 0 to 100, such as 0.002".to_owned()
    }

    fn read(raw: Raw<'_>) -> Option<Self> {
        let dollars = raw.number().filter(|dollars| (0.0..=100.0).contains(dollars))?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it was checked"
        )]
        let millionths = (dollars * 1e6).round() as u64;
        Some(Self(millionths))
    }

    fn shown(&self) -> Value {
        #[expect(clippy::cast_precision_loss, reason = "it is small")]
        let dollars = self.0 as f64 / 1e6;
        json!(dollars)
    }
}

/// The size of a window in CSS pixels, each side from 1 to 16384.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WindowSize {
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Setting for WindowSize {
    fn expected() -> String {
        "a width and a height in pixels from 1 to 16384, such as 1280x720".to_owned()
    }

    fn read(raw: Raw<'_>) -> Option<Self> {
        let (width, height) = raw.text()?.split_once('x')?;
        let side = |text: &str| text.parse().ok().filter(|side| (1..=16_384).contains(side));
        Some(Self {
            width: side(width)?,
            height: side(height)?,
        })
    }

    fn shown(&self) -> Value {
        json!(format!("{}x{}", self.width, self.height))
    }
}

impl Setting for Duration {
    fn expected() -> String {
        "a duration from 1ms to 60m, written as 500ms, 30s or 2m".to_owned()
    }

    fn read(raw: Raw<'_>) -> Option<Self> {
        duration::parse(raw.text()?).ok()
    }

    fn shown(&self) -> Value {
        json!(duration::written(*self))
    }
}

/// A list: in the file of texts, in a variable with commas between.
impl<T: Setting> Setting for Vec<T> {
    const IS_SECRET: bool = T::IS_SECRET;

    fn expected() -> String {
        format!(
            "a list of at most {MAX_SETTING_ENTRIES} entries, each {}",
            T::expected()
        )
    }

    fn read(raw: Raw<'_>) -> Option<Self> {
        let read: Option<Self> = match raw {
            Raw::Text(text) => text
                .to_str()?
                .split(',')
                .map(str::trim)
                .filter(|entry| !entry.is_empty())
                .map(|entry| T::read(Raw::Text(OsStr::new(entry))))
                .collect(),
            Raw::File(value, folder) => value
                .as_array()?
                .iter()
                .map(|entry| T::read(Raw::File(entry.get_ref(), folder)))
                .collect(),
        };
        read.filter(|list| list.len() <= MAX_SETTING_ENTRIES)
    }

    fn shown(&self) -> Value {
        self.iter().map(T::shown).collect()
    }
}

/// Declares a type of a few words.
macro_rules! choice {
    (
        $(#[$about:meta])*
        $name:ident { $( $(#[$help:meta])* $case:ident = $word:literal ),+ $(,)? }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name { $( $(#[$help])* $case ),+ }

        impl $name {
            /// Every word.
            pub(crate) const WORDS: &[&str] = &[$($word),+];

            /// The word for it.
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $( Self::$case => $word ),+ }
            }

            /// What a word means.
            pub(crate) fn of(word: &str) -> Option<Self> {
                match word { $( $word => Some(Self::$case), )+ _ => None }
            }
        }

        impl $crate::config::value::Setting for $name {
            fn expected() -> String {
                $crate::config::value::one_of(Self::WORDS)
            }

            fn read(raw: $crate::config::value::Raw<'_>) -> Option<Self> {
                Self::of(raw.text()?)
            }

            fn shown(&self) -> serde_json::Value {
                serde_json::json!(self.as_str())
            }
        }
    };
}
pub(super) use choice;

/// A choice in words: "`a`, `b` or `c`".
pub(super) fn one_of(words: &[&str]) -> String {
    match words {
        [rest @ .., last] if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        all => all.concat(),
    }
}
