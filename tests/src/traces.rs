//! The search for a text in all that a program has left behind: plain, encoded, and inside of archives, encoded pieces
//! and databases.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Archives inside of each other that are opened.
const DEPTH: usize = 4;
/// Characters of base64 that are worth decoding.
const RUN: usize = 16;

/// What is looked for: a text in its forms, whole and in halves, because a database may part it.
#[derive(Debug)]
pub struct Canary {
    forms: Vec<(String, Vec<u8>)>,
}

impl Canary {
    /// The text and its halves: plain, URL-encoded in both cases, in base64 at each place, escaped as JSON.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let half = (0..=text.len() / 2)
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(0);
        let mut forms = Vec::new();
        for part in [text, &text[..half], &text[half..]] {
            let mut add = |form: &str, bytes: Vec<u8>| forms.push((format!("{form} of {part}"), bytes));
            add("plain", part.as_bytes().to_vec());
            add("upper", part.to_uppercase().into_bytes());
            add("URL-encoded", url_encoded(part, true).into_bytes());
            add("url-encoded", url_encoded(part, false).into_bytes());
            let json = serde_json::Value::from(part).to_string();
            add("JSON", json.as_bytes()[1..json.len() - 1].to_vec());
            for before in 0..3 {
                let mut bytes = vec![b'x'; before];
                bytes.extend_from_slice(part.as_bytes());
                let encoded = engine(&alphabet::STANDARD).encode(&bytes);
                let first = (before * 8).div_ceil(6);
                add("base64", encoded.as_bytes()[first..bytes.len() * 8 / 6].to_vec());
            }
        }
        Self { forms }
    }

    /// Where it stands in all files of a folder, and how many bytes these have.
    #[must_use]
    pub fn in_folder(&self, folder: &Path) -> (Vec<String>, usize) {
        let (mut found, mut searched) = (Vec::new(), 0);
        for file in files_below(folder) {
            let bytes = match std::fs::read(&file) {
                Ok(bytes) => bytes,
                // A browser that ends clears up behind itself.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => panic!("{} cannot be searched: {error}", file.display()),
            };
            searched += bytes.len();
            found.extend(self.in_bytes(&file.display().to_string(), &bytes));
        }
        (found, searched)
    }

    /// Where it stands in these bytes, and in what they are the encoding of.
    #[must_use]
    pub fn in_bytes(&self, name: &str, bytes: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        self.look(name, bytes, DEPTH, &mut found);
        found
    }

    fn look(&self, name: &str, bytes: &[u8], depth: usize, found: &mut Vec<String>) {
        for (form, sought) in &self.forms {
            if let Some(at) = bytes.windows(sought.len()).position(|window| window == sought) {
                let around =
                    String::from_utf8_lossy(&bytes[at.saturating_sub(60)..(at + 60).min(bytes.len())])
                        .into_owned();
                found.push(format!("{name}: {form}: …{around}…"));
            }
        }
        if depth == 0 {
            return;
        }
        if bytes.starts_with(b"PK\x03\x04")
            && let Ok(mut archive) = zip::ZipArchive::new(std::io::Cursor::new(bytes))
        {
            for index in 0..archive.len() {
                let mut inner = Vec::new();
                let mut entry = archive.by_index(index).expect("the archive is whole");
                let inside = format!("{name}!{}", entry.name());
                entry.read_to_end(&mut inner).expect("the entry is whole");
                self.look(&inside, &inner, depth - 1, found);
            }
        }
        let is_code = |b: &u8| b.is_ascii_alphanumeric() || b"+/-_".contains(b);
        for run in bytes.split(|b| !is_code(b)).filter(|run| run.len() >= RUN) {
            for alphabet in [&alphabet::STANDARD, &alphabet::URL_SAFE] {
                // Of a run that is cut somewhere, what can be decoded is.
                let whole = &run[..run.len() / 4 * 4];
                if let Ok(decoded) = engine(alphabet).decode(whole) {
                    self.look(&format!("{name}, decoded"), &decoded, depth - 1, found);
                }
            }
        }
    }
}

fn engine(alphabet: &alphabet::Alphabet) -> GeneralPurpose {
    let lenient = GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(alphabet, lenient)
}

fn url_encoded(text: &str, upper: bool) -> String {
    text.bytes().fold(String::new(), |mut all, byte| {
        let _ = match byte {
            byte if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) => {
                write!(all, "{}", char::from(byte))
            }
            byte if upper => write!(all, "%{byte:02X}"),
            byte => write!(all, "%{byte:02x}"),
        };
        all
    })
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files.extend(files_below(&path)),
            Ok(kind) if kind.is_file() => files.push(path),
            _ => {}
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A search that finds nothing anywhere would make all other tests pass.
    #[test]
    fn a_canary_is_found_however_it_is_hidden() {
        let canary = Canary::new("kanarie-7F/+\"&x");
        let plain = b"a kanarie-7F/+\"&x b".to_vec();
        let encoded = engine(&alphabet::STANDARD).encode(&plain);
        let twice = engine(&alphabet::URL_SAFE).encode(&encoded);
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        archive
            .start_file("inside.txt", zip::write::SimpleFileOptions::default())
            .and_then(|()| Ok(std::io::Write::write_all(&mut archive, twice.as_bytes())?))
            .expect("it is written");
        let archive = archive.finish().expect("it is written").into_inner();
        let hidden: [Vec<u8>; 7] = [
            plain,
            encoded.into_bytes(),
            archive,
            b"x=kanarie-7F%2f%2b%22%26x".to_vec(),
            b"{\"a\":\"kanarie-7F/+\\\"&x\"}".to_vec(),
            b"the first page ends with kanarie".to_vec(),
            b"KANARIE-7F".to_vec(),
        ];
        for bytes in hidden {
            assert!(
                !canary.in_bytes("it", &bytes).is_empty(),
                "{}",
                String::from_utf8_lossy(&bytes)
            );
        }
        assert!(canary.in_bytes("it", b"a canary, [secret]").is_empty());
    }
}
