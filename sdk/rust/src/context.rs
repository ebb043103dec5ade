//! Browser contexts: what pages share, and what they are made to believe.

use crate::bindings::flow::flowguard::plugin::clock as host_clock;
use crate::bindings::flow::flowguard::plugin::context as host;
pub use host::{
    ColorScheme, Contrast, Cookie, CookieFilter, ForcedColors, Geolocation, Media, MediaType, NewCookie,
    Permission, ReducedMotion, SameSite,
};
use std::rc::Rc;
use std::time::Duration;

use crate::device::Device;
use crate::failure::Result;
use crate::page::Page;
use crate::types::Size;

/// A browser context: pages that share cookies, storage and permissions with each other and nobody else.
///
/// ```no_run
/// # use flowguard_sdk::prelude::*;
/// # fn example() -> Result {
/// let german = BrowserContext::create(ContextOptions::new().locale("de-DE").time_zone("Europe/Berlin"))?;
/// let page = german.open_page()?;
/// page.goto("/")?;
/// expect(page.get_by_role(Role::Heading, "Warenkorb")).to_be_visible()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct BrowserContext(pub(crate) Rc<host::BrowserContext>);

impl BrowserContext {
    /// The run's own, in which [`Page::open`] opens.
    pub fn own() -> Result<Self> {
        Ok(Self(Rc::new(host::BrowserContext::default()?)))
    }

    /// Another one; at most 4 at once.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "options are written where they are used"
    )]
    pub fn create(options: ContextOptions) -> Result<Self> {
        Ok(Self(Rc::new(host::BrowserContext::create(&options.0)?)))
    }

    /// Opens a page in it.
    pub fn open_page(&self) -> Result<Page> {
        Ok(Page(Rc::new(self.0.open_page()?)))
    }

    /// Its open pages, popups too, in the order of their opening.
    pub fn pages(&self) -> Result<Vec<Page>> {
        let pages = self.0.pages()?;
        Ok(pages.into_iter().map(|page| Page(Rc::new(page))).collect())
    }

    /// Closes it with its pages.
    pub fn close(&self) -> Result {
        Ok(self.0.close()?)
    }

    /// Changes the place; none makes it unknown.
    pub fn set_geolocation(&self, place: Option<Geolocation>) -> Result {
        Ok(self.0.set_geolocation(place)?)
    }

    /// Allows things to every origin.
    pub fn grant_permissions(&self, permissions: &[Permission]) -> Result {
        Ok(self.0.grant_permissions(permissions, None)?)
    }

    /// Allows things to one origin, for example `https://shop.example`.
    pub fn grant_permissions_to(&self, origin: &str, permissions: &[Permission]) -> Result {
        Ok(self.0.grant_permissions(permissions, Some(origin))?)
    }

    /// Takes back all that was allowed.
    pub fn clear_permissions(&self) -> Result {
        Ok(self.0.clear_permissions()?)
    }

    /// Takes the network away, or gives it back.
    pub fn set_offline(&self, offline: bool) -> Result {
        Ok(self.0.set_offline(offline)?)
    }

    /// Headers of every request from now on, instead of those before.
    pub fn set_extra_headers(&self, headers: &[(&str, &str)]) -> Result {
        Ok(self.0.set_extra_headers(&as_headers(headers))?)
    }

    /// User and password for servers of this origin that ask for them by HTTP, from now on.
    pub fn set_http_credentials(&self, origin: &str, user: &str, password: &str) -> Result {
        let credentials = credentials(origin, user, password);
        Ok(self.0.set_http_credentials(Some(&credentials))?)
    }

    /// All cookies.
    pub fn cookies(&self) -> Result<Vec<Cookie>> {
        Ok(self.0.cookies(&[])?)
    }

    /// The cookies that go with requests to an address.
    pub fn cookies_for(&self, url: &str) -> Result<Vec<Cookie>> {
        Ok(self.0.cookies(&[url.to_owned()])?)
    }

    /// Adds cookies, all or none.
    pub fn add_cookies(&self, cookies: &[NewCookie]) -> Result {
        Ok(self.0.add_cookies(cookies)?)
    }

    /// Removes all cookies.
    pub fn clear_cookies(&self) -> Result {
        self.clear_cookies_that(&CookieFilter {
            name: None,
            domain: None,
            path: None,
        })
    }

    /// Removes the cookies that the filter names.
    pub fn clear_cookies_that(&self, which: &CookieFilter) -> Result {
        Ok(self.0.clear_cookies(which)?)
    }

    /// Cookies and local storage as JSON in Playwright's format. It holds credentials.
    pub fn storage_state(&self) -> Result<String> {
        Ok(self.0.storage_state(false)?)
    }

    /// [`storage_state`](Self::storage_state) with IndexedDB.
    pub fn storage_state_with_indexed_db(&self) -> Result<String> {
        Ok(self.0.storage_state(true)?)
    }

    /// Clears cookies and storage and loads these.
    pub fn set_storage_state(&self, state: &str) -> Result {
        Ok(self.0.set_storage_state(state)?)
    }

    /// The clock that its pages see.
    pub fn clock(&self) -> Clock {
        Clock(self.0.clone())
    }
}

