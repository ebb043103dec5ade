//! What a page looked like before and after a step: the pictures of the screencast that were on the screen then.

use flowguard_core::timeline::{History, ScreencastFrame, Step};

/// The pictures around a step; none where none was taken by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen<'a> {
    /// When it began.
    pub(crate) before: Option<&'a ScreencastFrame>,
    /// When the next one began, or the attempt ended.
    pub(crate) after: Option<&'a ScreencastFrame>,
}

/// The pictures around a step. What a step has done often shows only a moment later, so "after" is the last picture
/// before anything else was done.
pub(crate) fn seen<'a>(history: &'a History, step: &Step) -> Seen<'a> {
    let ended = step.at_us.saturating_add(step.took_us);
    let begins = history.steps.iter().map(|step| step.at_us);
    let next = begins.filter(|at| *at >= ended && *at > step.at_us).min();
    let shown_at = |at: u64| history.screencast.iter().rfind(|frame| frame.at_us <= at);
    Seen {
        before: shown_at(step.at_us),
        after: shown_at(next.unwrap_or(u64::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures::step_at;
    use flowguard_core::artifact::{Attachment, Digest};

    fn frame(at_us: u64) -> ScreencastFrame {
        ScreencastFrame {
            at_us,
            page: 1,
            picture: Attachment {
                name: "screencast".to_owned(),
                media_type: "image/jpeg".to_owned(),
                digest: Digest::of(&at_us.to_le_bytes()),
                bytes: 1,
            },
            width: 8,
            height: 6,
        }
    }

    #[test]
    fn before_is_when_it_began_and_after_is_when_the_next_one_did() {
        let history = History {
            steps: vec![step_at(0, 10, 10), step_at(1, 20, 30), step_at(2, 90, 5)],
            screencast: [15, 40, 70, 200].map(frame).to_vec(),
            ..History::default()
        };
        let around = |step: usize| {
            let Seen { before, after } = seen(&history, &history.steps[step]);
            (before.map(|frame| frame.at_us), after.map(|frame| frame.at_us))
        };
        assert_eq!(around(0), (None, Some(15)));
        // What it did showed after it had ended, and before the next began.
        assert_eq!(around(1), (Some(15), Some(70)));
        assert_eq!(around(2), (Some(70), Some(200)));
    }
}
