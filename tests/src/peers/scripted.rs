//! A MongoDB server with faults: a proxy before a real one that refuses connections, cuts them, delays commands and
//! answers them with errors, when a test says so. All else passes unchanged.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::mongodb::bson::{RawDocumentBuf, rawdoc};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::message::{self, Message};
use super::mongodb::MongoServer;

/// What was asked for comes by then.
const LONGEST: Duration = Duration::from_secs(60);
const BACKLOG: u32 = 128;
/// How drivers find out whom they speak to: never answered by the script unless it names them.
const HANDSHAKES: [&str; 4] = ["hello", "isMaster", "ismaster", "endSessions"];

/// A proxy before a server.
#[derive(Debug)]
pub struct ScriptedMongo {
    address: SocketAddr,
    /// Bound and never listening: while the proxy is away, connections are refused and nobody else gets the port.
    _reserved: TcpSocket,
    script: Arc<Script>,
    listening: Option<JoinHandle<()>>,
}

/// What happens to a command.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It is answered with this document; the server never sees it.
    Answer(RawDocumentBuf),
    /// The connection is closed; the server never sees it.
    CutBefore,
    /// The server does it, then the connection is closed without the answer.
    CutAfter,
    /// It reaches the server so much later.
    Delay(Duration),
}

impl Fault {
    /// The error of this code and name, as a server writes it: `10107` and `NotWritablePrimary`, `11600` and
    /// `InterruptedAtShutdown`, `238` and `NotImplemented`.
    #[must_use]
    pub fn error(code: i32, name: &str) -> Self {
        Self::Answer(rawdoc! { "ok": 0.0, "errmsg": name, "code": code, "codeName": name })
    }

    /// As [`Fault::error`], with labels by which drivers decide, for example `RetryableWriteError`.
    #[must_use]
    pub fn labelled(code: i32, name: &str, label: &str) -> Self {
        Self::Answer(rawdoc! {
            "ok": 0.0, "errmsg": name, "code": code, "codeName": name, "errorLabels": [label],
        })
    }
}

#[derive(Debug)]
struct Script {
    upstream: String,
    rules: Mutex<Vec<Rule>>,
    /// The commands that came, in order.
    commands: watch::Sender<Vec<String>>,
}

#[derive(Debug)]
struct Rule {
    command: Option<String>,
    left: u32,
    fault: Fault,
}

impl ScriptedMongo {
    /// A proxy on a free port before this server.
    ///
    /// # Panics
    /// Where no port can be had.
    pub async fn before(server: &MongoServer) -> Self {
        let reserved = reserve("127.0.0.1:0".parse().expect("an address")).expect("a free port");
        let address = reserved.local_addr().expect("bound");
        let script = Script {
            upstream: server.address(),
            rules: Mutex::default(),
            commands: watch::Sender::default(),
        };
        let mut proxy = Self {
            address,
            _reserved: reserved,
            script: Arc::new(script),
            listening: None,
        };
        proxy.back();
        proxy
    }

    /// Where it is, as drivers take it. They speak to it alone, whatever the server says of others.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("mongodb://{}/?directConnection=true", self.address)
    }

    /// The next so many commands of this name (of any name, handshakes excepted) come to this. Rules that were set
    /// before come first.
    pub fn next(&self, times: u32, command: Option<&str>, fault: Fault) {
        let command = command.map(str::to_owned);
        let mut rules = self.script.rules.lock().unwrap_or_else(PoisonError::into_inner);
        rules.push(Rule {
            command,
            left: times,
            fault,
        });
    }

    /// Forgets what was to happen next.
    pub fn heal(&self) {
        self.script
            .rules
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// Cuts all connections and refuses new ones.
    pub async fn away(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.abort();
            // Its end is the end of its connections as well.
            let _ = listening.await;
        }
    }

    /// Takes connections again, at the same place.
    ///
    /// # Panics
    /// Where the port is not to be had any more.
    pub fn back(&mut self) {
        if self.listening.is_none() {
            let socket = reserve(self.address).expect("the port is kept");
            let listener = socket.listen(BACKLOG).expect("the port is kept");
            self.listening = Some(tokio::spawn(listen(listener, self.script.clone())));
        }
    }

    /// The names of the commands that came, in order, handshakes too.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        self.script.commands.borrow().clone()
    }

    /// Waits until so many commands of this name have come.
    ///
    /// # Panics
    /// Where they do not come.
    pub async fn has_seen(&self, times: usize, command: &str) {
        let mut commands = self.script.commands.subscribe();
        let enough = |seen: &Vec<String>| seen.iter().filter(|name| *name == command).count() >= times;
        let seen = tokio::time::timeout(LONGEST, commands.wait_for(enough)).await;
        assert!(
            seen.is_ok(),
            "{command} did not come {times} times: {:?}",
            self.commands()
        );
    }
}

impl Drop for ScriptedMongo {
    fn drop(&mut self) {
        if let Some(listening) = &self.listening {
            listening.abort();
        }
    }
}

/// A socket at this address that others of ours may share as long as only one listens.
fn reserve(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

async fn listen(listener: TcpListener, script: Arc<Script>) {
    // Dropped with this task, and all connections with it.
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let script = script.clone();
        connections.spawn(async move {
            // A connection that fails is one that ends.
            let _ = script.serve(client).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

impl Script {
    /// One message after another, each answered before the next is read, as clients of MongoDB speak.
    async fn serve(&self, mut client: TcpStream) -> io::Result<()> {
        let mut server = TcpStream::connect(&self.upstream).await?;
        loop {
            let asked = read(&mut client).await?;
            let command = asked.command();
            if let Some(command) = &command {
                self.commands.send_modify(|seen| seen.push(command.clone()));
            }
            let fault = command.and_then(|command| self.fault(&command));
            match &fault {
                Some(Fault::Answer(body)) => {
                    client.write_all(&asked.answered_with(body).bytes()).await?;
                    continue;
                }
                Some(Fault::CutBefore) => return Ok(()),
                Some(Fault::Delay(time)) => tokio::time::sleep(*time).await,
                Some(Fault::CutAfter) | None => {}
            }
            server.write_all(&asked.bytes()).await?;
            if asked.wants_answer() {
                let answer = read(&mut server).await?;
                if matches!(fault, Some(Fault::CutAfter)) {
                    return Ok(());
                }
                client.write_all(&answer.bytes()).await?;
            }
        }
    }

    /// What is to happen to a command now.
    fn fault(&self, command: &str) -> Option<Fault> {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let meant = |rule: &Rule| match &rule.command {
            Some(name) => name == command,
            None => !HANDSHAKES.contains(&command),
        };
        let at = rules.iter().position(meant)?;
        let rule = rules.get_mut(at)?;
        rule.left = rule.left.saturating_sub(1);
        match rule.left {
            0 => Some(rules.remove(at).fault),
            _ => Some(rule.fault.clone()),
        }
    }
}

async fn read(stream: &mut TcpStream) -> io::Result<Message> {
    let mut header = [0; message::HEADER_BYTES];
    stream.read_exact(&mut header).await?;
    let mut payload = vec![0; message::payload_bytes(&header)?];
    stream.read_exact(&mut payload).await?;
    Ok(Message::new(header, payload))
}
