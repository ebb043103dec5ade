// frames.js: frames whose document this script cannot reach, because another origin or process owns it. The
// host goes on there with what is left of the locator, and comes back with a point or a box to be carried out.

const MAX_FRAMES_AHEAD = 64;

let lastFrame = 0;
const frameNumbers = new WeakMap();
/** The frame elements that the host was told of, by number. */
const framesAhead = new Map();

/** Thrown where a locator leads into such a frame; `left` parts of it are for the script inside. */
class FrameAhead {
  constructor(element, soFar) {
    this.element = element;
    this.soFar = soFar;
  }
}

/** Whether no task of a script runs in the frame, ours included. */
function isScriptless(element) {
  const sandbox = attribute(element, "sandbox");
  return sandbox !== null && !sandbox.toLowerCase().split(/\s+/).includes("allow-scripts");
}

/** What the host is told of the frame that a locator leads into. */
function frameReply({ element, soFar }) {
  let frame = frameNumbers.get(element);
  if (!frame) {
    lastFrame += 1;
    frame = lastFrame;
    frameNumbers.set(element, frame);
  }
  framesAhead.delete(frame);
  framesAhead.set(frame, element);
  if (framesAhead.size > MAX_FRAMES_AHEAD) framesAhead.delete(framesAhead.keys().next().value);
  return { status: "frame", frame, parts: soFar.length };
}

/** The element of a frame that the host was told of. */
const frameAhead = (frame) => framesAhead.get(frame) ?? null;

/** A box inside of the frame, in coordinates of the main document where this is one, else of this viewport. */
function boxOutward(element, { x, y, width, height }, isOfDocument) {
  const placement = framePlacement(element);
  const corners = cornersOf({ left: x, top: y, right: x + width, bottom: y + height });
  const frames = framesAround(element);
  const around = boundsOf(corners.map((corner) => toMainFrame(outward(corner, placement), frames)));
  const isScrolled = isOfDocument && window === window.top;
  return {
    x: around.left + (isScrolled ? window.scrollX : 0),
    y: around.top + (isScrolled ? window.scrollY : 0),
    width: around.right - around.left,
    height: around.bottom - around.top,
  };
}

const isWithin = ({ x, y }, { left, top, right, bottom }) => x >= left && x < right && y >= top && y < bottom;

/** Scrolls this document until the point of the frame can be seen, as far as it can. */
function scrollToPointOf(element, point) {
  const at = () => outward(point, framePlacement(element));
  const isSeen = () => isWithin(at(), visibleArea(element, framesAround(element)));
  if (isSeen()) return at();
  scrollIntoView(element, { behavior: "instant", block: "nearest", inline: "nearest" });
  forget();
  if (isSeen()) return at();
  const view = windowOf(element);
  const { x, y } = at();
  view.scrollBy({ left: x - view.innerWidth / 2, top: y - view.innerHeight / 2, behavior: "instant" });
  forget();
  return isSeen() ? at() : null;
}

/** One attempt at carrying a point of the frame outward: it must be seen, and hit the frame. */
async function attemptOutward(element, action, attempt) {
  const { force } = attempt.request;
  if (!isConnected(element)) return { hopeless: "the frame was detached" };
  if (!force && !(await isStable(element))) return { reason: unstableReason(element) };
  forget();
  const point = scrollToPointOf(element, action.point);
  if (!point) {
    const reason = "element is outside of the viewport";
    return force ? { hopeless: reason } : { reason };
  }
  const frames = framesAround(element);
  const reason = force || isTransformed(element) ? null : blockedReason(element, frames, point);
  if (reason) return { reason };
  if (attempt.request.trial) return { reply: { status: "done" } };
  lastToken += 1;
  if (!force) armGuard(element, action.guard, lastToken, { judge: judgeOutside });
  const { x, y } = toMainFrame(point, frames);
  return { reply: { status: "point", x: rounded(x), y: rounded(y), token: lastToken } };
}

/** What an event of this document says, when the action's events belong into a frame: it went astray. */
function judgeOutside(event, view, element) {
  const [hit] = event.composedPath();
  const isOnTheWay = hit === element || framesAround(element).includes(hit);
  if (isOnTheWay || !hit || !("nodeType" in hit) || !isElement(hit)) return null;
  return { status: "blocked", by: openingTag(hit), reason: describeBlocker({ element: hit, top: null }) };
}

/** Carries what the script inside of a frame has answered out of it. */
function performOutward(action, attempt) {
  const element = frameAhead(action.frame);
  if (!element) throw new Refusal("internal", "the frame is not known any more");
  if (action.box) return { status: "done", value: boxOutward(element, action.box, action.isOfDocument) };
  return repeat(attempt, () => attemptOutward(element, action, attempt));
}
