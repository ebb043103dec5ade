// Assertions: each of FlowGuard's expectations as the matcher that a user of Playwright would write.
import { expect } from "playwright/test";
import { anyCase, textOf } from "./locators.mjs";

const MATCHERS = {
  attached: (it, _, options) => it.toBeAttached(options),
  detached: (it, _, options) => it.toBeAttached({ ...options, attached: false }),
  visible: (it, _, options) => it.toBeVisible(options),
  hidden: (it, _, options) => it.toBeHidden(options),
  enabled: (it, _, options) => it.toBeEnabled(options),
  disabled: (it, _, options) => it.toBeDisabled(options),
  editable: (it, _, options) => it.toBeEditable(options),
  readOnly: (it, _, options) => it.toBeEditable({ ...options, editable: false }),
  checked: (it, { state }, options) => it.toBeChecked({ ...options, ...checkedAs(state) }),
  focused: (it, _, options) => it.toBeFocused(options),
  empty: (it, _, options) => it.toBeEmpty(options),
  inViewport: (it, { ratio }, options) => it.toBeInViewport({ ...options, ratio }),
  hasText: (it, { text }, options) => it.toHaveText(...texts(text, options)),
  containsText: (it, { text }, options) => it.toContainText(...texts(text, options)),
  hasTexts: (it, expectation, options) => it.toHaveText(...texts(expectation.texts, options)),
  containsTexts: (it, expectation, options) => it.toContainText(...texts(expectation.texts, options)),
  hasValue: (it, { text }, options) => it.toHaveValue(whole(text), options),
  hasValues: (it, expectation, options) => it.toHaveValues(expectation.texts.map(whole), options),
  hasAttribute: (it, { name }, options) => it.toHaveAttribute(name, options),
  hasAttributeValue: (it, { name, value }, options) => it.toHaveAttribute(name, ...texts(value, options)),
  hasClass: (it, { text }, options) => it.toHaveClass(whole(text), options),
  hasClasses: (it, expectation, options) => it.toHaveClass(expectation.texts.map(whole), options),
  containsClass: (it, { classes }, options) => it.toContainClass(classes, options),
  containsClasses: (it, { classes }, options) => it.toContainClass(classes, options),
  hasCss: (it, { property, value, pseudo }, options) => it.toHaveCSS(property, whole(value), { ...options, pseudo }),
  hasId: (it, { text }, options) => it.toHaveId(whole(text), options),
  hasRole: (it, { role }, options) => it.toHaveRole(role, options),
  hasName: (it, { text }, options) => it.toHaveAccessibleName(...texts(text, options)),
  hasDescription: (it, { text }, options) => it.toHaveAccessibleDescription(...texts(text, options)),
  hasErrorMessage: (it, { text }, options) => it.toHaveAccessibleErrorMessage(...texts(text, options)),
  hasCount: (it, { count }, options) => it.toHaveCount(count, options),
  hasTitle: (it, { text }, options) => it.toHaveTitle(whole(text), options),
  hasUrl: (it, { text }, options, origin) => it.toHaveURL(...texts(address(text, origin), options)),
};

/** Asserts on a locator or a page. */
export async function assert(subject, { expectation, negated }, timeout) {
  if (expectation.kind === "matchesAria") return assertTree(subject, expectation.template, negated, timeout);
  if (!Object.hasOwn(MATCHERS, expectation.kind)) throw new Error(`the oracle knows no ${expectation.kind}`);
  const it = negated ? expect(subject).not : expect(subject);
  const options = { timeout, useInnerText: expectation.useInnerText };
  await MATCHERS[expectation.kind](it, expectation, options, originOf(subject));
}

/** `toMatchAriaSnapshot` without Playwright's own test runner, which the matcher insists on: the call below it. */
async function assertTree(subject, template, negated, timeout) {
  const asked = subject.url ? subject.mainFrame() : subject;
  const { matches, errorMessage } = await asked._expect("to.match.aria", {
    expectedValue: template,
    isNot: negated === true,
    timeout,
  });
  if (errorMessage && !/element\(s\) not found/.test(errorMessage)) throw new Error(errorMessage);
  if (matches !== (negated === true)) return;
  const failure = new Error("expect(locator).toMatchAriaSnapshot(expected) failed");
  throw Object.assign(failure, { matcherResult: { pass: matches } });
}

const checkedAs = (state) => (state === "mixed" ? { indeterminate: true } : { checked: state === "on" });

/** One expected text or several, and the options that say how they are compared. */
function texts(expected, options) {
  const all = [expected].flat();
  const ignoreCase = all.some(({ kind }) => kind === "ignoringCase") || undefined;
  const given = all.map((text) => (text.kind === "pattern" ? textOf(text) : text.value));
  return [Array.isArray(expected) ? given : given[0], { ...options, ignoreCase }];
}

/** For matchers without an option for the case. */
const whole = (text) => (text.kind === "text" ? text.value : anyCase(text, true));

/** Below the origin where it begins with a slash, as with a base URL. */
const address = (text, origin) => (text.value?.startsWith("/") ? { ...text, value: origin + text.value } : text);

const originOf = (subject) => (subject.url ? new URL(subject.url()).origin : null);
