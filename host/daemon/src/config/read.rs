//! From what was said to what counts: flags over environment over profile over file over defaults, key by key, each value
//! with its source. Nothing is opened here, and everything that is wrong is told at once.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::time::SystemTime;

use super::choices::{Profile, SecretPlace};
use super::environment::{Environment, Flags};
use super::file::{Parsed, Written};
use super::key::{ANY, Key, Section};
use super::mistake::{Mistake, Mistakes, Place};
use super::settings::{Config, Top};
use super::value::{Raw, Setting};
use flowguard_core::secrets::Secret;

/// Who said a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Nobody.
    Default,
    /// Nobody, and a variable suggests it.
    Derived(&'static str),
    /// The file, at this place; perhaps in a profile's tables.
    File(Place, Option<Profile>),
    /// A variable.
    Variable(&'static str),
    /// A secret that stands in for a variable.
    Secret(&'static str),
    /// A flag.
    Flag(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Derived(variable) => write!(f, "default, from {variable}"),
            Self::Variable(variable) => write!(f, "environment {variable}"),
            Self::Secret(variable) => write!(f, "secret {variable}"),
            Self::Flag(flag) => f.write_str(flag),
            Self::File(place, profile) => {
                match place {
                    Place::Line { file, line, .. } => write!(f, "{file}:{line}")?,
                    other => write!(f, "{other}")?,
                }
                match profile {
                    Some(profile) => write!(f, " (profile {})", profile.as_str()),
                    None => Ok(()),
                }
            }
        }
    }
}

/// A key's value, as `config show` tells it.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) path: String,
    /// `[secret]` where it is one.
    pub(crate) value: Value,
    pub(crate) source: Source,
    pub(crate) key: Key,
    /// What it really is, to be compared.
    pub(super) exact: Secret,
}

/// A configuration that was read and is right.
#[derive(Clone)]
pub(crate) struct Loaded {
    pub(crate) config: Config,
    /// Every value, in the order of the keys.
    pub(crate) shown: Vec<Shown>,
    /// The file that was read.
    pub(crate) file: Option<Written>,
    pub(crate) at: SystemTime,
}

/// As `config show` tells it: an address may hold a password, and a file anything.
impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::show::table(self))
    }
}

impl Loaded {
    /// The values that are secret.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let secret = self.shown.iter().filter(|shown| shown.key.is_secret);
        secret.map(|shown| &shown.exact)
    }

    /// Whether somebody said a value, so that it is more than a default.
    pub(crate) fn is_said(&self, path: &str) -> bool {
        let of = self.shown.iter().find(|shown| shown.path == path);
        of.is_some_and(|shown| shown.source != Source::Default)
    }
}

/// Reads what was said, or tells everything that is wrong.
pub(crate) fn resolve(
    flags: &Flags,
    environment: &Environment,
    file: Option<Written>,
    at: SystemTime,
) -> Result<Loaded, Mistakes> {
    let mut mistakes = Vec::new();
    let parsed = file.as_ref().map(|written| Parsed::of(written, &mut mistakes));
    check(flags, environment, &mut mistakes);
    Mistakes::of(mistakes)?;
    let mut reader = Reader::new(flags, environment, parsed.as_ref());
    let config = Config::read(&mut reader);
    let missing = reader.missing(&config);
    let shown = std::mem::take(&mut reader.shown);
    Mistakes::of(missing)?;
    drop(parsed);
    Ok(Loaded {
        config,
        shown,
        file,
        at,
    })
}

/// Looks at every variable and flag, also at those that another one overrides.
fn check(flags: &Flags, environment: &Environment, mistakes: &mut Vec<Mistake>) {
    for key in Config::keys() {
        let variable = key
            .variable
            .and_then(|name| Some((place_of(environment, name), environment.get(name)?)));
        let flag = key
            .flag
            .and_then(|name| Some((Place::Flag(name), flags.get(name)?)));
        for (place, text) in variable.into_iter().chain(flag) {
            let problem = key.problem(&key.path(), Raw::Text(text));
            mistakes.extend(problem.map(|message| Mistake { place, message }));
        }
    }
}

fn place_of(environment: &Environment, name: &'static str) -> Place {
    match environment.is_secret(name) {
        true => Place::Secret(name),
        false => Place::Variable(name),
    }
}

/// Takes the values of keys, one after another.
pub(crate) struct Reader<'a> {
    flags: &'a Flags,
    environment: &'a Environment,
    file: Option<&'a Parsed<'a>>,
    profile: Option<Profile>,
    shown: Vec<Shown>,
}

