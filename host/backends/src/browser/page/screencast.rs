//! What a page looks like, as the browser draws it: a picture whenever something has changed, told to the run.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chromiumoxide::cdp::browser_protocol::page::{
    EventScreencastFrame, ScreencastFrameAckParams, StartScreencastFormat, StartScreencastParams,
};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::browser::connection::cdp::{Event, Listener, Session};
use crate::browser::context::owner::Owner;
use flowguard_core::browser::Size;
use flowguard_core::browser::port::Picture;
use flowguard_core::limits::{MAX_SCREENCAST_SIDE, SCREENCAST_QUALITY};

/// A picture says when it was drawn; one that claims to be older is taken for this old.
const OLDEST: Duration = Duration::from_secs(2);

/// Hears `Page` of a page's own session.
pub(super) struct Screencast {
    pub(super) owner: Arc<Owner>,
    pub(super) session: Session,
}

impl Screencast {
    /// From now on the browser sends pictures of the page.
    pub(super) fn begin(session: &Session) {
        let side = i64::from(MAX_SCREENCAST_SIDE);
        let start = StartScreencastParams::builder()
            .format(StartScreencastFormat::Jpeg)
            .quality(i64::from(SCREENCAST_QUALITY))
            .max_width(side)
            .max_height(side)
            .every_nth_frame(1)
            .build();
        drop(session.send(&start));
    }
}

impl Listener for Screencast {
    fn event(&self, event: &Event<'_>) {
        if event.method != EventScreencastFrame::IDENTIFIER {
            return;
        }
        let Some(frame) = event.read::<EventScreencastFrame>() else {
            return;
        };
        // Without a word the browser sends no further one.
        drop(
            self.session
                .send(&ScreencastFrameAckParams::new(frame.session_id)),
        );
        let Ok(jpeg) = STANDARD.decode(AsRef::<[u8]>::as_ref(&frame.data)) else {
            return;
        };
        let Some(size) = size_of(&jpeg) else {
            return;
        };
        let drawn = frame.metadata.timestamp.as_ref().map(|drawn| *drawn.inner());
        self.owner.picture(Picture {
            jpeg: jpeg.into(),
            size,
            age: drawn.map_or(Duration::ZERO, age),
        });
    }
}

/// How long ago that was, in seconds since 1970.
fn age(drawn: f64) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Duration::try_from_secs_f64(now.as_secs_f64() - drawn).map_or(Duration::ZERO, |age| age.min(OLDEST))
}

/// Width and height of a JPEG picture, as its frame header says (ITU-T T.81, B.2.2).
fn size_of(jpeg: &[u8]) -> Option<Size> {
    let mut rest = jpeg.strip_prefix(&[0xff, 0xd8])?;
    while let [0xff, marker, high, low, ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        // A frame header, whichever way the picture is compressed; not tables that have numbers near it.
        if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            let side = |at: usize| {
                Some(u32::from(u16::from_be_bytes([
                    *rest.get(at)?,
                    *rest.get(at + 1)?,
                ])))
            };
            return Some(Size {
                height: side(5)?,
                width: side(7)?,
            });
        }
        rest = rest.get(2 + length..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_s_size_is_read_from_its_frame_header() {
        let head = [
            0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xc0, 0, 11, 8, 2, 88, 3, 32, 1,
        ];
        let size = Size {
            width: 800,
            height: 600,
        };
        assert_eq!(size_of(&head), Some(size));
        for end in 0..16 {
            assert_eq!(size_of(&head[..end]), None, "{end}");
        }
        assert_eq!(size_of(b"\xff\xd8\xff\xc4\0\x02\xff\xc4\0\0"), None);
    }

    #[test]
    fn a_picture_is_never_from_the_future_nor_from_long_ago() {
        assert_eq!(age(f64::MAX), Duration::ZERO);
        assert_eq!(age(f64::NAN), Duration::ZERO);
        assert_eq!(age(0.0), OLDEST);
    }
}
