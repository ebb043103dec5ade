//! What a browser context makes its pages believe: device, place, language, permissions. Plain data, and the
//! checks that need no browser.

use serde::{Deserialize, Serialize};
use std::fmt;
use url::Url;

use super::{Secret, StorageState};
use crate::browser::calls::Size;
use crate::failure::{Code, Failure};
use crate::limits::{MAX_EXTRA_HEADERS, MAX_HEADER_BYTES};

/// Options of a context. What is absent is as the browser has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches, as people know them"
)]
pub struct ContextOptions {
    /// The viewport of its pages; 1280 × 720 where absent.
    pub viewport: Option<Size>,
    /// Device pixels for one CSS pixel, more than 0, at most 10.
    pub device_scale_factor: Option<f64>,
    /// Whether the meta viewport tag counts and the layout is a mobile one.
    pub is_mobile: bool,
    /// Whether there are touch events.
    pub has_touch: bool,
    /// What it calls itself.
    pub user_agent: Option<String>,
    /// Language and region, for example `de-DE`.
    pub locale: Option<String>,
    /// An IANA name, for example `Europe/Berlin`.
    pub time_zone: Option<String>,
    /// Where it is.
    pub geolocation: Option<Geolocation>,
    /// What every origin may do.
    pub permissions: Vec<Permission>,
    /// What media queries see.
    pub media: Media,
    /// Headers of every request.
    pub extra_headers: Vec<Header>,
    /// For servers that ask for a password by HTTP.
    pub http_credentials: Option<HttpCredentials>,
    /// Whether there is no network.
    pub offline: bool,
    /// Cookies and storage to begin with, as text.
    pub storage_state: Option<Secret>,
    /// Whether pages run no scripts of their own.
    pub scripts_disabled: bool,
    /// Whether pages' content security policies are ignored.
    pub bypass_csp: bool,
    /// Whether certificates may be wrong.
    pub ignore_https_errors: bool,
    /// Where relative addresses begin, instead of the run's base URL.
    pub base_url: Option<String>,
    /// Whether pages may not register service workers.
    pub service_workers_blocked: bool,
}

/// A place on Earth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Geolocation {
    /// Degrees north, -90 to 90.
    pub latitude: f64,
    /// Degrees east, -180 to 180.
    pub longitude: f64,
    /// In metres, at least 0.
    pub accuracy: f64,
}

/// What an origin may be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the web's own names of permissions")]
pub enum Permission {
    Geolocation,
    Midi,
    MidiSysex,
    Notifications,
    Camera,
    Microphone,
    BackgroundSync,
    AmbientLightSensor,
    Accelerometer,
    Gyroscope,
    Magnetometer,
    ClipboardRead,
    ClipboardWrite,
    PaymentHandler,
    StorageAccess,
    LocalFonts,
    LocalNetworkAccess,
    ScreenWakeLock,
}

/// What media queries see. What is absent is not emulated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// The kind of output.
    pub media_type: Option<MediaType>,
    /// `prefers-color-scheme`.
    pub color_scheme: Option<ColorScheme>,
    /// `prefers-reduced-motion`.
    pub reduced_motion: Option<ReducedMotion>,
    /// `forced-colors`.
    pub forced_colors: Option<ForcedColors>,
    /// `prefers-contrast`.
    pub contrast: Option<Contrast>,
}

/// A kind of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "CSS's own words")]
pub enum MediaType {
    Screen,
    Print,
}

/// `prefers-color-scheme`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "CSS's own words")]
pub enum ColorScheme {
    Light,
    Dark,
    NoPreference,
}

/// `prefers-reduced-motion`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "CSS's own words")]
pub enum ReducedMotion {
    Reduce,
    NoPreference,
}

/// `forced-colors`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "CSS's own words")]
pub enum ForcedColors {
    Active,
    None,
}

/// `prefers-contrast`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "CSS's own words")]
pub enum Contrast {
    More,
    NoPreference,
}

impl Media {
    /// These, and what they leave open as before.
    #[must_use]
    pub fn over(self, before: Self) -> Self {
        Self {
            media_type: self.media_type.or(before.media_type),
            color_scheme: self.color_scheme.or(before.color_scheme),
            reduced_motion: self.reduced_motion.or(before.reduced_motion),
            forced_colors: self.forced_colors.or(before.forced_colors),
            contrast: self.contrast.or(before.contrast),
        }
    }
}

impl fmt::Display for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = serde_json::to_value(self).unwrap_or_default();
        let set: Vec<String> = value
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some(format!("{} {}", name.replace('_', " "), value.as_str()?)))
            .collect();
        f.write_str(&set.join(", "))
    }
}

/// A header of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value; tokens are among them.
    pub value: Secret,
}

/// User and password for servers that ask for them by HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HttpCredentials {
    /// The user.
    pub user: String,
    /// The password.
    pub password: Secret,
    /// The only origin that gets them, for example `https://shop.example`; none for every one.
    pub origin: Option<String>,
}

impl HttpCredentials {
    /// Whether the origin is one.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`].
    pub fn check(&self) -> Result<(), Failure> {
        match &self.origin {
            Some(origin) => check_origin(origin).map(|_| ()),
            None => Ok(()),
        }
    }
}

