// text.js: texts, how they are compared, and how elements are described to people.

/** What ends a call with an error: the request is wrong, or the element can never do it. */
class Refusal extends Error {
  /** `code` is one of the protocol's error codes; `evidence` a list of titles and texts. */
  constructor(code, message, evidence = []) {
    super(message);
    this.code = code;
    this.evidence = evidence;
  }
}

const TEXT_LIMIT = 64 * 1024;
const PREVIEW_LIMIT = 120;
const encoder = new TextEncoder();

/** White space folded to single blanks and trimmed; soft hyphens and zero-width spaces removed. */
const fold = (text) => (FOLDED_TEXT.test(text) ? text : foldAnew(text));

// Words with single blanks in between; what is so already is not made anew.
const FOLDED_TEXT = /^[^\s\u200b\u00ad]+(?: [^\s\u200b\u00ad]+)*$/;

const foldAnew = (text) =>
  text
    .replace(/[\u200b\u00ad]/g, "")
    .trim()
    .replace(/\s+/g, " ");

/** The text cut to so many bytes of UTF-8, with lone surrogates replaced. */
function cut(text, limit = TEXT_LIMIT) {
  const sound = text.toWellFormed();
  if (sound.length * 3 <= limit) return sound;
  return sound.slice(0, encoder.encodeInto(sound, new Uint8Array(limit)).read);
}

/** The text on one line, cut for messages. */
function brief(text, limit = 80) {
  const line = fold(text);
  return line.length > limit ? `${line.slice(0, limit - 1)}\u2026` : line;
}

/** The text in double quotes, as locators and messages write it. */
const quoted = (text) => `"${text.replace(/[\\"]/g, "\\$&")}"`;

/** The regular expression of a pattern; a malformed one is refused. */
function regularExpression({ source, flags }) {
  try {
    return new RegExp(source, flags.replace(/[gy]/g, ""));
  } catch (error) {
    throw new Refusal("invalid-argument", `not a regular expression (${error.message}): /${source}/${flags}`);
  }
}

/** A text match as people write it: quoted, or the pattern between slashes. */
const describeMatch = (match) =>
  match.kind === "pattern" ? `/${match.source}/${match.flags}` : quoted(match.value);

/** The test that a locator makes: folded text, but for patterns; `substring` means contains, ignoring case. */
function locatorTest(match) {
  if (match.kind === "pattern") {
    const pattern = regularExpression(match);
    return (text) => pattern.test(text);
  }
  const wanted = fold(match.value);
  if (match.kind === "exact") return (text) => fold(text) === wanted;
  const lower = wanted.toLowerCase();
  return (text) => fold(text).toLowerCase().includes(lower);
}

/** The test for attributes: as other texts of locators, without folding. */
function verbatimTest(match) {
  if (match.kind === "pattern") {
    const pattern = regularExpression(match);
    return (text) => pattern.test(text);
  }
  if (match.kind === "exact") return (text) => text === match.value;
  const lower = match.value.toLowerCase();
  return (text) => text.toLowerCase().includes(lower);
}

const TEXTLESS_KINDS = new Set(["script", "noscript", "style"]);

/** Whether the text of this element is no text that a person reads. */
function isTextless(node) {
  if (!isElement(node)) return false;
  if (TEXTLESS_KINDS.has(tag(node))) return true;
  const head = headOf(ownerDocument(node));
  return head !== null && contains(head, node);
}

const isButtonInput = (element) => ["submit", "button", "reset"].includes(inputType(element));

/** The text of an element or a shadow root, shadow trees included; the label of an input that is a button. */
const textOf = (node) => remembered("text", node, computeText);

function computeText(node) {
  if (isTextless(node)) return "";
  if (isElement(node) && isButtonInput(node)) return node.value;
  let text = "";
  for (let child = firstChild(node); child; child = nextSibling(child)) {
    const type = nodeType(child);
    if (type === TEXT_NODE) text += nodeValue(child);
    else if (type === ELEMENT_NODE) text += textOf(child);
  }
  const shadow = isElement(node) ? shadowRoot(node) : null;
  return shadow ? text + textOf(shadow) : text;
}

/** Whether the element is the smallest one whose text passes the test. */
function isSmallestWith(test, element) {
  const passes = (node) => remembered(test, node, (each) => test(textOf(each)));
  if (!passes(element) || isTextless(element)) return false;
  for (const child of childElementsOf(element)) if (passes(child)) return false;
  const shadow = shadowRoot(element);
  return !(shadow && passes(shadow));
}

/** The texts directly inside an element, each as long as no element interrupts it. */
function textRuns(element) {
  if (isButtonInput(element)) return [element.value];
  const runs = [""];
  for (const child of childrenOf(element)) {
    if (nodeType(child) === TEXT_NODE) runs.push(runs.pop() + nodeValue(child));
    else if (isElement(child)) runs.push("");
  }
  return runs.filter((run) => run !== "");
}

/** The texts that label the element: `aria-labelledby`, else `aria-label`, else its `<label>`s. */
function labelTexts(element) {
  const references = labelReferences(element);
  if (references.length > 0) return references.map(textOf);
  const own = attribute(element, "aria-label");
  if (own !== null && own.trim() !== "") return [own];
  return nativeLabels(element).map(textOf);
}

/** The elements that `aria-labelledby` names, or that a script has set in its place. */
function labelReferences(element) {
  if (!hasAttribute(element, "aria-labelledby")) return [];
  return labelledByElements(element) ?? idReferences(element, attribute(element, "aria-labelledby"));
}

const LABELLED_KINDS = new Set(["button", "meter", "output", "progress", "select", "textarea", "input"]);

/** The `<label>`s of a control. */
function nativeLabels(element) {
  if (!LABELLED_KINDS.has(tag(element))) return [];
  return remembered("labels", rootNode(element), labelsByControl).get(element) ?? [];
}

/** The labels in a tree by what they label. The browser's own `labels` searches the whole tree for each control. */
function labelsByControl(root) {
  const labels = new Map();
  for (const label of nodeType(root) in queries ? queryAll(root, "label") : []) {
    const control = isHtml(label) ? controlOf(label) : null;
    if (control) labels.set(control, [...(labels.get(control) ?? []), label]);
  }
  return labels;
}

/** The opening tag, short enough for a message. Values of password fields are left out. */
function openingTag(element) {
  let text = `<${localName(element)}`;
  for (const { name, value } of attributes(element)) {
    if (name === "style" || (name === "value" && inputType(element) === "password")) continue;
    text += value === "" ? ` ${name}` : ` ${name}="${brief(value, 50)}"`;
    if (text.length > PREVIEW_LIMIT) return `${text.slice(0, PREVIEW_LIMIT)}\u2026>`;
  }
  return `${text}>`;
}

/** The opening tag and the beginning of the text. */
function preview(element) {
  const text = brief(textOf(element), 50);
  return text === "" ? openingTag(element) : `${openingTag(element)}${text}</${localName(element)}>`;
}
