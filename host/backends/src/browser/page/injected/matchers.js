// matchers.js: what each expectation compares. A check looks once and answers `{pass, received, expected}`; who
// repeats it, and what no element means, is in expect.js.

/** Expectations on one element. */
const CHECKS = {
  attached: () => verdict(true, "attached", "attached"),
  detached: () => verdict(false, "attached", "detached"),
  visible: (element) => stateVerdict(isVisible(element), "visible", "hidden"),
  hidden: (element) => stateVerdict(!isVisible(element), "hidden", "visible"),
  enabled: (element) => stateVerdict(!isDisabled(retargetControl(element)), "enabled", "disabled"),
  disabled: (element) => stateVerdict(isDisabled(retargetControl(element)), "disabled", "enabled"),
  editable: (element) => editVerdict(element, "editable"),
  readOnly: (element) => editVerdict(element, "read-only"),
  focused: (element) => stateVerdict(isFocused(element), "focused", "not focused"),
  empty: (element) => stateVerdict(isEmpty(element), "empty", "not empty"),
  checked: (element, { state }) => checkedVerdict(retargetControl(element), state),
  inViewport: async (element, { ratio }) => viewportVerdict(await viewportRatio(element), ratio),
  hasText: (element, { text }, options) => textVerdict(shownText(element, options), text, FOLDED),
  containsText: (element, { text }, options) => textVerdict(shownText(element, options), text, PART),
  hasValue: (element, { text }) => textVerdict(valueOf(element), text),
  hasValues: (element, { texts }) => valuesVerdict(element, texts),
  hasName: (element, { text }) => textVerdict(nameOf(element), text, FOLDED),
  hasDescription: (element, { text }) => textVerdict(descriptionOf(element), text, FOLDED),
  hasErrorMessage: (element, { text }) => textVerdict(errorMessageOf(element), text, FOLDED),
  hasRole: (element, { role }) => verdict(roleOf(element) === role, roleOf(element) ?? "no role", role),
  hasId: (element, { text }) => textVerdict(attribute(element, "id") ?? "", text),
  hasAttribute: (element, { name }) => stateVerdict(hasAttribute(element, name), "present", "absent"),
  hasAttributeValue: (element, { name, value }) => textVerdict(attribute(element, name), value),
  hasCss: (element, { property, value, pseudo }) =>
    textVerdict(styleOf(element, pseudo && `::${pseudo}`)?.getPropertyValue(property) ?? "", value),
  hasClass: (element, { text }) => textVerdict(classesOf(element), text),
  containsClass: (element, { classes }) =>
    verdict(hasClasses(element, classes), quoted(classesOf(element)), quoted(classes)),
  matchesAria: (element, { template }) => ariaVerdict(element, template),
};

/** Expectations on any number of elements. */
const LIST_CHECKS = {
  hasCount: (elements, { count }) => verdict(elements.length === count, String(elements.length), String(count)),
  hasTexts: (elements, { texts }, options) => {
    const received = elements.map((element) => shownText(element, options));
    return listVerdict(received, texts, FOLDED);
  },
  containsTexts: (elements, { texts }, options) => {
    const received = elements.map((element) => shownText(element, options));
    const tests = texts.map((text) => assertionTest(text, PART));
    return verdict(isSubsequence(tests, received), listOf(received), listOf(texts, describeExpected));
  },
  hasClasses: (elements, { texts }) => listVerdict(elements.map(classesOf), texts),
  containsClasses: (elements, { classes }) => {
    const pass =
      elements.length === classes.length &&
      classes.every((expected, index) => hasClasses(elements[index], expected));
    return verdict(pass, listOf(elements.map(classesOf)), listOf(classes));
  },
};

/** Expectations on the page. */
const PAGE_CHECKS = {
  hasTitle: ({ text }) => textVerdict(titleOf(document), text, FOLDED),
  hasUrl: ({ text }) => textVerdict(window.location.href, text),
  matchesAria: ({ template }) =>
    bodyOf(document)
      ? ariaVerdict(bodyOf(document), template)
      : verdict(false, "no document body", "a document that matches the template"),
};

const verdict = (pass, received, expected) => ({ pass, received, expected });

const stateVerdict = (pass, expected, otherwise) => verdict(pass, pass ? expected : otherwise, expected);

// How a text is compared: white space folded or as it is, the whole or a part.
const FOLDED = { isFolded: true };
const PART = { isFolded: true, isPart: true };

/** The test that an expected text makes. Patterns see the text as it is. */
function assertionTest(expected, { isFolded = false, isPart = false } = {}) {
  if (expected.kind === "pattern") {
    const pattern = regularExpression(expected);
    return (text) => pattern.test(text);
  }
  const folds = isFolded ? fold : (text) => text;
  const prepare =
    expected.kind === "ignoringCase" ? (text) => folds(text).toLocaleLowerCase() : (text) => folds(text);
  const wanted = prepare(expected.value);
  return isPart ? (text) => prepare(text).includes(wanted) : (text) => prepare(text) === wanted;
}

