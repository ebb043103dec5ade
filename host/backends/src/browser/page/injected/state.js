// state.js: the states of an element that actions wait for and assertions compare.

const DISABLED_ROLES = new Set(
  `application button checkbox columnheader combobox composite grid gridcell group input link listbox menu menubar
  menuitem menuitemcheckbox menuitemradio option radio radiogroup row rowheader scrollbar searchbox select separator
  slider spinbutton switch tab tablist textbox toolbar tree treegrid treeitem`.split(/\s+/),
);
const READONLY_ROLES = new Set(
  `checkbox columnheader combobox grid gridcell listbox radiogroup rowheader searchbox slider spinbutton switch
  textbox treegrid`.split(/\s+/),
);
const CHECKED_ROLES = ["checkbox", "menuitemcheckbox", "menuitemradio", "option", "radio", "switch", "treeitem"];
const PRESSED_ROLES = ["button"];
const SELECTED_ROLES = ["columnheader", "gridcell", "option", "row", "rowheader", "tab", "treeitem"];
const LEVEL_ROLES = ["heading", "listitem", "row", "treeitem"];
const EXPANDED_ROLES = [
  "application", "button", "checkbox", "columnheader", "combobox", "gridcell", "link", "listbox", "menuitem",
  "menuitemcheckbox", "menuitemradio", "row", "rowheader", "switch", "tab", "treeitem",
];

/** Whether styles let the element be seen; its size is not asked. */
const isStyledVisible = (element) => remembered("styled visible", element, computeStyledVisible);

const computeStyledVisible = (element) => checkVisibility(element, SEEN);

const SEEN = { visibilityProperty: true };

/** Whether a text node takes up room on the screen. */
function isVisibleText(node) {
  const range = createRange(ownerDocument(node));
  range.selectNode(node);
  const { width, height } = range.getBoundingClientRect();
  return width > 0 && height > 0;
}

/** Whether the element itself can be seen in its own document. */
function isVisibleHere(element) {
  const style = styleOf(element);
  if (!style) return false;
  if (style.display === "contents") {
    return [...childrenOf(element)].some(
      (child) =>
        (isElement(child) && isVisibleHere(child)) || (nodeType(child) === TEXT_NODE && isVisibleText(child)),
    );
  }
  if (!isStyledVisible(element)) return false;
  const { width, height } = boundingRect(element);
  return width > 0 && height > 0;
}

/** Whether a person can see the element: it and every frame around it. */
const isVisible = (element) => isVisibleHere(element) && framesAround(element).every(isVisibleHere);

const isNativeControl = (element) => ["input", "textarea", "select"].includes(tag(element));

/** The button or link that a click on something inside it is really for. */
function retargetPointer(element) {
  if (isNativeControl(element) || isEditableContent(element)) return element;
  return closest(element, "button, [role=button], a, [role=link]") ?? element;
}

/** The control whose state is meant: the button around, or the control of the label around. */
function retargetControl(element) {
  if (isNativeControl(element) || isEditableContent(element)) return element;
  const button = closest(element, "button, [role=button], [role=checkbox], [role=radio]");
  if (button) return button;
  if (matches(element, "a, option, optgroup, [role=link]")) return element;
  return closest(element, "label")?.control ?? element;
}

/** Whether HTML disables the element, by itself, its option group or its fieldset. */
function isNativelyDisabled(element) {
  if (!["button", "input", "select", "textarea", "option", "optgroup"].includes(tag(element))) return false;
  if (hasAttribute(element, "disabled")) return true;
  if (tag(element) === "option" && closest(element, "optgroup[disabled]")) return true;
  const fieldset = closest(element, "fieldset[disabled]");
  if (!fieldset) return false;
  for (const child of childElementsOf(fieldset))
    if (tag(child) === "legend") return !contains(child, element);
  return true;
}

