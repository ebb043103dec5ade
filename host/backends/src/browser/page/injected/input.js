// input.js: changing controls: filling, selecting, checking, focusing.

const TYPED_INPUTS = ["text", "email", "number", "password", "search", "tel", "url"];
const SET_INPUTS = ["color", "date", "time", "datetime-local", "month", "range", "week"];

/** Gives the element the keyboard. */
function focusOn(element) {
  if (isHtml(element)) focus.html(element);
  else if (namespaceURI(element) === SVG_NAMESPACE) focus.svg(element);
}

/** Focuses the element; before typing, the caret of an input that had no focus is put at its start. */
function attemptFocus(element, { caret }) {
  const hadFocus = activeIn(rootNode(element)) === element && ownerDocument(element).hasFocus();
  focusOn(element);
  if (caret === "start" && !hadFocus && tag(element) === "input") putCaretAtStart(element);
  return { reply: { status: "done" } };
}

function putCaretAtStart(input) {
  try {
    input.setSelectionRange(0, 0);
  } catch {
    // An input of this type has no caret.
  }
}

/** Takes the keyboard away from the element. */
function attemptBlur(element) {
  if (isHtml(element)) blur.html(element);
  else if (namespaceURI(element) === SVG_NAMESPACE) blur.svg(element);
  return { reply: { status: "done" } };
}

/** One attempt at selecting all of an element's text. */
function attemptSelectText(element, _, { request }) {
  const missing = request.force ? null : missingState(element, ["visible"]);
  if (missing) return { reason: missing };
  selectAll(retargetControl(element));
  return { reply: { status: "done" } };
}

/** One attempt at showing the element: it must stand still, so that it is still there afterwards. */
async function attemptScrollIntoView(element) {
  if (clientRects(element).length === 0) return { reason: "element is not visible" };
  if (!(await isStable(element))) return { reason: unstableReason(element) };
  scrollTo(element, 0);
  return { reply: { status: "done" } };
}

/** One attempt at a fill: `{reply}`, or `{reason}` when the element is not ready. */
function attemptFill(element, action, { request }) {
  const control = retargetControl(element);
  const value = fillValue(control, action.value);
  if (!request.force) {
    const missing = missingState(element, ["visible", "enabled", "editable", "active"]);
    if (missing) return { reason: missing };
  }
  if (SET_INPUTS.includes(inputType(control))) return { reply: setValue(control, value) };
  return typeOver(control, value);
}

/** The value as the control takes it; what can never be filled is refused. */
function fillValue(control, value) {
  if (tag(control) === "input") {
    const type = inputType(control);
    if (SET_INPUTS.includes(type)) return type === "color" ? value.trim().toLowerCase() : value.trim();
    if (!TYPED_INPUTS.includes(type))
      throw new Refusal(
        "wrong-element",
        `an input of type "${type}" cannot be filled: ${openingTag(control)}`,
      );
    if (type !== "number") return value;
    if (Number.isNaN(Number(value.trim()))) {
      throw new Refusal(
        "invalid-argument",
        `the value is no number, which the input requires: ${openingTag(control)}`,
      );
    }
    return value.trim();
  }
  if (tag(control) !== "textarea" && !isEditableContent(control)) {
    throw new Refusal("wrong-element", `not an input, text area or editable element: ${openingTag(control)}`);
  }
  return value;
}

/** Assigns the value of an input that is not typed into, with the events that choosing it causes. */
function setValue(input, value) {
  focusOn(input);
  input.value = value;
  if (input.value !== value) {
    throw new Refusal(
      "invalid-argument",
      `the value is malformed or out of range for the input: ${openingTag(input)}`,
    );
  }
  dispatch(input, new Event("input", { bubbles: true, composed: true }));
  dispatch(input, new Event("change", { bubbles: true }));
  return { status: "done" };
}

/**
 * Replaces the text as typing would. Editable elements are left to the host's typing, because editors listen to
 * events that only the browser itself can send; so is a control whose page refuses the command. The host types
 * into whatever has the focus, so it is never asked to while something else has it.
 */
function typeOver(control, value) {
  const focused = selectAll(control);
  if (activeIn(rootNode(control)) !== focused) return { reason: "element does not keep the focus" };
  if (!isNativeControl(control)) return { reply: { status: "needsInsertText" } };
  if (value === "" && control.value === "") return { reply: { status: "done" } };
  if (!announce(control, value) || command(control, value)) return { reply: { status: "done" } };
  selectAll(control);
  return { reply: { status: "needsInsertText" } };
}

