// closed.js: closed shadow roots. This world cannot see them; the host can, and shows them when it is told which
// elements may hide one. It is told only where something was looked for and not found, and nobody waits for it:
// what it shows counts as a change, and wakes whoever is waiting.

const MAX_SUSPECTS = 200;
// Looking at a whole document takes time: not after each failed attempt.
const ROUNDS_BETWEEN_LOOKS = 4;
const PLAIN_HOSTS = new Set(
  "article aside blockquote body div footer h1 h2 h3 h4 h5 h6 header main nav p section span".split(" "),
);

const lookedAt = new WeakSet();
let suspected = [];

/** Tells the host of elements that may hide a closed shadow root and that it has not looked at. */
function suspectClosedRoots(documents, round) {
  if (round % ROUNDS_BETWEEN_LOOKS !== 0 || typeof globalThis.flowguardLook !== "function") return;
  forget();
  const found = documents.flatMap(elementsBelow).filter((each) => !lookedAt.has(each) && mayHideRoot(each));
  suspected = found.slice(0, MAX_SUSPECTS);
  for (const each of suspected) lookedAt.add(each);
  if (suspected.length > 0) globalThis.flowguardLook("");
}

/** A custom element without a shadow root that can be seen, or an element that shows what is not in it. */
function mayHideRoot(element) {
  if (!isHtml(element) || shadowRoot(element)) return false;
  if (localName(element).includes("-")) return matches(element, ":defined");
  if (!PLAIN_HOSTS.has(localName(element)) || !isStyledVisible(element)) return false;
  const child = firstChild(element);
  if (!child) return clientRects(element).length > 0 && offsetHeight(element) > 0;
  return [...childrenOf(element)].some(isLeftOut);
}

/** Whether a child is not rendered although nothing in its own style says so. */
function isLeftOut(child) {
  if (nodeType(child) === TEXT_NODE) return nodeValue(child).trim() !== "" && !isVisibleText(child);
  // What is in no slot has no style at all.
  return isElement(child) && !isIgnoredForAria(child) && styleOf(child)?.display === "";
}

/** Those that the host was told of last. */
const suspects = () => suspected;

/** The host shows closed shadow roots: from now on they are seen as open ones are. */
function showRoots(...roots) {
  for (const root of roots) closedRoots.set(root.host, root);
  forget();
  observe();
  noteMove();
}
