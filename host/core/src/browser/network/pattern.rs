//! Which requests a route or a watcher means. Globs follow Playwright's rules: `*` matches anything but `/`,
//! `**` anything, `{a,b}` either; every other character is itself, `?` too, and `\` takes a character's
//! meaning away. A glob that does not begin with `*` is resolved against the base URL.

use regex::bytes::{Regex, RegexBuilder};
use url::Url;

use super::words::{Header, HeaderMatch, RequestMatch, ResourceType, UrlMatch, header, invalid};
use crate::browser::locator::TextMatch;
use crate::failure::Failure;
use crate::limits::{MAX_HEADERS, MAX_URL_BYTES};

/// What a compiled regular expression may take.
const MAX_COMPILED_BYTES: usize = 1 << 20;

/// A [`RequestMatch`] that can be asked.
#[derive(Clone, Debug)]
pub struct Matcher {
    url: Option<Regex>,
    methods: Vec<String>,
    resource_types: Vec<ResourceType>,
    headers: Vec<(String, Text)>,
}

#[derive(Clone, Debug)]
enum Text {
    Contains(String),
    Equals(String),
    Pattern(Regex),
}

impl Matcher {
    /// Every request is meant.
    #[must_use]
    pub const fn any() -> Self {
        Self {
            url: None,
            methods: Vec::new(),
            resource_types: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// Compiles it.
    ///
    /// # Errors
    /// [`crate::Code::InvalidArgument`] where a glob or a regular expression is malformed.
    pub fn new(wanted: &RequestMatch, base: Option<&Url>) -> Result<Self, Failure> {
        if wanted.headers.len() > MAX_HEADERS || wanted.methods.len() > MAX_HEADERS {
            return Err(invalid(format!(
                "at most {MAX_HEADERS} methods, and as many headers"
            )));
        }
        let text = |HeaderMatch { name, value }: &HeaderMatch| Ok((name.clone(), Text::new(value)?));
        Ok(Self {
            url: compile(&wanted.url, base)?,
            methods: wanted.methods.clone(),
            resource_types: wanted.resource_types.clone(),
            headers: wanted.headers.iter().map(text).collect::<Result<_, Failure>>()?,
        })
    }

    /// Whether a request is meant.
    #[must_use]
    pub fn matches(&self, url: &str, method: &str, resource_type: ResourceType, headers: &[Header]) -> bool {
        let any_method = self.methods.is_empty();
        let any_type = self.resource_types.is_empty();
        self.matches_url(url)
            && (any_method
                || self
                    .methods
                    .iter()
                    .any(|wanted| wanted.eq_ignore_ascii_case(method)))
            && (any_type || self.resource_types.contains(&resource_type))
            && (self.headers.iter())
                .all(|(name, text)| header(headers, name).is_some_and(|v| text.matches(v)))
    }

    /// Whether an address is meant.
    #[must_use]
    pub fn matches_url(&self, url: &str) -> bool {
        self.url
            .as_ref()
            .is_none_or(|regex| regex.is_match(url.as_bytes()))
    }
}

impl Text {
    fn new(text: &TextMatch) -> Result<Self, Failure> {
        let folded = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(match text {
            TextMatch::Substring { value } => Self::Contains(folded(value).to_lowercase()),
            TextMatch::Exact { value } => Self::Equals(folded(value)),
            TextMatch::Pattern { source, flags } => Self::Pattern(regex(source, flags)?),
        })
    }

    fn matches(&self, value: &str) -> bool {
        match self {
            Self::Contains(part) => value.to_lowercase().contains(part),
            Self::Equals(whole) => value == whole,
            Self::Pattern(regex) => regex.is_match(value.as_bytes()),
        }
    }
}

fn compile(url: &UrlMatch, base: Option<&Url>) -> Result<Option<Regex>, Failure> {
    match url {
        UrlMatch::Any => Ok(None),
        UrlMatch::Glob { glob } if glob.is_empty() => Ok(None),
        UrlMatch::Glob { glob } => {
            check_length(glob)?;
            regex(&glob_to_regex(&resolve(glob, base))?, "").map(Some)
        }
        UrlMatch::Pattern { source, flags } => regex(source, flags).map(Some),
    }
}

fn check_length(pattern: &str) -> Result<(), Failure> {
    if pattern.len() > MAX_URL_BYTES {
        return Err(invalid(format!(
            "a pattern has at most {MAX_URL_BYTES} bytes: {}",
            pattern.len()
        )));
    }
    Ok(())
}

/// A regular expression that is run by the host: as JavaScript writes it, without looking around and
/// back-references, so that its time is bounded by the text's length.
fn regex(source: &str, flags: &str) -> Result<Regex, Failure> {
    check_length(source)?;
    let mut builder = RegexBuilder::new(source);
    builder.unicode(false).size_limit(MAX_COMPILED_BYTES);
    for flag in flags.chars() {
        match flag {
            'i' => builder.case_insensitive(true),
            'm' => builder.multi_line(true),
            's' => builder.dot_matches_new_line(true),
            'u' => &mut builder,
            _ => {
                return Err(invalid(format!(
                    "{flag:?} is no flag out of i, m, s, u: /{source}/{flags}"
                )));
            }
        };
    }
    builder.build().map_err(|error| {
        invalid(format!(
            "not a regular expression for addresses (no looking around, no back-references): {error}"
        ))
    })
}

fn glob_to_regex(glob: &str) -> Result<String, Failure> {
    let wrong = |why: &str| invalid(format!("not a glob: {glob:?}: {why}"));
    let characters: Vec<char> = glob.chars().collect();
    let mut regex = String::from("^");
    let mut is_in_group = false;
    let mut at = 0;
    while let Some(&character) = characters.get(at) {
        match character {
            '\\' if at + 1 < characters.len() => {
                at += 1;
                push_literal(&mut regex, characters[at]);
            }
            '*' => {
                let first = at;
                while characters.get(at + 1) == Some(&'*') {
                    at += 1;
                }
                let after_slash = first > 0 && characters[first - 1] == '/';
                let before_slash = characters.get(at + 1) == Some(&'/');
                let (part, and_slash) = match (at > first, before_slash) {
                    (false, _) => ("([^/]*)", false),
                    (true, false) => ("(.*)", false),
                    (true, true) if after_slash => ("((.+/)|)", true),
                    (true, true) => ("(.*/)", true),
                };
                regex.push_str(part);
                at += usize::from(and_slash);
            }
            '{' if is_in_group => return Err(wrong("a `{` inside another one")),
            '{' => {
                is_in_group = true;
                regex.push('(');
            }
            '}' if !is_in_group => return Err(wrong("a `}` without `{`")),
            '}' => {
                is_in_group = false;
                regex.push(')');
            }
            ',' if is_in_group => regex.push('|'),
            other => push_literal(&mut regex, other),
        }
        at += 1;
    }
    if is_in_group {
        return Err(wrong("a `{` without `}`"));
    }
    regex.push('$');
    Ok(regex)
}

fn push_literal(regex: &mut String, character: char) {
    regex.push_str(&regex::escape(character.encode_utf8(&mut [0; 4])));
}

/// Resolves a glob against the base URL, its wildcards held out meanwhile.
fn resolve(glob: &str, base: Option<&Url>) -> String {
    const WHOLE: [&str; 5] = ["about:", "data:", "chrome:", "edge:", "file:"];
    if glob.starts_with('*') || WHOLE.iter().any(|scheme| glob.starts_with(scheme)) {
        return glob.to_owned();
    }
    let glob = glob.replace("\\\\?", "?");
    let mut held = Vec::new();
    let path: Vec<String> = glob
        .split('/')
        .enumerate()
        .map(|(at, token)| hold(at, token, &mut held))
        .collect();
    let path = path.join("/");
    let url = match base {
        Some(base) => base.join(&path),
        None => Url::parse(&path),
    };
    let (mut resolved, origin) = match &url {
        Ok(url) => (url.to_string(), url.origin().ascii_serialization()),
        Err(_) => (path, String::new()),
    };
    for (held_by, original) in held {
        // Scheme and host know no case; addresses have them in lower case.
        let original = match origin.contains(&held_by) {
            true => original.to_lowercase(),
            false => original,
        };
        resolved = resolved.replacen(&held_by, &original, 1);
    }
    resolved
}

/// What stands in a part's place while the address is resolved.
fn hold(at: usize, token: &str, held: &mut Vec<(String, String)>) -> String {
    let mut stand_in = |original: &str, with: String| {
        if original.is_empty() {
            return String::new();
        }
        held.push((with.clone(), original.to_owned()));
        with
    };
    let is_scheme = at == 0 && token.ends_with(':');
    if is_scheme && token.contains(['*', '{']) {
        return stand_in(token, "http:".to_owned());
    }
    if is_scheme || !token.contains(['*', '?', '{', '}', '\\']) {
        return token.to_owned();
    }
    let name = format!("$_{at}_$");
    match token.find('?') {
        None => stand_in(token, name),
        Some(question) => {
            let (before, after) = token.split_at(question);
            stand_in(before, name.clone()) + &stand_in(after, format!("?{name}"))
        }
    }
}

#[cfg(test)]
#[path = "pattern_tests.rs"]
mod tests;