/** Inserts or deletes by the browser's editing command; whether the page has let it. */
function command(control, value) {
  let arrived = false;
  const notice = () => (arrived = true);
  const view = windowOf(control);
  const owner = ownerDocument(control);
  listen(view, "input", notice, { capture: true });
  const accepted =
    value === "" ? execCommand(owner, "delete") : execCommand(owner, "insertText", false, value);
  unlisten(view, "input", notice, { capture: true });
  return accepted || arrived;
}

/** Sends the `beforeinput` that a command leaves out; false when the page cancels it, as it may cancel typing. */
function announce(control, value) {
  const inputType = value === "" ? "deleteContentBackward" : "insertText";
  const data = value === "" ? null : value;
  return dispatch(
    control,
    new InputEvent("beforeinput", { inputType, data, bubbles: true, cancelable: true, composed: true }),
  );
}

/** Focuses the control with all of its text selected; answers the element that should have the focus now. */
function selectAll(control) {
  if (["input", "textarea"].includes(tag(control))) {
    focusOn(control);
    control.select();
    return control;
  }
  let host = control;
  for (let each = parentOf(host); each && isEditableContent(each); each = parentOf(each)) host = each;
  focusOn(host);
  const range = createRange(ownerDocument(control));
  range.selectNodeContents(control);
  const selection = windowOf(control).getSelection();
  selection?.removeAllRanges();
  selection?.addRange(range);
  return host;
}

/** One attempt at selecting options of a `<select>`. */
function attemptSelect(element, action, { request }) {
  const select = retargetControl(element);
  if (tag(select) !== "select") throw new Refusal("wrong-element", `not a select: ${openingTag(select)}`);
  if (!select.multiple && action.choices.length > 1) {
    throw new Refusal(
      "invalid-argument",
      `${action.choices.length} options for a select that takes one: ${openingTag(select)}`,
    );
  }
  if (!request.force) {
    const missing = missingState(element, ["visible", "enabled", "active"]);
    if (missing) return { reason: missing };
  }
  const options = [...select.options];
  const chosen = new Set();
  for (const choice of action.choices) {
    const option = options.find((each, index) => isChoice(each, index, choice));
    if (!option) return { reason: `no option with ${describeChoice(choice)}` };
    if (!request.force && isDisabled(option))
      return { reason: `the option with ${describeChoice(choice)} is not enabled` };
    chosen.add(option);
  }
  return { reply: { status: "done", value: choose(select, options, chosen) } };
}

function isChoice(option, index, choice) {
  if (choice.kind === "index") return index === choice.index;
  return choice.kind === "value" ? option.value === choice.text : fold(option.label) === fold(choice.text);
}

const describeChoice = (choice) =>
  choice.kind === "index" ? `index ${choice.index}` : `${choice.kind} ${quoted(choice.text)}`;

/** Selects exactly these options; answers their values. */
function choose(select, options, chosen) {
  if (!select.multiple) select.selectedIndex = -1;
  for (const option of options)
    if (select.multiple || chosen.has(option)) option.selected = chosen.has(option);
  dispatch(select, new Event("input", { bubbles: true, composed: true }));
  dispatch(select, new Event("change", { bubbles: true }));
  return options.filter((option) => chosen.has(option)).map((option) => option.value);
}

/** The control that `setChecked` clicked last; its locator may not match any more once it has changed. */
let checkedControl = null;

const CHECK_GRACE_MS = 500;

/** The state of a control that can be checked; any other is refused. */
function checkableState(control) {
  const state = checkedState(control);
  if (state === undefined)
    throw new Refusal("wrong-element", `not a check box, radio button or switch: ${openingTag(control)}`);
  return state;
}

/** One attempt at checking: done when it is so already, else a click on it. */
function attemptSetChecked(element, action, attempt) {
  const control = retargetControl(element);
  checkableState(control);
  if (isOn(control) === action.checked) return { reply: { status: "done", value: false } };
  if (!action.checked && inputType(control) === "radio") {
    throw new Refusal(
      "wrong-element",
      `a radio button cannot be unchecked, only another one checked: ${openingTag(control)}`,
    );
  }
  checkedControl = new WeakRef(control);
  return attemptPointer(element, { guard: "click", position: action.position }, attempt);
}

/** Whether the click that followed `setChecked` did it; a page that answers late is given some time. */
function attemptVerifyChecked(element, action, { started }) {
  const clicked = checkedControl?.deref();
  const control = clicked && isConnected(clicked) ? clicked : element && retargetControl(element);
  if (!control) return { reason: "no element matches" };
  checkableState(control);
  if (isOn(control) === action.checked) return { reply: { status: "done", value: true } };
  if (performance.now() - started < CHECK_GRACE_MS)
    return { reason: "clicking has not changed its state yet" };
  throw new Refusal("wrong-element", `clicking did not change its state: ${openingTag(control)}`);
}
