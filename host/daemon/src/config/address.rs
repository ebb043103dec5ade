//! Addresses that are more than a web page's: where artifacts lie, where agents listen, which origins a secret is for. Each
//! is checked by its shape only; whether anything is there is asked by `flowguard env validate`.

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use url::{Host, Url};

use super::value::{Raw, Setting, without_password};
use flowguard_backends::probes::{Agent, Stats};
use flowguard_core::secrets::{Secret, origin_of};
use flowguard_core::storage::vault::{MasterKey, MasterKeyError};

/// Where artifacts are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ArtifactPlace {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A bucket or container: `s3://`, `gs://` or `az://` with its name, and perhaps a path in it.
    Bucket(Url),
}

impl Setting for ArtifactPlace {
    fn expected() -> String {
        "a folder, or an address that begins with s3://, gs:// or az:// and names a bucket, without credentials"
            .to_owned()
    }

    fn read(raw: Raw<'_>) -> Option<Self> {
        let is_address = raw.text().is_some_and(|text| text.contains("://"));
        if !is_address {
            return PathBuf::read(raw).map(Self::Folder);
        }
        let url = Url::parse(raw.text()?).ok()?;
        let is_bucket =
            matches!(url.scheme(), "s3" | "gs" | "az") && url.host_str().is_some_and(|h| !h.is_empty());
        (is_bucket && is_bare(&url)).then_some(Self::Bucket(url))
    }

    fn shown(&self) -> Value {
        match self {
            Self::Folder(folder) => folder.shown(),
            Self::Bucket(url) => json!(url.as_str()),
        }
    }
}

/// Whether an address is only a place: it would be shown, so no credentials may be in it.
fn is_bare(url: &Url) -> bool {
    url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none()
}

/// Where MongoDB is: the whole address is a secret, because it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MongoUri(pub(crate) Secret);

impl Setting for MongoUri {
    const IS_SECRET: bool = true;

    fn expected() -> String {
        "an address that begins with mongodb:// or mongodb+srv:// and names a host".to_owned()
    }

    fn read(raw: Raw<'_>) -> Option<Self> {
        let secret = Secret::read(raw)?;
        let text = secret.reveal();
        let rest = text
            .strip_prefix("mongodb://")
            .or_else(|| text.strip_prefix("mongodb+srv://"))?;
        let hosts = rest.split(['/', '?']).next()?.rsplit('@').next()?;
        (!hosts.is_empty()).then_some(Self(secret))
    }

    fn shown(&self) -> Value {
        self.0.shown()
    }
}

/// A master key, as people write it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MasterKeyText(Secret);

impl MasterKeyText {
    /// The key. It was checked when it was read.
    pub(crate) fn key(&self) -> Result<MasterKey, MasterKeyError> {
        MasterKey::parse(self.0.reveal())
    }
}

impl Setting for MasterKeyText {
    const IS_SECRET: bool = true;

    fn expected() -> String {
        "a key of 32 bytes in base64; make one with `openssl rand -base64 32`".to_owned()
    }

    fn read(raw: Raw<'_>) -> Option<Self> {
        let text = Self(Secret::read(raw)?);
        text.key().is_ok().then_some(text)
    }

    fn shown(&self) -> Value {
        self.0.shown()
    }
}

/// The name of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DatabaseName(pub(crate) String);

impl Setting for DatabaseName {
    fn expected() -> String {
        "a name of 1 to 63 letters, digits, hyphens and underscores".to_owned()
    }

    fn read(raw: Raw<'_>) -> Option<Self> {
        let is_plain = |text: &&str| {
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
            (1..=63).contains(&text.len()) && text.bytes().all(plain)
        };
        raw.text().filter(is_plain).map(|text| Self(text.to_owned()))
    }

    fn shown(&self) -> Value {
        json!(self.0)
    }
}

/// An origin: scheme, host and port, as a browser compares them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin(pub(crate) String);

impl Setting for Origin {
    fn expected() -> String {
        "an origin such as https://shop.example or http://127.0.0.1:4000".to_owned()
    }

    fn read(raw: Raw<'_>) -> Option<Self> {
        origin_of(raw.text()?).map(Self)
    }

    fn shown(&self) -> Value {
        json!(self.0)
    }
}

impl Setting for Agent {
    fn expected() -> String {
        "an address that begins with http://, https:// or unix://".to_owned()
    }

    fn read(raw: Raw<'_>) -> Option<Self> {
        match raw.text()?.strip_prefix("unix://") {
            Some(path) => socket(path).map(Self::Socket),
            None => Url::read(raw).map(Self::Http),
        }
    }

    fn shown(&self) -> Value {
        match self {
            Self::Http(url) => json!(without_password(url)),
            Self::Socket(path) => json!(format!("unix://{}", path.display())),
        }
    }
}

/// The port of DogStatsD where none is named.
pub(crate) const STATS_PORT: u16 = 8_125;

impl Setting for Stats {
    fn expected() -> String {
        "an address that begins with udp:// or unix://".to_owned()
    }

