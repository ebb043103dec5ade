//! The sessions of an emulated Browserbase, as a state machine: what is made, used, released, and what runs out of its time.
//! Pure: the time comes in, and browsers are somebody else's.

use serde_json::{Map, Value};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Time in which somebody must connect to a session that does not outlive its connections.
pub(super) const CONNECT_WITHIN: Duration = Duration::from_secs(300);
/// The time in which creations are counted.
const COUNTED: Duration = Duration::from_secs(60);

/// Where sessions can be.
pub(super) const REGIONS: [&str; 4] = ["us-west-2", "us-east-1", "eu-central-1", "ap-southeast-1"];

/// What there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Sessions that run at once.
    pub(crate) concurrency: u32,
    /// Sessions that are made in a minute.
    pub(crate) creations: u32,
    /// How long a session lasts unless it says otherwise.
    pub(crate) timeout: Duration,
}

/// How a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Pending,
    Running,
    Error,
    TimedOut,
    Completed,
}

impl Status {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Error => "ERROR",
            Self::TimedOut => "TIMED_OUT",
            Self::Completed => "COMPLETED",
        }
    }

    /// Whether it counts and costs.
    pub(super) const fn is_live(self) -> bool {
        matches!(self, Self::Pending | Self::Running)
    }
}

/// A session. Moments are times since 1970.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) id: String,
    /// What opens it.
    pub(super) key: String,
    pub(super) status: Status,
    pub(super) created: Duration,
    pub(super) updated: Duration,
    pub(super) ended: Option<Duration>,
    pub(super) timeout: Duration,
    /// What it was to be.
    pub(super) asked: Asked,
    connections: u32,
    was_connected: bool,
}

impl Session {
    pub(super) fn new(id: String, key: String, asked: Asked, timeout: Duration, now: Duration) -> Self {
        Self {
            id,
            key,
            status: Status::Pending,
            created: now,
            updated: now,
            ended: None,
            timeout: asked.timeout.unwrap_or(timeout),
            asked,
            connections: 0,
            was_connected: false,
        }
    }

    pub(super) fn expires(&self) -> Duration {
        self.created + self.timeout
    }

    /// When it ends by itself, and how, if nothing happens until then.
    fn end(&self) -> (Duration, Status) {
        let unused = !self.asked.keep_alive && !self.was_connected;
        match unused && CONNECT_WITHIN < self.timeout {
            true => (self.created + CONNECT_WITHIN, Status::Completed),
            false => (self.expires(), Status::TimedOut),
        }
    }
}

/// What a session is to be.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) timeout: Option<Duration>,
    pub(super) keep_alive: bool,
    pub(super) region: String,
    pub(super) notes: Map<String, Value>,
    /// A context's id, and whether it keeps what the session leaves.
    pub(super) context: Option<(String, bool)>,
    pub(super) is_recorded: bool,
    pub(super) is_logged: bool,
}

impl Asked {
    /// What a session is about which nothing was said.
    pub(super) fn nothing() -> Self {
        Self {
            timeout: None,
            keep_alive: false,
            region: REGIONS[0].to_owned(),
            notes: Map::new(),
            context: None,
            is_recorded: true,
            is_logged: true,
        }
    }
}

/// Why there is no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TooMany {
    /// So many run.
    AtOnce(u32),
    /// So many were made; the next may be made in this time.
    InAMinute(u32, Duration),
}

/// All sessions, also those that have ended.
#[derive(Debug)]
pub(super) struct Sessions {
    limits: Limits,
    all: BTreeMap<String, Session>,
    /// In the order in which they were made.
    order: Vec<String>,
    made: VecDeque<Duration>,
}

impl Sessions {
    pub(super) const fn new(limits: Limits) -> Self {
        Self {
            limits,
            all: BTreeMap::new(),
            order: Vec::new(),
            made: VecDeque::new(),
        }
    }

    pub(super) const fn limits(&self) -> Limits {
        self.limits
    }

    /// Makes a session of this id, which this key opens as soon as it has begun.
    pub(super) fn create(
        &mut self,
        id: String,
        key: String,
        asked: Asked,
        now: Duration,
    ) -> Result<&Session, TooMany> {
        while self.made.front().is_some_and(|made| *made + COUNTED <= now) {
            self.made.pop_front();
        }
        if let Some(first) = self.made.front()
            && self.made.len() >= self.limits.creations as usize
        {
            return Err(TooMany::InAMinute(self.limits.creations, *first + COUNTED - now));
        }
        if self.running() >= self.limits.concurrency as usize {
            return Err(TooMany::AtOnce(self.limits.concurrency));
        }
        self.made.push_back(now);
        self.order.push(id.clone());
        let session = Session::new(id.clone(), key, asked, self.limits.timeout, now);
        Ok(self.all.entry(id).or_insert(session))
    }

