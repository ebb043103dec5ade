//! What is wrong with a configuration: all of it at once, each mistake with its place and the way out. A value that is
//! secret is never part of a message.

use std::fmt;

/// Where a mistake was made. Ordered as a person mends them: the file from its top, then the environment, then flags.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// The file as a whole.
    File(String),
    /// A place in the file; lines and columns count from 1, columns in characters.
    Line {
        file: String,
        line: usize,
        column: usize,
    },
    /// A variable of the environment.
    Variable(&'static str),
    /// A secret that stands in for a variable.
    Secret(&'static str),
    /// A flag of the command line.
    Flag(&'static str),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => f.write_str(file),
            Self::Line { file, line, column } => write!(f, "{file}:{line}:{column}"),
            Self::Variable(name) => write!(f, "environment {name}"),
            Self::Secret(name) => write!(f, "secret {name}"),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mistake {
    pub(crate) place: Place,
    pub(crate) message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Everything that is wrong, in the order in which a person finds it. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// One mistake of the file as a whole.
    pub(crate) fn of_file(file: &str, message: impl Into<String>) -> Self {
        Self(vec![Mistake {
            place: Place::File(file.to_owned()),
            message: message.into(),
        }])
    }

    /// Nothing, where nothing is wrong.
    pub(crate) fn of(mut all: Vec<Mistake>) -> Result<(), Self> {
        if all.is_empty() {
            return Ok(());
        }
        all.sort();
        all.dedup();
        Err(Self(all))
    }

    /// Each by itself.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Mistake> {
        self.0.iter()
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [one] = self.0.as_slice() {
            return write!(f, "{one}");
        }
        write!(f, "the configuration has {} mistakes", self.0.len())?;
        for mistake in &self.0 {
            write!(f, "\n  {mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

/// The one of these names that somebody most likely meant, where one is near enough.
pub(super) fn nearest<'a>(wrong: &str, right: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Environment variables and other programs taught people underscores and capitals.
    let plain = wrong.to_lowercase().replace('_', "-");
    let distance = |name: &str| strsim::damerau_levenshtein(&plain, name);
    let (far, name) = right.map(|name| (distance(name), name)).min()?;
    let is_near = far <= 2.max(name.chars().count() / 3) && far < name.chars().count();
    is_near.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_one_that_could_have_been_meant() {
        let names = ["base-url", "workers", "retries", "timeout", "uri", "env"];
        let of = |wrong| nearest(wrong, names.into_iter());
        assert_eq!(of("base_url"), Some("base-url"));
        assert_eq!(of("BASE_URL"), Some("base-url"));
        assert_eq!(of("baseurl"), Some("base-url"));
        assert_eq!(of("wrokers"), Some("workers"));
        assert_eq!(of("url"), Some("uri"));
        assert_eq!(of("colour"), None);
        assert_eq!(of("x"), None, "any short name is near to another");
        assert_eq!(nearest("x", std::iter::empty()), None);
    }
}
