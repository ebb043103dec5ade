//! Reading one attempt: its failures, where in the flow they happened, its steps as a tree.

use flowguard_core::Failure;
use flowguard_core::artifact::Attachment;
use flowguard_core::run::Attempt;
use flowguard_core::timeline::{Event, PageEvent, Step, StepId, StepOutcome};
use flowguard_core::verdict::Verdict;

/// Steps that lie deeper than this are shown at this depth.
const MAX_DEPTH: usize = 40;

/// The failures that decided a verdict, the one to read first at the front.
pub(crate) fn failures(verdict: &Verdict) -> &[Failure] {
    match verdict {
        Verdict::Passed => &[],
        Verdict::Failed { failures } => failures,
        Verdict::Errored { failure, .. } => std::slice::from_ref(failure),
    }
}

/// The guest's backtrace, innermost first.
pub(crate) fn backtrace(verdict: &Verdict) -> &[String] {
    match verdict {
        Verdict::Errored { backtrace, .. } => backtrace,
        _ => &[],
    }
}

/// The failure that a step ended with.
pub(crate) fn failure_of(step: &Step) -> Option<&Failure> {
    match &step.outcome {
        StepOutcome::Failed(failure) | StepOutcome::FailedSoftly(failure) | StepOutcome::Retried(failure) => {
            Some(failure)
        }
        StepOutcome::Running | StepOutcome::Passed => None,
    }
}

/// How a step ended, in a word.
pub(super) const fn outcome_name(outcome: &StepOutcome) -> &'static str {
    match outcome {
        StepOutcome::Running => "running",
        StepOutcome::Passed => "passed",
        StepOutcome::Retried(_) => "retried",
        StepOutcome::FailedSoftly(_) => "failed-softly",
        StepOutcome::Failed(_) => "failed",
    }
}

/// A piece of evidence by its title.
pub(super) fn evidence<'a>(failure: &'a Failure, title: &str) -> Option<&'a str> {
    let found = failure.evidence.iter().find(|evidence| evidence.title == title);
    found.map(|evidence| evidence.text.as_str())
}

/// Whether an event of the page is something to look into.
pub(crate) fn is_problem(event: &PageEvent) -> bool {
    match event {
        PageEvent::Console { level, .. } => level == "error",
        PageEvent::Uncaught { .. } | PageEvent::Crashed | PageEvent::PopupClosed => true,
        PageEvent::Request { status, error, .. } => {
            // What a page or a download takes back itself has not failed.
            let failed = error.as_deref().is_some_and(|error| error != "net::ERR_ABORTED");
            failed || status.is_some_and(|status| status >= 400)
        }
        PageEvent::Dialog { .. } => false,
    }
}

/// Whether an event belongs to the network rather than to the console.
pub(crate) const fn is_request(event: &Event) -> bool {
    matches!(event.what, PageEvent::Request { .. })
}

/// What is said of a page that was closed because there were too many.
pub(super) const POPUP_CLOSED: &str = "a new page was closed at once: too many are open";

/// An event of the page in one line.
pub(crate) fn event_line(event: &PageEvent) -> String {
    match event {
        PageEvent::Console { level, text, .. } => format!("console.{level}: {text}"),
        PageEvent::Uncaught { text } => format!("uncaught: {text}"),
        PageEvent::Request { method, url, .. } => format!("{method} {url}: {}", answer(event)),
        PageEvent::Dialog { kind, text } => format!("{kind} dialog, dismissed: {text}"),
        PageEvent::Crashed => "the page crashed".to_owned(),
        PageEvent::PopupClosed => POPUP_CLOSED.to_owned(),
    }
}

/// What a request was answered: its status, or why there was no answer.
pub(super) fn answer(event: &PageEvent) -> String {
    match event {
        PageEvent::Request {
            error: Some(error), ..
        } => error.clone(),
        PageEvent::Request {
            status: Some(status), ..
        } => status.to_string(),
        _ => "no answer".to_owned(),
    }
}

/// Where a failure happened.
pub(super) struct Place<'a> {
    /// The steps around it, outermost first, and the step itself.
    pub(super) path: Vec<&'a Step>,
    /// Whether the last step is the one that failed, and not only the last that had begun.
    pub(super) exact: bool,
}

/// Where in the flow a failure happened: the call that it names, or else the last step that began. A retry that
/// fails with what failed in it names the same call; the step inside says more.
pub(super) fn place<'a>(attempt: &'a Attempt, failure: &Failure) -> Option<Place<'a>> {
    let steps = &attempt.history.steps;
    let named = failure.call.and_then(|call| {
        steps
            .iter()
            .rfind(|s| failure_of(s).is_some_and(|f| f.call == Some(call)))
    });
    let step = named.or_else(|| steps.last())?;
    Some(Place {
        path: path(steps, step),
        exact: named.is_some(),
    })
}

fn path<'a>(steps: &'a [Step], step: &'a Step) -> Vec<&'a Step> {
    let mut path = vec![step];
    let mut inner = step;
    while let Some(outer) = parent(steps, inner)
        && path.len() < MAX_DEPTH
    {
        path.push(outer);
        inner = outer;
    }
    path.reverse();
    path
}

