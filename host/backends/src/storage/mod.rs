//! Where FlowGuard keeps what outlives a run: buckets and results of runs, artifacts, cassettes.
//!
//! A back end keeps and finds; it decides nothing. What a key, a name or a value may be is checked above, in
//! the port; what a tenant may see follows from the types that name it.

mod artifacts;
mod cassette;
mod embedded;
mod folder;
mod mongodb;
mod recording;

pub use artifacts::{ArtifactStore, PlaceError, RemoteOptions};
pub use cassette::CassetteFile;
pub use embedded::{EmbeddedStore, Former};
pub use mongodb::MongoStore;
pub use recording::{RecordingError, read_cassette};
