// watch.js: what has changed in this document, waiting for a change, and whether an element stands still.
//
// Each document's script watches its own document from its start. An action that works in several documents
// reaches the others through `globalThis.flowguard.here` of their windows.

// Two frames that show the same are what an element's stability is judged by: a document that has shown two
// without any sign of a change has shown them for all of its elements.
const QUIET_FRAMES = 2;
const HIDDEN_FRAME_MS = 20;
// Frames inside may be held back for as long as nobody sees them; a page's own are only ever late.
const LATE_FRAME_MS = window === window.top ? 1000 : 250;
// How many frames to wait for an animation to begin, or to go on.
const ANIMATION_FRAMES = 5;
const OBSERVED = { subtree: true, childList: true, attributes: true, characterData: true };
// Layout may have moved after these.
const MOVING_EVENTS = ["scroll", "resize", "load", "transitionrun", "animationstart", "loadedmetadata", "toggle"];
// A state that no mutation shows may have changed after these.
const STATE_EVENTS = ["input", "change", "focusin", "focusout", "transitionend", "animationend", "error"];

/** What is known of this document. `count` rises with every change. */
const here = {
  count: 0,
  calmFrames: 0,
  waiting: new Set(),
  guard: null,
  drag: null,
  isCalm,
  isQuiet,
  isAnimated,
  isStarting,
  animationTime,
  observe,
};
let observedDocument = null;
let observedRoots = new WeakSet();
let isCountingFrames = false;
const mutations = new MutationObserver(noteMove);
const shifts = new PerformanceObserver(noteMove);

