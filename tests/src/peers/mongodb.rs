//! Servers that speak MongoDB's protocol. FerretDB keeps in SQLite what it is told and knows neither time to live
//! nor partial indexes; the shim has these, in memory; a real server is used where the environment names one.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use ::mongodb::bson::{RawDocumentBuf, rawdoc};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::guarded::{self, Guarded};
use super::message::{self, Message};
use super::{blocking, install};
use crate::paths::root;

/// Names a real server for the tests, for example `mongodb://127.0.0.1:27017/`.
const VARIABLE: &str = "FLOWGUARD_TEST_MONGODB_URI";
/// A process that was started listens by then, also on a loaded machine.
const START: Duration = Duration::from_secs(60);
const PREFIX: &str = "mongodb://";

/// A server that speaks MongoDB's protocol.
#[derive(Debug)]
pub struct MongoServer {
    uri: String,
    process: Option<Guarded>,
    // Removed after the process has ended.
    _folder: Option<TempDir>,
}

/// FerretDB, shared by the tests of this process.
///
/// # Panics
/// Where it cannot be installed or started.
pub async fn ferretdb() -> &'static MongoServer {
    static SHARED: OnceCell<MongoServer> = OnceCell::const_new();
    SHARED.get_or_init(MongoServer::start_ferretdb).await
}

/// The shim over mongomock, shared by the tests of this process.
///
/// # Panics
/// Where it cannot be installed or started.
pub async fn mongo_shim() -> &'static MongoServer {
    static SHARED: OnceCell<MongoServer> = OnceCell::const_new();
    SHARED.get_or_init(MongoServer::start_shim).await
}

/// The server that `FLOWGUARD_TEST_MONGODB_URI` names, where it names one.
#[must_use]
pub fn mongodb() -> Option<MongoServer> {
    let uri = std::env::var(VARIABLE).ok().filter(|uri| !uri.is_empty())?;
    Some(MongoServer {
        uri,
        process: None,
        _folder: None,
    })
}

impl MongoServer {
    /// A FerretDB of one's own, empty.
    ///
    /// # Panics
    /// Where it cannot be installed or started.
    pub async fn start_ferretdb() -> Self {
        blocking(|| {
            let program = install::go("ferretdb", "ferretdb");
            let folder = TempDir::with_prefix("fg-ferretdb-").expect("a temporary folder can be made");
            let mut command = guarded::command(program);
            command.arg(folder.path());
            Self::start("ferretdb", command, Some(folder))
        })
        .await
    }

    /// A shim over mongomock of one's own, empty.
    ///
    /// # Panics
    /// Where it cannot be installed or started.
    pub async fn start_shim() -> Self {
        blocking(|| {
            let environment = install::python("mongo-shim", "mongo_shim.txt");
            let mut command = guarded::command(environment.join("bin/python"));
            command.arg("-B").arg(root().join("tests/peers/mongo_shim.py"));
            Self::start("mongo_shim.py", command, None)
        })
        .await
    }

    fn start(name: &str, command: std::process::Command, folder: Option<TempDir>) -> Self {
        let process = Guarded::start(name, command);
        let uri = process.announced(START, |line| line.starts_with(PREFIX).then(|| line.to_owned()));
        let server = Self {
            uri,
            process: Some(process),
            _folder: folder,
        };
        ping(&server.address()).unwrap_or_else(|why| panic!("{name} does not answer a ping: {why}"));
        server
    }

    /// Where it is, as drivers take it: `mongodb://127.0.0.1:PORT/`.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Host and port of the first server that the URI names.
    #[must_use]
    pub fn address(&self) -> String {
        let rest = self.uri.strip_prefix(PREFIX).unwrap_or(&self.uri);
        let hosts = rest.split(['/', '?']).next().unwrap_or_default();
        let host = hosts.rsplit('@').next().unwrap_or_default().split(',').next();
        host.unwrap_or_default().to_owned()
    }

    /// Its process, where we started it.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        self.process.as_ref().map(Guarded::id)
    }
}

/// A command that every server answers, over the wire.
fn ping(address: &str) -> Result<(), String> {
    let command = rawdoc! { "ping": 1, "$db": "admin" };
    let mut stream = TcpStream::connect(address).map_err(|error| error.to_string())?;
    let timeout = stream.set_read_timeout(Some(START));
    timeout.map_err(|error| error.to_string())?;
    let written = stream.write_all(&Message::asking(1, &command).bytes());
    written.map_err(|error| error.to_string())?;
    let answer = read_message(&mut stream).map_err(|error| error.to_string())?;
    let body: Option<RawDocumentBuf> = answer.body();
    match body.as_ref().map(|body| body.get_f64("ok")) {
        Some(Ok(1.0)) => Ok(()),
        _ => Err(format!("{body:?}")),
    }
}

fn read_message(stream: &mut TcpStream) -> std::io::Result<Message> {
    let mut header = [0; message::HEADER_BYTES];
    stream.read_exact(&mut header)?;
    let mut payload = vec![0; message::payload_bytes(&header)?];
    stream.read_exact(&mut payload)?;
    Ok(Message::new(header, payload))
}
