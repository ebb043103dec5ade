// Actions and readings: each kind of FlowGuard's as the call that a user of Playwright would write.
import { assert } from "./expectations.mjs";
import { anyCase, locatorFor } from "./locators.mjs";
import { failed } from "./outcomes.mjs";

/** As many elements are told apart where a case counts. */
const NAMED = 12;

const ACTIONS = {
  click: (locator, { clicks, ...action }, how) => {
    const options = { ...pointer(action), ...how };
    return clicks === 2 ? locator.dblclick(options) : locator.click({ ...options, clickCount: clicks });
  },
  hover: (locator, action, how) => {
    const { button: _, ...options } = pointer(action);
    return locator.hover({ ...options, ...how });
  },
  tap: (locator, action, how) => {
    const { button: _, ...options } = pointer(action);
    return locator.tap({ ...options, ...how });
  },
  dragTo: (locator, { onto, sourcePosition, targetPosition, steps }, how, page) =>
    locator.dragTo(locatorFor(page, onto), { sourcePosition, targetPosition, steps, ...how }),
  setChecked: (locator, { checked, position }, how) => locator.setChecked(checked, { position, ...how }),
  fill: (locator, { value }, { trial: _, ...how }) => locator.fill(value, how),
  press: (locator, { key, delay }, { timeout }) => locator.press(key, { delay, timeout }),
  type: (locator, { text, delay }, { timeout }) => locator.pressSequentially(text, { delay, timeout }),
  selectText: (locator, _, { force, timeout }) => locator.selectText({ force, timeout }),
  focus: (locator, _, { timeout }) => locator.focus({ timeout }),
  blur: (locator, _, { timeout }) => locator.blur({ timeout }),
  scrollIntoView: (locator, _, { timeout }) => locator.scrollIntoViewIfNeeded({ timeout }),
  dispatchEvent: (locator, { event, init }, { timeout }) => locator.dispatchEvent(event, init, { timeout }),
  select: (locator, { choices }, { trial: _, ...how }) => locator.selectOption(choices.map(choice), how),
  waitFor: (locator, { state }, { timeout }) => locator.waitFor({ state, timeout }),
  count: (locator) => locator.evaluateAll(tellApart, NAMED),
  tell: (locator) => locator.evaluateAll(tell),
  elements,
  isVisible: (locator) => locator.isVisible(),
  isInState: (locator, { state }, { timeout }) => STATES[state](locator, { timeout }),
  allInnerTexts: (locator) => locator.allInnerTexts(),
  allTextContents: (locator) => locator.allTextContents(),
  boundingBox: async (locator, _, { timeout }) => box(await locator.boundingBox({ timeout })),
  ariaSnapshot: (locator, _, { timeout }) => locator.ariaSnapshot({ timeout }),
  read,
};

const PAGE_ACTIONS = {
  title: (page) => page.title(),
  content: (page) => page.content(),
  setContent: (page, { html }, { timeout }) => page.setContent(html, { timeout }),
  waitForUrl: (page, { text }, { timeout }) =>
    page.waitForURL((url) => (text.kind === "text" ? url.href === text.value : anyCase(text, true).test(url.href)), {
      timeout,
    }),
  ariaSnapshot: (page) => page.locator("body").ariaSnapshot(),
  press: (page, { key }) => page.keyboard.press(key),
  tap: (page, { at }) => page.touchscreen.tap(at.x, at.y),
  mouse: (page, action) => MOUSE[action.use](page.mouse, action),
  keyboard: (page, action) => KEYBOARD[action.use](page.keyboard, action),
};

const MOUSE = {
  move: (mouse, { to, steps }) => mouse.move(to.x, to.y, { steps }),
  down: (mouse, { button, click_count: clickCount }) => mouse.down({ button, clickCount }),
  up: (mouse, { button, click_count: clickCount }) => mouse.up({ button, clickCount }),
  click: (mouse, { at, button, click_count: clickCount }) => mouse.click(at.x, at.y, { button, clickCount }),
  wheel: (mouse, { delta }) => mouse.wheel(delta.x, delta.y),
};

const KEYBOARD = {
  down: (keyboard, { key }) => keyboard.down(key),
  up: (keyboard, { key }) => keyboard.up(key),
  press: (keyboard, { key }) => keyboard.press(key),
  type: (keyboard, { text }) => keyboard.type(text),
  insert: (keyboard, { text }) => keyboard.insertText(text),
};

const STATES = {
  visible: (locator, options) => locator.isVisible(options),
  hidden: (locator, options) => locator.isHidden(options),
  enabled: (locator, options) => locator.isEnabled(options),
  disabled: (locator, options) => locator.isDisabled(options),
  editable: (locator, options) => locator.isEditable(options),
  checked: (locator, options) => locator.isChecked(options),
};

/** Does what the order says; the value is what the call answers. */
export function act(page, { find, action, timeout, force, trial }) {
  const locator = find ? locatorFor(page, find) : null;
  if (action.kind === "expect") return assert(locator ?? page, action, timeout);
  const known = locator ? ACTIONS : PAGE_ACTIONS;
  if (!Object.hasOwn(known, action.kind)) throw new Error(`the oracle knows no ${action.kind}`);
  return known[action.kind](locator ?? page, action, { timeout, force, trial }, page);
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
  if (what === "innerText") return locator.innerText({ timeout });
  if (what === "innerHtml") return locator.innerHTML({ timeout });
  return locator.textContent({ timeout });
}

/** To a tenth of a pixel and written down, as on the other side. */
function box(rect) {
  const rounded = (value) => String(Math.floor(value * 10 + 0.5) / 10);
  return rect && [rect.x, rect.y, rect.width, rect.height].map(rounded);
}

/** The first ones, each with its box and its states; the outcome in place of a state that it cannot have. */
async function elements(locator, { most }, { timeout }) {
  const told = [];
  const count = Math.min(most, await locator.count());
  for (let index = 0; index < count; index += 1) {
    const one = locator.nth(index);
    const rect = await one.boundingBox({ timeout });
    const element = { id: await one.getAttribute("id") };
    for (const state of ["visible", "disabled", "editable", "checked"]) {
      element[state] = await STATES[state](one, { timeout }).catch((error) => failed(error).outcome);
    }
    // What cannot be seen may have been laid out or not, as the browser likes.
    element.box = element.visible ? box(rect) : null;
    told.push(element);
  }
  return told;
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
