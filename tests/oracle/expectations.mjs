// Assertions: each of FlowGuard's expectations as the matcher that a user of Playwright would write.
import { expect } from "playwright/test";
import { anyCase, textOf } from "./locators.mjs";

const MATCHERS = {
  attached: (it, _, options) => it.toBeAttached(options),
  visible: (it, _, options) => it.toBeVisible(options),
  hidden: (it, _, options) => it.toBeHidden(options),
  enabled: (it, _, options) => it.toBeEnabled(options),
  disabled: (it, _, options) => it.toBeDisabled(options),
  editable: (it, _, options) => it.toBeEditable(options),
  checked: (it, { state }, options) => it.toBeChecked({ ...options, ...checkedAs(state) }),
  focused: (it, _, options) => it.toBeFocused(options),
  empty: (it, _, options) => it.toBeEmpty(options),
  inViewport: (it, { ratio }, options) => it.toBeInViewport({ ...options, ratio: ratio ?? undefined }),
  hasText: (it, { text }, options) => it.toHaveText(textOf(text), { ...options, ...caseOf(text) }),
  containsText: (it, { text }, options) => it.toContainText(textOf(text), { ...options, ...caseOf(text) }),
  hasTexts: (it, { texts }, options) => it.toHaveText(texts.map(textOf), { ...options, ...caseOfAll(texts) }),
  hasValue: (it, { text }, options) => it.toHaveValue(whole(text), options),
  hasAttribute: (it, { name, value }, options) =>
    it.toHaveAttribute(name, textOf(value), { ...options, ...caseOf(value) }),
  hasClass: (it, { classes }, options) => it.toContainClass(classes, options),
  hasCss: (it, { property, value }, options) => it.toHaveCSS(property, whole(value), options),
  hasName: (it, { text }, options) => it.toHaveAccessibleName(textOf(text), { ...options, ...caseOf(text) }),
  hasCount: (it, { count }, options) => it.toHaveCount(count, options),
  hasTitle: (it, { text }, options) => it.toHaveTitle(part(text), options),
  hasUrl: (it, { text }, options, origin) => it.toHaveURL(address(text, origin), options),
};

/** Asserts on a locator or a page. */
export async function assert(subject, { expectation, negated }, timeout) {
  if (!Object.hasOwn(MATCHERS, expectation.kind)) throw new Error(`the oracle knows no ${expectation.kind}`);
  const it = negated ? expect(subject).not : expect(subject);
  await MATCHERS[expectation.kind](it, expectation, { timeout }, originOf(subject));
}

const checkedAs = (state) => (state === "mixed" ? { indeterminate: true } : { checked: state === "on" });

/** A substring ignores case, in assertions too. */
const caseOf = ({ kind }) => (kind === "substring" ? { ignoreCase: true } : {});

const caseOfAll = (texts) => (texts.some(({ kind }) => kind === "substring") ? { ignoreCase: true } : {});

/** For matchers without an option for the case. */
const whole = (match) => (match.kind === "substring" ? anyCase(match, true) : textOf(match));

const part = (match) => (match.kind === "substring" ? anyCase(match) : textOf(match));

/** Below the origin where it begins with a slash, as with a base URL. */
const address = (match, origin) => (match.value?.startsWith("/") ? origin + match.value : part(match));

const originOf = (subject) => (subject.url ? new URL(subject.url()).origin : null);
