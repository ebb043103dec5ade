// events.js: events that are not a person's: made here, by the constructor that belongs to their type.

/** The constructor of each type of event that has one of its own. */
const CONSTRUCTORS = new Map(
  [
    [MouseEvent, "auxclick click dblclick mousedown mouseenter mouseleave mousemove mouseout mouseover mouseup mousewheel"],
    [KeyboardEvent, "keydown keyup keypress textInput"],
    [TouchEvent, "touchstart touchmove touchend touchcancel"],
    [
      PointerEvent,
      `pointerover pointerout pointerenter pointerleave pointerdown pointerup pointermove pointercancel
      gotpointercapture lostpointercapture`,
    ],
    [FocusEvent, "focus blur"],
    [DragEvent, "drag dragstart dragend dragover dragenter dragleave dragexit drop"],
    [WheelEvent, "wheel"],
    // Only secure contexts have these two.
    [globalThis.DeviceOrientationEvent ?? Event, "deviceorientation deviceorientationabsolute"],
    [globalThis.DeviceMotionEvent ?? Event, "devicemotion"],
  ].flatMap(([constructor, types]) => types.split(/\s+/).map((type) => [type, constructor])),
);

/** Sends one event to the element; unless told otherwise it bubbles, can be cancelled and leaves shadow trees. */
function attemptDispatch(element, action) {
  const init = { bubbles: true, cancelable: true, composed: true, ...action.init };
  const constructor = CONSTRUCTORS.get(action.event) ?? Event;
  dispatch(element, makeEvent(constructor, action.event, init, element));
  return { reply: { status: "done" } };
}

function makeEvent(constructor, type, init, element) {
  try {
    if (constructor === TouchEvent) return new TouchEvent(type, withTouches(init, element));
    return new constructor(type, init);
  } catch (error) {
    throw new Refusal("invalid-argument", `these are no properties of a ${type} event: ${error.message}`);
  }
}

/** The properties with touches in place of their descriptions. */
function withTouches(init, element) {
  const touch = (each) => new Touch({ identifier: 0, target: element, ...each });
  const lists = ["touches", "targetTouches", "changedTouches"].filter((name) => Array.isArray(init[name]));
  return { ...init, ...Object.fromEntries(lists.map((name) => [name, init[name].map(touch)])) };
}
