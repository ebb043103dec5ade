//! Every limit of FlowGuard that is a plain number, in one place. Guest, page and answers of others are
//! hostile; what is not bounded here is bounded nowhere.

use std::time::Duration;

/// Linear memory of one store, all its memories together.
pub const MAX_MEMORY_BYTES: usize = 64 << 20;
/// Elements of one store's Wasm tables, all together.
pub const MAX_TABLE_ELEMENTS: usize = 20_000;
/// Core instances in one component; QuickJS guests need 13.
pub const MAX_CORE_INSTANCES: u32 = 16;
/// Linear memories of one store.
pub const MAX_MEMORIES: u32 = 4;
/// Tables of one store.
pub const MAX_TABLES: u32 = 16;
/// Size of a component file.
pub const MAX_COMPONENT_BYTES: usize = 32 << 20;
/// Bytes that one host call may carry from the guest.
pub const HOSTCALL_FUEL_BYTES: usize = 8 << 20;
/// Resource handles that a guest may hold.
pub const MAX_HANDLES: usize = 1_024;
/// Entries of the host's resource table for one store.
pub const MAX_RESOURCES: usize = 4_096;
/// Wasm stack.
pub const MAX_WASM_STACK_BYTES: usize = 512 << 10;
/// Stack of a fiber that a guest runs on.
pub const ASYNC_STACK_BYTES: usize = 2 << 20;
/// Stores that may live at once in one process.
pub const MAX_INSTANCES: u32 = 256;
/// Bytes that a guest may write to standard output and error, each.
pub const MAX_GUEST_OUTPUT_BYTES: usize = 64 << 10;
/// Interval at which a busy guest yields.
pub const EPOCH_TICK: Duration = Duration::from_millis(10);

/// Time that one store's guest may compute.
pub const CPU_BUDGET: Duration = Duration::from_secs(10);
/// Time that `describe` may take.
pub const DESCRIBE_TIMEOUT: Duration = Duration::from_secs(5);
/// A run's time where the flow does not say.
pub const DEFAULT_RUN_TIMEOUT: Duration = Duration::from_secs(30);
/// A run's time at most.
pub const MAX_RUN_TIMEOUT: Duration = Duration::from_secs(3_600);
/// An action's time where nothing else is said. Shorter than a run's, so that a missing element is reported
/// with its call log and not as a run that took too long.
pub const DEFAULT_ACTION_TIMEOUT: Duration = Duration::from_secs(10);
/// An assertion's time where nothing else is said.
pub const DEFAULT_EXPECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A custom assertion's time where nothing else is said.
pub const DEFAULT_ASSERTION_TIMEOUT: Duration = Duration::from_secs(30);
/// Any timeout that a guest may name, in milliseconds.
pub const MAX_CALL_TIMEOUT_MS: u32 = 600_000;
/// Kept back from a run's remaining time, so that a call that cannot succeed still answers with its log.
pub const DEADLINE_MARGIN: Duration = Duration::from_millis(250);