impl<'a> Reader<'a> {
    fn new(flags: &'a Flags, environment: &'a Environment, file: Option<&'a Parsed<'a>>) -> Self {
        let mut reader = Self {
            flags,
            environment,
            file,
            profile: None,
            shown: Vec::new(),
        };
        reader.profile = Some(Top::read(&mut reader, &[]).profile);
        reader.shown.clear();
        reader
    }

    /// The value of a key; `names` stand for each [`ANY`] of its path.
    pub(super) fn value<T: Setting>(&mut self, key: &Key, names: &[&str], default: impl Fn() -> T) -> T {
        let mut names = names.iter();
        let path: Vec<&str> = key
            .parts()
            .map(|part| match part {
                ANY => names.next().copied().unwrap_or(ANY),
                part => part,
            })
            .collect();
        let said = self.said::<T>(key, &path);
        let (value, exact, source) = said.unwrap_or_else(|| (default(), String::new(), Source::Default));
        let shown = value.shown();
        let exact = if T::IS_SECRET { exact } else { shown.to_string() };
        self.shown.push(Shown {
            path: path.join("."),
            value: shown,
            source,
            key: *key,
            exact: Secret::new(exact),
        });
        value
    }

    /// What somebody said: the value, its text, and who. Wrong values were told before.
    fn said<T: Setting>(&self, key: &Key, path: &[&str]) -> Option<(T, String, Source)> {
        let take = |raw: Raw<'_>, source: Source| {
            let text = raw.text().unwrap_or_default().to_owned();
            T::read(raw).map(|value| (value, text, source))
        };
        let flag = || {
            let name = key.flag?;
            take(Raw::Text(self.flags.get(name)?), Source::Flag(name))
        };
        let variable = || {
            let name = key.variable?;
            let source = match self.environment.is_secret(name) {
                true => Source::Secret(name),
                false => Source::Variable(name),
            };
            take(Raw::Text(self.environment.get(name)?), source)
        };
        let file = |profile: Option<Profile>| {
            let found = self.file?.find(profile, path)?;
            take(found.value, Source::File(found.place, profile))
        };
        let derived = || {
            let derived = (key.derived)(self.environment)?;
            take(
                Raw::Text(derived.text.as_ref()),
                Source::Derived(derived.variable),
            )
        };
        flag()
            .or_else(variable)
            .or_else(|| self.profile.and_then(|profile| file(Some(profile))))
            .or_else(|| file(None))
            .or_else(derived)
    }

    /// The sections below a table, by the names that people gave them.
    pub(super) fn each<T>(
        &mut self,
        table: &str,
        read: impl Fn(&mut Self, &[&str]) -> T,
    ) -> BTreeMap<String, T> {
        let named: BTreeMap<String, Place> = self.named(table);
        let mut all = BTreeMap::new();
        for name in named.into_keys() {
            let value = read(self, &[&name]);
            all.insert(name, value);
        }
        all
    }

    fn named(&self, table: &str) -> BTreeMap<String, Place> {
        let path: Vec<&str> = table.split('.').collect();
        let of = |profile| {
            self.file
                .map(|file| file.names(profile, &path))
                .unwrap_or_default()
        };
        let in_profile = self.profile.map(|profile| of(Some(profile))).unwrap_or_default();
        in_profile.into_iter().chain(of(None)).collect()
    }

    /// What one value asks of another.
    fn missing(&self, config: &Config) -> Vec<Mistake> {
        let mut missing = Vec::new();
        if config.secrets.source == Some(SecretPlace::Aws) && config.secrets.name.is_none() {
            missing.push(Mistake {
                place: self.place_of("secrets.source"),
                message:
                    "`secrets.source` is aws: name the secret with `secrets.name` or FLOWGUARD_SECRET_NAME"
                        .to_owned(),
            });
        }
        for (name, place) in self.named("secrets.flow") {
            let Some(secret) = config.flow_secrets.get(&name) else {
                continue;
            };
            let needed = [
                ("origins", secret.origins.is_empty(), "[\"https://shop.example\"]"),
                ("components", secret.components.is_empty(), "[\"checkout\"]"),
            ];
            for (key, _, example) in needed.into_iter().filter(|(_, is_missing, _)| *is_missing) {
                missing.push(Mistake {
                    place: place.clone(),
                    message: format!(
                        "`secrets.flow.{name}.{key}` must be said, for example {key} = {example}"
                    ),
                });
            }
        }
        missing
    }

    /// Where somebody said a value.
    fn place_of(&self, path: &str) -> Place {
        let said = self.shown.iter().find(|shown| shown.path == path);
        match said.map(|shown| &shown.source) {
            Some(Source::File(place, _)) => place.clone(),
            Some(Source::Variable(name) | Source::Secret(name)) => place_of(self.environment, name),
            Some(Source::Flag(name)) => Place::Flag(name),
            _ => Place::File(super::FILE.to_owned()),
        }
    }
}
