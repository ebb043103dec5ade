//! Cassettes that are read back: whole, torn, damaged, foreign.

use std::path::{Path, PathBuf};

use flowguard_backends::storage::{CassetteFile, RecordingError, read_cassette};
use flowguard_core::cassette::{CASSETTE_VERSION, RecordedCall, Recording, Tape};
use flowguard_core::replay::{Asked, Replay};
use flowguard_core::verdict::Verdict;

use crate::cassette::header;

/// What `flowguard run` writes: calls with a custom assertion among them, clocks, a fault, an end.
const LINES: [&str; 9] = [
    r#"{"n":1,"source":"flow","op":"page.open","title":"open a page","args":{},"step":0,"at_us":10,"took_us":900,"ok":1}"#,
    r#"{"clock":"wall","ns":1700000000000000000}"#,
    r#"{"n":2,"source":"flow","op":"log","title":"info: begun","args":{"level":"info","message":"begun","attributes":[]},"local":true,"step":1,"at_us":950,"took_us":3,"ok":null}"#,
    r#"{"n":4,"source":"content","op":"page.title","title":"read the title","args":{"page":1},"step":3,"at_us":1000,"took_us":40,"ok":"Übersicht"}"#,
    r#"{"n":3,"source":"flow","op":"assert","title":"assert content","args":{"name":"content","page":1},"local":true,"step":2,"at_us":990,"took_us":60,"ok":{"value":{"passed":true,"summary":"","findings":[]}}}"#,
    r#"{"fault":{"code":"assertion-failed","message":"a dialog came that must not come: \"x\"","retryable":false,"call":null}}"#,
    r#"{"clock":"monotonic","ns":12000000}"#,
    r#"{"n":5,"source":"flow","op":"locator.click","title":"click button \"Pay\"","args":{"page":1},"step":4,"at_us":1100,"took_us":70,"err":{"code":"timeout","message":"waited","retryable":false,"call":5}}"#,
    r#"{"end":{"verdict":{"is":"failed","failures":[]},"took_us":1300,"cut":false}}"#,
];

fn recorded(folder: &Path) -> (PathBuf, Vec<u8>) {
    let path = folder.join("1.cassette");
    let cassette = CassetteFile::create(&path, &header()).unwrap();
    for line in LINES {
        cassette.append(format!("{line}\n").as_bytes()).unwrap();
    }
    let bytes = std::fs::read(&path).unwrap();
    (path, bytes)
}

fn numbers(recording: &Recording) -> Vec<u32> {
    recording.calls.iter().map(|call| call.n).collect()
}

#[test]
fn a_cassette_is_read_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = recorded(folder.path());
    let recording = read_cassette(&path).unwrap();
    assert_eq!(recording.header, header());
    assert_eq!(numbers(&recording), [1, 2, 3, 4, 5]);
    assert_eq!(recording.wall, [1_700_000_000_000_000_000]);
    assert_eq!(recording.monotonic, [12_000_000]);
    assert_eq!(
        recording.calls[4].faults.len(),
        1,
        "it came before the click was answered"
    );
    assert_eq!(recording.calls[4].err.as_ref().unwrap().message, "waited");
    assert_eq!(recording.end.as_ref().map(|end| end.took_us), Some(1300));
}

#[test]
fn wherever_a_killed_host_stopped_writing_what_is_whole_before_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (path, whole) = recorded(folder.path());
    let header = whole.iter().position(|byte| *byte == b'\n').unwrap();
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        match read_cassette(&path) {
            Ok(recording) => {
                assert!(length > header, "{length}");
                assert!(recording.end.is_none(), "{length}");
                let end = whole[..length].iter().rposition(|byte| *byte == b'\n').unwrap();
                let lines = whole[..end].split(|byte| *byte == b'\n');
                let calls = lines.filter(|line| line.starts_with(b"{\"n\"")).count();
                assert_eq!(recording.calls.len(), calls, "{length}");
            }
            Err(error) => assert!(length <= header, "{length}: {error}"),
        }
    }
}