/// A parent begins before its child; a record that says otherwise is not followed in circles.
fn parent<'a>(steps: &'a [Step], step: &Step) -> Option<&'a Step> {
    let id = step.parent.filter(|parent| *parent < step.id)?;
    find(steps, id).and_then(|place| steps.get(place))
}

fn find(steps: &[Step], id: StepId) -> Option<usize> {
    let place = id as usize;
    match steps.get(place) {
        Some(step) if step.id == id => Some(place),
        _ => steps.iter().position(|step| step.id == id),
    }
}

/// The steps as a tree.
pub(super) struct Tree<'a> {
    steps: &'a [Step],
    roots: Vec<usize>,
    children: Vec<Vec<usize>>,
}

/// A step in its tree.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    tree: &'a Tree<'a>,
    place: usize,
    /// The step itself.
    pub(super) step: &'a Step,
}

impl<'a> Tree<'a> {
    /// The tree of an attempt's steps.
    pub(super) fn of(steps: &'a [Step]) -> Self {
        let mut tree = Self {
            steps,
            roots: Vec::new(),
            children: vec![Vec::new(); steps.len()],
        };
        let mut outer: Vec<Option<usize>> = Vec::with_capacity(steps.len());
        let mut depth: Vec<usize> = Vec::with_capacity(steps.len());
        for (place, step) in steps.iter().enumerate() {
            let above = step
                .parent
                .and_then(|id| find(steps, id))
                .filter(|above| *above < place);
            let above = above.and_then(|above| {
                if depth[above] < MAX_DEPTH {
                    Some(above)
                } else {
                    outer[above]
                }
            });
            outer.push(above);
            depth.push(above.map_or(0, |above| depth[above] + 1));
            match above {
                Some(above) => tree.children[above].push(place),
                None => tree.roots.push(place),
            }
        }
        tree
    }

    /// The steps that lie in no other.
    pub(super) fn roots(&'a self) -> impl ExactSizeIterator<Item = Node<'a>> {
        self.roots.iter().map(|place| self.node(*place))
    }

    fn node(&'a self, place: usize) -> Node<'a> {
        Node {
            tree: self,
            place,
            step: &self.steps[place],
        }
    }
}

impl<'a> Node<'a> {
    /// The steps that happened in this one.
    pub(super) fn children(self) -> impl ExactSizeIterator<Item = Node<'a>> {
        let tree = self.tree;
        tree.children[self.place].iter().map(|place| tree.node(*place))
    }

    /// Whether it, or a step in it, did not pass.
    pub(super) fn holds_failure(self) -> bool {
        // What was tried again and passed is no failure, whatever it holds.
        match self.step.outcome {
            StepOutcome::Retried(_) => false,
            StepOutcome::Passed => self.children().any(Node::holds_failure),
            _ => true,
        }
    }
}

/// The pictures that explain a failure: those of the step that failed and of the steps around it, or else the
/// last that was taken before.
pub(super) fn picture_of<'a>(attempt: &'a Attempt, failure: &Failure) -> Option<&'a Attachment> {
    let is_picture = |attachment: &&Attachment| attachment.media_type.starts_with("image/");
    let place = place(attempt, failure);
    let around = place.iter().flat_map(|place| place.path.iter().rev());
    let near = around
        .flat_map(|step| step.attachments.iter().rev())
        .find(is_picture);
    near.or_else(|| {
        let all = attempt.history.steps.iter().rev();
        all.flat_map(|step| step.attachments.iter().rev())
            .find(is_picture)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use flowguard_core::Code;

    fn step(id: StepId, parent: Option<StepId>) -> Step {
        Step {
            parent,
            ..crate::report::fixtures::step_at(id, 0, 0)
        }
    }

    fn drawn(node: Node<'_>) -> String {
        let inner: Vec<String> = node.children().map(drawn).collect();
        format!("{}({})", node.step.title, inner.join(" "))
    }

    #[test]
    fn steps_form_a_tree_and_a_false_parent_makes_a_root() {
        let steps = [
            step(0, None),
            step(1, Some(0)),
            step(2, Some(1)),
            step(3, Some(0)),
            step(4, Some(9)),
            step(5, Some(5)),
        ];
        let tree = Tree::of(&steps);
        let roots: Vec<String> = tree.roots().map(drawn).collect();
        assert_eq!(roots, ["0(1(2()) 3())", "4()", "5()"]);
    }

    #[test]
    fn a_chain_of_steps_ends_at_the_deepest_level() {
        let steps: Vec<Step> = (0..10_000).map(|id| step(id, id.checked_sub(1))).collect();
        let tree = Tree::of(&steps);
        fn depth(node: Node<'_>) -> usize {
            1 + node.children().map(depth).max().unwrap_or(0)
        }
        assert_eq!(tree.roots().map(depth).max(), Some(MAX_DEPTH + 1));
        assert_eq!(path(&steps, &steps[9_999]).len(), MAX_DEPTH);
    }

    #[test]
    fn a_failure_in_a_step_shows_in_those_around_it() {
        let mut steps = vec![step(0, None), step(1, Some(0)), step(2, None)];
        steps[1].outcome = StepOutcome::Failed(Failure::new(Code::Timeout, "m"));
        let tree = Tree::of(&steps);
        let holds: Vec<bool> = tree.roots().map(Node::holds_failure).collect();
        assert_eq!(holds, [true, false]);
    }
}