    /// Its browser is there; not where it was over before.
    pub(super) fn begin(&mut self, id: &str, now: Duration) {
        if let Some(session) = self.all.get_mut(id)
            && session.status == Status::Pending
        {
            session.status = Status::Running;
            session.updated = now;
        }
    }

    pub(super) fn get(&self, id: &str) -> Option<&Session> {
        self.all.get(id)
    }

    /// All, newest first.
    pub(super) fn list(&self) -> impl Iterator<Item = &Session> {
        self.order.iter().rev().filter_map(|id| self.all.get(id))
    }

    /// How many run.
    pub(super) fn running(&self) -> usize {
        self.all
            .values()
            .filter(|session| session.status.is_live())
            .count()
    }

    /// Whoever has the key connects; the session's id where it runs.
    pub(super) fn connect(&mut self, key: &str) -> Option<String> {
        let runs = |session: &&mut Session| session.key == key && session.status == Status::Running;
        let session = self.all.values_mut().find(runs)?;
        session.connections += 1;
        session.was_connected = true;
        Some(session.id.clone())
    }

    /// A connection has ended; whether the session ends with it.
    pub(super) fn disconnect(&mut self, id: &str, now: Duration) -> bool {
        let Some(session) = self.all.get_mut(id) else {
            return false;
        };
        session.connections = session.connections.saturating_sub(1);
        let ends = session.connections == 0 && !session.asked.keep_alive;
        ends && self.finish(id, Status::Completed, now)
    }

    /// Ends a session; whether it ran until now.
    pub(super) fn finish(&mut self, id: &str, status: Status, now: Duration) -> bool {
        let Some(session) = self.all.get_mut(id) else {
            return false;
        };
        if !session.status.is_live() {
            return false;
        }
        session.status = status;
        session.updated = now;
        session.ended = Some(now);
        true
    }

    /// Ends what has run out of its time; the ids.
    pub(super) fn expire(&mut self, now: Duration) -> Vec<String> {
        let over = |session: &&Session| session.status.is_live() && session.end().0 <= now;
        let over: Vec<(String, Status)> = self
            .all
            .values()
            .filter(over)
            .map(|session| (session.id.clone(), session.end().1))
            .collect();
        let ended = over.into_iter().map(|(id, status)| {
            self.finish(&id, status, now);
            id
        });
        ended.collect()
    }

    /// When the next session ends by itself.
    pub(super) fn next_end(&self) -> Option<Duration> {
        let running = self.all.values().filter(|session| session.status.is_live());
        running.map(|session| session.end().0).min()
    }
}

