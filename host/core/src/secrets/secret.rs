//! A text that must not be read back: a password, the value of a cookie, a key. It is written into no cassette,
//! timeline or log; only what needs it to do its work reveals it.

use serde::{Serialize, Serializer};
use std::fmt;
use zeroize::Zeroizing;

/// What stands wherever a secret would be printed, recorded or answered.
pub const HIDDEN: &str = "[secret]";

/// A text that shows as `[secret]` wherever it is printed or recorded. It is wiped from memory when it is dropped;
/// copies that others have made of it are not.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Hides it.
    #[must_use]
    pub fn new(secret: String) -> Self {
        Self(Zeroizing::new(secret))
    }

    /// What it is: for the browser or a service, and for nobody else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// How long a comparison takes says nothing of where two secrets differ, only whether they are as long.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.reveal().as_bytes(), other.reveal().as_bytes());
        let differing = ours.iter().zip(theirs).fold(0, |all, (a, b)| all | (a ^ b));
        ours.len() == theirs.len() && std::hint::black_box(differing) == 0
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(HIDDEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_neither_printed_nor_recorded() {
        let secret = Secret::new("hunter2".to_owned());
        assert_eq!(format!("{secret:?}"), "[secret]");
        assert_eq!(
            serde_json::to_string(&secret).expect("it is written"),
            "\"[secret]\""
        );
        assert_eq!(secret.reveal(), "hunter2");
    }

    #[test]
    fn secrets_are_equal_where_all_of_them_is() {
        let of = |text: &str| Secret::new(text.to_owned());
        assert_eq!(of("hunter2"), of("hunter2"));
        for other in ["", "hunter", "hunter22", "Hunter2", "hunter3"] {
            assert_ne!(of("hunter2"), of(other), "{other}");
        }
    }
}
