//! The screencast in a trace: frames on its film strip, and for each step the page before and after it. The viewer
//! shows documents there, so each picture is a document that holds nothing else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use flowguard_core::artifact::Digest;
use flowguard_core::timeline::{History, ScreencastFrame, Step};
use serde_json::{Value, json};
use std::collections::HashMap;

use super::{moment, page_name};
use crate::report::seen::{Seen, seen};

/// The node of a picture's document that is the document itself: nodes are counted from the leaves on.
const ROOT: usize = 5;
const STYLE: &str = "html, body { margin: 0 } img { display: block; width: 100% }";

/// The pictures of an attempt that are still kept.
pub(super) struct Film<'a> {
    history: &'a History,
    kept: &'a HashMap<Digest, Bytes>,
    frames: Vec<&'a ScreencastFrame>,
    /// Documents so far.
    documents: usize,
    /// Which of them holds a picture.
    holds: HashMap<&'a Digest, usize>,
}

impl<'a> Film<'a> {
    pub(super) fn of(history: &'a History, kept: &'a HashMap<Digest, Bytes>) -> Self {
        let frames = history.screencast.iter();
        Self {
            history,
            kept,
            frames: frames
                .filter(|frame| kept.contains_key(&frame.picture.digest))
                .collect(),
            documents: 0,
            holds: HashMap::new(),
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.frames.len()
    }

    /// The film strip.
    pub(super) fn frames(&self) -> impl Iterator<Item = Value> {
        self.frames.iter().map(|frame| {
            json!({
                "type": "screencast-frame",
                "pageId": page_name(frame.page),
                "sha1": frame.picture.digest.as_str(),
                "width": frame.width,
                "height": frame.height,
                "timestamp": moment(frame.at_us),
            })
        })
    }

    /// The page before and after a step, where there are pictures.
    pub(super) fn around(&self, step: &Step) -> Seen<'a> {
        let Seen { before, after } = seen(self.history, step);
        let is_kept = |frame: &&ScreencastFrame| self.kept.contains_key(&frame.picture.digest);
        Seen {
            before: before.filter(is_kept),
            after: after.filter(is_kept),
        }
    }

    /// The document that shows a picture, as the snapshot of this name. A picture that was shown already is not
    /// written again.
    pub(super) fn snapshot(
        &mut self,
        call: &str,
        name: &str,
        at: f64,
        page: u32,
        frame: &'a ScreencastFrame,
    ) -> Option<Value> {
        let place = self.documents;
        let html = match self.holds.get(&frame.picture.digest) {
            Some(earlier) => json!([[place - earlier, ROOT]]),
            None => {
                let bytes = self.kept.get(&frame.picture.digest)?;
                self.holds.insert(&frame.picture.digest, place);
                document(bytes)
            }
        };
        self.documents += 1;
        Some(json!({
            "type": "frame-snapshot",
            "snapshot": {
                "callId": call,
                "snapshotName": name,
                "pageId": page_name(page),
                "frameId": "screencast",
                "frameUrl": "",
                "doctype": "html",
                "html": html,
                "viewport": {"width": frame.width, "height": frame.height},
                "timestamp": at,
                "collectionTime": 0,
                "resourceOverrides": [],
                "isMainFrame": true,
            },
        }))
    }
}

fn document(jpeg: &[u8]) -> Value {
    let source = format!("data:image/jpeg;base64,{}", STANDARD.encode(jpeg));
    json!([
        "HTML", {},
        ["HEAD", {}, ["STYLE", {}, STYLE]],
        ["BODY", {}, ["IMG", {"src": source, "alt": "the page"}]],
    ])
}

#[cfg(test)]
mod unit {
    use super::*;
    use flowguard_core::artifact::Attachment;

    fn frame(jpeg: &[u8]) -> ScreencastFrame {
        ScreencastFrame {
            at_us: 0,
            page: 1,
            picture: Attachment {
                name: "screencast".to_owned(),
                media_type: "image/jpeg".to_owned(),
                digest: Digest::of(jpeg),
                bytes: 3,
            },
            width: 8,
            height: 6,
        }
    }

    #[test]
    fn a_picture_is_written_once_and_then_named() {
        let frames = [b"one", b"two"].map(|jpeg| frame(jpeg));
        let kept = [b"one", b"two"].map(|jpeg| (Digest::of(jpeg), Bytes::from_static(jpeg)));
        let (kept, history) = (HashMap::from(kept), History::default());
        let mut film = Film::of(&history, &kept);
        let mut shown = |place: usize| {
            let line = film.snapshot("call@1", "after@call@1", 0.0, 1, &frames[place]);
            line.expect("it is kept")["snapshot"]["html"].take()
        };
        let first = shown(0);
        assert_eq!(first, document(b"one"));
        assert_eq!(shown(1), document(b"two"));
        assert_eq!(shown(0), json!([[2, ROOT]]));
        assert_eq!(shown(1), json!([[2, ROOT]]));
        assert_eq!(nodes(&first), ROOT + 1, "the root is the last node of a document");
    }

    /// How many nodes the viewer counts in a document.
    fn nodes(node: &Value) -> usize {
        let children = node.as_array().into_iter().flatten().skip(2);
        1 + children.map(nodes).sum::<usize>()
    }

    #[test]
    fn what_is_no_longer_kept_is_not_shown() {
        let (kept, history) = (HashMap::new(), History::default());
        let mut film = Film::of(&history, &kept);
        let gone = frame(b"gone");
        assert_eq!(film.snapshot("call@1", "after@call@1", 0.0, 1, &gone), None);
    }
}
