//! The way into frames that the script of the document around them cannot enter, because another origin or
//! process owns them: what is left of the locator goes to the script inside, and points and boxes come back
//! out through each frame around. All waiting is still done in the pages.

use chromiumoxide::cdp::browser_protocol::dom::DescribeNodeParams;
use chromiumoxide::cdp::js_protocol::runtime::{CallArgument, CallFunctionOnParams, ExecutionContextId};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

use super::frames::Home;
use super::tab::{CdpTab, PERFORM, RUN};
use flowguard_core::browser::TabError;
use flowguard_core::browser::port::{PointerBurst, Ran, Settled};

/// What an action keeps from all frames but the one that its locator leads to, and from that one until it is ready.
const WITHHELD: &str = "withheld";
/// Frames inside of each other that are entered.
const MAX_DEPTH: usize = 16;
const FRAME_AHEAD: &str = "function (frame) { return flowguard.frameAhead(frame); }";
const RELEASE: &str = "function () { return flowguard.release(); }";

/// A frame that was entered: the home of the document around it, and the name that its script has for it.
struct Entered {
    around: Home,
    frame: u64,
}

/// What the script in one frame was told to keep, by its token. The guards of one pointer action, outermost first, are
/// what a token is where frames were entered; so is what was handed over for a script of the author.
#[derive(Serialize, Deserialize)]
pub(super) struct Guard {
    session: String,
    context: i64,
    pub(super) token: Value,
}

#[derive(Deserialize)]
struct Ahead {
    frame: u64,
    parts: usize,
}

impl CdpTab {
    /// Calls the injected script, in the frame that the request's locator leads into.
    pub(super) async fn walk(&self, request: &Value) -> Result<Value, TabError> {
        let deadline =
            Instant::now() + Duration::from_millis(request["timeout"].as_u64().unwrap_or_default());
        let mut home = self.home(self.main_frame()).await?;
        let mut request = request.clone();
        let withheld = request["action"]
            .as_object_mut()
            .and_then(|action| action.remove(WITHHELD));
        let mut answer = self.call_in(&home, PERFORM, request.clone()).await?;
        let mut way = Vec::new();
        while answer["status"] == "frame" && way.len() < MAX_DEPTH {
            let Ok(Ahead { frame, parts }) = Ahead::deserialize(&answer) else {
                break;
            };
            let frame_id = self.frame_of(&home, frame).await?;
            let Ok(inside) = tokio::time::timeout_at(deadline, self.home(&frame_id)).await else {
                return Ok(json!({"status": "timeout", "reason": "the frame has no document yet"}));
            };
            way.push(Entered { around: home, frame });
            home = inside?;
            let left: Vec<Value> = request["locator"]
                .as_array()
                .into_iter()
                .flatten()
                .skip(parts)
                .cloned()
                .collect();
            request["locator"] = Value::from(left);
            request["timeout"] = remaining(deadline);
            answer = self.call_in(&home, PERFORM, request.clone()).await?;
        }
        if let Some(value) = withheld.filter(|_| answer["status"] == "done") {
            request["action"]["value"] = value;
            request["timeout"] = remaining(deadline);
            answer = self.call_in(&home, PERFORM, request.clone()).await?;
        }
        self.outward(way, &home, &request, answer, deadline).await
    }

    /// Carries a point or a box out through the frames that were entered.
    async fn outward(
        &self,
        way: Vec<Entered>,
        home: &Home,
        request: &Value,
        mut answer: Value,
        deadline: Instant,
    ) -> Result<Value, TabError> {
        let mut guards = vec![Guard::of(home, &answer)];
        for Entered { around, frame } in way.iter().rev() {
            let mut action = json!({"kind": "outward", "frame": frame});
            if answer["status"] == "point" {
                action["point"] = json!({"x": answer["x"], "y": answer["y"]});
                action["guard"] = request["action"].get("guard").cloned().unwrap_or(json!("click"));
            } else if is_box(&request["action"], &answer) {
                action["box"] = answer["value"].clone();
                action["isOfDocument"] = json!(request["action"]["kind"] == "clip");
            } else {
                return Ok(handed_over(home, request, answer));
            }
            let mut outside = request.clone();
            outside["action"] = action;
            outside["timeout"] = remaining(deadline);
            answer = self.call_in(around, PERFORM, outside).await?;
            guards.push(Guard::of(around, &answer));
        }
        if !way.is_empty() && answer["status"] == "point" {
            guards.reverse();
            answer["token"] = json!(guards);
        }
        Ok(handed_over(home, request, answer))
    }

    /// Sends the mouse and reads the guards of all the frames on the way; then does the steps one by one.
    pub(super) async fn run_in_frames(
        &self,
        burst: &PointerBurst,
        guards: &[Value],
        steps: &[Value],
    ) -> Result<Ran, TabError> {
        let releases = burst.gesture.releases();
        let (moved, settled) = tokio::join!(self.gesture(Some(burst)), self.settled(releases, guards));
        moved?;
        let settled = settled?;
        let replies = match settled {
            Settled::Hit => self.walk_all(steps).await?,
            _ => Vec::new(),
        };
        Ok(Ran {
            settled: Some(settled),
            replies,
        })
    }

