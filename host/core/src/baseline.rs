//! Baselines: the pictures that pages are expected to look like, and how a picture is compared with one. Where
//! they are kept and how pixels are compared is behind the port; taking pictures is not here.

use async_trait::async_trait;
use bytes::Bytes;
use std::fmt::Write as _;

use crate::browser::Size;

/// Bytes of one part of a baseline's name, escaped: file systems hold 255.
const MAX_PART_BYTES: usize = 200;

/// Names a baseline: which flow expects it, what the flow calls it, and the platform that it was drawn on.
/// Its parts are fit for file names, and different names never meet in one file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BaselineName {
    component: String,
    flow: String,
    file: String,
}

impl BaselineName {
    /// The baseline that this flow calls `name`, on this platform; none where the name is empty or too long.
    #[must_use]
    pub fn new(component: &str, flow: &str, name: &str, platform: &str) -> Option<Self> {
        let named = Self {
            component: escaped(component),
            flow: escaped(flow),
            file: format!("{}-{}", escaped(name), escaped(platform)),
        };
        let fits = |part: &String| !part.is_empty() && part.len() <= MAX_PART_BYTES;
        let is_legal = !name.is_empty() && named.parts().into_iter().all(fits);
        is_legal.then_some(named)
    }

    /// Component, flow and file name without its ending.
    #[must_use]
    pub const fn parts(&self) -> [&String; 3] {
        [&self.component, &self.flow, &self.file]
    }
}

impl std::fmt::Display for BaselineName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}.png", self.component, self.flow, self.file)
    }
}

/// Everything but letters, digits, `_`, `-` and inner dots as `%` and two hexadecimal digits.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for (place, byte) in text.bytes().enumerate() {
        let is_plain =
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || (byte == b'.' && place > 0);
        if is_plain {
            safe.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(safe, "%{byte:02X}");
        }
    }
    safe
}

/// How far a picture may be from its baseline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// How different two colours of one pixel may be, 0 (equal) to 1 (anything).
    pub threshold: f64,
    /// So many pixels may differ.
    pub max_pixels: u64,
    /// This share of all pixels may differ, 0 to 1.
    pub max_ratio: f64,
}

impl Tolerance {
    /// Colours that people tell apart differ; no pixel may.
    pub const DEFAULT: Self = Self {
        threshold: 0.2,
        max_pixels: 0,
        max_ratio: 0.0,
    };

    /// Whether so many of so many pixels may differ.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 pixels")]
    pub fn allows(&self, differing: u64, of: u64) -> bool {
        differing <= self.max_pixels || differing as f64 <= self.max_ratio * of as f64
    }
}

/// What a comparison came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compared {
    /// As far as the tolerance says, they are the same.
    Same,
    /// They have different sizes.
    Resized {
        /// Of the baseline.
        expected: Size,
        /// Of the picture.
        actual: Size,
    },
    /// Too many pixels differ.
    Different {
        /// So many.
        pixels: u64,
        /// Of so many.
        of: u64,
        /// A PNG that shows where.
        diff: Bytes,
    },
}

/// Why baselines cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// What is kept is no picture that can be compared.
    #[error("{what} cannot be read as a PNG: {why}")]
    Unreadable {
        /// Which picture.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// The place where baselines are kept is away.
    #[error("the baselines are unavailable: {0}")]
    Unavailable(String),
}

/// Keeps baselines and compares pictures with them. All pictures are PNG.
#[async_trait]
pub trait Baselines: Send + Sync {
    /// The baseline of this name, if there is one.
    async fn load(&self, name: &BaselineName) -> Result<Option<Bytes>, BaselineError>;
    /// Keeps a picture as the baseline of this name.
    async fn save(&self, name: &BaselineName, picture: Bytes) -> Result<(), BaselineError>;
    /// Compares a picture with its baseline.
    async fn compare(
        &self,
        expected: Bytes,
        actual: Bytes,
        tolerance: Tolerance,
    ) -> Result<Compared, BaselineError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_fit_for_file_names_and_never_meet() {
        let of = |name: &str| BaselineName::new("shop", "cart/arithmetic", name, "chromium-linux");
        let told = of("../total: 12 €").expect("a name").to_string();
        assert_eq!(
            told,
            "shop/cart%2Farithmetic/%2E.%2Ftotal%3A%2012%20%E2%82%AC-chromium-linux.png"
        );
        assert_ne!(of("a b"), of("a%20b"));
        assert_eq!(of(""), None);
        assert_eq!(of(&"long".repeat(60)), None);
    }

    #[test]
    fn a_tolerance_allows_by_count_or_by_share() {
        let tolerance = Tolerance {
            max_pixels: 10,
            max_ratio: 0.5,
            ..Tolerance::DEFAULT
        };
        assert!(tolerance.allows(10, 10) && tolerance.allows(50, 100));
        assert!(!tolerance.allows(51, 100));
        assert!(!Tolerance::DEFAULT.allows(1, 1_000_000));
    }
}
