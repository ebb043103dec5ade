//! The host calls on browser contexts. Data only. What is a credential is a [`Secret`], so that neither
//! cassette nor timeline holds it; of what is answered to the guest, [`crate::stand_ins`] takes it out.

use serde::Serialize;

use super::PageId;
use super::declare::calls;
use crate::browser::context::{
    ContextOptions, Cookie, CookieFilter, Geolocation, Header, HttpCredentials, Media, NewCookie, Permission,
    Secret,
};
use crate::gate::Call;
use crate::grant::Ask;
use crate::stand_ins::is_credential;

/// Names a context within its run; the run's own is 0.
pub type ContextId = u32;

calls! {
    /// The run's own context.
    DefaultContext {} "context.default" -> ContextId; title _call => "the run's own context".to_owned();
        @ask Ask::Act;

    /// Makes a context.
    CreateContext {
        /// What it emulates.
        options: ContextOptions,
    } "context.create" -> ContextId; title call => if call.options == ContextOptions::default() { "create a browser context" } else { "create a browser context with options" }.to_owned();
        @ask call.options.base_url.as_deref().map_or(Ask::Act, Ask::Visit);
        @secrets password(call.options.http_credentials.as_ref())
            .chain(tokens(&call.options.extra_headers))
            .collect();

    /// Opens a page in a context.
    OpenPageIn {
        /// The context.
        context: ContextId,
    } "context.open-page" -> PageId; title _call => "open a page in the context".to_owned();
        @ask Ask::Act;

    /// Lists the open pages of a context.
    ContextPages {
        /// The context.
        context: ContextId,
    } "context.pages" -> Vec<PageId>; title _call => "list the context's pages".to_owned();
        @ask Ask::Act;
        @touches false;

    /// Tells the context of a page.
    ContextOf {
        /// The page.
        page: PageId,
    } "context.context-of" -> ContextId; title _call => "the page's context".to_owned();
        @ask Ask::Act;
        @touches false;

    /// Closes a context.
    CloseContext {
        /// The context.
        context: ContextId,
    } "context.close" -> (); title _call => "close the context".to_owned();
        @ask Ask::Act;

    /// Moves the browser.
    SetGeolocation {
        /// The context.
        context: ContextId,
        /// The place; none makes it unknown.
        place: Option<Geolocation>,
    } "context.set-geolocation" -> (); title call => place_title(call.place);
        @ask Ask::Act;

    /// Allows things.
    GrantPermissions {
        /// The context.
        context: ContextId,
        /// What.
        permissions: Vec<Permission>,
        /// To which origin; none for every one.
        origin: Option<String>,
    } "context.grant-permissions" -> (); title call => grant_title(call);
        @ask Ask::Act;

    /// Takes back what was allowed.
    ClearPermissions {
        /// The context.
        context: ContextId,
    } "context.clear-permissions" -> (); title _call => "take all permissions back".to_owned();
        @ask Ask::Act;

    /// Takes the network away, or gives it back.
    SetOffline {
        /// The context.
        context: ContextId,
        /// Whether there is none.
        offline: bool,
    } "context.set-offline" -> (); title call => if call.offline { "go offline" } else { "go online" }.to_owned();
        @ask Ask::Act;

    /// Sets the headers of every request.
    SetExtraHeaders {
        /// The context.
        context: ContextId,
        /// The headers.
        headers: Vec<Header>,
    } "context.set-extra-headers" -> (); title call => headers_title(&call.headers);
        @ask Ask::Act;
        @secrets tokens(&call.headers).collect();

    /// Sets what servers get that ask for a password by HTTP.
    SetHttpCredentials {
        /// The context.
        context: ContextId,
        /// User and password; none for no more.
        credentials: Option<HttpCredentials>,
    } "context.set-http-credentials" -> ();
        title call => match call.credentials {
            Some(_) => "set the credentials for HTTP",
            None => "take the credentials for HTTP back",
        }
        .to_owned();
        @ask Ask::Act;
        @secrets password(call.credentials.as_ref()).collect();

    /// Reads cookies.
    ReadCookies {
        /// The context.
        context: ContextId,
        /// That go to these addresses; all where there are none.
        urls: Vec<String>,
    } "context.cookies" -> Vec<Cookie>; title _call => "read cookies".to_owned();
        @ask Ask::Act;
        @touches false;

    /// Adds cookies.
    AddCookies {
        /// The context.
        context: ContextId,
        /// Them.
        cookies: Vec<NewCookie>,
    } "context.add-cookies" -> (); title call => cookies_title(&call.cookies);
        @ask Ask::Act;
        @secrets call
            .cookies
            .iter()
            .filter(|cookie| cookie.http_only || is_credential(&cookie.name, cookie.value.reveal()))
            .map(|cookie| cookie.value.reveal())
            .collect();

    /// Removes cookies.
    ClearCookies {
        /// The context.
        context: ContextId,
        /// Which.
        which: CookieFilter,
    } "context.clear-cookies" -> (); title _call => "clear cookies".to_owned();
        @ask Ask::Act;

    /// Saves cookies and storage.
    SaveStorageState {
        /// The context.
        context: ContextId,
        /// IndexedDB too.
        indexed_db: bool,
    } "context.storage-state" -> String; title _call => "save the storage state".to_owned();
        @ask Ask::Act;

    /// Loads cookies and storage.
    LoadStorageState {
        /// The context.
        context: ContextId,
        /// The state as text.
        state: Secret,
    } "context.set-storage-state" -> (); title _call => "load a storage state".to_owned();
        @ask Ask::Act;

    /// Changes what a page's media queries see.
    EmulateMedia {
        /// The page.
        page: PageId,
        /// What changes.
        media: Media,
    } "page.emulate-media" -> (); title call => format!("emulate media {}", call.media);
        @ask Ask::Act;
}

fn password(credentials: Option<&HttpCredentials>) -> impl Iterator<Item = &str> {
    credentials
        .map(|credentials| credentials.password.reveal())
        .into_iter()
}

/// The values of headers by which somebody is known.
fn tokens(headers: &[Header]) -> impl Iterator<Item = &str> {
    let values = headers.iter().map(|header| (&header.name, header.value.reveal()));
    values.filter_map(|(name, value)| is_credential(name, value).then_some(value))
}

fn place_title(place: Option<Geolocation>) -> String {
    match place {
        Some(place) => format!("move to {}, {}", place.latitude, place.longitude),
        None => "move to an unknown place".to_owned(),
    }
}

fn grant_title(call: &GrantPermissions) -> String {
    let to = call.origin.as_deref().unwrap_or("every origin");
    let names: Vec<String> = call
        .permissions
        .iter()
        .filter_map(|permission| Some(serde_json::to_value(permission).ok()?.as_str()?.to_owned()))
        .collect();
    format!("allow {} to {to}", names.join(", "))
}

fn headers_title(headers: &[Header]) -> String {
    let names: Vec<&str> = headers.iter().map(|header| header.name.as_str()).collect();
    format!("set extra headers {}", names.join(", "))
}

fn cookies_title(cookies: &[NewCookie]) -> String {
    let names: Vec<&str> = cookies.iter().map(|cookie| cookie.name.as_str()).collect();
    format!("add cookies {}", super::declare::shortened(&names.join(", ")))
}