/** Whether the nearest `aria-disabled` says so; an explicit `false` ends the climb. */
function isAriaDisabled(element) {
  if (!DISABLED_ROLES.has(roleOf(element) ?? "")) return false;
  for (const each of selfAndAncestors(element)) {
    const value = (attribute(each, "aria-disabled") ?? "").toLowerCase();
    if (value === "true" || value === "false") return value === "true";
  }
  return false;
}

const isDisabled = (element) => isNativelyDisabled(element) || isAriaDisabled(element);

/** Whether the element refuses typing; undefined when it is nothing one could type into. */
function isReadonly(element) {
  if (isNativeControl(element)) return hasAttribute(element, "readonly");
  if (READONLY_ROLES.has(roleOf(element) ?? "")) return ariaBoolean(element, "aria-readonly") === true;
  return isEditableContent(element) ? false : undefined;
}

/** `on`, `off` or `mixed`; undefined when the element has no such state. */
function checkedState(element) {
  if (isCheckInput(element)) {
    if (element.indeterminate && inputType(element) === "checkbox") return "mixed";
    return element.checked ? "on" : "off";
  }
  if (!CHECKED_ROLES.includes(roleOf(element))) return undefined;
  return tristate(attribute(element, "aria-checked"));
}

/** Whether it is checked. A box that shows the third state is still one of the two, as its form would send it. */
const isOn = (control) => (isCheckInput(control) ? control.checked : checkedState(control) === "on");

const isCheckInput = (element) => ["checkbox", "radio"].includes(inputType(element));

const tristate = (value) => ({ true: "on", mixed: "mixed" })[(value ?? "").toLowerCase()] ?? "off";

const pressedState = (element) =>
  PRESSED_ROLES.includes(roleOf(element)) ? tristate(attribute(element, "aria-pressed")) : "off";

function isSelected(element) {
  if (tag(element) === "option") return element.selected;
  return SELECTED_ROLES.includes(roleOf(element)) && ariaBoolean(element, "aria-selected") === true;
}

/** Whether it is unfolded; undefined when it does not unfold. */
function expandedState(element) {
  if (tag(element) === "details") return element.open;
  return EXPANDED_ROLES.includes(roleOf(element)) ? ariaBoolean(element, "aria-expanded") : undefined;
}

/** The level of a heading, row or item; 0 when it has none. */
function levelOf(element) {
  const heading = /^h([1-6])$/.exec(tag(element));
  if (heading) return Number(heading[1]);
  const level = LEVEL_ROLES.includes(roleOf(element))
    ? Number(attribute(element, "aria-level") ?? Number.NaN)
    : 0;
  return Number.isInteger(level) && level >= 1 ? level : 0;
}

/** Whether the keyboard goes to the element, through every frame around it. */
function isFocused(element) {
  if (activeIn(rootNode(element)) !== element) return false;
  return framesAround(element).every((frame) => activeIn(rootNode(frame)) === frame);
}

/** Whether there is nothing in it: no value of a text control, else no text. */
function isEmpty(element) {
  if (tag(element) === "input" || tag(element) === "textarea") return element.value === "";
  return textContent(element).trim() === "";
}

/** Refuses an element that nobody could type into. */
function refuseUneditable(element) {
  if (isReadonly(element) !== undefined) return;
  throw new Refusal(
    "wrong-element",
    `not an input, text area, select or editable element, nor of a role that can be read-only: ${openingTag(element)}`,
  );
}

/**
 * The first of these states that the element is not in, as the reason of a retry; null when all hold.
 * Stability is not among them: it takes frames, see watch.js.
 */
function missingState(element, states) {
  for (const state of states) {
    if (!STATE_TESTS[state](element)) return state === "active" ? "element is inert" : `element is not ${state}`;
  }
  return null;
}

const STATE_TESTS = {
  visible: isVisible,
  enabled: (element) => !isDisabled(retargetControl(element)),
  active: (element) => closestAcross(retargetControl(element), "[inert]") === null,
  editable: (element) => {
    const control = retargetControl(element);
    refuseUneditable(control);
    return !isDisabled(control) && !isReadonly(control);
  },
};
