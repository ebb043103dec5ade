// selectors.js: locators. A locator is a list of parts applied left to right; each selector searches below
// every element found so far, each filter keeps some of them.

/** Builds, for a selector part, the search below a scope. */
const FINDERS = {
  css: ({ selector }) => {
    parsedSelector(selector);
    return (scope) => cssMatches(scope, selector);
  },
  xpath: ({ expression }) => {
    evaluated(expression, document);
    return (scope) => xpathMatches(scope, expression);
  },
  role: (part) => {
    const test = roleTest(part);
    const selector = candidatesFor(part.role);
    return (scope) => queryTrees(scope, selector).filter(test);
  },
  // The one search that also looks at the scope itself.
  text: ({ text }) => {
    const test = locatorTest(text);
    return (scope) => {
      const below = elementsBelow(scope);
      const all = isElement(scope) ? [scope, ...below] : below;
      return all.filter((element) => isSmallestWith(test, element));
    };
  },
  label: ({ text }) => {
    const test = locatorTest(text);
    return (scope) => elementsBelow(scope).filter((element) => labelTexts(element).some(test));
  },
  placeholder: ({ text }) => attributeFinder(["placeholder"], text),
  altText: ({ text }) => attributeFinder(["alt"], text),
  title: ({ text }) => attributeFinder(["title"], text),
  testId: ({ text }, { testIdAttributes }) => attributeFinder(testIdAttributes, text),
};

/** The search for elements of which one of these attributes passes. */
function attributeFinder(names, match) {
  const test = verbatimTest(match);
  const selector = names.map((name) => `[${CSS.escape(name)}]`).join(", ");
  const hasValue = (value) => value !== null && test(value);
  const passes = (element) => names.some((name) => hasValue(attribute(element, name)));
  return (scope) => queryTrees(scope, selector).filter(passes);
}

/** Builds, for a filter part, the test that an element must pass to stay. */
const FILTERS = {
  hasText: ({ text }) => {
    const test = locatorTest(text);
    return (element) => test(textOf(element));
  },
  hasNotText: ({ text }) => {
    const test = locatorTest(text);
    return (element) => !test(textOf(element));
  },
  has: ({ locator }, context) => insideTest(locator, context),
  hasNot: ({ locator }, context) => {
    const has = insideTest(locator, context);
    return (element) => !has(element);
  },
  visible: ({ visible }) => (element) => isVisible(element) === visible,
};

/** The test for elements inside which the locator finds something. */
const insideTest = (locator, context) => (element) =>
  resolveFrom(locator, { ...context, root: element }).length > 0;

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
        `"${state}" is no state of role "${part.role}", only of: ${[...roles].sort().join(", ")}`,
      );
    }
  }
  const name = part.name ? locatorTest(part.name) : null;
  const description = part.description ? locatorTest(part.description) : null;
  const includeHidden = part.includeHidden === true;
  return (element) => {
    if (roleOf(element) !== part.role) return false;
    if (!states.every(([state, { holds }]) => holds(element, part[state]))) return false;
    if (!includeHidden && isHiddenForAria(element)) return false;
    if (name && !name(nameOf(element, includeHidden))) return false;
    return description === null || description(descriptionOf(element, includeHidden));
  };
}

/**
 * Finds what the locator matches now. `context` carries the test id attributes; the documents that were entered
 * are added to `context.documents`.
 */
function resolve(parts, context) {
  forget();
  enter(document, context);
  const found = resolveOutside(parts, { root: document, ...context });
  return found.map((node) => (isDocument(node) ? documentElement(node) : node)).filter(Boolean);
}

/** Resolves, where a frame that only the host can enter is the locator's own and not that of one inside of it. */
function resolveOutside(parts, context) {
  try {
    return resolveFrom(parts, context);
  } catch (error) {
    if (!(error instanceof FrameAhead) || error.soFar[0] === parts[0]) throw error;
    const { element } = error;
    throw new Refusal(
      "unsupported-frame",
      `a locator inside of another one leads into a frame of another origin: ${openingTag(element)}`,
    );
  }
}

function resolveFrom(parts, context) {
  let found = [context.root];
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
  const { kind } = part;
  if (Object.hasOwn(FINDERS, kind)) {
    const find = FINDERS[kind](part, context);
    return found.length === 1 ? find(found[0]) : [...new Set(found.flatMap(find))];
  }
  if (Object.hasOwn(FILTERS, kind)) return found.filter(isElement).filter(FILTERS[kind](part, context));
  switch (kind) {
    case "nth":
      return [found.at(part.index)].filter(Boolean);
    case "and": {
      const own = new Set(found);
      return resolveFrom(part.locator, context).filter((element) => own.has(element));
    }
    case "or":
      return inDocumentOrder([...found, ...resolveFrom(part.locator, context)]);
    case "frame":
      return enterFrame(found, context, soFar);
    default:
      throw new Refusal("invalid-argument", `unknown part of a locator: ${kind}`);
  }
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
  if (!inner && isScriptless(element)) {
    throw new Refusal("unsupported-frame", `the frame's sandbox lets no script wait in it: ${openingTag(element)}`);
  }
  if (!inner) throw new FrameAhead(element, parts);
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
