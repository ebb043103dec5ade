// leaving.js: whether this document is about to be replaced because of what was done to it. What is to be done
// next belongs to the next document then.

// A form is sent in a task of its own, soon after its event.
const SUBMIT_MS = 50;

let navigateEvent = null;
let submitEvent = null;
let onNavigate = null;

/** Listens for what begins a navigation. Safe to call again. */
function observeLeaving() {
  listen(window, "submit", noteSubmit, { capture: true });
  if (globalThis.navigation) listen(globalThis.navigation, "navigate", noteNavigate);
}

function noteSubmit(event) {
  if (event.isTrusted) submitEvent = event;
}

function noteNavigate(event) {
  if (!event.isTrusted || event.destination.sameDocument || event.downloadRequest !== null) return;
  navigateEvent = event;
  onNavigate?.();
}

/** Forgets what an earlier action has begun. */
function forgetLeaving() {
  navigateEvent = null;
  submitEvent = null;
}

const isLeaving = () => navigateEvent !== null && !navigateEvent.defaultPrevented;

/** Waits until a form that is being sent has begun to navigate, where it does. */
async function submitted() {
  if (submitEvent === null || submitEvent.defaultPrevented || navigateEvent) return;
  await new Promise((resolve) => {
    onNavigate = resolve;
    setTimeout(resolve, SUBMIT_MS);
  });
}
