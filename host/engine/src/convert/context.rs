//! The words of contexts, events and overlays.

use bytes::Bytes;

use crate::bindings::{context, events};
use flowguard_core::browser::context as core;
use flowguard_core::browser::context::Secret;

same_cases! {
    context::MediaType => core::MediaType { Screen, Print }
    context::ColorScheme => core::ColorScheme { Light, Dark, NoPreference }
    context::ReducedMotion => core::ReducedMotion { Reduce, NoPreference }
    context::ForcedColors => core::ForcedColors { Active, None }
    context::Contrast => core::Contrast { More, NoPreference }
    context::SameSite => core::SameSite { Strict, Lax, None }
    core::SameSite => context::SameSite { Strict, Lax, None }
    context::Permission => core::Permission {
        Geolocation, Midi, MidiSysex, Notifications, Camera, Microphone, BackgroundSync, AmbientLightSensor,
        Accelerometer, Gyroscope, Magnetometer, ClipboardRead, ClipboardWrite, PaymentHandler, StorageAccess,
        LocalFonts, LocalNetworkAccess, ScreenWakeLock
    }
    core::DialogKind => events::DialogKind { Alert, Confirm, Prompt, Beforeunload }
    core::DownloadState => events::DownloadState { InProgress, Completed, Cancelled }
}

impl From<context::Media> for core::Media {
    fn from(media: context::Media) -> Self {
        Self {
            media_type: media.media_type.map(Into::into),
            color_scheme: media.color_scheme.map(Into::into),
            reduced_motion: media.reduced_motion.map(Into::into),
            forced_colors: media.forced_colors.map(Into::into),
            contrast: media.contrast.map(Into::into),
        }
    }
}

impl From<context::Geolocation> for core::Geolocation {
    fn from(place: context::Geolocation) -> Self {
        let context::Geolocation {
            latitude,
            longitude,
            accuracy,
        } = place;
        Self {
            latitude,
            longitude,
            accuracy,
        }
    }
}

impl From<context::Header> for core::Header {
    fn from(context::Header { name, value }: context::Header) -> Self {
        Self {
            name,
            value: Secret::new(value),
        }
    }
}

impl From<context::HttpCredentials> for core::HttpCredentials {
    fn from(credentials: context::HttpCredentials) -> Self {
        let context::HttpCredentials {
            user,
            password,
            origin,
        } = credentials;
        let password = Secret::new(password);
        Self {
            user,
            password,
            origin,
        }
    }
}

impl From<context::ContextOptions> for core::ContextOptions {
    fn from(options: context::ContextOptions) -> Self {
        Self {
            viewport: options.viewport.map(Into::into),
            device_scale_factor: options.device_scale_factor,
            is_mobile: options.is_mobile,
            has_touch: options.has_touch,
            user_agent: options.user_agent,
            locale: options.locale,
            time_zone: options.time_zone,
            geolocation: options.geolocation.map(Into::into),
            permissions: options.permissions.into_iter().map(Into::into).collect(),
            media: options.media.into(),
            extra_headers: options.extra_headers.into_iter().map(Into::into).collect(),
            http_credentials: options.http_credentials.map(Into::into),
            offline: options.offline,
            storage_state: options.storage_state.map(Secret::new),
            scripts_disabled: options.scripts_disabled,
            bypass_csp: options.bypass_csp,
            ignore_https_errors: options.ignore_https_errors,
            base_url: options.base_url,
            service_workers_blocked: options.service_workers_blocked,
        }
    }
}

impl From<core::Cookie> for context::Cookie {
    fn from(cookie: core::Cookie) -> Self {
        Self {
            name: cookie.name,
            value: cookie.value,
            domain: cookie.domain,
            path: cookie.path,
            expires: cookie.expires,
            http_only: cookie.http_only,
            secure: cookie.secure,
            same_site: cookie.same_site.into(),
            partition_key: cookie.partition_key,
        }
    }
}

impl From<context::NewCookie> for core::NewCookie {
    fn from(cookie: context::NewCookie) -> Self {
        Self {
            name: cookie.name,
            value: Secret::new(cookie.value),
            url: cookie.url,
            domain: cookie.domain,
            path: cookie.path,
            expires: cookie.expires,
            http_only: cookie.http_only,
            secure: cookie.secure,
            same_site: cookie.same_site.map(Into::into),
            partition_key: cookie.partition_key,
        }
    }
}

impl From<context::CookieFilter> for core::CookieFilter {
    fn from(context::CookieFilter { name, domain, path }: context::CookieFilter) -> Self {
        Self { name, domain, path }
    }
}

impl From<events::Kinds> for core::Kinds {
    fn from(kinds: events::Kinds) -> Self {
        use events::Kinds as Watched;
        Self {
            popup: kinds.contains(Watched::POPUP),
            dialog: kinds.contains(Watched::DIALOG),
            download: kinds.contains(Watched::DOWNLOAD),
            file_chooser: kinds.contains(Watched::FILE_CHOOSER),
            console: kinds.contains(Watched::CONSOLE),
            page_error: kinds.contains(Watched::PAGE_ERROR),
            close: kinds.contains(Watched::CLOSE),
            crash: kinds.contains(Watched::CRASH),
        }
    }
}

impl From<events::File> for core::UploadedFile {
    fn from(file: events::File) -> Self {
        Self {
            name: file.name,
            media_type: file.media_type,
            bytes: Bytes::from(file.bytes),
        }
    }
}

impl From<core::Dialog> for events::Dialog {
    fn from(dialog: core::Dialog) -> Self {
        Self {
            kind: dialog.kind.into(),
            message: dialog.message,
            default_value: dialog.default_value,
            url: dialog.url,
            accepted: dialog.accepted,
        }
    }
}

impl From<events::DialogAnswer> for core::DialogAnswer {
    fn from(answer: events::DialogAnswer) -> Self {
        match answer {
            events::DialogAnswer::Accept => Self::Accept,
            events::DialogAnswer::AcceptWith(text) => Self::AcceptWith { text },
            events::DialogAnswer::Dismiss => Self::Dismiss,
            events::DialogAnswer::Fail => Self::Fail,
        }
    }
}
