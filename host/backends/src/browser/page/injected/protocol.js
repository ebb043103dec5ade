// protocol.js: the calls of the host. One call is one action: it resolves, waits in the page until the action
// can be done, and answers once. Errors that no waiting can mend answer at once.

const DELAYS_MS = [0, 20, 100, 100, 500];
const PAUSE_MS = 8;

/** Attempts at actions on one element: each answers `{reply}`, `{reason}` to try again, or `{hopeless}`. */
const ELEMENT_ACTIONS = {
  pointer: attemptPointer,
  setChecked: attemptSetChecked,
  fill: attemptFill,
  fillSecret: attemptFillSecret,
  select: attemptSelect,
  focus: attemptFocus,
  blur: attemptBlur,
  selectText: attemptSelectText,
  scrollIntoView: attemptScrollIntoView,
  dispatchEvent: attemptDispatch,
  hand: attemptHand,
  setFiles: attemptSetFiles,
  dropFiles: attemptDropFiles,
  read: attemptRead,
  clip: (element, _, attempt) => attemptClip(element, attempt),
  ariaSnapshot: (element) => ({ reply: { status: "done", value: ariaSnapshot(element) } }),
};

/** Actions that look once and do not wait. */
const IMMEDIATE_ACTIONS = {
  count: ({ parts, context }) => resolve(parts, context).length,
  isVisible: looksVisible,
  allInnerTexts: ({ parts, context }) => resolve(parts, context).map(renderedText),
  allTextContents: ({ parts, context }) => resolve(parts, context).map((each) => textContent(each) ?? ""),
  touchable: () => refuseWithoutTouch(),
  title: () => document.title,
  outline: () => outline(),
  showsSecret: (_, { veil }) => secretNodes(veil).length > 0,
  prepareScreenshot,
  restoreScreenshot: () => restoreScreenshot(),
};

/** How long the texts of an answer may be where they may be longer than others. */
const LIMITS = { outline: OUTLINE_TEXT_LIMIT, content: Number.MAX_SAFE_INTEGER };

/** What the host asks while an action may be going on: whose guard it leaves alone. */
const ASIDE = new Set(["showsSecret"]);

/** What one call tries: its locator, its time, its log. */
class Attempt {
  constructor(request) {
    this.request = request;
    this.parts = request.locator ?? [];
    this.context = { documents: [], testIdAttributes: request.testIdAttributes ?? ["data-testid"] };
    this.started = performance.now();
    this.deadline = this.started + Math.max(0, request.timeout ?? 0);
    this.turn = request.scroll ?? 0;
    this.lines = [];
    this.log = (line) => this.lines.push(line);
  }

  /** Milliseconds that are left. */
  left() {
    return this.deadline - performance.now();
  }

  /** The log with neighbouring repeats folded. */
  folded() {
    const folds = [];
    for (const line of this.lines) {
      const last = folds.at(-1);
      if (last?.line === line) last.times += 1;
      else folds.push({ line, times: 1 });
    }
    return folds.map(({ line, times }) => (times === 1 ? line : `${times} \u00d7 ${line}`));
  }
}

/** Performs one action of the host; see the protocol for requests and replies. */
async function perform(request) {
  const attempt = new Attempt(request);
  try {
    observe();
    if (!ASIDE.has(request.action.kind)) disarmGuard();
    const reply = await performAction(request.action, attempt);
    const limit = LIMITS[request.action.kind] ?? TEXT_LIMIT;
    return clean({ ...reply, log: attempt.folded() }, limit);
  } catch (error) {
    if (error instanceof FrameAhead) return { ...frameReply(error), log: attempt.folded() };
    const { code, message, evidence } = refusalOf(error);
    return clean({ status: "error", code, message, evidence, log: attempt.folded() });
  }
}

/** What an error refuses. Walks of the page call themselves: one that is too deep for them is the page's doing. */
function refusalOf(error) {
  if (error instanceof Refusal) return error;
  if (!(error instanceof RangeError) || !error.message.includes("call stack")) throw error;
  const advice = "it can be reached by CSS, test id or XPath, from which nothing so deep is read";
  return new Refusal("wrong-element", `the page is nested too deep to be read: ${advice}`);
}

function performAction(action, attempt) {
  if (Object.hasOwn(IMMEDIATE_ACTIONS, action.kind)) {
    return { status: "done", value: IMMEDIATE_ACTIONS[action.kind](attempt, action) };
  }
  if (action.kind === "expect") return performExpect(action, attempt);
  if (action.kind === "verifyChecked") return performVerify(action, attempt);
  if (action.kind === "outward") return performOutward(action, attempt);
  if (action.kind === "handAll") return performHandAll(action, attempt);
  if (action.kind === "addTag") return performAddTag(action, attempt);
  if (action.kind === "rest") return performRest(attempt);
  if (action.kind === "waitFor") return performWait(action, attempt);
  if (action.kind === "setContent") return performSetContent(action, attempt);
  if (action.kind === "content") return { status: "done", value: markup(action.limit) };
  if (action.kind === "ariaSnapshot" && attempt.parts.length === 0) {
    forget();
    return { status: "done", value: ariaSnapshot(pageRoot()) };
  }
  if (!Object.hasOwn(ELEMENT_ACTIONS, action.kind)) {
    throw new Refusal("invalid-argument", `unknown action: ${action.kind}`);
  }
  return performOnElement(ELEMENT_ACTIONS[action.kind], action, attempt);
}