    /// Does the steps that the script of the main frame has left because they lead into frames.
    pub(super) async fn with_frames(&self, mut ran: Ran, steps: &[Value]) -> Result<Ran, TabError> {
        if ran.replies.last().is_some_and(|reply| reply["status"] == "frame") {
            ran.replies.pop();
            let rest = self
                .walk_all(steps.get(ran.replies.len()..).unwrap_or_default())
                .await?;
            ran.replies.extend(rest);
        }
        Ok(ran)
    }

    /// Does steps one by one, up to the first that is not done.
    async fn walk_all(&self, steps: &[Value]) -> Result<Vec<Value>, TabError> {
        let mut replies = Vec::new();
        for step in steps {
            if self.is_navigating() {
                break;
            }
            let reply = self.walk(step).await?;
            let goes_on = reply["status"] == "done";
            replies.push(reply);
            if !goes_on {
                break;
            }
        }
        Ok(replies)
    }

    /// Where the events landed: a guard that blocked says so, or the innermost that it was hit.
    async fn settled(&self, releases: u32, guards: &[Value]) -> Result<Settled, TabError> {
        let guards: Vec<Guard> = guards
            .iter()
            .filter_map(|guard| Guard::deserialize(guard).ok())
            .collect();
        let innermost = guards.len().saturating_sub(1);
        let ask = |(place, guard): (usize, &Guard)| {
            let home = self.home_at(guard);
            let request = json!({"after": {"token": guard.token, "releases": releases}, "steps": []});
            async move { (place, self.call_in(&home, RUN, request).await) }
        };
        let mut asked: FuturesUnordered<_> = guards.iter().enumerate().map(ask).collect();
        let mut settled = Settled::None;
        while let Some((place, ran)) = asked.next().await {
            let ran = match ran {
                // The events landed: they replaced the document or closed the page.
                Err(TabError::DocumentReplaced | TabError::Closed) => Settled::Hit,
                ran => Ran::deserialize(ran?)
                    .ok()
                    .and_then(|ran| ran.settled)
                    .unwrap_or(Settled::None),
            };
            let is_decisive =
                matches!(ran, Settled::Blocked { .. }) || (place == innermost && ran == Settled::Hit);
            if is_decisive {
                settled = ran;
                break;
            }
        }
        drop(asked);
        for guard in &guards {
            let home = self.home_at(guard);
            drop(home.session.send(&function(&home, RELEASE, Vec::new())));
        }
        Ok(settled)
    }

    pub(super) fn home_at(&self, guard: &Guard) -> Home {
        Home {
            session: self.session().sibling(&guard.session),
            context: guard.context,
            main_world: None,
            entered: Arc::default(),
        }
    }

    /// The browser's id of a frame that the script there has told of.
    async fn frame_of(&self, home: &Home, frame: u64) -> Result<String, TabError> {
        // An element that was taken out and put in again holds another frame: its old one has no home any more.
        if let Some(known) = home.entered(frame)
            && self.has_frame(&known)
        {
            return Ok(known);
        }
        let found = home
            .session
            .call(&function(home, FRAME_AHEAD, vec![json!(frame)]))
            .await?;
        let described = DescribeNodeParams {
            object_id: found.result.object_id,
            ..DescribeNodeParams::default()
        };
        let node = home.session.call(&described).await?.node;
        let id = node.frame_id.map(|id| id.inner().clone());
        // A frame that was taken out of the document is none.
        let id = id.ok_or(TabError::DocumentReplaced)?;
        home.enter(frame, &id);
        Ok(id)
    }
}

impl Guard {
    fn of(home: &Home, answer: &Value) -> Self {
        Self::with(home, &answer["token"])
    }

    fn with(home: &Home, token: &Value) -> Self {
        Self {
            session: home.session.id().to_owned(),
            context: home.context,
            token: token.clone(),
        }
    }

    pub(super) fn read(value: &Value) -> Option<Self> {
        Self::deserialize(value).ok()
    }
}

/// The command that calls a function of the injected script.
pub(super) fn function(home: &Home, function: &str, arguments: Vec<Value>) -> CallFunctionOnParams {
    let argument = |value| CallArgument {
        value: Some(value),
        unserializable_value: None,
        object_id: None,
    };
    let mut command = CallFunctionOnParams::new(function);
    command.execution_context_id = Some(ExecutionContextId::new(home.context));
    command.arguments = Some(arguments.into_iter().map(argument).collect());
    command
}

/// Says in the answer where something was handed over.
fn handed_over(home: &Home, request: &Value, mut answer: Value) -> Value {
    let kind = &request["action"]["kind"];
    if answer["status"] == "done" && (kind == "hand" || kind == "handAll") {
        answer["value"] = json!(Guard::with(home, &answer["value"]));
    }
    answer
}

fn is_box(action: &Value, answer: &Value) -> bool {
    let asks = action["kind"] == "clip" || action["what"] == "boundingBox";
    asks && answer["status"] == "done" && answer["value"].is_object()
}

fn remaining(deadline: Instant) -> Value {
    let left = deadline.saturating_duration_since(Instant::now());
    Value::from(u64::try_from(left.as_millis()).unwrap_or(u64::MAX))
}
