//! `flowguard.toml`: found, read within its limit, parsed with places, and checked against the list of keys. Nothing is
//! taken from it here; [`super::read`] does that.

use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::de::DeTable;

use super::choices::Profile;
use super::key::{ANY, Key};
use super::mistake::{Mistake, Mistakes, Place, nearest};
use super::settings::{Config, NAMED};
use super::value::Raw;
use flowguard_core::limits::MAX_CONFIGURATION_BYTES;

/// The table that holds a profile's own values.
const PROFILES: &str = "profiles";
/// The key that a profile cannot hold.
const PROFILE: &str = "profile";

/// The text of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// As people named it.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl Written {
    /// Reads a file; `None` where there is none.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, Mistakes> {
        let name = path.display().to_string();
        let cannot = |error: std::io::Error| Mistakes::of_file(&name, format!("cannot be read: {error}"));
        let file = match std::fs::File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(cannot(error)),
        };
        let mut bytes = Vec::new();
        let limit = MAX_CONFIGURATION_BYTES as u64 + 1;
        file.take(limit).read_to_end(&mut bytes).map_err(cannot)?;
        if bytes.len() > MAX_CONFIGURATION_BYTES {
            let message = format!("has more than {MAX_CONFIGURATION_BYTES} bytes");
            return Err(Mistakes::of_file(&name, message));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let line = error.as_bytes()[..error.utf8_error().valid_up_to()]
                .iter()
                .filter(|byte| **byte == b'\n')
                .count();
            Mistakes::of_file(&name, format!("is not UTF-8: see line {}", line + 1))
        })?;
        Ok(Some(Self {
            path: path.to_owned(),
            text,
        }))
    }

    /// Where the paths begin that it names.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }
}

/// A file that was parsed.
pub(super) struct Parsed<'a> {
    pub(super) written: &'a Written,
    table: DeTable<'a>,
}

/// A value of the file.
pub(super) struct Found<'a> {
    pub(super) value: Raw<'a>,
    pub(super) place: Place,
}

impl<'a> Parsed<'a> {
    /// Parses a file; what is wrong with it goes to the mistakes.
    pub(super) fn of(written: &'a Written, mistakes: &mut Vec<Mistake>) -> Self {
        let (table, errors) = DeTable::parse_recoverable(&written.text);
        let parsed = Self {
            written,
            table: table.into_inner(),
        };
        let torn: Vec<Mistake> = errors
            .iter()
            .map(|error| {
                parsed.mistake(
                    error.span().unwrap_or(0..0),
                    format!("is no TOML: {}", error.message()),
                )
            })
            .collect();
        let mut wrong = Vec::new();
        parsed.check(&mut wrong);
        // What a line means that is no TOML is not known.
        let is_whole = |mistake: &Mistake| !torn.iter().any(|torn| is_same_line(&torn.place, &mistake.place));
        mistakes.extend(wrong.into_iter().filter(is_whole));
        mistakes.extend(torn);
        parsed
    }

