// secrets.js: fields that hold a secret of the host. Where one may be typed is decided here, in the same turn that
// types it; which fields hold one is remembered, so that pictures do not show it. No value is kept.

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

/** FNV-1a over UTF-16, as the host reckons it. */
function fingerprintOf(text, salt) {
  let hash = salt;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return hash >>> 0;
}

/** Whether the value of a control is one of those that the host has typed. */
function holdsSecret(control, { salt, fingerprints }) {
  if (secretFields.has(control)) return true;
  const text = control.value;
  return fingerprints.some(
    ([length, a, b]) =>
      text.length === length && fingerprintOf(text, salt[0]) === a && fingerprintOf(text, salt[1]) === b,
  );
}

/** The elements that must not be seen: fields with a secret, and frames that may hold some which nobody here can find. */
function secretElements(veil) {
  forget();
  const all = shownDocuments().flatMap((root) => elementsBelow(root));
  const isField = (each) => ["input", "textarea"].includes(tag(each));
  const isClosedFrame = (each) => veil.frames && isFrame(each) && !frameDocument(each);
  return all.filter((each) => (isField(each) && holdsSecret(each, veil)) || isClosedFrame(each));
}