/// Host calls in one run.
pub const MAX_CALLS: u32 = 100_000;
/// Steps of one batch.
pub const MAX_BATCH_STEPS: usize = 100;
/// Pages open at once in one run.
pub const MAX_PAGES: usize = 8;
/// Browser contexts in one run, besides its own.
pub const MAX_CONTEXTS: usize = 4;
/// Bytes of one message of the browser; of a larger one only whom it is for is read.
pub const MAX_BROWSER_MESSAGE_BYTES: usize = 128 << 20;
/// Bytes of what an evaluated script answers, as JSON.
pub const MAX_SCRIPT_ANSWER_BYTES: usize = 1 << 20;
/// Objects and lists inside of each other in such an answer.
pub const MAX_SCRIPT_ANSWER_DEPTH: usize = 100;
/// Bytes of what is told of an exception that a script throws.
pub const MAX_THROWN_BYTES: usize = 8 << 10;
/// Elements that a script gets at once.
pub const MAX_SCRIPT_ELEMENTS: usize = 1_000;
/// Scripts that one page, or one context, runs in each new document.
pub const MAX_INIT_SCRIPTS: usize = 50;
/// Bytes of these scripts together.
pub const MAX_INIT_SCRIPT_BYTES: usize = 1 << 20;
/// Browser processes of this machine that are kept for later runs; each is one tenant's.
pub const MAX_BROWSER_PROCESSES: usize = 8;
/// Runs that one browser process serves before another takes its place.
pub const MAX_BROWSER_RUNS: u32 = 500;
/// How long one browser process is given to new runs.
pub const MAX_BROWSER_AGE: Duration = Duration::from_secs(3_600);
/// Bytes that the processes of one browser may hold for themselves when a run begins.
pub const MAX_BROWSER_MEMORY_BYTES: u64 = 2 << 30;
/// Watchers of pages open at once in one run.
pub const MAX_WATCHERS: usize = 16;
/// Events that one watcher keeps until they are asked for.
pub const MAX_WATCHED_EVENTS: usize = 1_000;
/// Rules of one page for its dialogs.
pub const MAX_DIALOG_RULES: usize = 100;
/// Handlers of one page for what gets in the way.
pub const MAX_OVERLAY_HANDLERS: usize = 20;
/// Things that one such handler does.
pub const MAX_REMEDIES: usize = 10;
/// Files that one run may download.
pub const MAX_DOWNLOADS: usize = 100;
/// Bytes of a download.
pub const MAX_DOWNLOAD_BYTES: u64 = 64 << 20;
/// Bytes of all downloads of one context.
pub const MAX_DOWNLOADED_BYTES: u64 = 256 << 20;
/// File choosers that one run may be told of.
pub const MAX_FILE_CHOOSERS: usize = 100;
/// Files that a guest may give to a page at once, and pieces of data dropped beside them.
pub const MAX_UPLOADED_FILES: usize = 20;
/// Bytes of the files that a guest gives to a page at once, and of a download that it copies into itself.
pub const MAX_GUEST_FILE_BYTES: usize = 4 << 20;
/// Screenshots in one run.
pub const MAX_SCREENSHOTS: u32 = 200;
/// Bytes of artifacts in one run.
pub const MAX_ARTIFACT_BYTES: u64 = 256 << 20;
/// Addresses that one run may probe.
pub const MAX_PROBES: u32 = 500;
/// Calls of custom assertions in one run.
pub const MAX_ASSERTION_CALLS: u32 = 100;
/// Steps that a timeline keeps; later ones are counted only.
pub const MAX_STEPS: usize = 10_000;
/// Console and network events that a timeline keeps.
pub const MAX_EVENTS: usize = 5_000;
/// Steps that a flow may open in one run.
pub const MAX_SPANS: u32 = 1_000;
/// Steps that a flow may hold open at once.
pub const MAX_OPEN_SPANS: usize = 64;
/// Intervals that one retry names.
pub const MAX_RETRY_INTERVALS: usize = 32;
/// Log lines of one run.
pub const MAX_LOG_LINES: u32 = 10_000;
/// Bytes of a log line.
pub const MAX_LOG_BYTES: usize = 4_096;
/// Attributes of one span, log line or metric.
pub const MAX_ATTRIBUTES: usize = 16;
/// Bytes of an attribute's value.
pub const MAX_ATTRIBUTE_BYTES: usize = 256;

/// Connections to a server at once.
pub const MAX_SERVER_CONNECTIONS: usize = 256;
/// How long the head of a request to a server may take, and a connection between two requests.
pub const SERVER_HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Runs that a server has taken and that have not ended.
pub const MAX_QUEUED_RUNS: usize = 500;
/// Runs that have ended and whose events a server still tells; the store has the others.
pub const MAX_REMEMBERED_RUNS: usize = 200;
/// Runs that a server lists.
pub const MAX_LISTED_RUNS: u32 = 100;
/// Attempts after a first one.
pub const MAX_RETRIES: u32 = 10;
/// Bytes of the name under which a server keeps a component.
pub const MAX_COMPONENT_NAME_BYTES: usize = 120;
/// Entries of the audit that a server shows.
pub const MAX_SHOWN_AUDIT: u32 = 1_000;
/// Bytes of one answer of a server: a run's record, or an artifact.
pub const MAX_SERVER_ANSWER_BYTES: usize = 128 << 20;
/// Orders of the page of a development session that wait.
pub const MAX_PAGE_COMMANDS: usize = 64;
/// Pixels of the longer side of a screencast's pictures.
pub const MAX_SCREENCAST_SIDE: u32 = 1_024;
/// Quality of a screencast's pictures, 0 to 100.
pub const SCREENCAST_QUALITY: u32 = 60;
/// Pictures of the screencast of one attempt.
pub const MAX_SCREENCAST_FRAMES: usize = 400;
/// Bytes of these.
pub const MAX_SCREENCAST_BYTES: usize = 24 << 20;
/// Bytes of compiled functions that `flowguard dev` remembers.
pub const MAX_COMPILED_FUNCTIONS_BYTES: usize = 128 << 20;
/// Runs that leave their pages open at once.
pub const MAX_KEPT_RUNS: usize = 8;
/// How long a page may take to say what it shows, where a run is to go on with it.
pub const FINGERPRINT_TIMEOUT: Duration = Duration::from_secs(1);

