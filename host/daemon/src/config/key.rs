//! What a key is: its name, what it may be, who else may say it, and when a change of it is heard. The declaration in
//! [`super::settings`] is the one list of keys: the reader, `config show` and the document are made from it.

use serde_json::Value;

use super::environment::{Derived, Environment};
use super::value::Raw;

/// A part of a key's path that stands for any name: `tenants.NAME.retention`.
pub(crate) const ANY: &str = "NAME";

/// When a server that runs hears of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// At once.
    Now,
    /// From the next run on.
    NextRun,
    /// When the program is started again.
    Restart,
}

impl Effect {
    /// In the document's words.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Now => "at once",
            Self::NextRun => "next run",
            Self::Restart => "restart",
        }
    }
}

/// A key of the configuration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    /// The section, with dots between its parts; empty for the file's top.
    pub(crate) section: &'static str,
    /// The name within the section.
    pub(crate) name: &'static str,
    /// What it is for, in one line of Markdown.
    pub(crate) help: &'static str,
    /// The variable that says it.
    pub(crate) variable: Option<&'static str>,
    /// The flag that says it.
    pub(crate) flag: Option<&'static str>,
    /// What counts where nobody says it, in words, where the value alone does not tell.
    pub(crate) otherwise: Option<&'static str>,
    /// When a change is heard.
    pub(crate) effect: Effect,
    /// Its value is never shown.
    pub(crate) is_secret: bool,
    /// What is expected, in words.
    pub(crate) expected: fn() -> String,
    /// Whether a value is what is expected.
    pub(crate) accepts: fn(Raw<'_>) -> bool,
    /// The value where nobody says it.
    pub(crate) default: fn() -> Value,
    /// What the environment suggests where nobody says it.
    pub(crate) derived: fn(&Environment) -> Option<Derived>,
}

impl Key {
    /// The whole name, with [`ANY`] where any name may stand.
    pub(crate) fn path(&self) -> String {
        match self.section {
            "" => self.name.to_owned(),
            section => format!("{section}.{}", self.name),
        }
    }

    /// What is wrong with a value of this key, which stands at this path.
    pub(super) fn problem(&self, path: &str, raw: Raw<'_>) -> Option<String> {
        let (expected, found) = (self.expected, raw.found(self.is_secret));
        (!(self.accepts)(raw)).then(|| format!("`{path}`: expected {}, found {found}", expected()))
    }

    /// The parts of the whole name.
    pub(super) fn parts(&self) -> impl Iterator<Item = &'static str> {
        let section = self.section.split('.').filter(|part| !part.is_empty());
        section.chain([self.name])
    }
}

/// A section: a table of the file with its keys.
pub(crate) trait Section: Sized {
    /// Its keys, in the order in which they are shown.
    fn keys() -> Vec<Key>;

    /// Its values, as they are said; `names` stand for each [`ANY`] of its path.
    fn read(from: &mut super::read::Reader<'_>, names: &[&str]) -> Self;
}

/// The value of a declaration that may have been left out.
macro_rules! optional {
    () => {
        None
    };
    ($value:expr) => {
        Some($value)
    };
}

/// The first of what was declared and what is usual.
macro_rules! first {
    ($value:expr $(, $usual:expr)?) => {
        $value
    };
}

/// Declares sections: the struct that the program uses and the keys that people use, in one.
macro_rules! section {
    (
        $(#[doc = $about:literal])+
        $name:ident in $section:literal {
            $(
                $(#[doc = $help:literal])+
                $field:ident: $type:ty = $key:literal {
                    $(variable: $variable:literal,)?
                    $(flag: $flag:literal,)?
                    default: $default:expr,
                    $(otherwise: $otherwise:literal,)?
                    $(derived: $derived:expr,)?
                    effect: $effect:ident $(,)?
                }
            )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, PartialEq)]
        pub(crate) struct $name {
            $( $(#[doc = $help])+ pub(crate) $field: $type, )+
        }

        impl $name {
            const COUNT: usize = [$($key),+].len();
            const KEYS: [Key; Self::COUNT] = [
                $(Key {
                    section: $section,
                    name: $key,
                    help: concat!($($help),+),
                    variable: optional!($($variable)?),
                    flag: optional!($($flag)?),
                    otherwise: optional!($($otherwise)?),
                    effect: Effect::$effect,
                    is_secret: <$type as Setting>::IS_SECRET,
                    expected: <$type as Setting>::expected,
                    accepts: |raw| <$type as Setting>::read(raw).is_some(),
                    default: || {
                        let value: $type = $default;
                        Setting::shown(&value)
                    },
                    derived: first!($($derived,)? |_| None),
                }),+
            ];
        }

        impl Section for $name {
            fn keys() -> Vec<Key> {
                Self::KEYS.to_vec()
            }

            fn read(from: &mut Reader<'_>, names: &[&str]) -> Self {
                let [$($field),+] = Self::KEYS;
                Self {
                    $( $field: from.value(&$field, names, || $default), )+
                }
            }
        }
    };
}

pub(super) use {first, optional, section};
