// drag.js: whether the page has begun a drag. The browser hands drags over to the host some time after the page
// has begun them, so the host asks here whether there is one to wait for.

const DRAG_EVENTS = ["mousedown", "dragstart"];

/** Keeps the drag that follows a press of the button. */
function onDragEvent(event) {
  if (event.isTrusted) here.drag = event.type === "dragstart" ? event : null;
}

/** Whether this document has begun a drag and has not refused it. */
const isDragging = () => here.drag?.defaultPrevented === false;
