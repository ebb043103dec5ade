//! What goes wrong with the driver and the server, told to people: what happened, where, what to do, and never the
//! password that the address holds.

use flowguard_core::limits::STORE_CALL_TIMEOUT;
use flowguard_core::storage::StorageError;
use mongodb::error::{Error, ErrorKind, WriteFailure};

/// The code of a value that a unique index has already.
const DUPLICATE_KEY: i32 = 11_000;
/// Codes with which a server says that it knows no such index: bad value, no such command, cannot create, an index of
/// the name with other options, not implemented.
const REFUSALS: [i32; 7] = [2, 59, 67, 72, 85, 86, 238];
/// Codes of a server that does not let us in: unauthorized, authentication failed.
const NOT_ALLOWED: [i32; 2] = [13, 18];

/// Tells faults of one store.
#[derive(Clone)]
pub(super) struct Told {
    place: String,
    /// User and password as they stand in the address.
    credentials: Option<String>,
}

impl std::fmt::Debug for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.place)
    }
}

impl Told {
    pub(super) fn about(uri: &str, database: &str) -> Self {
        let (scheme, rest) = uri.split_once("://").unwrap_or(("mongodb", uri));
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        // A password may hold an unescaped `@`, which the driver refuses; all of it is still no host.
        let (credentials, hosts) = match authority.rsplit_once('@') {
            Some((credentials, hosts)) => (Some(credentials.to_owned()), hosts),
            None => (None, authority),
        };
        Self {
            place: format!("MongoDB {scheme}://{hosts}, database {database}"),
            credentials: credentials.filter(|credentials| !credentials.is_empty()),
        }
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// A text of the driver without user and password.
    pub(super) fn scrubbed(&self, text: &str) -> String {
        let Some(credentials) = &self.credentials else {
            return text.to_owned();
        };
        let text = text.replace(credentials, "***");
        match credentials.split_once(':') {
            Some((_, password)) if !password.is_empty() => text.replace(password, "***"),
            _ => text,
        }
    }

    pub(super) fn late(&self) -> StorageError {
        StorageError::Unavailable(format!(
            "it did not answer within {} s, and may have done what was asked: look at its load and the network: {}",
            STORE_CALL_TIMEOUT.as_secs(),
            self.place
        ))
    }

    pub(super) fn fault(&self, error: &Error) -> StorageError {
        let what = self.scrubbed(&said(&error.kind));
        let advice = match &*error.kind {
            ErrorKind::Authentication { .. } => "check user, password and authSource in MONGODB_URI",
            ErrorKind::Command(refused) if NOT_ALLOWED.contains(&refused.code) => {
                "give the user the role readWrite on the database"
            }
            ErrorKind::InvalidArgument { .. } => {
                "check MONGODB_URI: mongodb://USER:PASSWORD@HOST:PORT/?OPTIONS"
            }
            ErrorKind::DnsResolve { .. } => "check the host's name in MONGODB_URI",
            ErrorKind::InvalidTlsConfig { .. } => "check the TLS options in MONGODB_URI",
            ErrorKind::ServerSelection { .. }
            | ErrorKind::Io(_)
            | ErrorKind::ConnectionPoolCleared { .. } => {
                "check that the server runs, that this machine may reach it, and MONGODB_URI"
            }
            _ => "look at the server's log",
        };
        StorageError::Unavailable(format!("{what}: {advice}: {}", self.place))
    }
}

/// What the driver says, without its account of all servers: of that, the first reason.
fn said(kind: &ErrorKind) -> String {
    let ErrorKind::ServerSelection { message, .. } = kind else {
        return kind.to_string();
    };
    let what = message.split(" Topology:").next().unwrap_or(message);
    let why = message.split("Error: Kind: ").nth(1);
    match why.and_then(|rest| rest.split(", labels:").next()) {
        Some(why) => format!("{what} {why}"),
        None => what.to_owned(),
    }
}

/// Whether a unique index has the values already.
pub(super) fn is_taken(error: &Error) -> bool {
    match &*error.kind {
        ErrorKind::Write(WriteFailure::WriteError(error)) => error.code == DUPLICATE_KEY,
        ErrorKind::Command(error) => error.code == DUPLICATE_KEY,
        _ => false,
    }
}

/// Whether the server said that it cannot have such an index, and goes on without.
pub(super) fn is_refusal(error: &Error) -> bool {
    matches!(&*error.kind, ErrorKind::Command(error) if REFUSALS.contains(&error.code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_in_no_message() {
        for uri in [
            "mongodb://ada:s3cret%40x@db.example:27017/?authSource=admin",
            "mongodb+srv://ada:s3cret%40x@db.example",
            "mongodb://ada:s3cret%40x@a.example,b.example/flowguard",
        ] {
            let told = Told::about(uri, "flowguard");
            assert!(
                !told.place().contains("s3cret") && !told.place().contains("ada"),
                "{}",
                told.place()
            );
            assert!(told.place().contains(".example"), "{}", told.place());
            let scrubbed = told.scrubbed(&format!("cannot parse {uri}: s3cret%40x is wrong"));
            assert!(!scrubbed.contains("s3cret"), "{scrubbed}");
        }
        assert_eq!(
            Told::about("mongodb://127.0.0.1:9/", "flowguard").place(),
            "MongoDB mongodb://127.0.0.1:9, database flowguard"
        );
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_told_with_what_to_do() {
        let uri = "mongodb://ada:s3cret@127.0.0.1:9/?serverSelectionTimeoutMS=50";
        let told = super::super::MongoStore::connect(uri, "flowguard")
            .await
            .unwrap_err();
        assert!(told.may_pass(), "{told}");
        let told = told.to_string();
        assert!(told.starts_with("the store is unavailable: "), "{told}");
        assert!(told.contains("check that the server runs"), "{told}");
        assert!(
            told.ends_with("MongoDB mongodb://127.0.0.1:9, database flowguard"),
            "{told}"
        );
        assert!(!told.contains("s3cret"), "{told}");
    }
}
