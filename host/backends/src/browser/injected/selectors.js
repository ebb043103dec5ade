// selectors.js: locators. A locator is a list of parts applied left to right; each selector searches below
// every element found so far, each filter keeps some of them.

const MAX_CANDIDATES = 10;

/** Builds, for a selector part, the test that an element below the scope must pass. */
const ELEMENT_TESTS = {
  role: roleTest,
  text: ({ text }) => {
    const test = locatorTest(text);
    return (element) => isSmallestWith(test, element);
  },
  label: ({ text }) => {
    const test = locatorTest(text);
    return (element) => labelTexts(element).some(test);
  },
  placeholder: ({ text }) => attributeTest("placeholder", locatorTest(text)),
  altText: ({ text }) => attributeTest("alt", locatorTest(text)),
  title: ({ text }) => attributeTest("title", locatorTest(text)),
  testId: ({ text }, { testIdAttributes }) => {
    const test = verbatimTest(text);
    const tests = testIdAttributes.map((name) => attributeTest(name, test));
    return (element) => tests.some((each) => each(element));
  },
};

/** Builds, for a filter part, the test that an element must pass to stay. */
const FILTER_TESTS = {
  hasText: ({ text }) => {
    const test = locatorTest(text);
    return (element) => test(textOf(element));
  },
  hasNotText: ({ text }) => {
    const test = locatorTest(text);
    return (element) => !test(textOf(element));
  },
  visible: ({ visible }) => (element) => isVisible(element) === visible,
};

function attributeTest(name, test) {
  return (element) => {
    const value = attribute(element, name);
    return value !== null && test(value);
  };
}

const ROLE_STATES = {
  checked: { roles: CHECKED_ROLES, holds: (element, wanted) => (checkedState(element) ?? "off") === wanted },
  pressed: { roles: PRESSED_ROLES, holds: (element, wanted) => pressedState(element) === wanted },
  selected: { roles: SELECTED_ROLES, holds: (element, wanted) => isSelected(element) === wanted },
  expanded: { roles: EXPANDED_ROLES, holds: (element, wanted) => expandedState(element) === wanted },
  level: { roles: LEVEL_ROLES, holds: (element, wanted) => levelOf(element) === wanted },
  disabled: { roles: null, holds: (element, wanted) => isDisabled(element) === wanted },
};

function roleTest(part) {
  const states = Object.entries(ROLE_STATES).filter(
    ([state]) => part[state] !== undefined && part[state] !== null,
  );
  for (const [state, { roles }] of states) {
    if (roles && !roles.includes(part.role)) {
      throw new Refusal(
        "invalid-argument",
        `"${state}" is no state of role "${part.role}", only of: ${roles.join(", ")}`,
      );
    }
  }
  const name = part.name ? locatorTest(part.name) : null;
  const includeHidden = part.includeHidden === true;
  return (element) => {
    if (roleOf(element) !== part.role) return false;
    if (!states.every(([state, { holds }]) => holds(element, part[state]))) return false;
    if (!includeHidden && isHiddenForAria(element)) return false;
    return name === null || name(nameOf(element, includeHidden));
  };
}

/**
 * Finds what the locator matches now, in the order of the document.
 * `context` carries the test id attributes; the documents that were entered are added to `context.documents`.
 */
function resolve(parts, context) {
  forget();
  const found = resolveFrom(parts, { root: document, ...context });
  return found.map((node) => (isDocument(node) ? documentElement(node) : node)).filter(Boolean);
}

function resolveFrom(parts, context) {
  let found = [context.root];
  enter(context.root, context);
  for (const [index, part] of parts.entries())
    found = applyPart(part, found, context, parts.slice(0, index + 1));
  return found;
}

/** Notes that a document takes part, and watches the shadow roots that it has got since. */
function enter(root, context) {
  if (!context.documents.includes(root)) context.documents.push(root);
  watchOf(defaultView(root))?.observe();
}

