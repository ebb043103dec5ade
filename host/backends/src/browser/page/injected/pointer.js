// pointer.js: where the pointer must go, whether it would hit, and the guard that makes sure of it.

const CLICK_EVENTS = ["pointerdown", "mousedown", "pointerup", "mouseup", "click", "auxclick", "dblclick", "contextmenu"];
const HOVER_EVENTS = ["pointerover", "pointermove", "mouseover", "mousemove"];
const TAP_EVENTS = ["pointerdown", "pointerup", "touchstart", "touchend", "touchcancel"];
/** The events that each guard judges by their first; where something is dropped, nobody judges. */
const EVENTS_OF_GUARD = { click: CLICK_EVENTS, grab: CLICK_EVENTS, hover: HOVER_EVENTS, tap: TAP_EVENTS, drop: [] };
/** What an element must be for the action, besides standing still and being hit. */
const STATES_OF_GUARD = {
  click: ["visible", "enabled", "active"],
  tap: ["visible", "enabled", "active"],
  hover: ["visible"],
  grab: ["visible"],
  drop: ["visible"],
};
const GUARDED_EVENTS = [...new Set([...CLICK_EVENTS, ...HOVER_EVENTS, ...TAP_EVENTS])];
// What the page offers the pointer grows by one alignment with each attempt, so that sticky bars are escaped.
const ALIGNMENTS = ["needed", "end", "center", "start"];
const MINIMUM_AREA = 0.99;
// How long the first event of an action may take to reach the page: it is sent before the call that waits. A
// mouse that is there already moves without any.
const EVENT_MS = 1000;
const HOVER_MS = 100;
// How long the next one may take. None comes where the first has opened a menu of the browser's own.
const GAP_MS = 50;

let lastToken = 0;

/** Scrolls the element into view; `turn` chooses the alignment. */
function scrollTo(element, turn) {
  const alignment = ALIGNMENTS[turn % ALIGNMENTS.length];
  if (alignment !== "needed") {
    scrollIntoView(element, { behavior: "instant", block: alignment, inline: alignment });
  } else if (scrollsSmoothly(element)) {
    scrollIntoView(element, { behavior: "instant", block: "nearest", inline: "nearest" });
  } else {
    scrollIntoViewIfNeeded(element);
  }
}

/** Whether a scroll that does not say how would be animated. */
function scrollsSmoothly(element) {
  for (let each = element; each; each = flatParentOf(each)) {
    if (styleOf(each)?.scrollBehavior === "smooth") return true;
  }
  return framesAround(element).some(scrollsSmoothly);
}

/** Where to point at in the element's frame: `{x, y}`, or `{reason}` when there is no such place. */
function pointIn(element, position, frames) {
  const area = visibleArea(element, frames);
  if (position) return positionIn(element, position, area);
  const rects = boxesOf(element).filter(({ width, height }) => width * height > MINIMUM_AREA);
  if (rects.length === 0) return { reason: "element is not visible" };
  for (const rect of rects) {
    const { left, top, right, bottom } = intersection(rect, area);
    if (right > left && bottom > top && (right - left) * (bottom - top) > MINIMUM_AREA) {
      return { x: (left + right) / 2, y: (top + bottom) / 2 };
    }
  }
  return { reason: "element is outside of the viewport" };
}

/**
 * The boxes that make up the element, in order. Those of a line, and of an element without a box, are those of
 * its contents: the first box of a label is its text or its check box, while the middle of them all may be a link.
 */
function boxesOf(element) {
  const isOfParts = ["inline", "contents"].includes(styleOf(element)?.display);
  if (!isOfParts || !isHtml(element) || shadowRoot(element)) return [...clientRects(element)];
  const contents = createRange(ownerDocument(element));
  contents.selectNodeContents(element);
  const inner = [...contents.getClientRects()];
  return inner.length > 0 ? inner : [...clientRects(element)];
}

/** A position relative to the padding box. */
function positionIn(element, position, area) {
  const rect = boundingRect(element);
  if (rect.width === 0 || rect.height === 0) return { reason: "element is not visible" };
  const x = rect.left + clientLeft(element) + position.x;
  const y = rect.top + clientTop(element) + position.y;
  const isInside = x >= area.left && x < area.right && y >= area.top && y < area.bottom;
  return isInside ? { x, y } : { reason: "the position is outside of the viewport" };
}

