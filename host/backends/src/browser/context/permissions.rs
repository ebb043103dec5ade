//! Permissions in Chromium's words.

use chromiumoxide::cdp::browser_protocol::browser::{BrowserContextId, PermissionType};
use chromiumoxide::types::{Command, Method, MethodId};
use serde::Serialize;
use std::collections::HashSet;

use flowguard_core::browser::context::Permission;

/// `Browser.grantPermissions`, which the typed protocol leaves out: allows these to an origin and denies it
/// all others.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GrantPermissions {
    permissions: Vec<PermissionType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
    browser_context_id: BrowserContextId,
}

impl Method for GrantPermissions {
    fn identifier(&self) -> MethodId {
        "Browser.grantPermissions".into()
    }
}

impl Command for GrantPermissions {
    type Response = serde_json::Value;
}

/// The command that allows these.
pub(super) fn granting(
    granted: &HashSet<Permission>,
    origin: Option<&str>,
    context: &BrowserContextId,
) -> GrantPermissions {
    GrantPermissions {
        permissions: granted
            .iter()
            .flat_map(|each| in_chromium(*each))
            .cloned()
            .collect(),
        origin: origin.map(str::to_owned),
        browser_context_id: context.clone(),
    }
}

/// Chromium's names of what people call a permission.
fn in_chromium(permission: Permission) -> &'static [PermissionType] {
    match permission {
        Permission::Geolocation => &[PermissionType::Geolocation],
        Permission::Midi => &[PermissionType::Midi],
        Permission::MidiSysex => &[PermissionType::MidiSysex],
        Permission::Notifications => &[PermissionType::Notifications],
        Permission::Camera => &[PermissionType::VideoCapture],
        Permission::Microphone => &[PermissionType::AudioCapture],
        Permission::BackgroundSync => &[PermissionType::BackgroundSync],
        Permission::AmbientLightSensor
        | Permission::Accelerometer
        | Permission::Gyroscope
        | Permission::Magnetometer => &[PermissionType::Sensors],
        Permission::ClipboardRead => &[PermissionType::ClipboardReadWrite],
        Permission::ClipboardWrite => &[PermissionType::ClipboardSanitizedWrite],
        Permission::PaymentHandler => &[PermissionType::PaymentHandler],
        Permission::StorageAccess => &[PermissionType::StorageAccess],
        Permission::LocalFonts => &[PermissionType::LocalFonts],
        Permission::LocalNetworkAccess => &[
            PermissionType::LocalNetworkAccess,
            PermissionType::LocalNetwork,
            PermissionType::LoopbackNetwork,
        ],
        Permission::ScreenWakeLock => &[PermissionType::WakeLockScreen],
    }
}
