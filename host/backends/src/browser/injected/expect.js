// expect.js: assertions. A check looks once and says what it saw; protocol.js repeats it.

/** Expectations on one element: each answers `{pass, received, expected}`. */
const CHECKS = {
  attached: () => verdict(true, "attached", "attached"),
  visible: (element) => stateVerdict(isVisible(element), "visible", "hidden"),
  hidden: (element) => stateVerdict(!isVisible(element), "hidden", "visible"),
  enabled: (element) => stateVerdict(!isDisabled(retargetControl(element)), "enabled", "disabled"),
  disabled: (element) => stateVerdict(isDisabled(retargetControl(element)), "disabled", "enabled"),
  editable: checkEditable,
  focused: (element) => stateVerdict(isFocused(element), "focused", "not focused"),
  empty: (element) => stateVerdict(isEmpty(element), "empty", "not empty"),
  inViewport: async (element) =>
    stateVerdict(await isInViewport(element), "in the viewport", "outside of the viewport"),
  checked: (element, { state }) => {
    const received = checkableState(retargetControl(element));
    return verdict(received === state, received, state);
  },
  hasText: (element, { text }) => textVerdict(textOf(element), text, false),
  containsText: (element, { text }) => textVerdict(textOf(element), text, true),
  hasValue: (element, { text }) => textVerdict(valueOf(element), text, false),
  hasName: (element, { text }) => textVerdict(nameOf(element), text, false),
  hasAttribute: (element, { name, value }) => textVerdict(attribute(element, name), value, false),
  hasCss: (element, { property, value }) =>
    textVerdict(styleOf(element)?.getPropertyValue(property) ?? "", value, false),
  hasClass: checkClass,
};

/** Expectations on any number of elements. */
const LIST_CHECKS = {
  hasCount: (elements, { count }) => verdict(elements.length === count, String(elements.length), String(count)),
  hasTexts: (elements, { texts }) => {
    const received = elements.map(textOf);
    const tests = texts.map((text) => assertionTest(text, false));
    const pass = received.length === tests.length && tests.every((test, index) => test(received[index]));
    const short = received.map((text) => quoted(brief(text, 200)));
    return verdict(pass, `[${short.join(", ")}]`, `[${texts.map(describeMatch).join(", ")}]`);
  },
};

/** Expectations on the page. */
const PAGE_CHECKS = {
  hasTitle: ({ text }) => textVerdict(fold(titleOf(document)), text, text.kind === "substring"),
  hasUrl: ({ text }) => textVerdict(window.location.href, text, text.kind === "substring"),
};

// Expectations that hold, or whose opposite holds, where no element matches.
const HOLD_WITHOUT = { plain: ["hidden"], negated: ["attached", "visible", "inViewport"] };

const verdict = (pass, received, expected) => ({ pass, received, expected });

const stateVerdict = (pass, expected, otherwise) => verdict(pass, pass ? expected : otherwise, expected);

/** Compares a text, null for an absent one. */
function textVerdict(received, match, contain) {
  const test = assertionTest(match, contain);
  const pass = received !== null && test(received);
  return verdict(pass, received === null ? "absent" : quoted(received), describeMatch(match));
}

function checkEditable(element) {
  const control = retargetControl(element);
  refuseUneditable(control);
  if (isDisabled(control)) return verdict(false, "disabled", "editable");
  return stateVerdict(!isReadonly(control), "editable", "read-only");
}

function checkClass(element, { classes }) {
  const received = attribute(element, "class") ?? "";
  const present = received.split(/\s+/);
  const pass = classes
    .split(/\s+/)
    .filter(Boolean)
    .every((name) => present.includes(name));
  return verdict(pass, quoted(received), quoted(classes));
}

/** The value of a control; anything without one is refused. */
function valueOf(element) {
  const control = retargetControl(element);
  if (!isNativeControl(control))
    throw new Refusal("wrong-element", `not an input, text area or select: ${openingTag(control)}`);
  return control.value;
}

/** Whether some of the element is within the viewport, clipped as the browser clips it. */
function isInViewport(element) {
  return new Promise((resolve) => {
    const finish = (isInside) => {
      clearTimeout(timer);
      observer.disconnect();
      resolve(isInside);
    };
    const observer = new IntersectionObserver((entries) => finish(entries[0].intersectionRatio > 0));
    const timer = setTimeout(() => finish(touchesViewport(element)), LATE_FRAME_MS);
    observer.observe(element);
    requestAnimationFrame(() => {});
  });
}

/** What can be told without a frame: whether the rectangle touches the viewport. */
function touchesViewport(element) {
  const { left, top, right, bottom } = intersection(
    boundingRect(element),
    visibleArea(element, framesAround(element)),
  );
  return right > left && bottom > top;
}

/** Looks once at what the assertion is about: `{pass, received, expected, element?}`; negation is applied. */
async function checkOnce(action, attempt) {
  const { expectation, negated } = action;
  const found = await look(expectation, negated, attempt);
  const expected = found.expected ?? expectedWithout(expectation);
  const pass = found.absent ? found.pass : found.pass !== negated;
  return { ...found, expected: negated ? `not ${expected}` : expected, pass };
}

async function look(expectation, negated, { parts, context }) {
  const { kind } = expectation;
  if (Object.hasOwn(PAGE_CHECKS, kind)) return PAGE_CHECKS[kind](expectation);
  if (Object.hasOwn(LIST_CHECKS, kind)) return LIST_CHECKS[kind](resolve(parts, context), expectation);
  if (!Object.hasOwn(CHECKS, kind)) throw new Refusal("invalid-argument", `unknown expectation: ${kind}`);
  const element = resolveOne(parts, context);
  if (element) return { ...(await CHECKS[kind](element, expectation)), element };
  const holds = HOLD_WITHOUT[negated ? "negated" : "plain"].includes(kind);
  // Without an element neither the expectation nor its opposite is shown, except where absence is the point.
  return { pass: holds, received: "no element", absent: true };
}

/** What is expected, for an assertion that found no element to compare with. */
function expectedWithout(expectation) {
  const match = expectation.text ?? expectation.value;
  if (match) return describeMatch(match);
  return expectation.state ?? expectation.classes ?? expectation.kind;
}