#[test]
fn what_is_no_cassette_of_this_version_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let (path, whole) = recorded(folder.path());
    let whole = String::from_utf8(whole).unwrap();
    let told = |text: &str| {
        std::fs::write(&path, text).unwrap();
        read_cassette(&path).unwrap_err().to_string()
    };
    assert!(told("").contains("this is no cassette, its first line is no header: there is none"));
    assert!(told("\0asm\n").contains("this is no cassette"));
    assert!(told("{\"log\":{}}\n").contains("this is no cassette"));
    let version = format!("\"cassette\":{CASSETTE_VERSION}");
    assert!(
        told(&whole.replace(&version, "\"cassette\":1"))
            .contains("has version 1, and this FlowGuard reads version 3")
    );
    assert!(told(&whole.replace("0.1.0", "0.9.0")).contains("contract version 0.9.0"));
    assert!(told(&whole.replace("\"n\":2,", "\"n\":1,")).contains("call 1 is in the cassette twice"));
    let without = |start: &str| {
        let lines = whole.lines().filter(|line| !line.starts_with(start));
        lines.map(|line| format!("{line}\n")).collect::<String>()
    };
    assert!(told(&without("{\"n\":2,")).contains("call 2 is missing"));
    assert!(told(&whole.replace("\"n\":2,", "\"n\":\"2\",")).contains("line 4 of the cassette is damaged"));
    assert!(
        told(&format!("{whole}{}\n", LINES[1]))
            .contains("line 11 of the cassette is damaged: the line before it was the last")
    );
    let gone = read_cassette(folder.path().join("no.cassette")).unwrap_err();
    assert!(matches!(gone, RecordingError::Unreadable { .. }), "{gone}");
}

/// The same numbers at every run: a failure can be looked at again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % limit.max(1)
    }
}

#[test]
fn ten_thousand_edited_cassettes_are_read_or_refused_and_none_panics() {
    let folder = tempfile::tempdir().unwrap();
    let (path, whole) = recorded(folder.path());
    let calls = read_cassette(&path).unwrap().calls;
    let mut dice = Dice(0x5EED);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..10_000 {
        let mut bytes = whole.clone();
        for _ in 0..=dice.below(3) {
            edit(&mut bytes, &mut dice);
        }
        std::fs::write(&path, &bytes).unwrap();
        match read_cassette(&path) {
            Ok(recording) => {
                read += 1;
                let exact = dice.below(2) == 0;
                play(&Replay::new(recording, exact), &calls);
            }
            Err(error) => {
                refused += 1;
                assert!(error.to_string().contains("cassette"), "{error}");
            }
        }
    }
    assert!(
        read > 500 && refused > 500,
        "both happen: {read} read, {refused} refused"
    );
}

fn edit(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let place = dice.below(bytes.len());
    match dice.below(6) {
        0 => bytes.truncate(place),
        1 if !bytes.is_empty() => bytes[place] ^= 1 << dice.below(8),
        2 => bytes.insert(place, b"{}[],:\"\n0\xFF"[dice.below(10)]),
        3 => drop(bytes.drain(place..(place + dice.below(40)).min(bytes.len()))),
        4 => {
            let part = bytes[place..(place + dice.below(400)).min(bytes.len())].to_vec();
            let at = dice.below(bytes.len());
            bytes.splice(at..at, part);
        }
        _ => {
            // Two lines change places.
            let mut lines: Vec<Vec<u8>> = bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
            let (one, other) = (dice.below(lines.len()), dice.below(lines.len()));
            lines.swap(one, other);
            *bytes = lines.join(&b'\n');
        }
    }
}

/// Makes the calls of the unchanged recording.
fn play(replay: &Replay, calls: &[RecordedCall]) {
    const OPS: [&str; 5] = ["page.open", "log", "assert", "page.title", "locator.click"];
    for call in calls {
        let op = OPS.into_iter().find(|op| call.op == *op).unwrap();
        let _ = replay.find(&Asked {
            n: call.n,
            source: &call.source,
            op,
            title: &call.title,
            args: &call.args,
            local: call.local,
        });
    }
    let _ = replay.conclude(Verdict::Passed, false);
}