/// Bytes of one text of evidence.
pub const MAX_EVIDENCE_BYTES: usize = 64 << 10;
/// Bytes of an address.
pub const MAX_URL_BYTES: usize = 8 << 10;
/// Bytes of a text that is filled in or compared.
pub const MAX_TEXT_BYTES: usize = 1 << 20;
/// Parts of one locator, nested ones included.
pub const MAX_LOCATOR_PARTS: usize = 64;
/// Items of one expected list: texts, values, classes.
pub const MAX_EXPECTED_ITEMS: usize = 1_000;
/// Bytes of an ARIA template.
pub const MAX_ARIA_TEMPLATE_BYTES: usize = 64 << 10;
/// Nodes of an ARIA template.
pub const MAX_ARIA_TEMPLATE_NODES: usize = 2_000;
/// Characters of a text that is typed key by key.
pub const MAX_TYPED_CHARACTERS: usize = 10_000;
/// Moves of the mouse on the way to one place.
pub const MAX_POINTER_STEPS: u32 = 1_000;
/// Any delay of mouse and keyboard that a guest may name, in milliseconds.
pub const MAX_INPUT_DELAY_MS: u32 = 60_000;
/// Options of a `select` that are chosen at once.
pub const MAX_CHOICES: usize = 1_000;
/// Bytes of a cassette; beyond that a run goes on unrecorded.
pub const MAX_CASSETTE_BYTES: u64 = 256 << 20;
/// Bytes of one line of a cassette that is read.
pub const MAX_CASSETTE_LINE_BYTES: usize = 32 << 20;
/// Secrets of an attempt that a recording tells apart; more are left out without a number.
pub const MAX_SECRETS: usize = 256;
/// Bytes of a secret that is found wherever it stands; a shorter one would be found by chance.
pub const MIN_FOUND_SECRET_BYTES: usize = 6;
/// Bytes of a secret that is found wherever it stands; a longer one is left out only where its name says what it is.
pub const MAX_FOUND_SECRET_BYTES: usize = 8 << 10;
/// Values that are kept out of everything that is written, in one process; those of before a rotation count.
pub const MAX_KNOWN_SECRETS: usize = 256;
/// Named secrets in one set.
pub const MAX_NAMED_SECRETS: usize = 1_000;
/// Bytes of the name of one.
pub const MAX_SECRET_NAME_BYTES: usize = 128;
/// Bytes of a set of secrets, as it is fetched: what AWS allows.
pub const MAX_SECRET_SET_BYTES: usize = 64 << 10;
/// How old secrets are when they are fetched anew.
pub const SECRETS_REFRESH: Duration = Duration::from_secs(240);
/// How old secrets may get in ordinary times; older ones are stale.
pub const SECRETS_TTL: Duration = Duration::from_secs(300);
/// How old secrets may get while they cannot be fetched.
pub const MAX_STALE_SECRETS: Duration = Duration::from_secs(24 * 3600);
/// How long fetching secrets may take, tries included.
pub const SECRETS_FETCH_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a replayed flow may go on computing where its recording was cut off.
pub const REPLAY_TAIL: Duration = Duration::from_millis(250);
/// Bytes of a screenshot.
pub const MAX_ATTACHMENT_BYTES: usize = 10 << 20;
/// Bytes that a guest may attach at once.
pub const MAX_GUEST_ATTACHMENT_BYTES: usize = 4 << 20;
/// Bytes of an image that a guest may copy into itself.
pub const MAX_IMAGE_READ_BYTES: usize = 4 << 20;
/// Locators that one screenshot paints over.
pub const MAX_MASKS: usize = 32;
/// A side of a screenshot, in pixels.
pub const MAX_SCREENSHOT_SIDE: f64 = 16_384.0;
/// The area of a screenshot, in pixels.
pub const MAX_SCREENSHOT_AREA: f64 = 40_000_000.0;