/** What would receive a pointer event at this point of the element's frame instead of it; null when it would. */
function blockerAt(element, point) {
  const chain = [];
  let hit = deepestAt(element, point);
  const first = hit;
  while (hit && hit !== element) {
    chain.push(hit);
    hit = flatParentOf(hit);
  }
  if (hit === element) return null;
  if (!first) return { element: documentElement(ownerDocument(element)), top: null };
  for (const ancestor of selfAndAncestors(element)) {
    const index = chain.indexOf(ancestor);
    if (index !== -1) return { element: first, top: index > 1 ? chain[index - 1] : null };
  }
  return { element: first, top: null };
}

/** The top-most element at the point, looking into the shadow trees that lead to `element`. */
function deepestAt(element, { x, y }) {
  const roots = [];
  for (let node = element; node;) {
    const root = rootNode(node);
    roots.unshift(root);
    node = isDocument(root) ? null : (root.host ?? null);
  }
  let deepest = null;
  for (const [index, root] of roots.entries()) {
    const hits = isDocument(root) ? documentHits(root, x, y) : root.elementsFromPoint(x, y);
    const hit = topHit(hits, root, roots[index + 1]?.host);
    if (!hit) break;
    deepest = hit;
    const next = roots[index + 1];
    if (next && hit !== next.host) break;
  }
  return deepest;
}

/** The first hit; elements of the tree around a shadow root do not count inside it. */
function topHit(hits, root) {
  if (isDocument(root)) return hits[0] ?? null;
  return hits.find((hit) => rootNode(hit) === root) && hits[0] === root.host
    ? hits.find((hit) => hit !== root.host)
    : (hits[0] ?? null);
}

/** The reason of a retry that names the blocker. */
function describeBlocker({ element, top }) {
  const from = top && top !== element ? ` from ${openingTag(top)} subtree` : "";
  return `${openingTag(element)}${from} intercepts pointer events`;
}

/**
 * The hit test through every frame: what blocks the way to the element, as a reason; null when nothing does.
 * A transformed frame is not tested itself, because points cannot be carried through it exactly.
 */
function blockedReason(element, frames, point) {
  let at = toMainFrame(point, frames);
  for (const frame of frames) {
    const blocker = isTransformed(frame) ? null : blockerAt(frame, at);
    if (blocker) return describeBlocker(blocker);
    at = inward(at, framePlacement(frame));
  }
  const blocker = blockerAt(element, point);
  return blocker ? describeBlocker(blocker) : null;
}

const unstableReason = (element) => (isConnected(element) ? "element is not stable" : "element was detached");

/** To a hundredth of a pixel, toward zero: a point must not leave a box that is as small. */
const rounded = (value) => Math.trunc(value * 100) / 100;

/**
 * One attempt at a pointer action: states, scroll, point, hit test, guard.
 * Answers `{reply}` when the host can send its events, `{reason}` when it must be tried again.
 */
async function attemptPointer(element, action, attempt) {
  if (action.guard === "tap") refuseWithoutTouch();
  const found = await findPoint(element, STATES_OF_GUARD[action.guard], action.position, attempt);
  if (!found.point) return found;
  const { x, y } = found.point;
  lastToken += 1;
  if (!attempt.request.force) armGuard(found.target, action.guard, lastToken, { isTrial: attempt.request.trial });
  attempt.log(`pointing at ${x}, ${y}`);
  return { reply: { status: "point", x, y, token: lastToken } };
}

/** Where the pointer must go once the element is ready for it: `{point, target}`, else the reason to try again. */
async function findPoint(element, states, position, { request, turn }) {
  if (!request.force) {
    const missing = missingState(element, states);
    if (missing) return { reason: missing };
    if (!(await isStable(element))) return { reason: unstableReason(element) };
    const later = missingState(element, states);
    if (later) return { reason: later };
  }
  scrollTo(element, turn);
  forget();
  const frames = framesAround(element);
  const point = pointIn(element, position, frames);
  if (point.reason) return request.force ? { hopeless: point.reason } : { ...point, hasScrolled: true };
  const target = retargetPointer(element);
  const reason = request.force ? null : blockedReason(target, frames, point);
  if (reason) return { reason, hasScrolled: true };
  const { x, y } = toMainFrame(point, frames);
  return { point: { x: rounded(x), y: rounded(y) }, here: point, target };
}