/** Resolves at the next frame; a page without frames (hidden, occluded) gets a timer instead. */
function nextFrame() {
  return new Promise((resolve) => {
    const timer = setTimeout(
      resolve,
      document.visibilityState === "hidden" ? HIDDEN_FRAME_MS : LATE_FRAME_MS,
    );
    requestAnimationFrame(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Something may have moved: quiet begins anew, and whoever waits looks again. */
function noteMove() {
  here.calmFrames = 0;
  noteState();
  if (!isCountingFrames) countFrames();
}

/** Something may be different, without having moved. */
function noteState() {
  here.count += 1;
  for (const wake of [...here.waiting]) wake();
}

/** Counts frames without a change, until there are enough of them. */
async function countFrames() {
  isCountingFrames = true;
  while (here.calmFrames < QUIET_FRAMES) {
    await nextFrame();
    here.calmFrames += 1;
  }
  isCountingFrames = false;
}

/** Watches this document, its open shadow roots and its events. Safe to call again; a page can undo listeners. */
function observe() {
  if (observedDocument !== document) {
    observedDocument = document;
    mutations.disconnect();
    mutations.observe(document, OBSERVED);
    observedRoots = new WeakSet();
    noteMove();
  }
  forget();
  listenTo(document);
  for (const type of MOVING_EVENTS) listen(window, type, noteMove, { capture: true, passive: true });
  for (const type of GUARDED_EVENTS) listen(window, type, onGuardedEvent, { capture: true });
  for (const type of DRAG_EVENTS) listen(window, type, onDragEvent, { capture: true });
  observeLeaving();
  const fonts = fontsOf(document);
  if (fonts) listen(fonts, "loadingdone", noteMove);
  for (const root of shadowRootsIn(document)) observeShadow(root);
}

function observeShadow(root) {
  if (observedRoots.has(root)) return;
  observedRoots.add(root);
  mutations.observe(root, OBSERVED);
  listenTo(root);
  noteMove();
}

function listenTo(root) {
  for (const type of MOVING_EVENTS) listen(root, type, noteMove, { capture: true, passive: true });
  for (const type of STATE_EVENTS) listen(root, type, noteState, { capture: true, passive: true });
}

/** Whether at least one whole frame has passed since the last sign of a change. */
function isCalm() {
  if (mutations.takeRecords().length > 0 || shifts.takeRecords().length > 0) noteMove();
  return here.calmFrames > 0;
}

/**
 * Whether nothing in this document can be moving: it is loaded, whole frames have passed since the last
 * mutation, scroll, resize, late image or font and shift of layout, and nothing is animated.
 */
function isQuiet() {
  if (!isCalm() || here.calmFrames < QUIET_FRAMES) return false;
  if (readyState(document) !== "complete" || fontsOf(document)?.status === "loading") return false;
  forget();
  if (!shadowRootsIn(document).every((root) => observedRoots.has(root))) return false;
  return !isAnimated();
}

/**
 * Whether there are animations, finished ones that still show included. Which of them run must not be asked
 * between frames: the browser would answer for the next one, and two frames then show the same place.
 */
function isAnimated() {
  return animationsHere().length > 0;
}

/** The time of this document's animations. A browser that is late may draw several frames for the same one. */
function animationTime() {
  return document.timeline.currentTime;
}

/** Whether an animation is about to begin: until it does, and in its first frame, it shows no movement. */
function isStarting() {
  return animationsHere().some((animation) => animation.pending);
}

function animationsHere() {
  return [...documentAnimations(document), ...shadowRootsIn(document).flatMap((root) => root.getAnimations())];
}

/** The watch of another document's window; null when it has no script or is out of reach. */
function watchOf(view) {
  try {
    return view === window ? here : (view?.flowguard?.here ?? null);
  } catch {
    return null;
  }
}

/** The windows of an element and of every frame around it, outermost first. */
const windowsAround = (element) => [...framesAround(element).map(windowOf), windowOf(element)];

/**
 * Whether the element keeps its place and size: two frames in a row must show the same rectangle. The frame
 * that is on the screen is the first of them, unless something has changed since it was drawn, is animated, or
 * has not begun yet to be. A quiet document needs no frame, except for elements under a transform: a style sheet that
 * a script rewrites can move those without any sign.
 */
async function isStable(element) {
  const watches = windowsAround(element).map(watchOf);
  if (watches.every((watch) => watch?.isQuiet()) && !isTransformed(element)) return true;
  if (!watches.every((watch) => watch?.isCalm() && !watch.isAnimated())) await nextFrame();
  await framesUntil(() => !watches.some((watch) => watch?.isStarting()));
  const before = placeOf(element);
  const times = watches.map((watch) => watch?.animationTime());
  await nextFrame();
  await framesUntil(() =>
    watches.every((watch, index) => !watch?.isAnimated() || watch.animationTime() !== times[index]),
  );
  forget();
  return isConnected(element) && placeOf(element) === before;
}

async function framesUntil(isSo) {
  for (let frame = 0; frame < ANIMATION_FRAMES && !isSo(); frame += 1) {
    await nextFrame();
    forget();
  }
}

/** Whether a transform of its own or of something around it places the element. */
function isTransformed(element) {
  const names = ["transform", "translate", "rotate", "scale", "offsetPath"];
  for (let each = element; each; each = flatParentOf(each)) {
    const style = styleOf(each);
    if (style && names.some((name) => style[name] && style[name] !== "none")) return true;
  }
  return framesAround(element).some(isTransformed);
}

/** Place and size of the element and the frames around it, comparable as text. */
function placeOf(element) {
  const rects = [retargetPointer(element), ...framesAround(element)].map(boundingRect);
  return rects.map(({ x, y, width, height }) => [x, y, width, height].join()).join(" ");
}

/**
 * Waits for `ms`, or until one of the windows sees a change that came after `counts` were taken, but never
 * less than `pause`: a page that changes all the time must not be asked all the time.
 */
async function waitForChange(watches, counts, ms, pause) {
  const changed = () => watches.some((watch, index) => watch.count !== counts[index]);
  if (ms <= pause || changed()) return sleep(Math.min(ms, pause));
  const started = performance.now();
  await new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      for (const watch of watches) watch.waiting.delete(finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    for (const watch of watches) watch.waiting.add(finish);
  });
  const passed = performance.now() - started;
  if (passed < pause) await sleep(pause - passed);
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
