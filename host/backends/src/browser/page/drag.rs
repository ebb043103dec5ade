//! Dragging by HTML: the browser hands a drag that the page has begun over to us, and the moves that follow
//! are told to it as events of the drag. Dragging by plain mouse events needs nothing of this.

use chromiumoxide::cdp::browser_protocol::input::SetInterceptDragsParams;
use chromiumoxide::cdp::js_protocol::runtime::{CallFunctionOnParams, ExecutionContextId};
use chromiumoxide::types::{Command, Method, MethodId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;
use tokio::sync::watch;

use super::frames::Home;
use super::input::{Devices, Stroke};
use crate::browser::connection::cdp::{Event, Listener};
use flowguard_core::browser::TabError;

/// How long the browser may take to hand over a drag that the page has begun.
const HANDED_OVER_WITHIN: Duration = Duration::from_secs(5);

/// `Input.dispatchDragEvent`, with the data as the browser gave it: the generated command leaves an empty list
/// out, which the browser refuses.
#[derive(Debug, Serialize)]
struct DispatchDrag {
    r#type: &'static str,
    x: f64,
    y: f64,
    data: Value,
    modifiers: i64,
}

impl Method for DispatchDrag {
    fn identifier(&self) -> MethodId {
        "Input.dispatchDragEvent".into()
    }
}

impl Command for DispatchDrag {
    type Response = Value;
}

impl Devices {
    pub(super) fn is_dragging(&self) -> bool {
        self.held().dragged.is_some()
    }

    /// Moves the mouse, and what it drags.
    pub(super) async fn move_to(&self, x: f64, y: f64, steps: u32) -> Result<(), TabError> {
        let way = self.held().mouse.way_to(x, y, steps);
        let mut way = way.into_iter();
        while self.is_dragging() || self.held().mouse.may_drag() {
            let Some(at) = way.next() else { return Ok(()) };
            if self.is_dragging() {
                self.drag_event("dragOver", at).await?;
            } else {
                self.move_and_watch(at).await?;
            }
        }
        let moves: Vec<Stroke> = {
            let held = self.held();
            held.mouse.moved_along(way, held.keyboard.mask())
        };
        self.play(moves).await
    }

    /// Moves the mouse with the left button held, and looks whether the page begins a drag.
    async fn move_and_watch(&self, at: (f64, f64)) -> Result<(), TabError> {
        let mut handed_over = self.drags.handed_over();
        handed_over.borrow_and_update();
        let interception = self.session.send(&SetInterceptDragsParams::new(true));
        let moved = {
            let held = self.held();
            held.mouse.moved(at, held.keyboard.mask())
        };
        let moved = self.play([moved]).await;
        interception.answer().await?;
        moved?;
        let data = if self.page_drags().await? {
            let coming = tokio::time::timeout(HANDED_OVER_WITHIN, handed_over.changed());
            coming
                .await
                .is_ok()
                .then(|| handed_over.borrow().clone())
                .flatten()
        } else {
            None
        };
        let interception = self.session.send(&SetInterceptDragsParams::new(false));
        match data {
            Some(data) => {
                self.held().dragged = Some(data);
                self.drag_event("dragEnter", at).await?;
            }
            None => self.held().mouse.not_dragged(at),
        }
        interception.answer().await.map(|_| ())
    }

    /// Whether the page has begun a drag in one of its frames, and has not refused it.
    async fn page_drags(&self) -> Result<bool, TabError> {
        let homes: Vec<Home> = self.page.frames.homes().borrow().values().cloned().collect();
        let asked: Vec<_> = homes
            .iter()
            .map(|home| home.session.send(&is_dragging(home.context)))
            .collect();
        let mut drags = false;
        for answer in asked {
            match answer.answer().await {
                Ok(answer) => drags |= answer.result.value == Some(Value::Bool(true)),
                // A frame that went has no drag any more.
                Err(TabError::DocumentReplaced | TabError::Closed) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(drags)
    }

    /// Drops what is dragged where the mouse is.
    pub(super) async fn drop_dragged(&self) -> Result<(), TabError> {
        self.end_drag("drop").await
    }

    /// Gives up the drag.
    pub(super) async fn cancel_drag(&self) -> Result<(), TabError> {
        self.end_drag("dragCancel").await
    }

    async fn end_drag(&self, how: &'static str) -> Result<(), TabError> {
        let at = {
            let held = self.held();
            (held.mouse.x, held.mouse.y)
        };
        let ended = self.drag_event(how, at).await;
        let mut held = self.held();
        held.dragged = None;
        held.mouse.dropped();
        ended
    }

    async fn drag_event(&self, r#type: &'static str, (x, y): (f64, f64)) -> Result<(), TabError> {
        let event = {
            let held = self.held();
            DispatchDrag {
                r#type,
                x,
                y,
                data: held.dragged.clone().unwrap_or_default(),
                modifiers: held.keyboard.mask(),
            }
        };
        self.session.call(&event).await.map(|_| ())
    }
}

/// The question to the injected script of a frame.
fn is_dragging(context: i64) -> CallFunctionOnParams {
    let mut question = CallFunctionOnParams::new("function () { return flowguard.isDragging(); }");
    question.execution_context_id = Some(ExecutionContextId::new(context));
    question.return_by_value = Some(true);
    question
}

/// Hears `Input` of a page's own session: the drags that the browser hands over.
pub(super) struct Drags(watch::Sender<Option<Value>>);

#[derive(Deserialize)]
struct Intercepted {
    data: Value,
}

impl Default for Drags {
    fn default() -> Self {
        Self(watch::channel(None).0)
    }
}

impl Drags {
    fn handed_over(&self) -> watch::Receiver<Option<Value>> {
        self.0.subscribe()
    }
}

impl Listener for Drags {
    fn event(&self, event: &Event<'_>) {
        if event.method == "Input.dragIntercepted" {
            self.0.send_replace(event.read().map(|Intercepted { data }| data));
        }
    }
}
