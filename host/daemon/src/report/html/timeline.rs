//! The steps of an attempt as a nested list, each with its bar on the attempt's time axis.
//!
//! Bars are SVG, whose geometry is an attribute: the content policy forbids style attributes.

use flowguard_core::run::Attempt;
use flowguard_core::timeline::{Step, StepId, StepOutcome};
use maud::{Markup, Render, html};
use std::collections::{HashMap, HashSet};

use super::super::attempt::{
    Node, Tree, evidence, failure_of, failures, is_problem, is_request, outcome_name,
};
use super::super::files::Files;
use super::super::words;
use super::{Place, Text, moment, pictures};

/// Bars in the small drawing of a flow's line at most.
const SPARKS: usize = 40;
/// Steps up to which the flow's own groups are open at first.
const OPEN: usize = 1_000;

/// What every step needs to know.
struct Scene<'a> {
    attempt: &'a Attempt,
    here: Place,
    files: &'a Files,
    /// When the attempt ended, and with it the steps that did not end themselves.
    end_us: u64,
    axis: Axis,
    /// Whether the flow's own groups are open at first.
    groups_open: bool,
    /// The calls of the failures that are told above, by their place there.
    told: HashMap<u32, usize>,
    /// The innermost step that each call's failure ended: it tells the failure, those around it only name it.
    innermost: HashMap<u32, StepId>,
    /// The first problem of the page in each step, and how many there are.
    problems: HashMap<StepId, (usize, usize)>,
}

impl Scene<'_> {
    /// How long a step took, or was going on when the attempt ended.
    fn took_us(&self, step: &Step) -> u64 {
        match step.outcome {
            StepOutcome::Running => self.end_us.saturating_sub(step.at_us),
            _ => step.took_us,
        }
    }
}

/// The timeline of an attempt.
pub(super) fn section(attempt: &Attempt, here: Place, files: &Files) -> Markup {
    let history = &attempt.history;
    let tree = Tree::of(&history.steps);
    let scene = Scene {
        attempt,
        here,
        files,
        end_us: attempt.took_us,
        axis: Axis::over(attempt.took_us),
        groups_open: history.steps.len() <= OPEN,
        told: told(attempt),
        innermost: innermost(attempt),
        problems: problems(attempt),
    };
    html! {
        @if !history.steps.is_empty() {
            section class={ "timeline g" (scene.axis.parts) } {
                div.axis {
                    h4 { "Steps" span.number { (history.steps.len()) } }
                    span.ticks aria-hidden="true" {
                        @for tick in scene.axis.ticks() { span { (tick) } }
                    }
                    span {}
                }
                ol { @for node in tree.roots() { (item(node, 0, &scene)) } }
                @if history.steps_dropped > 0 {
                    p.dropped { (words::count(history.steps_dropped as usize, "further step")) " not kept: a timeline has a limit" }
                }
            }
        }
    }
}

fn told(attempt: &Attempt) -> HashMap<u32, usize> {
    let failures = failures(&attempt.verdict).iter().enumerate();
    failures
        .filter_map(|(place, failure)| Some((failure.call?, place)))
        .collect()
}

fn innermost(attempt: &Attempt) -> HashMap<u32, StepId> {
    // A step begins after the one that it is in.
    let failed = attempt.history.steps.iter();
    failed
        .filter_map(|step| Some((failure_of(step)?.call?, step.id)))
        .collect()
}

fn problems(attempt: &Attempt) -> HashMap<StepId, (usize, usize)> {
    let mut problems = HashMap::new();
    for (place, event) in attempt.history.events.iter().enumerate() {
        if let Some(step) = event.step.filter(|_| is_problem(&event.what)) {
            problems.entry(step).or_insert((place, 0)).1 += 1;
        }
    }
    problems
}

fn item(node: Node<'_>, depth: usize, scene: &Scene<'_>) -> Markup {
    let step = node.step;
    let inner = node.children().len();
    let by_assertion = node
        .children()
        .next()
        .is_some_and(|child| child.step.source != "flow");
    let more = more(step, scene);
    html! {
        li class=(class(node)) id=(scene.here.step(step.id)) {
            @if inner == 0 && more.is_none() {
                div.row { (row(node, depth, None, scene)) }
            } @else {
                @let open = node.holds_failure() || inner > 0 && !by_assertion && scene.groups_open || !step.attachments.is_empty();
                details open[open] {
                    summary.row { (row(node, depth, by_assertion.then_some(inner), scene)) }
                    @if let Some(more) = more { div class={ "more d" (depth.min(8)) } { (more) } }
                    @if inner > 0 { ol { @for child in node.children() { (item(child, depth + 1, scene)) } } }
                }
            }
        }
    }
}

