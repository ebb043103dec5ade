//! Cookies, local storage and IndexedDB as one text, in the format that Playwright writes and reads, so that a
//! state saved by one can be loaded by the other.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Cookie;
use super::cookies::check_count;
use super::options::{check_origin, wrong};
use crate::failure::Failure;
use crate::limits::{MAX_STORAGE_ORIGINS, MAX_STORAGE_STATE_BYTES};

/// What a context has kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StorageState {
    /// Its cookies.
    #[serde(default)]
    pub cookies: Vec<Cookie>,
    /// What origins have stored.
    #[serde(default)]
    pub origins: Vec<OriginState>,
}

/// What one origin has stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OriginState {
    /// The origin, for example `https://shop.example`.
    pub origin: String,
    /// Its local storage.
    #[serde(default, rename = "localStorage")]
    pub local_storage: Vec<LocalItem>,
    /// Its databases.
    #[serde(default, rename = "indexedDB", skip_serializing_if = "Vec::is_empty")]
    pub indexed_db: Vec<Database>,
}

/// An item of local storage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalItem {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A database of IndexedDB.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// Its version, 1 or more.
    pub version: u64,
    /// Its object stores.
    pub stores: Vec<ObjectStore>,
}

/// An object store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectStore {
    /// Its name.
    pub name: String,
    /// Where in a value its key is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_path: Option<String>,
    /// Where in a value the parts of its key are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_path_array: Option<Vec<String>>,
    /// Whether it makes keys itself.
    pub auto_increment: bool,
    /// Its indexes.
    pub indexes: Vec<Index>,
    /// What is in it.
    pub records: Vec<Record>,
}

/// An index of an object store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Where in a value its key is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_path: Option<String>,
    /// Where in a value the parts of its key are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_path_array: Option<Vec<String>>,
    /// Whether each part of an array is a key.
    pub multi_entry: bool,
    /// Whether no two values have the same.
    pub unique: bool,
}

/// A value with its key. What JSON cannot say is in the encoded forms.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The key; absent where it is in the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Value>,
    /// The key, encoded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_encoded: Option<Value>,
    /// The value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// The value, encoded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_encoded: Option<Value>,
}

impl StorageState {
    /// Reads a state as text.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::failure::Code::InvalidArgument) with the place of what is wrong; no
    /// value is shown.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        if text.len() > MAX_STORAGE_STATE_BYTES {
            return wrong(format!(
                "a storage state has at most {MAX_STORAGE_STATE_BYTES} bytes: {}",
                text.len()
            ));
        }
        let state = match serde_json::from_str::<Self>(text) {
            // A list would be read as the fields in their order.
            Ok(state) if text.trim_start().starts_with('{') => state,
            // What serde says of a wrong type quotes the value, which may be a credential.
            refused => {
                let place = refused.err().map_or_else(String::new, |error| {
                    format!(" (line {}, column {})", error.line(), error.column())
                });
                return wrong(format!(
                    "this is no storage state{place}: it is {{\"cookies\": […], \"origins\": […]}} as Playwright writes it"
                ));
            }
        };
        state.check()?;
        Ok(state)
    }

    fn check(&self) -> Result<(), Failure> {
        check_count(self.cookies.len())?;
        for cookie in &self.cookies {
            cookie.check()?;
        }
        if self.origins.len() > MAX_STORAGE_ORIGINS {
            return wrong(format!(
                "a storage state has at most {MAX_STORAGE_ORIGINS} origins: {}",
                self.origins.len()
            ));
        }
        for OriginState {
            origin, indexed_db, ..
        } in &self.origins
        {
            if check_origin(origin)? != *origin || !origin.starts_with("http") {
                return wrong(format!(
                    "an origin of a storage state is one of http or https: {origin:?}"
                ));
            }
            if let Some(database) = indexed_db.iter().find(|database| database.version == 0) {
                return wrong(format!(
                    "the version of database {:?} is 1 or more",
                    database.name
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Code;

    const SAVED: &str = r#"{
      "cookies": [{"name": "sid", "value": "hunter2", "domain": "127.0.0.1", "path": "/", "expires": -1,
        "httpOnly": true, "secure": false, "sameSite": "Lax"}],
      "origins": [{"origin": "http://127.0.0.1:4000", "localStorage": [{"name": "cart", "value": "[1]"}],
        "indexedDB": [{"name": "shop", "version": 2, "stores": [{"name": "orders", "keyPath": "id",
          "autoIncrement": false, "indexes": [], "records": [{"value": {"id": 1}}]}]}]}]
    }"#;

    #[test]
    fn a_state_is_read_and_written_as_it_was() {
        let state = StorageState::parse(SAVED).expect("a state");
        let written: Value = serde_json::to_value(&state).expect("it is written");
        let mut read: Value = serde_json::from_str(SAVED).expect("JSON");
        read["cookies"][0]["expires"] = (-1.0).into();
        assert_eq!(written, read);
    }

    #[test]
    fn malformed_states_are_refused_without_showing_a_value() {
        let cases = [
            "".to_owned(),
            "[]".to_owned(),
            r#"{"cookies": "hunter2"}"#.to_owned(),
            SAVED.replace("\"Lax\"", "\"hunter2\""),
            SAVED.replace("\"path\": \"/\"", "\"path\": \"\""),
            SAVED.replace("http://127.0.0.1:4000", "nowhere"),
            SAVED.replace("http://127.0.0.1:4000", "http://127.0.0.1:4000/cart"),
            SAVED.replace("\"version\": 2", "\"version\": 0"),
        ];
        for text in cases {
            let failure = StorageState::parse(&text).expect_err(&text);
            assert_eq!(failure.code, Code::InvalidArgument, "{text}");
            assert!(!failure.message.contains("hunter2"), "{}", failure.message);
        }
    }

    #[test]
    fn a_state_that_is_too_large_is_not_read() {
        let text = " ".repeat(MAX_STORAGE_STATE_BYTES + 1);
        assert!(StorageState::parse(&text).is_err());
    }
}