impl ContextOptions {
    /// The viewport of its pages.
    #[must_use]
    pub fn viewport(&self) -> Size {
        self.viewport.unwrap_or(Size {
            width: 1280,
            height: 720,
        })
    }

    /// Whether they are in range.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] with what is allowed.
    pub fn check(&self) -> Result<(), Failure> {
        if let Some(size) = self.viewport {
            check_viewport(size)?;
        }
        if let Some(factor) = self.device_scale_factor
            && !(factor > 0.0 && factor <= 10.0)
        {
            return wrong(format!(
                "a device scale factor is more than 0 and at most 10: {factor}"
            ));
        }
        if let Some(agent) = &self.user_agent {
            check_header_text("a user agent", agent)?;
        }
        if let Some(locale) = &self.locale {
            check_locale(locale)?;
        }
        if let Some(zone) = &self.time_zone {
            check_time_zone(zone)?;
        }
        if let Some(place) = &self.geolocation {
            place.check()?;
        }
        check_headers(&self.extra_headers)?;
        if let Some(credentials) = &self.http_credentials {
            credentials.check()?;
        }
        if let Some(state) = &self.storage_state {
            StorageState::parse(state.reveal())?;
        }
        if let Some(base) = &self.base_url
            && Url::parse(base).is_err()
        {
            return wrong(format!("a base URL is an absolute address: {base:?}"));
        }
        Ok(())
    }
}

impl Geolocation {
    /// Whether it is on Earth.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] with the range.
    pub fn check(&self) -> Result<(), Failure> {
        let ranges = [
            ("latitude", self.latitude, -90.0, 90.0),
            ("longitude", self.longitude, -180.0, 180.0),
            ("accuracy", self.accuracy, 0.0, f64::MAX),
        ];
        for (what, value, least, most) in ranges {
            // Not a number is in no range.
            if !(value >= least && value <= most) {
                let range = match most {
                    f64::MAX => format!("at least {least}"),
                    _ => format!("{least} to {most}"),
                };
                return wrong(format!("{what} is {range}: {value}"));
            }
        }
        Ok(())
    }
}

/// Whether a viewport has 1 to 16384 pixels a side.
pub(in crate::browser) fn check_viewport(size: Size) -> Result<(), Failure> {
    let side = 1..=16_384;
    if side.contains(&size.width) && side.contains(&size.height) {
        return Ok(());
    }
    wrong(format!(
        "a viewport has 1 to 16384 pixels a side: {} × {}",
        size.width, size.height
    ))
}

/// An origin, as browsers write it.
pub(crate) fn check_origin(origin: &str) -> Result<String, Failure> {
    match Url::parse(origin).map(|url| url.origin()) {
        Ok(found) if found.is_tuple() => Ok(found.ascii_serialization()),
        _ => wrong(format!(
            "an origin is scheme, host and port, for example https://shop.example: {origin:?}"
        )),
    }
}

/// Whether headers can be sent.
pub(crate) fn check_headers(headers: &[Header]) -> Result<(), Failure> {
    if headers.len() > MAX_EXTRA_HEADERS {
        return wrong(format!(
            "at most {MAX_EXTRA_HEADERS} extra headers: {}",
            headers.len()
        ));
    }
    for Header { name, value } in headers {
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_token) {
            return wrong(format!(
                "a header's name is made of letters, digits and -: {name:?}"
            ));
        }
        check_header_text(&format!("the value of header {name}"), value.reveal())?;
    }
    Ok(())
}

/// Never shows the text: it may be a token.
fn check_header_text(what: &str, text: &str) -> Result<(), Failure> {
    if text.len() > MAX_HEADER_BYTES {
        return wrong(format!(
            "{what} has at most {MAX_HEADER_BYTES} bytes: {}",
            text.len()
        ));
    }
    if text.bytes().any(|byte| matches!(byte, 0 | b'\r' | b'\n')) {
        return wrong(format!("{what} holds no line breaks"));
    }
    Ok(())
}

/// The shape of a BCP 47 tag; whether there is such a language the browser knows.
fn check_locale(locale: &str) -> Result<(), Failure> {
    let mut parts = locale.split('-');
    let language = parts.next().unwrap_or_default();
    let is_language = (2..=8).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_alphabetic());
    let are_subtags =
        parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()));
    if is_language && are_subtags {
        return Ok(());
    }
    wrong(format!(
        "a locale is a language tag, for example en-GB or de: {locale:?}"
    ))
}

/// The shape of an IANA name; whether there is such a zone the browser knows.
fn check_time_zone(zone: &str) -> Result<(), Failure> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte);
    if !zone.is_empty() && zone.len() <= 64 && zone.bytes().all(is_name) {
        return Ok(());
    }
    wrong(format!(
        "a time zone is an IANA name, for example Europe/Berlin: {zone:?}"
    ))
}

pub(super) fn wrong<T>(message: String) -> Result<T, Failure> {
    Err(Failure::new(Code::InvalidArgument, message))
}

#[cfg(test)]
#[path = "options_tests.rs"]
mod tests;
