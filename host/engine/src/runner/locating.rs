//! Where in its own code a flow made its calls: found afterwards, by a replay that looks at the guest's stack at each
//! call. The run itself pays nothing for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::attempt::Course;
use super::{Runner, Subject};
use flowguard_core::progress::Cancel;
use flowguard_core::replay::Replay;
use flowguard_core::timeline::{Place, Step};

/// Where an attempt's steps and calls were asked for.
pub struct Located {
    /// The steps, as the replay made them.
    pub steps: Vec<Step>,
    /// Where the flow made its calls, by their number.
    pub calls: BTreeMap<u32, Vec<Place>>,
}

impl Runner {
    /// Replays a recording and finds where in the flow's code each step was asked for, and each call made.
    pub async fn locate(&self, subject: &Subject<'_>, replay: &Arc<Replay>, cancel: &Cancel) -> Located {
        let number = replay.recording().header.attempt;
        let course = Course::Located(replay);
        let performed = self.perform(subject, number, course, false, cancel, &()).await;
        performed.browser.release().await;
        Located {
            calls: performed.ledger.here.calls(),
            steps: performed.attempt.history.steps,
        }
    }
}