/// Whether notes are what a query asks for: `user_metadata['a']['b']:'value'`; none where it is no query.
pub(super) fn matches(query: &str, notes: &Map<String, Value>) -> Option<bool> {
    let rest = query.trim().strip_prefix("user_metadata")?;
    let (path, value) = rest.split_once("]:'")?;
    let value = value.strip_suffix('\'')?;
    let names = path.strip_prefix("['")?.strip_suffix('\'')?;
    let mut found: Option<&Value> = None;
    for (at, name) in names.split("']['").enumerate() {
        let inside = match (at, found) {
            (0, _) => notes.get(name),
            (_, Some(Value::Object(inner))) => Map::get(inner, name),
            _ => None,
        };
        found = inside;
    }
    Some(found.and_then(Value::as_str) == Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const LIMITS: Limits = Limits {
        concurrency: 2,
        creations: 3,
        timeout: Duration::from_secs(900),
    };

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn asked(keep_alive: bool, timeout: u64) -> Asked {
        Asked {
            timeout: Some(s(timeout)),
            keep_alive,
            ..Asked::nothing()
        }
    }

    fn made(sessions: &mut Sessions, id: &str, asked: Asked, now: u64) -> Option<TooMany> {
        let made = sessions.create(id.to_owned(), format!("key-{id}"), asked, s(now));
        let failed = made.err();
        sessions.begin(id, s(now));
        failed
    }

    fn status(sessions: &Sessions, id: &str) -> Status {
        sessions.get(id).expect("it is there").status
    }

    #[test]
    fn a_session_that_nobody_connects_to_ends_after_five_minutes() {
        let mut sessions = Sessions::new(LIMITS);
        assert_eq!(made(&mut sessions, "a", asked(false, 900), 0), None);
        assert_eq!(made(&mut sessions, "b", asked(true, 900), 0), None);
        assert_eq!(sessions.next_end(), Some(s(300)));
        assert_eq!(sessions.expire(s(299)), Vec::<String>::new());
        assert_eq!(sessions.expire(s(300)), ["a"]);
        assert_eq!(
            (status(&sessions, "a"), status(&sessions, "b")),
            (Status::Completed, Status::Running)
        );
        assert_eq!(sessions.connect("key-a"), None);
        assert_eq!(sessions.expire(s(900)), ["b"]);
        assert_eq!(status(&sessions, "b"), Status::TimedOut);
        assert_eq!(sessions.next_end(), None);
    }

    #[test]
    fn a_session_ends_with_its_last_connection_unless_it_is_kept() {
        let mut sessions = Sessions::new(LIMITS);
        made(&mut sessions, "a", asked(false, 900), 0);
        made(&mut sessions, "b", asked(true, 900), 0);
        for key in ["key-a", "key-a", "key-b"] {
            assert!(sessions.connect(key).is_some());
        }
        assert_eq!(
            sessions.expire(s(600)),
            Vec::<String>::new(),
            "they were connected to"
        );
        assert!(!sessions.disconnect("a", s(601)), "another is there");
        assert!(sessions.disconnect("a", s(602)));
        assert!(!sessions.disconnect("b", s(603)));
        assert_eq!(
            (status(&sessions, "a"), status(&sessions, "b")),
            (Status::Completed, Status::Running)
        );
        assert!(sessions.connect("key-b").is_some(), "it can be come back to");
        assert!(sessions.finish("b", Status::Completed, s(604)));
        assert!(!sessions.finish("b", Status::Error, s(605)), "it is over");
        assert_eq!(sessions.get("b").and_then(|b| b.ended), Some(s(604)));
    }

    #[test]
    fn a_session_that_is_over_before_its_browser_is_there_stays_over() {
        let mut sessions = Sessions::new(LIMITS);
        sessions
            .create("a".to_owned(), "key-a".to_owned(), asked(true, 60), s(0))
            .expect("it is made");
        assert_eq!((status(&sessions, "a"), sessions.running()), (Status::Pending, 1));
        assert_eq!(sessions.connect("key-a"), None, "nobody is there yet");
        assert!(sessions.finish("a", Status::Completed, s(1)));
        sessions.begin("a", s(2));
        assert_eq!(
            (status(&sessions, "a"), sessions.running()),
            (Status::Completed, 0)
        );
    }

    #[test]
    fn there_are_limits_at_once_and_in_a_minute() {
        let mut sessions = Sessions::new(LIMITS);
        assert_eq!(made(&mut sessions, "a", asked(true, 60), 0), None);
        assert_eq!(made(&mut sessions, "b", asked(true, 60), 10), None);
        assert_eq!(
            made(&mut sessions, "c", asked(true, 60), 11),
            Some(TooMany::AtOnce(2))
        );
        sessions.finish("a", Status::Completed, s(12));
        assert_eq!(made(&mut sessions, "c", asked(true, 60), 12), None);
        sessions.finish("b", Status::Completed, s(13));
        assert_eq!(
            made(&mut sessions, "d", asked(true, 60), 20),
            Some(TooMany::InAMinute(3, s(40)))
        );
        assert_eq!(made(&mut sessions, "d", asked(true, 60), 60), None);
        let newest: Vec<&str> = sessions.list().map(|session| session.id.as_str()).collect();
        assert_eq!(newest, ["d", "c", "b", "a"]);
    }

    #[test]
    fn notes_are_asked_for_by_name() {
        let notes = json!({"stagehand": {"id": "x'y"}, "name": "nightly", "count": 3});
        let notes = notes.as_object().expect("an object");
        let asked = |query: &str| matches(query, notes);
        assert_eq!(asked("user_metadata['name']:'nightly'"), Some(true));
        assert_eq!(asked("user_metadata['stagehand']['id']:'x'y'"), Some(true));
        assert_eq!(asked("user_metadata['name']:'daily'"), Some(false));
        assert_eq!(
            asked("user_metadata['count']:'3'"),
            Some(false),
            "only texts can be asked for"
        );
        assert_eq!(asked("user_metadata['name']['more']:'nightly'"), Some(false));
        for none in [
            "",
            "name:nightly",
            "user_metadata:'x'",
            "user_metadata['name']:nightly",
            "user_metadata[name]:'x'",
        ] {
            assert_eq!(asked(none), None, "{none}");
        }
    }
}
