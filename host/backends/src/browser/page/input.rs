//! The input devices of a page: what is to be done becomes the browser's events, sent in one burst as far as
//! no pause is asked for. Drags are in `drag.rs`.

use async_trait::async_trait;
use chromiumoxide::cdp::browser_protocol::input::{
    DispatchKeyEventParams, DispatchMouseEventParams, InsertTextParams, TouchPoint,
};
use chromiumoxide::cdp::js_protocol::runtime::EvaluateParams;
use chromiumoxide::types::{Command, Method, MethodId};
use futures::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::drag::Drags;
use super::keyboard::Keyboard;
use super::mouse::Mouse;
use super::setup::Page;
use crate::browser::connection::cdp::Session;
use flowguard_core::browser::TabError;
use flowguard_core::browser::port::{
    Click, Gesture, Input, KeyAction, MouseAction, MouseButton, PointerBurst,
};

/// One event, or a pause before the next.
#[derive(Debug)]
pub(super) enum Stroke {
    Mouse(DispatchMouseEventParams),
    Key(DispatchKeyEventParams),
    Insert(InsertTextParams),
    Touch(DispatchTouch),
    /// The page has seen what came before: moves that wait in a queue become one.
    Seen,
    Pause(Duration),
}

/// `Input.dispatchTouchEvent`. The generated command leaves an empty list out, which the browser refuses.
#[derive(Debug, Serialize)]
pub(super) struct DispatchTouch {
    r#type: &'static str,
    #[serde(rename = "touchPoints")]
    touch_points: Vec<TouchPoint>,
    modifiers: i64,
}

impl Method for DispatchTouch {
    fn identifier(&self) -> MethodId {
        "Input.dispatchTouchEvent".into()
    }
}

impl Command for DispatchTouch {
    type Response = Value;
}

/// Mouse, keyboard and touch screen of one page.
pub(super) struct Devices {
    pub(super) session: Session,
    pub(super) page: Arc<Page>,
    pub(super) drags: Arc<Drags>,
    held: Mutex<Held>,
}

/// What is held down, and where the mouse is.
#[derive(Default)]
pub(super) struct Held {
    pub(super) keyboard: Keyboard,
    pub(super) mouse: Mouse,
    /// What is being dragged, in the browser's words.
    pub(super) dragged: Option<Value>,
}

impl Devices {
    pub(super) fn new(session: Session, page: Arc<Page>) -> Self {
        let drags = Arc::new(Drags::default());
        session.listen("Input", drags.clone());
        Self {
            session,
            page,
            drags,
            held: Mutex::default(),
        }
    }

    pub(super) fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what an action does at its point.
    pub(super) async fn gesture(&self, burst: &PointerBurst) -> Result<(), TabError> {
        let strokes = self.held().gesture(burst);
        self.play(strokes).await
    }

    /// Sends the events, all at once as far as there is no pause, and waits until the browser has taken them.
    pub(super) async fn play(&self, strokes: impl IntoIterator<Item = Stroke>) -> Result<(), TabError> {
        let mut rest = Rest {
            session: &self.session,
            strokes: strokes.into_iter().collect(),
        };
        let mut sent = Vec::new();
        while let Some(stroke) = rest.strokes.pop_front() {
            match stroke {
                Stroke::Pause(time) => tokio::time::sleep(time).await,
                Stroke::Seen => {
                    for answer in sent.drain(..) {
                        answer.await?;
                    }
                }
                event => sent.push(event.send(&self.session)),
            }
        }
        for answer in sent {
            answer.await?;
        }
        Ok(())
    }

    /// [`Devices::play`], and what the events have begun is known: the browser may acknowledge an event before the page
    /// has said that it asks for another document, but the page says so before it answers anything else.
    async fn play_out(&self, strokes: impl IntoIterator<Item = Stroke>) -> Result<(), TabError> {
        self.play(strokes).await?;
        tokio::select! {
            // A page that is gone has said all that it had to say.
            _ = self.session.call(&EvaluateParams::new("0")) => {}
            () = self.page.document.left_behind() => {}
        }
        Ok(())
    }
}

/// Events that are still to come. A hand that is taken away in the middle lets go of everything at once: what
/// was pressed must not stay down.
struct Rest<'a> {
    session: &'a Session,
    strokes: VecDeque<Stroke>,
}

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        for stroke in self.strokes.drain(..) {
            drop(stroke.send(self.session));
        }
    }
}

impl Stroke {
    fn send(&self, session: &Session) -> BoxFuture<'static, Result<(), TabError>> {
        match self {
            Self::Mouse(event) => acknowledged(session, event),
            Self::Key(event) => acknowledged(session, event),
            Self::Insert(text) => acknowledged(session, text),
            Self::Touch(event) => acknowledged(session, event),
            Self::Seen | Self::Pause(_) => Box::pin(async { Ok(()) }),
        }
    }
}