/// The clock that a context's pages see. Times are milliseconds since 1970.
pub struct Clock(Rc<host::BrowserContext>);

impl Clock {
    /// Puts a clock of its own into all pages; it begins at the real time.
    pub fn install(&self) -> Result {
        Ok(host_clock::install(&self.0, None)?)
    }

    /// Puts a clock of its own into all pages; it begins at this time.
    pub fn install_at(&self, time: f64) -> Result {
        Ok(host_clock::install(&self.0, Some(time))?)
    }

    /// Goes ahead; timers that fall due run at most once.
    pub fn fast_forward(&self, by: Duration) -> Result {
        Ok(host_clock::fast_forward(&self.0, by.as_secs_f64() * 1_000.0)?)
    }

    /// Goes ahead and runs every timer on the way.
    pub fn run_for(&self, by: Duration) -> Result {
        Ok(host_clock::run_for(&self.0, by.as_secs_f64() * 1_000.0)?)
    }

    /// Goes ahead to this time and stands still there.
    pub fn pause_at(&self, time: f64) -> Result {
        Ok(host_clock::pause_at(&self.0, time)?)
    }

    /// Lets it go on.
    pub fn resume(&self) -> Result {
        Ok(host_clock::resume(&self.0)?)
    }

    /// Pins what `Date` says; timers go on.
    pub fn set_fixed_time(&self, time: f64) -> Result {
        Ok(host_clock::set_fixed_time(&self.0, time)?)
    }

    /// Sets what `Date` says without running a timer.
    pub fn set_system_time(&self, time: f64) -> Result {
        Ok(host_clock::set_system_time(&self.0, time)?)
    }
}

impl Page {
    /// The context that it is in.
    pub fn context(&self) -> Result<BrowserContext> {
        Ok(BrowserContext(Rc::new(host::context_of(&self.0)?)))
    }

    /// Changes what media queries see; absent fields stay as they were.
    pub fn emulate_media(&self, media: Media) -> Result {
        Ok(host::emulate_media(&self.0, media)?)
    }

    /// Says that the user prefers these colours.
    pub fn emulate_color_scheme(&self, scheme: ColorScheme) -> Result {
        self.emulate_media(Media {
            color_scheme: Some(scheme),
            ..NO_MEDIA
        })
    }
}

const NO_MEDIA: Media = Media {
    media_type: None,
    color_scheme: None,
    reduced_motion: None,
    forced_colors: None,
    contrast: None,
};

/// Options of a context. What is not said is as the browser has it.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct ContextOptions(pub(crate) host::ContextOptions);

impl ContextOptions {
    /// A desktop browser with a viewport of 1280 × 720 that emulates nothing.
    pub fn new() -> Self {
        Self(host::ContextOptions {
            viewport: None,
            device_scale_factor: None,
            is_mobile: false,
            has_touch: false,
            user_agent: None,
            locale: None,
            time_zone: None,
            geolocation: None,
            permissions: Vec::new(),
            media: NO_MEDIA,
            extra_headers: Vec::new(),
            http_credentials: None,
            offline: false,
            storage_state: None,
            scripts_disabled: false,
            bypass_csp: false,
            ignore_https_errors: false,
            base_url: None,
            service_workers_blocked: false,
        })
    }

    /// Looks like a device: viewport, pixel ratio, touch, user agent.
    pub fn device(mut self, device: Device) -> Self {
        let facts = device.facts();
        let (width, height) = facts.viewport;
        self.0.viewport = Some(Size { width, height });
        self.0.device_scale_factor = Some(facts.scale);
        self.0.is_mobile = facts.is_mobile;
        self.0.has_touch = facts.has_touch;
        self.0.user_agent = Some(facts.user_agent.to_owned());
        self
    }