function applyPart(part, found, context, soFar) {
  switch (part.kind) {
    case "css":
      return inOrder(
        found.map((scope) => cssMatches(scope, part.selector)),
        context,
      );
    case "nth":
      return [found.at(part.index)].filter(Boolean);
    case "and": {
      const others = new Set(resolveFrom(part.locator, context));
      return found.filter((element) => others.has(element));
    }
    case "or":
      return inOrder([found, resolveFrom(part.locator, context)], context);
    case "frame":
      return enterFrame(found, context, soFar);
    default:
  }
  if (Object.hasOwn(FILTER_TESTS, part.kind))
    return found.filter(isElement).filter(FILTER_TESTS[part.kind](part));
  if (!Object.hasOwn(ELEMENT_TESTS, part.kind)) {
    throw new Refusal("invalid-argument", `unknown part of a locator: ${part.kind}`);
  }
  const test = ELEMENT_TESTS[part.kind](part, context);
  return inOrder(
    found.map((scope) => elementsBelow(scope).filter(test)),
    context,
  );
}

/** The union of several lists without repetition, in the order of the document. */
function inOrder(lists, context) {
  const filled = lists.filter((list) => list.length > 0);
  if (filled.length <= 1) return filled[0] ?? [];
  const places = new Map(elementsBelow(context.root).map((element, index) => [element, index]));
  const union = [...new Set(filled.flat())];
  return union.sort((one, other) => (places.get(one) ?? -1) - (places.get(other) ?? -1));
}

/** The document inside the one frame element found; an empty list where there is none yet. */
function enterFrame(found, context, parts) {
  if (found.length === 0) return [];
  if (found.length > 1) throw ambiguous(parts.slice(0, -1), found, context);
  const [element] = found;
  if (!isElement(element) || !isFrame(element)) {
    throw new Refusal(
      "wrong-element",
      `not a frame: ${isElement(element) ? openingTag(element) : "the document"}`,
    );
  }
  const inner = frameDocument(element);
  if (!inner) {
    throw new Refusal(
      "unsupported-frame",
      `the frame's document is of another origin or process: ${openingTag(element)}`,
    );
  }
  context.root = inner;
  enter(inner, context);
  return [inner];
}

/** The one element that the locator matches; null when there is none; several are refused. */
function resolveOne(parts, context) {
  const found = resolve(parts, context);
  if (found.length > 1) throw ambiguous(parts, found, context);
  return found[0] ?? null;
}

/** The refusal of a locator that matches several elements, with ways to say which one. */
function ambiguous(parts, found, context) {
  const lines = found.slice(0, MAX_CANDIDATES).map((element, index) => {
    return `${index + 1}. ${preview(element)}: ${suggestion(element, parts, index, context)}`;
  });
  if (found.length > MAX_CANDIDATES) lines.push(`and ${found.length - MAX_CANDIDATES} more`);
  const message = `${describeLocator(parts)} matches ${found.length} elements`;
  return new Refusal("ambiguous-locator", message, [{ title: "candidates", text: lines.join("\n") }]);
}

/** A locator that picks this one candidate: its role and name where nothing else has them, else its number. */
function suggestion(element, parts, index, context) {
  const role = roleOf(element);
  const name = role ? nameOf(element) : "";
  if (name !== "" && !isHiddenForAria(element)) {
    const part = { kind: "role", role, name: { kind: "exact", value: name }, includeHidden: false };
    const same = elementsBelow(documentOf(element)).filter(roleTest(part));
    if (same.length === 1 && !parts.some(({ kind }) => kind === "frame")) return describeLocator([part]);
  }
  return describeLocator([...parts, { kind: "nth", index }]);
}

const PART_NAMES = { altText: "alt-text", testId: "test-id", hasText: "has-text", hasNotText: "has-not-text" };

/** The locator as people write it: `button "Pay"`, `label "Email"`, parts joined by ` › `. */
const describeLocator = (parts) => (parts ?? []).map(describePart).join(" › ") || "page";

function describePart(part) {
  const name = PART_NAMES[part.kind] ?? part.kind;
  switch (part.kind) {
    case "role": {
      const states = Object.keys(ROLE_STATES).filter(
        (state) => part[state] !== undefined && part[state] !== null,
      );
      const written = states.map((state) => ` [${state}=${part[state]}]`).join("");
      return part.role + (part.name ? ` ${describeMatch(part.name)}` : "") + written;
    }
    case "css":
      return `css ${quoted(part.selector)}`;
    case "visible":
      return part.visible ? "visible" : "hidden";
    case "nth":
      return `nth ${part.index}`;
    case "and":
    case "or":
      return `${name} (${describeLocator(part.locator)})`;
    case "frame":
      return "frame";
    default:
      return `${name} ${describeMatch(part.text)}`;
  }
}