/// Extra headers of one context.
pub const MAX_EXTRA_HEADERS: usize = 100;
/// Bytes of a header's value, and of a user agent.
pub const MAX_HEADER_BYTES: usize = 8 << 10;
/// Cookies of one context.
pub const MAX_COOKIES: usize = 1_000;
/// Bytes of a storage state.
pub const MAX_STORAGE_STATE_BYTES: usize = 4 << 20;
/// Origins of a storage state.
pub const MAX_STORAGE_ORIGINS: usize = 100;

/// Routes set at once in one run.
pub const MAX_ROUTES: usize = 100;
/// Bytes of the body that a route answers or sends on with.
pub const MAX_ROUTE_BODY_BYTES: usize = 4 << 20;
/// Bytes that all routes of one run hold: bodies and HARs.
pub const MAX_ROUTE_BYTES: usize = 64 << 20;
/// Headers that a route gives, or that it asks for.
pub const MAX_HEADERS: usize = 200;
/// Requests that wait for a flow's decision at once.
pub const MAX_HELD_REQUESTS: usize = 100;
/// Watches of the network at once in one run.
pub const MAX_WATCHES: usize = 100;
/// Requests that one watch keeps for each moment until the flow asks for them.
pub const MAX_WATCHED: usize = 1_000;
/// Bytes of one run's record of the network: addresses, headers, sent bodies, messages of WebSockets.
pub const MAX_TRAFFIC_BYTES: usize = 16 << 20;
/// Bytes of one response's body in the HAR.
pub const MAX_HAR_BODY_BYTES: usize = 512 << 10;
/// Bytes of all responses' bodies in the HAR of one run.
pub const MAX_HAR_BODIES_BYTES: usize = 8 << 20;
/// Bytes of a HAR that is replayed.
pub const MAX_HAR_BYTES: usize = 64 << 20;
/// Bytes of a response's body that a guest may copy into itself.
pub const MAX_BODY_READ_BYTES: usize = 4 << 20;

/// Bytes of a storage key.
pub const MAX_KEY_BYTES: usize = 512;
/// Bytes of a stored value.
pub const MAX_VALUE_BYTES: usize = 1 << 20;
/// Keys of one bucket.
pub const MAX_BUCKET_KEYS: u64 = 10_000;
/// Bytes of one bucket.
pub const MAX_BUCKET_BYTES: u64 = 64 << 20;
/// Documents that are read at once where a whole collection is gone through.
pub const STORE_PAGE: u32 = 100;
/// Bytes of a document's sealed part; MongoDB takes 16 MiB for the whole.
pub const MAX_SEALED_BYTES: usize = 12 << 20;
/// Bytes of a run's record as JSON, before it is compressed.
pub const MAX_RECORD_BYTES: usize = 128 << 20;
/// Steps that a test result tells apart in clear.
pub const MAX_RESULT_STEPS: usize = 1_000;
/// How long a data key is used before it is looked for again: where it was deleted, it is unusable after this time.
pub const DATA_KEY_CACHED: Duration = Duration::from_secs(60);
/// How long a data key is kept at least after another has taken its place.
pub const SUPERSEDED_KEY_KEPT: Duration = Duration::from_secs(3_600);
/// How long results are kept unless the configuration says otherwise.
pub const RESULTS_KEPT: Duration = Duration::from_secs(90 * 24 * 3_600);
/// How long a call of the store may take.
pub const STORE_CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of a line of a store's export: a document's sealed part in base64, and its fields.
pub const MAX_EXPORT_LINE_BYTES: u64 = 32 << 20;
/// How long a result that the store did not take waits until it is tried again.
pub const OUTBOX_RETRY: Duration = Duration::from_secs(1);
/// How long `flowguard run` waits at its end for a store that is away.
pub const OUTBOX_WAIT: Duration = Duration::from_secs(60);

/// How long one try of a call of a cloud may take.
pub const CLOUD_CALL_TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes of one answer of a cloud.
pub const MAX_CLOUD_ANSWER_BYTES: usize = 16 << 20;
/// Bytes of what a session in a cloud has downloaded, fetched at once.
pub const MAX_CLOUD_DOWNLOAD_BYTES: usize = 256 << 20;