/** Repeats resolve and attempt until the action is done, cannot be done, or the time is over. */
async function performOnElement(tryAction, action, attempt) {
  const name = describeLocator(attempt.parts);
  attempt.log(`waiting for ${name}`);
  let previous = null;
  return repeat(attempt, async () => {
    const element = resolveOne(attempt.parts, attempt.context);
    if (!element) return { reason: `waiting for ${name}: no element matches` };
    if (element !== previous) attempt.log(`found ${openingTag(element)}`);
    previous = element;
    const outcome = await tryAction(element, action, attempt);
    if (outcome.hasScrolled) attempt.turn += 1;
    return outcome;
  });
}

async function performVerify(action, attempt) {
  return repeat(attempt, () =>
    attemptVerifyChecked(resolve(attempt.parts, attempt.context)[0] ?? null, action, attempt),
  );
}

/** Repeats a look at the one element until it is there, gone, visible or hidden. */
async function performWait({ state }, attempt) {
  const name = describeLocator(attempt.parts);
  return repeat(attempt, () => {
    const element = resolveOne(attempt.parts, attempt.context);
    const seen = presenceOf(element);
    if (seen.includes(state)) return { reply: { status: "done" } };
    return { reason: `waiting for ${name} to be ${state}: it is ${seen.join(" and ")}` };
  });
}

/** What can be said of where an element is. */
function presenceOf(element) {
  if (!element) return ["detached", "hidden"];
  return ["attached", isVisible(element) ? "visible" : "hidden"];
}

/** `hasCount` as people read it: `has count`. */
const inWords = (kind) => kind.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** Repeats the check until it holds or the time is over; a failure says what was seen last. */
async function performExpect(action, attempt) {
  attempt.log(
    `expecting ${describeLocator(attempt.parts)}${action.negated ? " not" : ""} ${inWords(action.expectation.kind)}`,
  );
  let last = null;
  const reply = await repeat(attempt, async () => {
    last = await checkOnce(action, attempt);
    return last.pass ? { reply: { status: "done" } } : { reason: `received ${brief(last.received, 200)}` };
  });
  if (reply.status !== "timeout") return reply;
  return { status: "failed", received: last.received, expected: last.expected, aria: ariaOfFailure(last, action.expectation) };
}

/** Where the tree of a whole page begins. */
const pageRoot = () => bodyOf(document) ?? documentElement(document);

/** The retry loop. Between attempts it sleeps, and wakes at once when a document that takes part changes. */
async function repeat(attempt, once) {
  let round = 0;
  for (;;) {
    const began = performance.now();
    const before = watchesOf(attempt).map((watch) => [watch, watch.count]);
    const overlay = visibleOverlay(attempt);
    if (overlay !== null) return { status: "overlay", id: overlay };
    const { reply, reason, hopeless } = await once();
    if (reply) return reply;
    attempt.log(hopeless ?? reason);
    if (hopeless || attempt.left() <= 0) return { status: "timeout", reason: hopeless ?? reason };
    suspectClosedRoots(attempt.context.documents, round);
    await rest(attempt, round, began, new Map(before));
    round += 1;
  }
}

/** The number of the first overlay that shows, of those that the host has handlers for. */
function visibleOverlay({ request, context: { testIdAttributes } }) {
  for (const { id, locator } of request.overlays ?? []) {
    if (resolve(locator, { documents: [], testIdAttributes }).some(isVisible)) return id;
  }
  return null;
}

/** Sleeps before the next attempt, as long as the round says and the time allows. */
function rest(attempt, round, began, before) {
  const watches = watchesOf(attempt);
  const counts = watches.map((watch) => before.get(watch) ?? watch.count);
  const delay = Math.min(DELAYS_MS[Math.min(round, DELAYS_MS.length - 1)], attempt.left());
  return waitForChange(watches, counts, delay, PAUSE_MS - (performance.now() - began));
}

/** The watches of the documents that the locator has gone through. */
function watchesOf({ context }) {
  const watches = context.documents.map((root) => watchOf(defaultView(root))).filter(Boolean);
  return [...new Set([here, ...watches])];
}

/** Cuts every text of a reply to what may leave the page. */
function clean(value, limit = TEXT_LIMIT) {
  if (typeof value === "string") return cut(value, limit);
  if (Array.isArray(value)) return value.map((each) => clean(each, limit));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, clean(each, limit)]));
}

/**
 * Ends the pointer action that was sent before, if there was one; then does the steps, each as `perform` does it,
 * until one is not done or the document is about to be replaced.
 */
async function run({ after, steps }) {
  const settled = after ? clean(await settleGuard(after)) : null;
  if (!after) forgetLeaving();
  const replies = [];
  let goesOn = !after || settled.status === "hit";
  for (const step of steps) {
    if (!goesOn || isLeaving()) break;
    const began = performance.now();
    const reply = await perform(step);
    replies.push({ ...reply, took: performance.now() - began });
    goesOn = reply.status === "done";
  }
  return { settled, replies };
}

shifts.observe({ type: "layout-shift" });
observe();
const release = () => void disarmGuard();
globalThis.flowguard = { perform, run, isDragging, here, suspects, showRoots, frameAhead, handed, release };
