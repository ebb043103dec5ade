// Actions and readings: each kind of FlowGuard's as the call that a user of Playwright would write.
import { assert } from "./expectations.mjs";

/** As many elements are told apart where a case counts. */
const NAMED = 12;

const ACTIONS = {
  click: (locator, { clicks, ...action }, how) =>
    locator.click({ ...pointer(action), clickCount: clicks, ...how }),
  hover: (locator, action, how) => {
    const { button: _, ...options } = pointer(action);
    return locator.hover({ ...options, ...how });
  },
  setChecked: (locator, { checked, position }, how) => locator.setChecked(checked, { position, ...how }),
  fill: (locator, { value }, { trial: _, ...how }) => locator.fill(value, how),
  press: (locator, { key }, { timeout }) => locator.press(key, { timeout }),
  focus: (locator, _, { timeout }) => locator.focus({ timeout }),
  select: (locator, { choices }, { trial: _, ...how }) => locator.selectOption(choices.map(choice), how),
  count: (locator) => locator.evaluateAll(tellApart, NAMED),
  tell: (locator) => locator.evaluateAll(tell),
  isVisible: (locator) => locator.isVisible(),
  allInnerTexts: (locator) => locator.allInnerTexts(),
  read: read,
};

const PAGE_ACTIONS = {
  title: (page) => page.title(),
  press: (page, { key }) => page.keyboard.press(key),
};

/** Does what the order says; the value is what the call answers. */
export function act(page, locator, { action, timeout, force, trial }) {
  if (action.kind === "expect") return assert(locator ?? page, action, timeout);
  const known = locator ? ACTIONS : PAGE_ACTIONS;
  if (!Object.hasOwn(known, action.kind)) throw new Error(`the oracle knows no ${action.kind}`);
  return known[action.kind](locator ?? page, action, { timeout, force, trial });
}

function pointer({ button, position, modifiers }) {
  return { button, position: position ?? undefined, modifiers };
}

function choice({ kind, text, index }) {
  return kind === "index" ? { index } : { [kind]: text };
}

function read(locator, { what, name }, { timeout }) {
  if (what === "inputValue") return locator.inputValue({ timeout });
  if (what === "attribute") return locator.getAttribute(name, { timeout });
  return locator.textContent({ timeout });
}

/** How many, and which: the ids of the first ones, or their texts. Runs in the page. */
function tellApart(elements, most) {
  const named = elements.slice(0, most).map((each) => each.getAttribute("id") ?? each.textContent);
  return { count: elements.length, elements: named };
}

/** The texts of all, and the ids of the first and the last. Runs in the page. */
function tell(elements) {
  const texts = elements.map((each) => each.innerText ?? each.textContent ?? "");
  const ids = elements.length ? [elements[0], elements.at(-1)].map((each) => each.getAttribute("id")) : [];
  return { texts, ids };
}