    fn read(raw: Raw<'_>) -> Option<Self> {
        let text = raw.text()?;
        if let Some(path) = text.strip_prefix("unix://") {
            return socket(path).map(Self::Socket);
        }
        let url = Url::parse(text)
            .ok()
            .filter(|url| url.scheme() == "udp" && is_bare(url))?;
        let is_whole = matches!(url.path(), "" | "/");
        let host = url.host_str().filter(|host| is_whole && !host.is_empty())?;
        Some(Self::Udp(host.to_owned(), url.port().unwrap_or(STATS_PORT)))
    }

    fn shown(&self) -> Value {
        match self {
            Self::Udp(host, port) => json!(format!("udp://{host}:{port}")),
            Self::Socket(path) => json!(format!("unix://{}", path.display())),
        }
    }
}

/// The path of a socket; one that is not absolute would depend on where the program was started.
fn socket(path: &str) -> Option<PathBuf> {
    let path = Path::new(path);
    path.is_absolute().then(|| path.to_owned())
}

/// The name of a host, or its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostName(pub(crate) String);

impl Setting for HostName {
    fn expected() -> String {
        "the name or the address of a host, without scheme and port".to_owned()
    }

    fn read(raw: Raw<'_>) -> Option<Self> {
        let text = raw.text()?;
        // A bare IPv6 address is a host too, in brackets only within an address.
        let bracketed = || Host::parse(&format!("[{text}]")).is_ok();
        let is_host = !text.is_empty() && (Host::parse(text).is_ok() || bracketed());
        is_host.then(|| Self(text.to_owned()))
    }

    fn shown(&self) -> Value {
        json!(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    fn read<T: Setting>(text: &str) -> Option<T> {
        T::read(Raw::Text(OsStr::new(text)))
    }

    /// What the right ones are shown as, and that the wrong ones are none.
    fn table<T: Setting>(right: &[(&str, &str)], wrong: &[&str]) {
        for (text, shown) in right {
            let value = read::<T>(text).unwrap_or_else(|| panic!("{text} is right"));
            assert_eq!(value.shown(), json!(shown), "{text}");
        }
        for text in wrong {
            assert!(read::<T>(text).is_none(), "{text} is wrong");
        }
    }

    #[test]
    fn places_of_artifacts() {
        table::<ArtifactPlace>(
            &[
                ("artifacts", "artifacts"),
                ("/var/flowguard", "/var/flowguard"),
                ("s3://bucket/prefix", "s3://bucket/prefix"),
                ("gs://bucket", "gs://bucket"),
                ("az://container/a", "az://container/a"),
            ],
            &[
                "s3://",
                "s3://key:secret@bucket",
                "s3://bucket?token=1",
                "ftp://host/x",
                "https://bucket.example",
            ],
        );
    }

    #[test]
    fn addresses_of_mongodb_are_secret() {
        table::<MongoUri>(
            &[
                ("mongodb://localhost:27017", "[secret]"),
                (
                    "mongodb+srv://user:pass@cluster.example/db?w=majority",
                    "[secret]",
                ),
                ("mongodb://a:1,b:2/?replicaSet=r", "[secret]"),
            ],
            &[
                "localhost",
                "mongodb://",
                "mongodb://user:pass@/db",
                "http://localhost",
                "mongodb:// \n",
            ],
        );
        let held = read::<MongoUri>("mongodb://user:hunter2@localhost").expect("it is right");
        assert_eq!(format!("{held:?}"), "MongoUri([secret])");
    }

    #[test]
    fn names_of_databases() {
        table::<DatabaseName>(
            &[("flowguard", "flowguard"), ("a-b_1", "a-b_1")],
            &["", "a.b", "a b", "a/b", "a$"],
        );
    }

    #[test]
    fn origins() {
        table::<Origin>(
            &[
                ("https://shop.example", "https://shop.example"),
                ("https://shop.example:443/", "https://shop.example"),
                ("HTTP://Shop.Example:8080", "http://shop.example:8080"),
                ("http://[::1]:4000", "http://[::1]:4000"),
            ],
            &[
                "shop.example",
                "https://shop.example/login",
                "https://u@shop.example",
                "https://shop.example?x",
                "https://*.example",
                "file:///x",
                "*",
            ],
        );
    }

    #[test]
    fn addresses_of_agents() {
        table::<Agent>(
            &[
                ("http://localhost:8126", "http://localhost:8126/"),
                (
                    "unix:///var/run/datadog/apm.socket",
                    "unix:///var/run/datadog/apm.socket",
                ),
            ],
            &["localhost:8126", "unix://apm.socket", "udp://localhost"],
        );
        table::<Stats>(
            &[
                ("udp://localhost", "udp://localhost:8125"),
                ("udp://10.0.0.1:9000", "udp://10.0.0.1:9000"),
                ("udp://[::1]:8125", "udp://[::1]:8125"),
                (
                    "unix:///var/run/datadog/dsd.socket",
                    "unix:///var/run/datadog/dsd.socket",
                ),
            ],
            &[
                "localhost:8125",
                "udp://",
                "udp://host/x",
                "http://localhost",
                "unix://dsd",
            ],
        );
        table::<HostName>(
            &[
                ("localhost", "localhost"),
                ("10.0.0.1", "10.0.0.1"),
                ("::1", "::1"),
            ],
            &["", "http://localhost", "a b", "host:8126"],
        );
    }
}
