//! Devices that people have, as facts that their makers publish: the size of the page in CSS pixels, the pixel
//! ratio, touch, and what the browser calls itself.

/// A device that a context can look like; see [`ContextOptions::device`](crate::ContextOptions::device).
///
/// ```
/// use flowguard_sdk::Device;
/// assert_eq!(Device::named("iPhone 15"), Some(Device::IPhone15));
/// assert_eq!(Device::IPhone15.name(), "iPhone 15");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the devices")]
pub enum Device {
    IPhoneSe,
    IPhone12,
    IPhone13,
    IPhone14,
    IPhone14ProMax,
    IPhone15,
    IPhone15ProMax,
    IPhone16,
    IPadMini,
    IPadAir,
    IPadPro11,
    Pixel5,
    Pixel7,
    Pixel8,
    GalaxyS9,
    GalaxyS22,
    GalaxyS24,
    GalaxyTabS9,
    DesktopChrome,
    DesktopChromeHighDpi,
    DesktopEdge,
    DesktopSafari,
    DesktopFirefox,
}

/// What is known of a device.
pub(crate) struct Facts {
    pub(crate) name: &'static str,
    pub(crate) viewport: (u32, u32),
    pub(crate) scale: f64,
    pub(crate) is_mobile: bool,
    pub(crate) has_touch: bool,
    pub(crate) user_agent: &'static str,
}

const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";
const IPAD: &str = "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";
const ANDROID: &str = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36";
const ANDROID_TABLET: &str = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
const EDGE: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0";
const SAFARI: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15";
const FIREFOX: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0";

/// All devices.
const ALL: [Device; 23] = [
    Device::IPhoneSe,
    Device::IPhone12,
    Device::IPhone13,
    Device::IPhone14,
    Device::IPhone14ProMax,
    Device::IPhone15,
    Device::IPhone15ProMax,
    Device::IPhone16,
    Device::IPadMini,
    Device::IPadAir,
    Device::IPadPro11,
    Device::Pixel5,
    Device::Pixel7,
    Device::Pixel8,
    Device::GalaxyS9,
    Device::GalaxyS22,
    Device::GalaxyS24,
    Device::GalaxyTabS9,
    Device::DesktopChrome,
    Device::DesktopChromeHighDpi,
    Device::DesktopEdge,
    Device::DesktopSafari,
    Device::DesktopFirefox,
];

impl Device {
    /// The device of this name, for example `iPhone 15`.
    pub fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|device| device.name() == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// All of them.
    pub const fn all() -> &'static [Self] {
        &ALL
    }

    pub(crate) const fn facts(self) -> Facts {
        match self {
            Self::IPhoneSe => phone("iPhone SE", 320, 568, 2.0, IPHONE),
            Self::IPhone12 => phone("iPhone 12", 390, 664, 3.0, IPHONE),
            Self::IPhone13 => phone("iPhone 13", 390, 664, 3.0, IPHONE),
            Self::IPhone14 => phone("iPhone 14", 390, 664, 3.0, IPHONE),
            Self::IPhone14ProMax => phone("iPhone 14 Pro Max", 430, 740, 3.0, IPHONE),
            Self::IPhone15 => phone("iPhone 15", 393, 659, 3.0, IPHONE),
            Self::IPhone15ProMax => phone("iPhone 15 Pro Max", 430, 739, 3.0, IPHONE),
            Self::IPhone16 => phone("iPhone 16", 393, 659, 3.0, IPHONE),
            Self::IPadMini => phone("iPad Mini", 768, 1024, 2.0, IPAD),
            Self::IPadAir => phone("iPad Air", 820, 1180, 2.0, IPAD),
            Self::IPadPro11 => phone("iPad Pro 11", 834, 1194, 2.0, IPAD),
            Self::Pixel5 => phone("Pixel 5", 393, 727, 2.75, ANDROID),
            Self::Pixel7 => phone("Pixel 7", 412, 839, 2.625, ANDROID),
            Self::Pixel8 => phone("Pixel 8", 412, 839, 2.625, ANDROID),
            Self::GalaxyS9 => phone("Galaxy S9+", 320, 658, 4.5, ANDROID),
            Self::GalaxyS22 => phone("Galaxy S22", 360, 660, 3.0, ANDROID),
            Self::GalaxyS24 => phone("Galaxy S24", 360, 780, 3.0, ANDROID),
            Self::GalaxyTabS9 => phone("Galaxy Tab S9", 640, 1024, 2.5, ANDROID_TABLET),
            Self::DesktopChrome => desktop("Desktop Chrome", 1.0, CHROME),
            Self::DesktopChromeHighDpi => desktop("Desktop Chrome HiDPI", 2.0, CHROME),
            Self::DesktopEdge => desktop("Desktop Edge", 1.0, EDGE),
            Self::DesktopSafari => desktop("Desktop Safari", 2.0, SAFARI),
            Self::DesktopFirefox => desktop("Desktop Firefox", 1.0, FIREFOX),
        }
    }
}

const fn phone(name: &'static str, width: u32, height: u32, scale: f64, user_agent: &'static str) -> Facts {
    Facts {
        name,
        viewport: (width, height),
        scale,
        is_mobile: true,
        has_touch: true,
        user_agent,
    }
}

const fn desktop(name: &'static str, scale: f64, user_agent: &'static str) -> Facts {
    Facts {
        name,
        viewport: (1280, 720),
        scale,
        is_mobile: false,
        has_touch: false,
        user_agent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_device_is_found_by_its_name() {
        for device in Device::all() {
            assert_eq!(Device::named(device.name()), Some(*device));
        }
        assert_eq!(Device::named("Abacus"), None);
    }
}
