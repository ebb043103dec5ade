//! The world around a page: contexts and what they emulate, cookies and storage, dialogs, files, the clock,
//! overlays. The words and the work; how a browser is told is behind [`super::port`].

mod clock;
mod contexts;
mod cookies;
mod dialogs;
mod events;
mod files;
mod kept;
mod options;
mod overlays;
mod storage_state;
mod watch;

pub use crate::secrets::Secret;
pub use clock::{ClockOrder, ClockState};
pub(super) use contexts::{Contexts, OWN};
pub use cookies::{Cookie, CookieFilter, NewCookie, SameSite};
pub use dialogs::{Dialog, DialogAnswer, DialogKind, DialogReply};
pub(super) use events::Events;
pub(super) use files::check_files;
pub use files::{Download, DownloadState, UploadedFile};
pub(super) use options::check_viewport;
pub use options::{
    ColorScheme, ContextOptions, Contrast, ForcedColors, Geolocation, Header, HttpCredentials, Media,
    MediaType, Permission, ReducedMotion,
};
pub(super) use overlays::Overlays;
pub use overlays::Remedy;
pub use storage_state::{Database, Index, LocalItem, ObjectStore, OriginState, Record, StorageState};
pub(super) use watch::Watches;
pub use watch::{Happening, Kinds};