/// Bytes of the request that opens a connection to an emulated session, and of what a proxy answers to such a one.
pub const MAX_OPENING_REQUEST_BYTES: usize = 16 << 10;
/// How long somebody may take for it, or for TLS before it.
pub const OPENING_REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Sessions in a cloud at once that a host may be given.
pub const MAX_CLOUD_SESSIONS: u32 = 250;
/// How long the browser of a session in a cloud may take until it is connected.
pub const CLOUD_CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// The time within which a session is made in the place of one that was kept ready.
pub const CLOUD_REFILL: Duration = Duration::from_secs(10);
/// Bytes of one answer that comes through a tunnel.
pub const MAX_TUNNELLED_BYTES: usize = 64 << 20;
/// Bytes of one message of a WebSocket that comes through a tunnel.
pub const MAX_TUNNELLED_MESSAGE_BYTES: usize = 16 << 20;
/// WebSockets, event sources and answers that come piece by piece that one page has through a tunnel at once.
pub const MAX_TUNNELLED_STREAMS: usize = 64;
/// How long an answer may take that comes through a tunnel.
pub const TUNNEL_TIMEOUT: Duration = Duration::from_secs(60);
/// After this time an answer to a page's `fetch` that has not ended comes piece by piece.
pub const TUNNEL_STREAMS_AFTER: Duration = Duration::from_millis(500);
/// How often each session is asked whether it is there; one that is asked nothing for ten minutes is closed by the cloud.
pub const CLOUD_HEARTBEAT: Duration = Duration::from_secs(60);
/// How long the end of a program waits for the end of its sessions in a cloud.
pub const CLOUD_CLOSING: Duration = Duration::from_secs(15);
/// How long it waits then until their recordings are kept.
pub const CLOUD_RECORDINGS_WAIT: Duration = Duration::from_secs(10);
/// How long a cloud may take to make the recordings of a session.
pub const CLOUD_RECORDING_TIMEOUT: Duration = Duration::from_secs(120);
/// How long after its end it is tried to keep the recording of a session.
pub const CLOUD_RECORDINGS_TRIED: Duration = Duration::from_secs(24 * 3_600);
/// Films of one session that are kept; each page has one.
pub const MAX_CLOUD_FILMS: usize = 100;

/// Events of pages that an emulated session keeps.
pub const MAX_EMULATED_LOGS: usize = 1_000;
/// Pictures of documents that an emulated session keeps.
pub const MAX_EMULATED_PICTURES: usize = 100;
/// Bytes of a request to the emulator: a file that is uploaded, an extension.
pub const MAX_EMULATED_FILE_BYTES: usize = 64 << 20;

/// How long one look of `flowguard env validate` may take.
pub const PROBE_TIMEOUT: Duration = Duration::from_secs(20);
/// Bytes of an answer that such a look reads.
pub const MAX_PROBE_BYTES: usize = 64 << 10;
/// Bytes that must be free where the data is.
pub const LEAST_FREE_BYTES: u64 = 256 << 20;

/// Bytes of a configuration file.
pub const MAX_CONFIGURATION_BYTES: usize = 1 << 20;
/// Bytes of one value of the configuration.
pub const MAX_SETTING_BYTES: usize = 4 << 10;
/// Entries of one list of the configuration.
pub const MAX_SETTING_ENTRIES: usize = 256;
/// Flows that run at once.
pub const MAX_WORKERS: u32 = 64;
/// Days that a result or a recording may be kept.
pub const MAX_RETENTION_DAYS: u32 = 3_650;

/// Bytes of one artifact, whoever wrote it: more than any attachment, component, download or HAR may have.
pub const MAX_KEPT_ARTIFACT_BYTES: usize = 128 << 20;
/// How old an artifact becomes before writing it again renews it.
pub const ARTIFACT_RENEWAL: Duration = Duration::from_secs(24 * 3_600);
/// How long between two removals of what has expired.
pub const SWEEP_INTERVAL: Duration = Duration::from_secs(24 * 3_600);
/// How long `flowguard run` may take at its end to remove what has expired.
pub const MAX_SWEEP_AFTER_RUN: Duration = Duration::from_secs(10);
/// How long a connection to a remote store of artifacts may take.
pub const ARTIFACT_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long one request to a remote store of artifacts may take.
pub const ARTIFACT_REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// How often a request to a remote store of artifacts is made again.
pub const MAX_ARTIFACT_RETRIES: usize = 3;
/// How long after its beginning a request to a remote store of artifacts is made again.
pub const ARTIFACT_RETRY_TIME: Duration = Duration::from_secs(30);
/// Damaged artifacts that a process remembers, so as to write them anew.
pub const MAX_DAMAGED_ARTIFACTS: usize = 1_000;