    /// The viewport of its pages.
    pub fn viewport(mut self, width: u32, height: u32) -> Self {
        self.0.viewport = Some(Size { width, height });
        self
    }

    /// Device pixels for one CSS pixel.
    pub fn device_scale_factor(mut self, factor: f64) -> Self {
        self.0.device_scale_factor = Some(factor);
        self
    }

    /// A mobile layout, with touch events.
    pub fn mobile(mut self) -> Self {
        self.0.is_mobile = true;
        self.0.has_touch = true;
        self
    }

    /// Touch events.
    pub fn has_touch(mut self) -> Self {
        self.0.has_touch = true;
        self
    }

    /// What the browser calls itself.
    pub fn user_agent(mut self, agent: impl Into<String>) -> Self {
        self.0.user_agent = Some(agent.into());
        self
    }

    /// Language and region, for example `de-DE`.
    pub fn locale(mut self, locale: impl Into<String>) -> Self {
        self.0.locale = Some(locale.into());
        self
    }

    /// An IANA time zone, for example `Europe/Berlin`.
    pub fn time_zone(mut self, zone: impl Into<String>) -> Self {
        self.0.time_zone = Some(zone.into());
        self
    }

    /// Where it is, in degrees; pages see it where they have [`Permission::Geolocation`].
    pub fn geolocation(mut self, latitude: f64, longitude: f64) -> Self {
        self.0.geolocation = Some(Geolocation {
            latitude,
            longitude,
            accuracy: 0.0,
        });
        self
    }

    /// What every origin may do.
    pub fn permissions(mut self, permissions: &[Permission]) -> Self {
        self.0.permissions = permissions.to_vec();
        self
    }

    /// What media queries see.
    pub fn media(mut self, media: Media) -> Self {
        self.0.media = media;
        self
    }

    /// The user prefers these colours.
    pub fn color_scheme(mut self, scheme: ColorScheme) -> Self {
        self.0.media.color_scheme = Some(scheme);
        self
    }

    /// The user prefers little motion.
    pub fn reduced_motion(mut self) -> Self {
        self.0.media.reduced_motion = Some(ReducedMotion::Reduce);
        self
    }

    /// Headers of every request.
    pub fn extra_headers(mut self, headers: &[(&str, &str)]) -> Self {
        self.0.extra_headers = as_headers(headers);
        self
    }

    /// User and password for servers that ask for them by HTTP; only this origin gets them.
    pub fn http_credentials(mut self, origin: &str, user: &str, password: &str) -> Self {
        self.0.http_credentials = Some(credentials(origin, user, password));
        self
    }

    /// No network.
    pub fn offline(mut self) -> Self {
        self.0.offline = true;
        self
    }

    /// Cookies and storage to begin with, as [`BrowserContext::storage_state`] answered them.
    pub fn storage_state(mut self, state: impl Into<String>) -> Self {
        self.0.storage_state = Some(state.into());
        self
    }

    /// Pages run no scripts of their own.
    pub fn scripts_disabled(mut self) -> Self {
        self.0.scripts_disabled = true;
        self
    }

    /// Pages' content security policies are ignored.
    pub fn bypass_csp(mut self) -> Self {
        self.0.bypass_csp = true;
        self
    }

    /// Certificates may be wrong.
    pub fn ignore_https_errors(mut self) -> Self {
        self.0.ignore_https_errors = true;
        self
    }

    /// Where relative addresses begin, instead of the run's base URL.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.0.base_url = Some(url.into());
        self
    }

    /// Pages may not register service workers.
    pub fn service_workers_blocked(mut self) -> Self {
        self.0.service_workers_blocked = true;
        self
    }
}

impl Default for ContextOptions {
    fn default() -> Self {
        Self::new()
    }
}

fn credentials(origin: &str, user: &str, password: &str) -> host::HttpCredentials {
    host::HttpCredentials {
        user: user.to_owned(),
        password: password.to_owned(),
        origin: Some(origin.to_owned()),
    }
}

fn as_headers(headers: &[(&str, &str)]) -> Vec<host::Header> {
    let header = |(name, value): &(&str, &str)| host::Header {
        name: (*name).to_owned(),
        value: (*value).to_owned(),
    };
    headers.iter().map(header).collect()
}
