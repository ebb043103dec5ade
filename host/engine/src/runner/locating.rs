//! Where in its own code a flow made its calls: found afterwards, by replays of its recording. The first counts, the
//! second looks at the guest's stack where it must. The run itself pays nothing for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::attempt::Course;
use super::{Runner, Subject};
use flowguard_core::cassette::Recording;
use flowguard_core::progress::Cancel;
use flowguard_core::replay::Replay;
use flowguard_core::timeline::{Place, Step};

/// Which calls are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sought {
    /// All.
    All,
    /// Those of these numbers.
    Calls(Vec<u32>),
    /// The last one that is made.
    Last,
}

/// Where an attempt's steps and calls were asked for.
pub struct Located {
    /// The steps, as the replay made them; those that were looked for with their places.
    pub steps: Vec<Step>,
    /// The places of the calls that were looked for, by their number.
    pub calls: BTreeMap<u32, Vec<Place>>,
}

impl Runner {
    /// Replays a recording and finds where in the flow's code these calls were made. `exact` where the component is the
    /// recorded one.
    pub async fn locate(
        &self,
        subject: &Subject<'_>,
        recording: &Recording,
        exact: bool,
        sought: &Sought,
        cancel: &Cancel,
    ) -> Located {
        let number = recording.header.attempt;
        let play = async |looked_at| {
            let replay = Arc::new(Replay::new(recording.clone(), exact));
            let course = Course::Located(&replay, looked_at);
            let performed = self.perform(subject, number, course, false, cancel, &()).await;
            performed.browser.release().await;
            performed
        };
        let made_at = play(BTreeSet::new()).await.ledger.here.made_at();
        let looked_at = match sought {
            Sought::All => made_at.values().copied().collect(),
            Sought::Calls(calls) => calls
                .iter()
                .filter_map(|call| made_at.get(call).copied())
                .collect(),
            Sought::Last => made_at.values().max().copied().into_iter().collect(),
        };
        let performed = play(looked_at).await;
        Located {
            calls: performed.ledger.here.places(),
            steps: performed.attempt.history.steps,
        }
    }
}
