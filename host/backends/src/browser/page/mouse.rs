//! The mouse of a page: where it is, which buttons are down, and the browser's events of using it.

use chromiumoxide::cdp::browser_protocol::input::{
    DispatchMouseEventParams, DispatchMouseEventType, MouseButton as CdpButton,
};

use super::input::Stroke;
use flowguard_core::browser::port::{Click, MouseButton};

/// Where the mouse is and what it holds.
#[derive(Debug, Default)]
pub(super) struct Mouse {
    pub(super) x: f64,
    pub(super) y: f64,
    /// The browser's bit mask of the buttons that are down.
    buttons: i64,
    last: Option<MouseButton>,
    /// Where the left button was pressed, as long as a drag may begin there.
    may_drag_from: Option<(f64, f64)>,
}

/// Beyond this distance from where the button was pressed, in CSS pixels, no drag begins any more.
const DRAG_BEGINS_WITHIN: f64 = 32.0;

impl Mouse {
    /// The places on the way there, the last included; the mouse is there afterwards.
    pub(super) fn way_to(&mut self, x: f64, y: f64, steps: u32) -> Vec<(f64, f64)> {
        let (from_x, from_y) = (self.x, self.y);
        (self.x, self.y) = (x, y);
        let at = |step: u32| {
            let part = f64::from(step) / f64::from(steps.max(1));
            (from_x + (x - from_x) * part, from_y + (y - from_y) * part)
        };
        (1..=steps.max(1)).map(at).collect()
    }

    /// The event of moving to a place.
    pub(super) fn moved(&self, (x, y): (f64, f64), modifiers: i64) -> Stroke {
        let mut event = DispatchMouseEventParams::new(DispatchMouseEventType::MouseMoved, x, y);
        event.modifiers = Some(modifiers);
        event.button = Some(self.last.map_or(CdpButton::None, button));
        event.buttons = Some(self.buttons);
        event.force = Some(if self.buttons == 0 { 0.0 } else { 0.5 });
        Stroke::Mouse(event)
    }

    /// The events of moving from place to place.
    pub(super) fn moved_along(
        &self,
        way: impl IntoIterator<Item = (f64, f64)>,
        modifiers: i64,
    ) -> Vec<Stroke> {
        let mut strokes = Vec::new();
        for at in way {
            if !strokes.is_empty() {
                strokes.push(Stroke::Seen);
            }
            strokes.push(self.moved(at, modifiers));
        }
        strokes
    }

    pub(super) fn down(&mut self, which: MouseButton, count: u32, modifiers: i64) -> Stroke {
        self.last = Some(which);
        self.buttons |= bit(which);
        if which == MouseButton::Left {
            self.may_drag_from = Some((self.x, self.y));
        }
        self.pressed(DispatchMouseEventType::MousePressed, which, count, modifiers)
    }

    pub(super) fn up(&mut self, which: MouseButton, count: u32, modifiers: i64) -> Stroke {
        self.last = None;
        self.buttons &= !bit(which);
        self.may_drag_from = None;
        self.pressed(DispatchMouseEventType::MouseReleased, which, count, modifiers)
    }

    /// Moving there and clicking.
    pub(super) fn click(&mut self, x: f64, y: f64, click: Click, modifiers: i64) -> Vec<Stroke> {
        let way = self.way_to(x, y, click.steps);
        let mut strokes = self.moved_along(way, modifiers);
        let pause = || (!click.delay.is_zero()).then_some(Stroke::Pause(click.delay));
        for count in 1..=click.count {
            strokes.push(self.down(click.button, count, modifiers));
            strokes.extend(pause());
            strokes.push(self.up(click.button, count, modifiers));
            if count < click.count {
                strokes.extend(pause());
            }
        }
        strokes
    }

    pub(super) fn wheel(&self, delta_x: f64, delta_y: f64, modifiers: i64) -> Stroke {
        let mut event = DispatchMouseEventParams::new(DispatchMouseEventType::MouseWheel, self.x, self.y);
        event.modifiers = Some(modifiers);
        event.delta_x = Some(delta_x);
        event.delta_y = Some(delta_y);
        Stroke::Mouse(event)
    }

    /// Whether moving on may begin a drag.
    pub(super) fn may_drag(&self) -> bool {
        self.may_drag_from.is_some() && self.last == Some(MouseButton::Left)
    }

    /// Notes that a place was reached without a drag having begun.
    pub(super) fn not_dragged(&mut self, at: (f64, f64)) {
        self.may_drag_from = self
            .may_drag_from
            .filter(|(x, y)| (at.0 - x).hypot(at.1 - y) < DRAG_BEGINS_WITHIN);
    }

    /// Forgets the button that began a drag which is over.
    pub(super) fn dropped(&mut self) {
        self.last = None;
        self.buttons &= !bit(MouseButton::Left);
        self.may_drag_from = None;
    }

    fn pressed(
        &self,
        kind: DispatchMouseEventType,
        which: MouseButton,
        count: u32,
        modifiers: i64,
    ) -> Stroke {
        let is_down = kind == DispatchMouseEventType::MousePressed;
        let mut event = DispatchMouseEventParams::new(kind, self.x, self.y);
        event.modifiers = Some(modifiers);
        event.button = Some(button(which));
        event.buttons = Some(self.buttons);
        event.click_count = Some(count.into());
        event.force = is_down.then_some(0.5);
        Stroke::Mouse(event)
    }
}

const fn bit(which: MouseButton) -> i64 {
    match which {
        MouseButton::Left => 1,
        MouseButton::Right => 2,
        MouseButton::Middle => 4,
    }
}

const fn button(which: MouseButton) -> CdpButton {
    match which {
        MouseButton::Left => CdpButton::Left,
        MouseButton::Middle => CdpButton::Middle,
        MouseButton::Right => CdpButton::Right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn shown(strokes: &[Stroke]) -> Vec<String> {
        let one = |stroke: &Stroke| match stroke {
            Stroke::Mouse(event) => format!(
                "{:?} {},{} buttons {} count {}",
                event.r#type,
                event.x,
                event.y,
                event.buttons.unwrap_or_default(),
                event.click_count.unwrap_or_default()
            ),
            other => format!("{other:?}"),
        };
        strokes.iter().map(one).collect()
    }

    #[test]
    fn a_slow_double_click_waits_within_and_between() {
        let click = Click {
            button: MouseButton::Left,
            count: 2,
            delay: Duration::from_millis(5),
            steps: 2,
        };
        let strokes = Mouse::default().click(10.0, 20.0, click, 0);
        assert_eq!(
            shown(&strokes),
            [
                "MouseMoved 5,10 buttons 0 count 0",
                "Seen",
                "MouseMoved 10,20 buttons 0 count 0",
                "MousePressed 10,20 buttons 1 count 1",
                "Pause(5ms)",
                "MouseReleased 10,20 buttons 0 count 1",
                "Pause(5ms)",
                "MousePressed 10,20 buttons 1 count 2",
                "Pause(5ms)",
                "MouseReleased 10,20 buttons 0 count 2",
            ]
        );
    }

    #[test]
    fn a_drag_begins_near_where_the_button_was_pressed_or_not_at_all() {
        let mut mouse = Mouse::default();
        assert!(!mouse.may_drag());
        mouse.down(MouseButton::Left, 1, 0);
        assert!(mouse.may_drag());
        mouse.not_dragged((3.0, 0.0));
        assert!(mouse.may_drag());
        mouse.not_dragged((100.0, 0.0));
        assert!(!mouse.may_drag());
    }
}