/** Refuses to tap where there is no touch screen. */
function refuseWithoutTouch() {
  if (navigator.maxTouchPoints > 0) return;
  throw new Refusal("wrong-element", "the page has no touch screen: open it in a context that has touch");
}

/** Lets events of the action pass only if the first trusted one lands in the target; in a trial, never. */
function armGuard(target, kind, token, { isTrial = false, judge = judgeEvent } = {}) {
  disarmGuard();
  forgetLeaving();
  const windows = windowsAround(target);
  const guard = {
    token,
    kind,
    types: new Set(EVENTS_OF_GUARD[kind]),
    isTrial,
    target,
    windows,
    verdict: null,
    releases: 0,
    onProgress: null,
    onEvent: (event, view) => {
      if (!guard.verdict) guard.verdict = judge(event, view, target);
      if (event.type === "pointerup") guard.releases += 1;
      guard.onProgress?.();
      if (!isTrial && guard.verdict?.status !== "blocked") return;
      event.preventDefault();
      event.stopImmediatePropagation();
    },
  };
  for (const view of windows) {
    const watch = watchOf(view);
    if (watch) watch.guard = guard;
  }
  for (const view of windows) watchOf(view)?.observe();
}

/** What the first trusted event of an action says; null while it is on its way into a frame. */
function judgeEvent(event, view, target) {
  forget();
  if (view !== windowOf(target)) {
    const [hit] = event.composedPath();
    const isOnTheWay = framesAround(target).includes(hit);
    if (isOnTheWay || !hit || !("nodeType" in hit) || !isElement(hit)) return null;
    return { status: "blocked", by: openingTag(hit), reason: describeBlocker({ element: hit, top: null }) };
  }
  if (!isConnected(target)) {
    return { status: "blocked", by: "nothing", reason: `element was detached: ${openingTag(target)}` };
  }
  const place = event.type.startsWith("touch") ? event.changedTouches[0] : event;
  const blocker = place ? blockerAt(target, { x: place.clientX, y: place.clientY }) : null;
  if (!blocker) return { status: "hit" };
  return { status: "blocked", by: openingTag(blocker.element), reason: describeBlocker(blocker) };
}

/** The capturing listener of this window; it was there before any script of the page. */
function onGuardedEvent(event) {
  const { guard } = here;
  if (!guard) return;
  if (event.isTrusted && guard.types.has(event.type)) guard.onEvent(event, window);
}

/** Removes the guard from every window that has it; answers it. */
function disarmGuard() {
  const { guard } = here;
  if (!guard) return null;
  for (const view of guard.windows) {
    const watch = watchOf(view);
    if (watch?.guard === guard) watch.guard = null;
  }
  here.guard = null;
  return guard;
}

/**
 * Ends the guard of an action: whether its events hit, missed and were swallowed, or never came. The call is sent
 * with them and may overtake them, so it waits until the button was released so often and what that led to has
 * begun. A guard that has seen a miss, or is a trial's, stays until the next call, because more events of
 * the same action may follow.
 */
async function settleGuard({ token, releases }) {
  const { guard } = here;
  if (!guard || guard.token !== token) return { status: "none" };
  await lastEvent(guard, releases);
  const { verdict } = guard;
  if (verdict?.status === "blocked") return { status: "blocked", by: verdict.by, log: [verdict.reason] };
  if (here.guard === guard && !guard.isTrial) disarmGuard();
  await submitted();
  return verdict ?? { status: "none" };
}

/** Resolves in a task after the action's last event, or when the next one has not come in time. */
function lastEvent(guard, releases) {
  return new Promise((resolve) => {
    let timer = null;
    guard.onProgress = () => {
      clearTimeout(timer);
      timer = setTimeout(resolve, patience(guard, releases));
    };
    guard.onProgress();
  });
}

function patience({ verdict, kind, releases: seen }, releases) {
  if (!verdict) return kind === "hover" ? HOVER_MS : EVENT_MS;
  return verdict.status === "blocked" || seen >= releases ? 0 : GAP_MS;
}
