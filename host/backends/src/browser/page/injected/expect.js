// expect.js: assertions. One look at what is there, what it means where nothing is, and what a failure shows.
// protocol.js repeats the look; matchers.js knows what is compared.

// Expectations that hold, or whose opposite holds, where no element matches.
const HOLD_WITHOUT = { plain: ["hidden", "detached"], negated: ["attached", "visible", "inViewport"] };

/** Looks once at what the assertion is about: `{pass, received, expected, element?}`; negation is applied. */
async function checkOnce(action, attempt) {
  const { negated } = action;
  const found = await look(action, attempt);
  const expected = found.expected ?? expectedWithout(action.expectation);
  const pass = found.absent ? found.pass : found.pass !== negated;
  return { ...found, expected: negated ? `not ${expected}` : expected, pass };
}

async function look({ expectation, negated, useInnerText }, { parts, context }) {
  const { kind } = expectation;
  const options = { useInnerText };
  const isOfPage = parts.length === 0 && Object.hasOwn(PAGE_CHECKS, kind);
  if (isOfPage) {
    forget();
    return PAGE_CHECKS[kind](expectation);
  }
  if (Object.hasOwn(LIST_CHECKS, kind))
    return LIST_CHECKS[kind](resolve(parts, context), expectation, options);
  if (!Object.hasOwn(CHECKS, kind)) throw new Refusal("invalid-argument", `unknown expectation: ${kind}`);
  const element = resolveOne(parts, context);
  if (element) return { ...(await CHECKS[kind](element, expectation, options)), element };
  const holds = HOLD_WITHOUT[negated ? "negated" : "plain"].includes(kind);
  // Without an element neither the expectation nor its opposite is shown, except where absence is the point.
  return { pass: holds, received: "no element", absent: true };
}

/** What is expected, for an assertion that found no element to compare with. */
function expectedWithout(expectation) {
  const { text, texts, value, template, state, classes, role, name, kind } = expectation;
  if (texts) return listOf(texts, describeExpected);
  if (text?.kind || value?.kind) return describeExpected(text ?? value);
  return String(template?.source ?? state ?? classes ?? role ?? name ?? inWords(kind));
}

/**
 * The accessibility tree around a failure: of the element where it can be seen (with its children only, unless
 * its text was asked for), else of the page. None where it would say what is received already.
 */
function ariaOfFailure({ element }, { kind }) {
  const isReceived = kind === "matchesAria" || (Object.hasOwn(LIST_CHECKS, kind) && kind !== "hasCount");
  if (isReceived) return undefined;
  forget();
  const limit = FAILURE_SNAPSHOT_LIMIT;
  if (!element || !isConnected(element) || !isVisible(element)) return ariaSnapshot(pageRoot(), { limit });
  const isAboutText = kind === "hasText" || kind === "containsText";
  return ariaSnapshot(element, isAboutText ? { limit } : { limit, depth: 1 });
}
