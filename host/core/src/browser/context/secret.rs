//! A text that must not be read back: a password, the value of a cookie. It is written into no cassette,
//! timeline or log; only the port sees it.

use serde::{Serialize, Serializer};
use std::fmt;

/// A text that shows as `[secret]` wherever it is printed or recorded.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides it.
    pub const fn new(secret: String) -> Self {
        Self(secret)
    }

    /// What it is: for the browser, and for nobody else.
    pub fn reveal(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("[secret]")
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
}
