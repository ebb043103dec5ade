//! `context` of a flow: who looks at its page, from where and with what.

use flowguard_sdk::{BrowserContext, ColorScheme, ContextOptions, Device, Page, Permission, Result};

use crate::fields::{Fields, list, number, scalar, word};
use crate::node::Node;
use crate::problem::Problems;

/// The context that a flow's page is opened in.
#[derive(Debug)]
pub(crate) struct ContextTerms {
    pub(crate) line: usize,
    options: ContextOptions,
}

const SCHEMES: &[(&str, ColorScheme)] = &[
    ("light", ColorScheme::Light),
    ("dark", ColorScheme::Dark),
    ("no-preference", ColorScheme::NoPreference),
];
const PERMISSIONS: &[(&str, Permission)] = &[
    ("geolocation", Permission::Geolocation),
    ("notifications", Permission::Notifications),
    ("camera", Permission::Camera),
    ("microphone", Permission::Microphone),
    ("clipboard-read", Permission::ClipboardRead),
    ("clipboard-write", Permission::ClipboardWrite),
];

impl ContextTerms {
    pub(crate) fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(node, "`context`", problems)?;
        let mut options = ContextOptions::new();
        // First, so that what stands beside it counts more.
        let devices: Vec<_> = Device::all()
            .iter()
            .map(|device| (device.name(), *device))
            .collect();
        if let Some(device) = fields.word("device", &devices, problems) {
            options = options.device(device);
        }
        if let Some((width, height)) = fields
            .get("viewport")
            .and_then(|node| size(node, "viewport", problems))
        {
            options = options.viewport(width, height);
        }
        if let Some(locale) = fields.literal("locale", problems) {
            options = options.locale(locale);
        }
        if let Some(zone) = fields.literal("time-zone", problems) {
            options = options.time_zone(zone);
        }
        if let Some(scheme) = fields.word("color-scheme", SCHEMES, problems) {
            options = options.color_scheme(scheme);
        }
        if fields.switch("reduced-motion", problems) {
            options = options.reduced_motion();
        }
        if let Some((latitude, longitude)) = fields.get("geolocation").and_then(|node| place(node, problems))
        {
            options = options.geolocation(latitude, longitude);
        }
        if let Some(node) = fields.get("permissions") {
            let names = list(node, "permissions", problems).unwrap_or(&[]);
            let permissions = names
                .iter()
                .filter_map(|name| word(name, "permissions", PERMISSIONS, problems));
            options = options.permissions(&permissions.collect::<Vec<_>>());
        }
        if let Some(agent) = fields.literal("user-agent", problems) {
            options = options.user_agent(agent);
        }
        if fields.switch("touch", problems) {
            options = options.has_touch();
        }
        if fields.switch("offline", problems) {
            options = options.offline();
        }
        fields.finish("`context`", problems);
        Some(Self {
            line: node.place.line,
            options,
        })
    }

    /// Opens the flow's page.
    pub(crate) fn open_page(&self) -> Result<Page> {
        BrowserContext::create(self.options.clone())?.open_page()
    }
}

/// A width and a height: `390x844`.
pub(crate) fn size(node: &Node, key: &str, problems: &mut Problems) -> Option<(u32, u32)> {
    let text = scalar(node, key, problems)?;
    let size = text
        .split_once('x')
        .and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    match size {
        Some(size) => Some(size),
        None => problems.none(
            node.place,
            format!("`{key}` is a width and a height like 390x844: {text}"),
        ),
    }
}

fn place(node: &Node, problems: &mut Problems) -> Option<(f64, f64)> {
    let mut fields = Fields::of(node, "`geolocation`", problems)?;
    let latitude = fields.need("latitude");
    let latitude = latitude.and_then(|node| number(node, "latitude", problems));
    let longitude = fields.need("longitude");
    let longitude = longitude.and_then(|node| number(node, "longitude", problems));
    fields.finish("`geolocation`", problems);
    latitude.zip(longitude)
}