/// Sends now; the future is the answer.
fn acknowledged<C: Command + 'static>(
    session: &Session,
    command: &C,
) -> BoxFuture<'static, Result<(), TabError>>
where
    C::Response: Send,
{
    let pending = session.send(command);
    Box::pin(async move { pending.answer().await.map(|_| ()) })
}

impl Held {
    fn gesture(&mut self, burst: &PointerBurst) -> Vec<Stroke> {
        let (added, mut strokes) = self.keyboard.hold(burst.modifiers);
        let modifiers = self.keyboard.mask();
        let (x, y) = (burst.x, burst.y);
        match burst.gesture {
            Gesture::Hover => strokes.extend(self.moves(x, y, 1)),
            Gesture::Click(click) => strokes.extend(self.mouse.click(x, y, click, modifiers)),
            Gesture::Tap => {
                strokes.extend(self.taps(x, y));
                // The page makes a click of a touch only once it has seen that nobody refused it.
                strokes.push(Stroke::Seen);
            }
            Gesture::Grab => {
                strokes.extend(self.moves(x, y, 1));
                strokes.push(self.mouse.down(MouseButton::Left, 1, modifiers));
            }
        }
        strokes.extend(self.keyboard.let_go(&added));
        strokes
    }

    pub(super) fn moves(&mut self, x: f64, y: f64, steps: u32) -> Vec<Stroke> {
        let modifiers = self.keyboard.mask();
        let way = self.mouse.way_to(x, y, steps);
        self.mouse.moved_along(way, modifiers)
    }

    fn taps(&self, x: f64, y: f64) -> [Stroke; 2] {
        let touch = |r#type, touch_points| {
            Stroke::Touch(DispatchTouch {
                r#type,
                touch_points,
                modifiers: self.keyboard.mask(),
            })
        };
        [
            touch("touchStart", vec![TouchPoint::new(x, y)]),
            touch("touchEnd", Vec::new()),
        ]
    }

    fn click(&mut self, x: f64, y: f64, click: Click) -> Vec<Stroke> {
        let modifiers = self.keyboard.mask();
        self.mouse.click(x, y, click, modifiers)
    }

    fn down(&mut self, button: MouseButton, count: u32) -> Stroke {
        let modifiers = self.keyboard.mask();
        self.mouse.down(button, count, modifiers)
    }

    fn up(&mut self, button: MouseButton, count: u32) -> Stroke {
        let modifiers = self.keyboard.mask();
        self.mouse.up(button, count, modifiers)
    }

    fn wheel(&self, delta_x: f64, delta_y: f64) -> Stroke {
        self.mouse.wheel(delta_x, delta_y, self.keyboard.mask())
    }
}

#[async_trait]
impl Input for Devices {
    async fn mouse(&self, action: &MouseAction) -> Result<(), TabError> {
        match *action {
            MouseAction::Move { x, y, steps } => self.move_to(x, y, steps).await,
            // The button of a drag is down already, and what it drops is dropped by its own event.
            MouseAction::Down { .. } if self.is_dragging() => Ok(()),
            MouseAction::Up { .. } if self.is_dragging() => self.drop_dragged().await,
            MouseAction::Down { button, count } => {
                let stroke = self.held().down(button, count);
                self.play_out([stroke]).await
            }
            MouseAction::Up { button, count } => {
                let stroke = self.held().up(button, count);
                self.play_out([stroke]).await
            }
            MouseAction::Click { x, y, click } => {
                let strokes = self.held().click(x, y, click);
                self.play_out(strokes).await
            }
            MouseAction::Wheel { delta_x, delta_y } => {
                let stroke = self.held().wheel(delta_x, delta_y);
                self.play([stroke]).await
            }
        }
    }

    async fn keyboard(&self, action: &KeyAction) -> Result<(), TabError> {
        if self.is_dragging() && is_escape(action) {
            return self.cancel_drag().await;
        }
        let strokes = self.held().keyboard.strokes(action);
        match action {
            // No key was used.
            KeyAction::Insert(_) => self.play(strokes).await,
            _ => self.play_out(strokes).await,
        }
    }

    async fn tap(&self, x: f64, y: f64) -> Result<(), TabError> {
        let strokes = self.held().taps(x, y);
        self.play_out(strokes).await
    }
}

fn is_escape(action: &KeyAction) -> bool {
    match action {
        KeyAction::Down(key) => key.code == "Escape",
        KeyAction::Press { chord, .. } => chord.iter().any(|key| key.code == "Escape"),
        _ => false,
    }
}
