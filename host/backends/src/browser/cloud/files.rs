//! What a session in the cloud has downloaded: fetched as the one archive that Browserbase makes of it.

use async_trait::async_trait;
use bytes::Bytes;
use std::io::{Cursor, Read};
use std::time::Duration;

use super::session::CloudSession;
use crate::browser::context::downloads::RemoteFiles;
use crate::browserbase::Client;

/// The archive holds a file some time after it has come.
const ARCHIVED: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(500);

pub(super) struct Downloaded {
    client: Client,
    session: String,
}

impl Downloaded {
    pub(super) fn by(session: &CloudSession) -> Self {
        Self {
            client: session.client.clone(),
            session: session.session.id.clone(),
        }
    }
}

#[async_trait]
impl RemoteFiles for Downloaded {
    async fn read(&self, name: &str, limit: u64) -> Result<Bytes, String> {
        let mut looks = tokio::time::interval(LOOK_AGAIN);
        let looking = async {
            loop {
                looks.tick().await;
                let archive = self.client.downloads(&self.session).await;
                let archive = archive.map_err(|error| error.to_string())?;
                if let Some(bytes) = find(&archive, name, limit)? {
                    return Ok(bytes);
                }
            }
        };
        let found = tokio::time::timeout(ARCHIVED, looking).await;
        found.unwrap_or_else(|_| {
            Err(format!(
                "the cloud's archive of downloads does not hold {name:?} within {} s",
                ARCHIVED.as_secs()
            ))
        })
    }
}

/// The newest file of this name, at most so many bytes of it. An archive that is empty is none yet.
fn find(archive: &Bytes, name: &str, limit: u64) -> Result<Option<Bytes>, String> {
    if archive.is_empty() {
        return Ok(None);
    }
    let unreadable = |error: &dyn std::fmt::Display| format!("the cloud's archive of downloads: {error}");
    let mut archive = zip::ZipArchive::new(Cursor::new(archive)).map_err(|error| unreadable(&error))?;
    let names: Vec<String> = archive.file_names().map(str::to_owned).collect();
    let Some(found) = names.iter().rev().find(|other| is_named(other, name)) else {
        return Ok(None);
    };
    let file = archive.by_name(found).map_err(|error| unreadable(&error))?;
    let mut bytes = Vec::new();
    file.take(limit)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(&error))?;
    Ok(Some(bytes.into()))
}

/// Whether a file in the archive is this one: Browserbase may put the time between name and ending.
fn is_named(archived: &str, name: &str) -> bool {
    let archived = archived.rsplit('/').next().unwrap_or_default();
    if archived == name {
        return true;
    }
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let rest = archived
        .strip_prefix(stem)
        .and_then(|rest| rest.strip_prefix('-'));
    let Some(rest) = rest else { return false };
    let time = match ending {
        "" => rest,
        ending => rest
            .strip_suffix(ending)
            .and_then(|rest| rest.strip_suffix('.'))
            .unwrap_or_default(),
    };
    time.len() >= 10 && time.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::is_named;

    #[test]
    fn a_file_is_known_with_and_without_its_time() {
        for (archived, name) in [
            ("order.pdf", "order.pdf"),
            ("downloads/order.pdf", "order.pdf"),
            ("order-1719265797164.pdf", "order.pdf"),
            ("order-1719265797164", "order"),
        ] {
            assert!(is_named(archived, name), "{archived}");
        }
        for other in ["reorder.pdf", "order-2.pdf", "order-1719265797164.txt", "order"] {
            assert!(!is_named(other, "order.pdf"), "{other}");
        }
    }
}
