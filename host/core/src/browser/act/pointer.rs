//! Actions of the pointer on elements: clicking, tapping, hovering, checking, dragging.

use serde_json::{Value, json};

use super::range::{check_place, check_pointer, check_position, check_steps, delay};
use crate::browser::calls::{Click, DragTo, Hover, PointerOptions, Position, SetChecked, Tap};
use crate::browser::job::Pointed;
use crate::browser::port::{self, Gesture, Modifiers, MouseAction, MouseButton};
use crate::browser::reply::Reply;
use crate::browser::session::{Browser, done};
use crate::failure::Failure;

impl Browser {
    /// Clicks.
    ///
    /// # Errors
    /// [`Code::Timeout`](crate::failure::Code::Timeout) where the element never becomes ready.
    pub async fn click(&self, call: &Click) -> Result<(), Failure> {
        let gesture = clicking(&call.options)?;
        let action = call.action();
        let mut job = self.pointer_job(&call.target, &call.options)?;
        job.point_and(&action, gesture, call.options.modifiers).await?;
        if call.options.no_wait_after {
            return Ok(());
        }
        job.settle_navigation().await
    }

    /// Touches with a finger.
    ///
    /// # Errors
    /// As [`Browser::click`]; [`Code::WrongElement`](crate::failure::Code::WrongElement) where the page has no
    /// touch screen.
    pub async fn tap(&self, call: &Tap) -> Result<(), Failure> {
        check_pointer(&call.options)?;
        let action = pointing("tap", call.options.position);
        let mut job = self.pointer_job(&call.target, &call.options)?;
        job.point_and(&action, Gesture::Tap, call.options.modifiers)
            .await?;
        if call.options.no_wait_after {
            return Ok(());
        }
        job.settle_navigation().await
    }

    /// Moves the mouse there.
    ///
    /// # Errors
    /// As [`Browser::click`].
    pub async fn hover(&self, call: &Hover) -> Result<(), Failure> {
        check_pointer(&call.options)?;
        let action = call.action();
        self.pointer_job(&call.target, &call.options)?
            .point_and(&action, Gesture::Hover, call.options.modifiers)
            .await
    }

    /// Checks or unchecks, and makes sure.
    ///
    /// # Errors
    /// As [`Browser::click`]; [`Code::WrongElement`](crate::failure::Code::WrongElement) where it cannot be
    /// checked.
    pub async fn set_checked(&self, call: &SetChecked) -> Result<(), Failure> {
        let gesture = clicking(&call.options)?;
        let action = call.action();
        let verify = json!({"kind": "verifyChecked", "checked": call.checked});
        let next = (!call.options.trial).then_some(&verify);
        let mut job = self.pointer_job(&call.target, &call.options)?;
        let pointed = job
            .point_then(&action, gesture, call.options.modifiers, next)
            .await?;
        match pointed {
            Pointed::Landed(verified) if !call.options.trial => {
                job.settle_navigation().await?;
                job.done_after(verified, &verify).await.map(|_| ())
            }
            Pointed::Landed(_) | Pointed::Needless => Ok(()),
        }
    }

    /// Drags the element onto another: by the browser's drag and drop where the page begins one, else by the
    /// mouse.
    ///
    /// # Errors
    /// As [`Browser::click`], for either of the two elements.
    pub async fn drag_to(&self, call: &DragTo) -> Result<(), Failure> {
        let options = &call.options;
        check_steps(options.steps)?;
        check_position(options.source_position)?;
        check_position(options.target_position)?;
        let pointer = PointerOptions {
            timeout_ms: options.timeout_ms,
            force: options.force,
            trial: options.trial,
            ..PointerOptions::default()
        };
        let mut job = self.pointer_job(&call.target, &pointer)?;
        let gesture = if options.trial {
            Gesture::Hover
        } else {
            Gesture::Grab
        };
        let grab = pointing("grab", options.source_position);
        job.point_and(&grab, gesture, Modifiers::default()).await?;
        job.turn_to(&call.onto.locator);
        let dropped = match job.perform(&pointing("drop", options.target_position)).await {
            Ok(Reply::Point { .. }) if options.trial => Ok(()),
            Ok(Reply::Point { x, y, .. }) => job.within(self.drop_at(call, x, y)).await,
            Ok(other) => done(other, "a drop").map(|_| ()),
            Err(failure) => Err(failure),
        };
        if dropped.is_err() && !options.trial {
            // What was picked up is let go of, wherever the mouse is.
            let _ = self.use_mouse(call.target.page, &RELEASE).await;
        }
        dropped
    }

    async fn drop_at(&self, call: &DragTo, x: f64, y: f64) -> Result<(), Failure> {
        check_place("a place to drop", x, y)?;
        let steps = call.options.steps;
        self.use_mouse(call.target.page, &MouseAction::Move { x, y, steps })
            .await?;
        self.use_mouse(call.target.page, &RELEASE).await
    }
}

/// Ends a drag.
const RELEASE: MouseAction = MouseAction::Up {
    button: MouseButton::Left,
    count: 1,
};

/// What the injected script is asked for: a point, guarded for this kind of event.
fn pointing(guard: &str, position: Option<Position>) -> Value {
    json!({"kind": "pointer", "guard": guard, "position": position})
}

fn clicking(options: &PointerOptions) -> Result<Gesture, Failure> {
    check_pointer(options)?;
    Ok(Gesture::Click(port::Click {
        button: options.button,
        count: options.click_count,
        delay: delay(options.delay_ms)?,
        steps: options.steps,
    }))
}
