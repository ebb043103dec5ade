//! Secrets for development: variables of the environment, and below them a `.env` file. The file is read again at each
//! fetch and sets no variable, so that no process that FlowGuard starts inherits what stands in it.

use async_trait::async_trait;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use flowguard_core::limits::MAX_CONFIGURATION_BYTES;
use flowguard_core::secrets::{PLATFORM_SECRETS, Secret, SecretName, SecretSet, SecretSource, SourceError};

/// What the variables of flows' secrets begin with; `shop-password` is `FLOWGUARD_SECRET_SHOP_PASSWORD`.
const PREFIX: &str = "FLOWGUARD_SECRET_";
/// It names the secret of AWS, and is no secret of a flow.
const NAME_OF_THE_SECRET: &str = "FLOWGUARD_SECRET_NAME";

/// Secrets of the environment.
pub struct EnvironmentSecrets {
    /// Those of the variables that may be secrets.
    variables: BTreeMap<String, Secret>,
    file: Option<PathBuf>,
}

impl EnvironmentSecrets {
    /// The secrets among these variables, and below them those of this `.env` file, which need not exist.
    #[must_use]
    pub fn new(variables: impl IntoIterator<Item = (String, String)>, file: Option<PathBuf>) -> Self {
        let secrets = variables
            .into_iter()
            .filter(|(name, _)| secret_of(name).is_some());
        Self {
            variables: secrets.map(|(name, value)| (name, Secret::new(value))).collect(),
            file,
        }
    }

    fn read(&self) -> Result<SecretSet, SourceError> {
        let mut set = SecretSet::default();
        let mut put = |variable: &str, value: Secret| match secret_of(variable) {
            Some(name) => set.insert(&name, value),
            None => Ok(()),
        };
        for (variable, value) in self
            .file
            .iter()
            .map(|file| read_file(file))
            .collect::<Result<Vec<_>, _>>()?
            .concat()
        {
            put(&variable, value)?;
        }
        for (variable, value) in &self.variables {
            put(variable, value.clone())?;
        }
        Ok(set)
    }
}

#[async_trait]
impl SecretSource for EnvironmentSecrets {
    async fn fetch(&self) -> Result<SecretSet, SourceError> {
        self.read()
    }

    fn place(&self) -> String {
        match &self.file {
            Some(file) => format!(
                "the environment or {} ({PREFIX}… for those of flows)",
                file.display()
            ),
            None => format!("the environment ({PREFIX}… for those of flows)"),
        }
    }
}

/// The name of the secret that a variable holds, if it holds one.
fn secret_of(variable: &str) -> Option<String> {
    if PLATFORM_SECRETS.contains(&variable) {
        return Some(variable.to_owned());
    }
    let rest = variable
        .strip_prefix(PREFIX)
        .filter(|_| variable != NAME_OF_THE_SECRET)?;
    let is_variable = |b: u8| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'_');
    let name = rest.to_ascii_lowercase().replace('_', "-");
    (rest.bytes().all(is_variable) && SecretName::parse(&name).is_some()).then_some(name)
}

/// The variables of a `.env` file. No message repeats a line of it.
fn read_file(path: &Path) -> Result<Vec<(String, Secret)>, SourceError> {
    let unreadable = |error: std::io::Error| SourceError::Denied(format!("{}: {error}", path.display()));
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut text = String::new();
    file.take(MAX_CONFIGURATION_BYTES as u64 + 1)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    if text.len() > MAX_CONFIGURATION_BYTES {
        let why = format!("{} has more than {MAX_CONFIGURATION_BYTES} bytes", path.display());
        return Err(SourceError::Malformed(why));
    }
    let mut all = Vec::new();
    for (at, variable) in dotenvy::from_read_iter(text.as_bytes()).enumerate() {
        let (name, value) = variable.map_err(|_| {
            let why = format!("{}: what comes after {at} variables is none", path.display());
            SourceError::Malformed(why)
        })?;
        all.push((name, Secret::new(value)));
    }
    Ok(all)
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test ends where it cannot go on")]
mod tests {
    use super::*;

    fn source(variables: &[(&str, &str)], file: Option<&Path>) -> EnvironmentSecrets {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        EnvironmentSecrets::new(variables, file.map(Path::to_owned))
    }

    fn told(set: &SecretSet) -> Vec<String> {
        let one = |name| format!("{name}={}", set.get(name).map(Secret::reveal).unwrap_or_default());
        set.names().map(one).collect()
    }

    #[tokio::test]
    async fn variables_are_secrets_by_their_names() {
        let variables = [
            ("FLOWGUARD_SECRET_SHOP_PASSWORD", "hunter2"),
            ("FLOWGUARD_SECRET_NAME", "flowguard/production"),
            ("FLOWGUARD_SECRET_", "x"),
            ("FLOWGUARD_SECRET_lower", "x"),
            ("FLOWGUARD_SECRET__UNDER", "x"),
            ("MONGODB_URI", "mongodb://db"),
            ("PATH", "/bin"),
        ];
        let set = source(&variables, None).fetch().await.expect("a set");
        assert_eq!(told(&set), ["MONGODB_URI=mongodb://db", "shop-password=hunter2"]);
    }

    #[tokio::test]
    async fn the_environment_wins_over_the_file_which_is_read_again_and_sets_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(".env");
        let source = source(&[("FLOWGUARD_SECRET_A", "of the environment")], Some(&file));
        assert_eq!(
            told(&source.fetch().await.expect("no file")),
            ["a=of the environment"]
        );
        let write = |text: &str| std::fs::write(&file, text).expect("it is written");
        write(
            "# ours\nFLOWGUARD_SECRET_A=of-the-file\nexport FLOWGUARD_SECRET_B='of the file'\nDD_API_KEY=\"k\"\nOTHER=1\n",
        );
        let set = source.fetch().await.expect("a file");
        assert_eq!(
            told(&set),
            ["DD_API_KEY=k", "a=of the environment", "b=of the file"]
        );
        write("FLOWGUARD_SECRET_B=rotated\n");
        let set = source.fetch().await.expect("another file");
        assert_eq!(told(&set), ["a=of the environment", "b=rotated"]);
        assert!(std::env::var("FLOWGUARD_SECRET_B").is_err());
    }

    #[tokio::test]
    async fn a_file_that_is_none_is_told_without_a_line_of_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(".env");
        for text in ["A=1\nhunter2 hunter2 = x\n", "A=1\nB='hunter2\n"] {
            std::fs::write(&file, text).expect("it is written");
            let error = source(&[], Some(&file)).fetch().await.expect_err("it is none");
            let told = error.to_string();
            assert!(matches!(error, SourceError::Malformed(_)), "{told}");
            assert!(told.contains(".env") && !told.contains("hunter2"), "{told}");
        }
        std::fs::write(&file, "x".repeat(MAX_CONFIGURATION_BYTES + 1)).expect("it is written");
        let error = source(&[], Some(&file))
            .fetch()
            .await
            .expect_err("it is too large");
        assert!(matches!(error, SourceError::Malformed(_)), "{error}");
        let error = source(&[], Some(folder.path()))
            .fetch()
            .await
            .expect_err("a folder");
        assert!(matches!(error, SourceError::Denied(_)), "{error}");
    }
}
