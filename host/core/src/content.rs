//! Bytes as a recording writes them: most are text, and stay readable.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Bytes that are written as text where they are text, in base64 elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content(pub Bytes);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Written<'a> {
    Text(std::borrow::Cow<'a, str>),
    Base64(String),
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl From<Content> for Vec<u8> {
    fn from(content: Content) -> Self {
        content.0.into()
    }
}

impl std::ops::Deref for Content {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(self) {
            Ok(text) => Written::Text(text.into()),
            Err(_) => Written::Base64(STANDARD.encode(&self.0)),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Written::deserialize(deserializer)? {
            Written::Text(text) => text.into_owned().into_bytes().into(),
            Written::Base64(text) => STANDARD.decode(text).map_err(de::Error::custom)?.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_readable_and_every_byte_comes_back() {
        for (bytes, written) in [
            (&b"{\"orders\":3}"[..], r#"{"text":"{\"orders\":3}"}"#),
            (b"", r#"{"text":""}"#),
            (b"\xff\x00\x01", r#"{"base64":"/wAB"}"#),
        ] {
            let content = Content(Bytes::from_static(bytes));
            assert_eq!(serde_json::to_string(&content).expect("plain"), written);
            assert_eq!(serde_json::from_str::<Content>(written).expect("read"), content);
        }
        assert!(serde_json::from_str::<Content>(r#"{"base64":"?"}"#).is_err());
    }
}
