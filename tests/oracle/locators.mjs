// Locators: from FlowGuard's plain data to Playwright's own, part by part.
import { selectors } from "playwright";

/** Which attributes hold a test id, for the locators that are made from now on. */
export function useTestIds(names) {
  selectors.setTestIdAttribute(names.join(","));
}

/** Playwright's locator for a list of parts. */
export function locatorFor(page, parts) {
  let below = page;
  for (const part of parts) below = step(page, below, part);
  return below;
}

function step(page, below, part) {
  switch (part.kind) {
    case "role":
      return byRole(below, part);
    case "text":
      return byText(below, "getByText", "text", part.text);
    case "label":
      return byText(below, "getByLabel", "label", part.text);
    case "placeholder":
      return byText(below, "getByPlaceholder", "placeholder", part.text);
    case "altText":
      return byText(below, "getByAltText", "alt", part.text);
    case "title":
      return byText(below, "getByTitle", "title", part.text);
    case "testId":
      return below.getByTestId(part.text.kind === "exact" ? part.text.value : anyCase(part.text));
    case "css":
      return below.locator(`css=${part.selector}`);
    case "xpath":
      return below.locator(`xpath=${part.expression ?? part.selector}`);
    case "hasText":
      return withText(below, "hasText", "has-text", part.text);
    case "hasNotText":
      return withText(below, "hasNotText", "has-not-text", part.text);
    case "has":
      return below.filter({ has: locatorFor(page, part.locator) });
    case "hasNot":
      return below.filter({ hasNot: locatorFor(page, part.locator) });
    case "visible":
      return below.filter({ visible: part.visible });
    case "nth":
      return below.nth(part.index);
    case "and":
      return below.and(locatorFor(page, part.locator));
    case "or":
      return below.or(locatorFor(page, part.locator));
    case "frame":
      return below.contentFrame();
    default:
      throw new Error(`no such part: ${part.kind}`);
  }
}

function byText(below, method, _, match) {
  return below[method](textOf(match), { exact: match.kind === "exact" });
}

/** Filters by text are for substrings and patterns only; Playwright has the exact one without a method. */
function withText(below, option, engine, match) {
  if (match.kind === "exact") return below.locator(`internal:${engine}=${JSON.stringify(match.value)}s`);
  return below.filter({ [option]: textOf(match) });
}

/** Roles by the method, except with "mixed", which only the selector can say. */
function byRole(below, part) {
  const { role, name, description, checked, pressed, includeHidden, ...rest } = part;
  const isMixed = [checked, pressed].includes("mixed");
  if (isMixed) {
    const states = { checked, pressed, ...rest, "include-hidden": includeHidden };
    const written = Object.entries(states)
      .filter(([key, value]) => key !== "kind" && value !== undefined && value !== null)
      .map(([key, value]) => `[${key}=${value === "mixed" ? '"mixed"' : (onOff(value) ?? value)}]`);
    return below.locator(`role=${role}${written.join("")}`);
  }
  const options = { ...rest, includeHidden, checked: onOff(checked), pressed: onOff(pressed) };
  if (name) options.name = textOf(name);
  if (description) options.description = textOf(description);
  // One option for both texts in Playwright.
  const exact = (name ?? description)?.kind === "exact";
  return below.getByRole(role, { ...options, exact });
}

const onOff = (state) => ({ on: true, off: false })[state];

/** A text as Playwright takes it: a string or a regular expression. */
export function textOf(match) {
  return match.kind === "pattern" ? new RegExp(match.source, match.flags) : match.value;
}

/** A text that ignores case, where Playwright has no option for that. */
export function anyCase(match, isWhole = false) {
  if (match.kind === "pattern") return textOf(match);
  const source = match.value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(isWhole ? `^${source}$` : source, "i");
}