    /// The value of a key, in a profile's table or outside of all.
    pub(super) fn find(&self, profile: Option<Profile>, path: &[&str]) -> Option<Found<'_>> {
        let (name, tables) = path.split_last()?;
        let table = self.table_at(profile, tables)?;
        let (key, value) = table.get_key_value(*name)?;
        Some(Found {
            value: Raw::File(value.get_ref(), self.written.folder()),
            place: self.place(key.span()),
        })
    }

    /// The names of the tables within a table, and where each begins.
    pub(super) fn names(&self, profile: Option<Profile>, path: &[&str]) -> Vec<(String, Place)> {
        let table = self.table_at(profile, path);
        let of = |(key, _): (&toml::Spanned<std::borrow::Cow<'_, str>>, _)| {
            (key.get_ref().to_string(), self.place(key.span()))
        };
        table
            .map(|table| table.iter().map(of).collect())
            .unwrap_or_default()
    }

    fn table_at(&self, profile: Option<Profile>, path: &[&str]) -> Option<&DeTable<'a>> {
        let profile = profile.map(Profile::as_str);
        let path = profile
            .iter()
            .flat_map(|name| [PROFILES, name])
            .chain(path.iter().copied());
        let mut table = &self.table;
        for name in path {
            table = table.get(name)?.get_ref().as_table()?;
        }
        Some(table)
    }

    /// Compares the whole file with the keys that there are.
    fn check(&self, mistakes: &mut Vec<Mistake>) {
        let keys = Config::keys();
        self.check_table(&self.table, &keys, At::default(), mistakes);
        let Some(profiles) = self.table.get(PROFILES) else {
            return;
        };
        let of_profiles: Vec<Key> = keys.into_iter().filter(|key| key.path() != PROFILE).collect();
        for (key, value) in profiles.get_ref().as_table().into_iter().flatten() {
            let name = key.get_ref().as_ref();
            let problem = match (Profile::of(name), value.get_ref().as_table()) {
                (Some(_), Some(table)) => {
                    let at = At {
                        profile: Some(name),
                        path: &[],
                    };
                    self.check_table(table, &of_profiles, at, mistakes);
                    continue;
                }
                (Some(_), None) => format!("`{PROFILES}.{name}`: expected a table"),
                (None, _) => unknown(PROFILES, name, Profile::WORDS.iter().copied(), &[]),
            };
            mistakes.push(self.mistake(key.span(), problem));
        }
    }

    /// Compares a table with the keys that may be in it.
    fn check_table(&self, table: &DeTable<'a>, keys: &[Key], at: At<'_>, mistakes: &mut Vec<Mistake>) {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let path: Vec<&str> = at.path.iter().copied().chain([name]).collect();
            let inner = At { path: &path, ..at };
            let is_profiles = at.is_top() && name == PROFILES;
            let meant: Vec<Key> = keys
                .iter()
                .filter(|key| is_on_the_way(key, &path))
                .copied()
                .collect();
            let leaf = meant.iter().find(|key| key.parts().count() == path.len());
            let raw = Raw::File(value.get_ref(), self.written.folder());
            let (span, problem) = match (leaf, value.get_ref().as_table()) {
                _ if meant.is_empty() && !is_profiles => {
                    let extra = at.is_top().then_some(PROFILES);
                    let here = keys.iter().filter(|key| is_on_the_way(key, at.path));
                    let here = here.filter_map(|key| key.parts().nth(at.path.len())).chain(extra);
                    (key.span(), Some(unknown(&at.shown(), name, here, keys)))
                }
                (Some(leaf), _) => (value.span(), leaf.problem(&inner.shown(), raw)),
                (None, None) => (
                    value.span(),
                    Some(format!("`{}`: expected a table", inner.shown())),
                ),
                (None, Some(_)) if is_profiles => continue,
                (None, Some(table)) => {
                    self.check_table(table, &meant, inner, mistakes);
                    (key.span(), illegal_name(at.path, name))
                }
            };
            mistakes.extend(problem.map(|problem| self.mistake(span, problem)));
        }
    }

    fn mistake(&self, span: Range<usize>, message: String) -> Mistake {
        let place = self.place(span);
        Mistake { place, message }
    }

    /// Where a piece of the text begins.
    pub(super) fn place(&self, span: Range<usize>) -> Place {
        let before = self.written.text.get(..span.start).unwrap_or(&self.written.text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        Place::Line {
            file: self.written.path.display().to_string(),
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
        }
    }
}

/// Where in the file a table is.
#[derive(Clone, Copy, Default)]
struct At<'p> {
    /// Within the tables of this profile.
    profile: Option<&'p str>,
    path: &'p [&'p str],
}

impl At<'_> {
    const fn is_top(&self) -> bool {
        self.profile.is_none() && self.path.is_empty()
    }

    fn shown(&self) -> String {
        let profile = self.profile.iter().flat_map(|name| [PROFILES, name]);
        let parts: Vec<&str> = profile.chain(self.path.iter().copied()).collect();
        parts.join(".")
    }
}

/// Whether a key lies at or below a path.
fn is_on_the_way(key: &Key, path: &[&str]) -> bool {
    let mut parts = key.parts();
    path.iter()
        .all(|name| parts.next().is_some_and(|part| part == ANY || part == *name))
}

fn is_same_line(a: &Place, b: &Place) -> bool {
    match (a, b) {
        (Place::Line { line: a, .. }, Place::Line { line: b, .. }) => a == b,
        _ => false,
    }
}

/// What is wrong with a name that people choose.
fn illegal_name(table: &[&str], name: &str) -> Option<String> {
    let (_, expected, is_legal) = NAMED.iter().find(|(named, ..)| *named == table.join("."))?;
    (!is_legal(name)).then(|| format!("`{}.{name}`: expected {expected}", table.join(".")))
}

/// That a key is unknown, and which was meant: one beside it, or one of the same name elsewhere.
fn unknown<'k>(table: &str, name: &str, here: impl Iterator<Item = &'k str>, keys: &[Key]) -> String {
    let mut here: Vec<&str> = here.collect();
    here.sort_unstable();
    here.dedup();
    let path = if table.is_empty() {
        name.to_owned()
    } else {
        format!("{table}.{name}")
    };
    if let Some(meant) = nearest(name, here.iter().copied()) {
        return format!("unknown key `{path}`: did you mean `{meant}`?");
    }
    let plain = name.to_lowercase().replace('_', "-");
    let elsewhere = keys
        .iter()
        .find(|key| key.name == plain || key.path().replace('.', "-") == plain);
    match elsewhere {
        Some(key) => format!("unknown key `{path}`: did you mean `{}`?", key.path()),
        None => format!("unknown key `{path}`: here may stand {}", here.join(", ")),
    }
}
