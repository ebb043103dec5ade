//! The zip: its lines of JSON, and the files beside them.

use bytes::Bytes;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The bytes of the zip. Its times are none: the same trace is the same file.
pub(super) fn write(
    events: &[Value],
    network: &[Value],
    files: &BTreeMap<String, Bytes>,
) -> anyhow::Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let small = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let as_it_is = small.compression_method(CompressionMethod::Stored);
    for (name, lines) in [("trace.trace", events), ("trace.network", network)] {
        zip.start_file(name, small)?;
        for line in lines {
            serde_json::to_writer(&mut zip, line)?;
            zip.write_all(b"\n")?;
        }
    }
    for (name, bytes) in files {
        let options = if is_compressed(bytes) { as_it_is } else { small };
        zip.start_file(name.as_str(), options)?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// Whether it is a picture that does not become smaller.
fn is_compressed(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xff\xd8\xff") || bytes.starts_with(b"\x89PNG")
}
