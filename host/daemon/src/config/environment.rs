//! What is said beside the file: the environment and the flags of the command line, as values. They are taken once, at the
//! program's start; nothing here looks at the process again, so tests set no variables.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};

use flowguard_core::secrets::Secret;

/// The variables of the environment. An empty one counts as unset.
#[derive(Clone, Default)]
pub(crate) struct Environment {
    variables: BTreeMap<OsString, OsString>,
    /// Those that the secrets of AWS or of `.env` stand in for.
    secrets: BTreeSet<OsString>,
}

impl Environment {
    /// That of this process.
    pub(crate) fn of_process() -> Self {
        std::env::vars_os().collect()
    }

    /// What a variable holds.
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        let value = self.variables.get(OsStr::new(name))?;
        (!value.is_empty()).then_some(value)
    }

    /// Puts a secret in the place of a variable.
    pub(super) fn put_secret(&mut self, name: &str, secret: &Secret) {
        self.variables.insert(name.into(), secret.reveal().into());
        self.secrets.insert(name.into());
    }

    /// Takes a variable out.
    pub(super) fn forget(&mut self, name: &str) {
        self.variables.remove(OsStr::new(name));
    }

    /// Whether it is a secret that stands in for this variable.
    pub(super) fn is_secret(&self, name: &str) -> bool {
        self.secrets.contains(OsStr::new(name))
    }

    /// The variables that are texts.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (String, String)> {
        let text = |text: &OsString| text.to_str().map(str::to_owned);
        let of = move |(name, value)| Some((text(name)?, text(value)?));
        self.variables.iter().filter_map(of)
    }

    /// The first of these variables that holds a text, and its name.
    pub(crate) fn first(&self, names: &[&'static str]) -> Option<Derived> {
        let of = |&variable: &&'static str| {
            let text = self.get(variable)?.to_str()?.to_owned();
            Some(Derived { text, variable })
        };
        names.iter().find_map(of)
    }

    /// Whether a variable says yes; CI systems say `true` or `1`.
    pub(crate) fn says_yes(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| {
            !["0", "false", "no"]
                .iter()
                .any(|no| value.eq_ignore_ascii_case(no))
        })
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let owned = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()));
        Self {
            variables: owned.collect(),
            secrets: BTreeSet::new(),
        }
    }
}

/// A default that the environment suggests, where nobody said otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Derived {
    /// The value, as it would be written in a variable.
    pub(crate) text: String,
    /// The variable that it comes from.
    pub(crate) variable: &'static str,
}

/// The flags that were given, by their names.
#[derive(Clone, Default)]
pub(crate) struct Flags(BTreeMap<&'static str, OsString>);

impl Flags {
    /// Takes a flag, where it was given.
    pub(crate) fn add(&mut self, name: &'static str, value: Option<impl Into<OsString>>) {
        if let Some(value) = value {
            self.0.insert(name, value.into());
        }
    }

    /// What a flag was given.
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(name).map(OsString::as_os_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let environment: Environment = [("A", ""), ("B", "b"), ("CI", "false"), ("TF_BUILD", "True")]
            .into_iter()
            .collect();
        assert_eq!(environment.get("A"), None);
        assert_eq!(environment.get("C"), None);
        assert_eq!(environment.get("B"), Some(OsStr::new("b")));
        let first = environment.first(&["A", "B"]).expect("one is set");
        assert_eq!((first.text.as_str(), first.variable), ("b", "B"));
        assert!(!environment.says_yes("CI") && environment.says_yes("TF_BUILD"));
    }
}
