//! The world around a page: contexts and what they emulate, cookies and storage, dialogs, downloads, the
//! clock. The words and the work; how a browser is told is behind [`super::port`].

mod cookies;
mod options;
mod secret;
mod storage_state;

pub use cookies::{Cookie, CookieFilter, NewCookie, SameSite};
pub use options::{
    ColorScheme, ContextOptions, Contrast, ForcedColors, Geolocation, Header, HttpCredentials, Media,
    MediaType, Permission, ReducedMotion,
};
pub use secret::Secret;
pub use storage_state::{Database, Index, LocalItem, ObjectStore, OriginState, Record, StorageState};