/// How a step ended. One of the flow's own that a failure inside it left open has failed with it.
fn class(node: Node<'_>) -> &'static str {
    match &node.step.outcome {
        StepOutcome::Running if node.children().any(Node::holds_failure) => "failed-inside",
        outcome => outcome_name(outcome),
    }
}

fn row(node: Node<'_>, depth: usize, inner_calls: Option<usize>, scene: &Scene<'_>) -> Markup {
    let step = node.step;
    let (class, took_us) = (class(node), scene.took_us(step));
    html! {
        span class={ "title d" (depth.min(8)) } {
            @if class != "passed" { b.hidden { (class) ": " } }
            (Text(&step.title))
            @if step.source != "flow" { span.source { (Text(&step.source)) } }
            @if let Some(calls) = inner_calls { span.number { (words::count(calls, "inner call")) } }
            @if let Some((_, number)) = scene.problems.get(&step.id) {
                span.problem { (words::count(*number, "page error")) }
            }
        }
        (scene.axis.bar(step.at_us, took_us))
        span.took { @if class == "running" { "not ended" } @else { (words::duration(took_us)) } }
    }
}

/// What a step shows when it is opened, if there is anything.
fn more(step: &Step, scene: &Scene<'_>) -> Option<Markup> {
    let failure = failure_of(step);
    let problems = scene.problems.get(&step.id);
    let moment = moment::shown(scene.attempt, step, scene.here, scene.files);
    let nothing = failure.is_none() && problems.is_none() && moment.is_none();
    if nothing && step.attributes.is_empty() && step.attachments.is_empty() {
        return None;
    }
    Some(html! {
        @if let Some(failure) = failure {
            p.message { (Text(&failure.message)) }
            @if let Some(number) = failure.call.and_then(|call| scene.told.get(&call)) {
                p { a href={ "#" (scene.here.failure(*number)) } { "Why, in full" } }
            } @else if failure.call.is_some_and(|call| scene.innermost.get(&call) == Some(&step.id)) {
                p.caught { "The flow went on after this: it does not decide the verdict." }
                @for name in ["expected", "received"] {
                    @if let Some(text) = evidence(failure, name) { p { b { (name) ": " } code { (Text(text)) } } }
                }
                @if !failure.call_log.is_empty() { ol.log { @for line in &failure.call_log { li { (Text(line)) } } } }
            }
        }
        @if let Some((first, number)) = problems {
            p { a href={ "#" (scene.here.event(*first)) } { (words::count(*number, "error")) " of the page during this step" } }
        }
        @if !step.attributes.is_empty() {
            dl.attributes { @for (key, value) in &step.attributes { div { dt { (Text(key)) } dd { (Text(value)) } } } }
        }
        @if !step.attachments.is_empty() {
            div.attachments { @for attachment in &step.attachments { (pictures::shown(attachment, scene.files)) } }
        }
        @if let Some(moment) = moment { (moment) }
    })
}

/// The small drawing in a flow's line: where the last attempt's time went.
pub(super) fn spark(attempt: &Attempt) -> Markup {
    let steps = &attempt.history.steps;
    let outer: HashSet<StepId> = steps.iter().filter_map(|step| step.parent).collect();
    let leaves: Vec<&Step> = steps.iter().filter(|step| !outer.contains(&step.id)).collect();
    let every = leaves.len().div_ceil(SPARKS).max(1);
    let shown = leaves
        .iter()
        .enumerate()
        .filter(|(n, step)| n % every == 0 || failure_of(step).is_some());
    let requests = attempt.history.events.iter().filter(|event| is_request(event));
    let failed = requests.filter(|event| is_problem(&event.what)).take(20);
    html! {
        svg.spark aria-hidden="true" {
            rect.lane width="100%" height="100%" {}
            @for (_, step) in shown {
                @let x = percent(step.at_us, attempt.took_us);
                @let long = percent(step.took_us, attempt.took_us).max(0.8);
                rect class=[spark_class(step)] x=(Percent(x)) width=(Percent(long)) height="100%" {}
            }
            @for event in failed {
                @let x = percent(event.at_us, attempt.took_us);
                circle cx=(Percent(x)) cy="50%" r="2" {}
            }
        }
    }
}

fn spark_class(step: &Step) -> Option<&'static str> {
    failure_of(step).map(|_| "bad")
}

/// A time axis that ends at a round number.
struct Axis {
    end_us: u64,
    /// How many parts the axis is divided into, 1 to 6.
    parts: u64,
}

impl Axis {
    fn over(took_us: u64) -> Self {
        let took = took_us.max(1_000);
        let mut unit = 1_000;
        let part = loop {
            if let Some(part) = [1, 2, 5]
                .map(|n| n * unit)
                .into_iter()
                .find(|part| part * 6 >= took)
            {
                break part;
            }
            unit *= 10;
        };
        let parts = took.div_ceil(part);
        Self {
            end_us: part * parts,
            parts,
        }
    }

    fn ticks(&self) -> impl Iterator<Item = String> {
        let part = self.end_us / self.parts;
        (0..self.parts).map(move |n| match (n * part, part) {
            (0, _) => "0".to_owned(),
            (at, ..1_000_000) => format!("{} ms", at / 1_000),
            (at, _) => format!("{} s", at / 1_000_000),
        })
    }

    fn bar(&self, at_us: u64, took_us: u64) -> Markup {
        let x = percent(at_us, self.end_us).min(99.5);
        let width = percent(took_us, self.end_us).clamp(0.5, 100.0 - x);
        html! { svg.bar aria-hidden="true" { rect x=(Percent(x)) width=(Percent(width)) {} } }
    }
}

fn percent(part: u64, whole: u64) -> f64 {
    (part as f64 * 100.0 / whole.max(1) as f64).min(100.0)
}

struct Percent(f64);

impl Render for Percent {
    fn render_to(&self, buffer: &mut String) {
        let text = format!("{:.2}", self.0);
        buffer.push_str(text.trim_end_matches('0').trim_end_matches('.'));
        buffer.push('%');
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_round_number() {
        let axes = [
            0,
            1_000,
            6_000,
            6_001,
            430_000,
            5_772_000,
            61_000_000,
            3_600_000_000,
        ];
        let said: Vec<(u64, u64)> = axes
            .map(Axis::over)
            .iter()
            .map(|axis| (axis.end_us / 1_000, axis.parts))
            .collect();
        let expected = [
            (1, 1),
            (1, 1),
            (6, 6),
            (8, 4),
            (500, 5),
            (6_000, 6),
            (80_000, 4),
            (4_000_000, 4),
        ];
        assert_eq!(said, expected);
    }
}