/** An expected text as people write it. */
const describeExpected = (expected) =>
  expected.kind === "ignoringCase" ? `${quoted(expected.value)} ignoring case` : describeMatch(expected);

/** Compares a text, null for an absent one. */
function textVerdict(received, expected, how) {
  const test = assertionTest(expected, how);
  const pass = received !== null && test(received);
  return verdict(pass, received === null ? "absent" : quoted(received), describeExpected(expected));
}

/** Compares as many texts as are expected, one by one. */
function listVerdict(received, texts, how) {
  const tests = texts.map((text) => assertionTest(text, how));
  const pass = received.length === tests.length && tests.every((test, index) => test(received[index]));
  return verdict(pass, listOf(received), listOf(texts, describeExpected));
}

/** Whether the tests are passed in order, by some of the texts. */
function isSubsequence(tests, texts) {
  let next = 0;
  for (const text of texts) if (next < tests.length && tests[next](text)) next += 1;
  return next === tests.length;
}

/** A list for a message, a line each where it is long. */
function listOf(items, describe = (text) => quoted(brief(text, 200))) {
  const shown = items.map(describe);
  const line = `[${shown.join(", ")}]`;
  return line.length <= 100 ? line : `[\n  ${shown.join(",\n  ")}\n]`;
}

/** The element's text: as it is written, or with `useInnerText` as it is rendered. */
const shownText = (element, { useInnerText }) => (useInnerText ? renderedText(element) : textOf(element));

function editVerdict(element, expected) {
  const control = retargetControl(element);
  refuseUneditable(control);
  const isWritable = !isDisabled(control) && !isReadonly(control);
  const received = isDisabled(control) ? "disabled" : isReadonly(control) ? "read-only" : "editable";
  return verdict(isWritable === (expected === "editable"), received, expected);
}

function checkedVerdict(control, expected) {
  const state = checkableState(control);
  const received = expected === "mixed" ? state : isOn(control) ? "on" : "off";
  const words = { on: "checked", off: "unchecked", mixed: "indeterminate" };
  return verdict(received === expected, words[received], words[expected]);
}

function viewportVerdict(received, expected) {
  // A part too small to be told from rounding counts.
  const pass = received > 0 && received > expected - 1e-9;
  const share = (ratio) => `${Math.round(ratio * 1000) / 10} %`;
  return verdict(
    pass,
    `${share(received)} in the viewport`,
    expected > 0 ? `at least ${share(expected)} in the viewport` : "in the viewport",
  );
}

/** The values of the options selected in a list that takes several. */
function valuesVerdict(element, texts) {
  const control = retargetControl(element);
  if (tag(control) !== "select" || !control.multiple)
    throw new Refusal("wrong-element", `not a select of several options: ${openingTag(control)}`);
  return listVerdict(
    [...control.selectedOptions].map((option) => option.value),
    texts,
  );
}

const classesOf = (element) => attribute(element, "class") ?? "";

/** Whether each of these blank-separated classes is the element's. */
function hasClasses(element, classes) {
  const words = (text) => text.split(/\s+/u).filter(Boolean);
  const present = new Set(words(classesOf(element)));
  return words(classes).every((name) => present.has(name));
}

/** The value of a control; anything without one is refused. */
function valueOf(element) {
  const control = retargetControl(element);
  if (!isNativeControl(control))
    throw new Refusal("wrong-element", `not an input, text area or select: ${openingTag(control)}`);
  return control.value;
}

function ariaVerdict(root, template) {
  const tree = ariaTree(root);
  return verdict(matchesTemplate(tree, template.root), cutLines(linesOfTree(tree), TEXT_LIMIT), template.source);
}

/** Which share of the element is within the viewport, clipped as the browser clips it. */
function viewportRatio(element) {
  return new Promise((resolve) => {
    const finish = (ratio) => {
      clearTimeout(timer);
      observer.disconnect();
      resolve(ratio);
    };
    const observer = new IntersectionObserver((entries) => finish(entries[0].intersectionRatio));
    const timer = setTimeout(() => finish(ratioByBoxes(element)), LATE_FRAME_MS);
    observer.observe(element);
    requestAnimationFrame(() => {});
  });
}

/** What can be told without a frame: the share of the rectangle that is in the visible area. */
function ratioByBoxes(element) {
  forget();
  const box = boundingRect(element);
  const { left, top, right, bottom } = intersection(box, visibleArea(element, framesAround(element)));
  const area = box.width * box.height;
  return area > 0 ? (Math.max(0, right - left) * Math.max(0, bottom - top)) / area : 0;
}
