// secrets.js: fields that hold a secret of the host. Where one may be typed is decided here, in the same turn that
// types it; which fields hold one is remembered, and texts that repeat one are found, so that pictures do not show it. No
// value is kept.

/** Controls that a secret was typed into. */
const secretFields = new WeakSet();

/** Refuses a control whose frame is of another origin. An opaque origin is "null", which no list has. */
function checkOrigin(control, origins) {
  const view = windowOf(control);
  // Not the location's: that of a sandboxed frame names an origin that the frame does not have.
  const origin = view ? view.origin : "null";
  if (origin === "null" || !origins.includes(origin)) {
    throw new Refusal("denied", `the field is in a page of the origin ${origin}`);
  }
}

/** What takes a secret: a control whose text only the page and its user read. */
function checkSecretControl(control) {
  const takesText = tag(control) === "input" ? TYPED_INPUTS.includes(inputType(control)) : tag(control) === "textarea";
  if (!takesText) throw new Refusal("wrong-element", `a secret is filled into an input or a text area: ${openingTag(control)}`);
}

/** One attempt at filling a secret. Without the value, which the host withholds until then, it only gets ready. */
function attemptFillSecret(element, { origins, value }, { request }) {
  const control = retargetControl(element);
  checkOrigin(control, origins);
  checkSecretControl(control);
  if (!request.force) {
    const missing = missingState(element, ["visible", "enabled", "editable", "active"]);
    if (missing) return { reason: missing };
  }
  if (typeof value !== "string") return { reply: { status: "done", value: "ready" } };
  return typeSecret(control, fillValue(control, value), origins);
}

/** Types as `typeOver` does, but never leaves it to the host, whose typing comes later and goes wherever the focus is. */
function typeSecret(control, value, origins) {
  secretFields.add(control);
  const focused = selectAll(control);
  const keepsFocus = () => activeIn(rootNode(control)) === focused;
  if (!keepsFocus()) return { reason: "element does not keep the focus" };
  // Whatever the page has done when it got the focus.
  checkOrigin(control, origins);
  const done = { reply: { status: "done", value: { inFrame: window !== window.top } } };
  if (!announce(control, value)) return done;
  if (!keepsFocus()) return { reason: "element does not keep the focus" };
  checkOrigin(control, origins);
  if (!command(control, value)) setSecret(control, value, origins);
  return done;
}

/** Assigns the value where the page does not let the browser type. */
function setSecret(control, value, origins) {
  checkOrigin(control, origins);
  control.value = value;
  dispatch(control, new Event("input", { bubbles: true, composed: true }));
  dispatch(control, new Event("change", { bubbles: true }));
}

/** Characters of a page that are looked through; of a longer one nothing is shown. */
const LONGEST_TEXT = 4 << 20;
/** Elements whose text nobody sees. */
const UNSEEN = new Set(["script", "style", "template", "noscript", "title", "head"]);

/** Whether a piece of a text is one of the values that must not be seen: their hashes, moved along it. */
function holdsPiece(text, { salt, fingerprints }) {
  const [a, b] = salt.map((base) => base | 1);
  return fingerprints.some(([length, first, second]) => {
    if (text.length < length) return false;
    let [x, y, leadOfX, leadOfY] = [0, 0, 1, 1];
    for (let at = 0; at < length; at += 1) [leadOfX, leadOfY] = [Math.imul(leadOfX, a), Math.imul(leadOfY, b)];
    for (let at = 0; at < text.length; at += 1) {
      const gone = at < length ? 0 : text.charCodeAt(at - length);
      const unit = text.charCodeAt(at);
      x = (Math.imul(x, a) + unit - Math.imul(gone, leadOfX)) | 0;
      y = (Math.imul(y, b) + unit - Math.imul(gone, leadOfY)) | 0;
      if (at >= length - 1 && x >>> 0 === first && y >>> 0 === second) return true;
    }
    return false;
  });
}

/** Whether a control holds one of the values that the host has typed, by itself or among others. */
const holdsSecret = (control, veil) => secretFields.has(control) || holdsPiece(control.value, veil);

/** The nodes right below one. */
function childrenOf(node) {
  const children = [];
  for (let child = firstChild(node); child; child = nextSibling(child)) children.push(child);
  return children;
}

/** The text of a tree as it may be seen. */
function seenText(node) {
  if (nodeType(node) === Node.TEXT_NODE) return nodeValue(node);
  if (isElement(node) && UNSEEN.has(tag(node))) return "";
  return childrenOf(node).map(seenText).join("");
}

/** The texts that hold a value, and the smallest elements in which one goes over several texts. */
function tellingNodes(node, veil) {
  const telling = childrenOf(node).filter((child) => holdsPiece(seenText(child), veil));
  if (telling.length > 0) return telling.flatMap((child) => (isElement(child) ? tellingNodes(child, veil) : [child]));
  return [isElement(node) ? boxed(node) : wholeOf(node)];
}

/** The element around all of a document or a shadow tree. */
const wholeOf = (root) => (isDocument(root) ? documentElement(root) : root.host);

/** An element, or the next one around it that has a box. */
function boxed(element) {
  let each = element;
  while (computeStyle(each)?.display === "contents" && isElement(parentNode(each))) each = parentNode(each);
  return each;
}

/** What must not be seen of the texts of a document or a shadow tree; all of it where it is too long to look through. */
function tellingIn(root, veil) {
  const text = seenText(root);
  if (text.length > LONGEST_TEXT) return [wholeOf(root)];
  if (!holdsPiece(text, veil)) return [];
  return tellingNodes(root, veil).filter((node) => boxesToCover(node).length > 0);
}

/** Where something stands that must not be seen: the lines of a text, the box of an element. */
function boxesToCover(node) {
  return (isElement(node) ? [boxOf(node)] : linesOf(node)).filter(Boolean);
}

/** What must not be seen: fields and texts with a secret, and frames that may hold some which nobody here can find. */
function secretNodes(veil) {
  forget();
  const documents = shownDocuments();
  const all = documents.flatMap((root) => elementsBelow(root));
  const isField = (each) => ["input", "textarea"].includes(tag(each));
  const isClosedFrame = (each) => veil.frames && isFrame(each) && !frameDocument(each);
  const fields = all.filter((each) => (isField(each) && holdsSecret(each, veil)) || isClosedFrame(each));
  const roots = documents.flatMap((root) => [root, ...shadowRootsIn(root)]);
  return [...fields, ...roots.flatMap((root) => tellingIn(root, veil))];
}
