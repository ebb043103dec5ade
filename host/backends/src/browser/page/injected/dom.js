// dom.js: reads the document without trusting it.
//
// A page can shadow what it likes on a form or a document (`<input name="parentNode">`), so every property
// that matters is read through the getter of its prototype. Nothing here changes the page.

/** A reader of `name` that a page cannot shadow. */
const getter = (prototype, name) => {
  const { get } = Object.getOwnPropertyDescriptor(prototype, name);
  return (object) => get.call(object);
};

/** A method of `prototype` that a page cannot shadow; the object comes first. */
const method = (prototype, name) => {
  const call = prototype[name];
  return (object, ...args) => call.call(object, ...args);
};

const ELEMENT_NODE = 1;
const TEXT_NODE = 3;
const DOCUMENT_NODE = 9;
const FRAGMENT_NODE = 11;
const HTML_NAMESPACE = "http://www.w3.org/1999/xhtml";
const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

const nodeType = getter(Node.prototype, "nodeType");
const parentNode = getter(Node.prototype, "parentNode");
const firstChild = getter(Node.prototype, "firstChild");
const nextSibling = getter(Node.prototype, "nextSibling");
const textContent = getter(Node.prototype, "textContent");
const nodeValue = getter(Node.prototype, "nodeValue");
const isConnected = getter(Node.prototype, "isConnected");
const ownerDocument = getter(Node.prototype, "ownerDocument");
const rootNode = method(Node.prototype, "getRootNode");
const contains = method(Node.prototype, "contains");
const comparePosition = method(Node.prototype, "compareDocumentPosition");

const localName = getter(Element.prototype, "localName");
const namespaceURI = getter(Element.prototype, "namespaceURI");
const openShadowRoot = getter(Element.prototype, "shadowRoot");
const elementSlot = getter(Element.prototype, "assignedSlot");
const textSlot = getter(Text.prototype, "assignedSlot");
const attributes = getter(Element.prototype, "attributes");
const nextElement = getter(Element.prototype, "nextElementSibling");
const previousElement = getter(Element.prototype, "previousElementSibling");
const clientLeft = getter(Element.prototype, "clientLeft");
const clientTop = getter(Element.prototype, "clientTop");
const attribute = method(Element.prototype, "getAttribute");
const hasAttribute = method(Element.prototype, "hasAttribute");
const matches = method(Element.prototype, "matches");
const closest = method(Element.prototype, "closest");
const boundingRect = method(Element.prototype, "getBoundingClientRect");
const clientRects = method(Element.prototype, "getClientRects");
const checkVisibility = method(Element.prototype, "checkVisibility");
const scrollIntoView = method(Element.prototype, "scrollIntoView");
const scrollIntoViewIfNeeded = method(Element.prototype, "scrollIntoViewIfNeeded");
const labelledByElements = getter(Element.prototype, "ariaLabelledByElements");
const drawingAround = getter(SVGElement.prototype, "ownerSVGElement");
const innerText = getter(HTMLElement.prototype, "innerText");
const offsetWidth = getter(HTMLElement.prototype, "offsetWidth");
const offsetHeight = getter(HTMLElement.prototype, "offsetHeight");
const contentEditable = getter(HTMLElement.prototype, "isContentEditable");
const controlOf = getter(HTMLLabelElement.prototype, "control");
const focus = { html: method(HTMLElement.prototype, "focus"), svg: method(SVGElement.prototype, "focus") };
const blur = { html: method(HTMLElement.prototype, "blur"), svg: method(SVGElement.prototype, "blur") };
const innerHtml = getter(Element.prototype, "innerHTML");
const outerHtml = getter(Element.prototype, "outerHTML");
const doctypeOf = getter(Document.prototype, "doctype");
const openDocument = method(Document.prototype, "open");
const writeDocument = method(Document.prototype, "write");
const closeDocument = method(Document.prototype, "close");
const dispatch = method(EventTarget.prototype, "dispatchEvent");
const listen = method(EventTarget.prototype, "addEventListener");
const unlisten = method(EventTarget.prototype, "removeEventListener");

const defaultView = getter(Document.prototype, "defaultView");
const documentElement = getter(Document.prototype, "documentElement");
const bodyOf = getter(Document.prototype, "body");
const headOf = getter(Document.prototype, "head");
const titleOf = getter(Document.prototype, "title");
const readyState = getter(Document.prototype, "readyState");
const fontsOf = getter(Document.prototype, "fonts");
const execCommand = method(Document.prototype, "execCommand");
const createRange = method(Document.prototype, "createRange");
const xpathExpression = method(Document.prototype, "createExpression");
const evaluateXpath = method(XPathExpression.prototype, "evaluate");
const documentActive = getter(Document.prototype, "activeElement");
const documentHits = method(Document.prototype, "elementsFromPoint");
const documentAnimations = method(Document.prototype, "getAnimations");
const queries = {
  [ELEMENT_NODE]: method(Element.prototype, "querySelectorAll"),
  [DOCUMENT_NODE]: method(Document.prototype, "querySelectorAll"),
  [FRAGMENT_NODE]: method(DocumentFragment.prototype, "querySelectorAll"),
};

/** What the CSS selector finds below `scope` in the same tree; shadow roots are not entered. */
function queryAll(scope, selector) {
  const list = queries[nodeType(scope)](scope, selector);
  // By index: iterating over a long list takes several times as long.
  const found = new Array(list.length);
  for (let index = 0; index < found.length; index += 1) found[index] = list[index];
  return found;
}

const isElement = (node) => nodeType(node) === ELEMENT_NODE;
const isDocument = (node) => nodeType(node) === DOCUMENT_NODE;
const isHtml = (element) => namespaceURI(element) === HTML_NAMESPACE;

/** The element's kind: `button` for HTML, `svg` and `math` for roots of their own, `svg:a` for what is in a drawing. */
function tag(element) {
  const name = localName(element).toLowerCase();
  if (isHtml(element) || name === "svg" || name === "math") return name;
  return namespaceURI(element) === SVG_NAMESPACE ? `svg:${name}` : `other:${name}`;
}

/** The document that a node belongs to, the node itself when it is one. */
const documentOf = (node) => (isDocument(node) ? node : ownerDocument(node));

/** The window of a node, null when its document is not shown. */
const windowOf = (node) => defaultView(documentOf(node));

/** The slot that shows the node, null when there is none. */
function slotOf(node) {
  if (!isElement(node) && nodeType(node) !== TEXT_NODE) return null;
  return (isElement(node) ? elementSlot(node) : textSlot(node)) ?? closedSlotOf(node);
}

/** The slot in a closed shadow tree, which the browser does not tell. */
function closedSlotOf(node) {
  const root = closedRoots.get(parentNode(node));
  return root ? (queryAll(root, "slot").find((slot) => slot.assignedNodes().includes(node)) ?? null) : null;
}

/** The parent element; at the top of a shadow tree, its host. Null at the root of the document. */
function parentOf(node) {
  const parent = parentNode(node);
  if (!parent) return null;
  if (isElement(parent)) return parent;
  return nodeType(parent) === FRAGMENT_NODE ? (parent.host ?? null) : null;
}

/** The parent in the tree as it is rendered: through slots and shadow hosts. */
const flatParentOf = (node) => slotOf(node) ?? parentOf(node);

/** The element and what encloses it, through shadow hosts, innermost first. */
function* selfAndAncestors(element) {
  for (let each = element; each; each = parentOf(each)) yield each;
}

/** The nearest element that matches the selector, the element itself included, through shadow hosts. */
function closestAcross(element, selector) {
  for (const each of selfAndAncestors(element)) if (matches(each, selector)) return each;
  return null;
}

/** The children of a node, in order. */
function* childrenOf(node) {
  for (let child = firstChild(node); child; child = nextSibling(child)) yield child;
}

/** The child elements of a node, in order. */
function* childElementsOf(node) {
  for (const child of childrenOf(node)) if (isElement(child)) yield child;
}

/** The frame elements around a node, outermost first, as far as this world may see. */
function framesAround(node) {
  const frames = [];
  for (let view = windowOf(node); view && view.frameElement; view = windowOf(view.frameElement)) {
    frames.unshift(view.frameElement);
  }
  return frames;
}

/** The document inside a frame element; null when another origin or process owns it. */
function frameDocument(element) {
  try {
    return element.contentDocument ?? null;
  } catch {
    return null;
  }
}

const isFrame = (element) => ["iframe", "frame", "object", "embed"].includes(tag(element));

/** Elements named by a list of ids, looked up in the tree that the element is in. */
function idReferences(element, ids) {
  const names = (ids ?? "").split(/[ \t\n\f\r]+/).filter(Boolean);
  const root = names.length > 0 ? rootNode(element) : null;
  if (!root || !(nodeType(root) in queries)) return [];
  const found = names.map((id) => queryAll(root, `#${CSS.escape(id)}`)[0]).filter(Boolean);
  return [...new Set(found)];
}

/** The focused element of a tree; null for none. */
const activeIn = (root) => (isDocument(root) ? documentActive(root) : (root.activeElement ?? null));

/** Whether the user may edit the element's content in place. */
const isEditableContent = (element) => isHtml(element) && contentEditable(element);

/** The type of an input as the browser understands it, empty for any other element. */
const inputType = (element) => (tag(element) === "input" ? element.type : "");

/** What this attempt has computed; valid only while no page script can run in between. */
let memory = new Map();

/** Forgets what earlier attempts computed. Called whenever the page may have run. */
function forget() {
  memory = new Map();
}

/** Computes `compute(key)` once an attempt, under the name of the computation. */
function remembered(name, key, compute) {
  let table = memory.get(name);
  if (!table) memory.set(name, (table = new Map()));
  let value = table.get(key);
  if (value === undefined && !table.has(key)) table.set(key, (value = compute(key)));
  return value;
}

/** The computed style of an element or one of its pseudo-elements; null outside a shown document. */
const styleOf = (element, pseudo) =>
  pseudo ? computeStyle(element, pseudo) : remembered("style", element, computeStyle);

// Any window's is for the elements of every document.
const computeStyle = (element, pseudo) => (windowOf(element) ? getComputedStyle(element, pseudo) : null);

/** Closed shadow roots that the host has shown, by their hosts; see closed.js. */
const closedRoots = new WeakMap();

/** The shadow root of an element; null for none, and for a closed one that the host has not shown. */
const shadowRoot = (element) => openShadowRoot(element) ?? closedRoots.get(element) ?? null;

/**
 * The trees below `scope`: its own, then the shadow trees in it, each followed by those inside it. Every list of
 * elements follows this order, as Playwright's does.
 */
const treesBelow = (scope) => remembered("trees", scope, collectTrees);

function collectTrees(scope) {
  if (!isDocument(scope) && treesBelow(ownerDocument(scope)).length === 1) return [scope];
  const trees = [];
  const pending = [scope];
  while (pending.length > 0) {
    const tree = pending.pop();
    trees.push(tree);
    const own = isElement(tree) ? shadowRoot(tree) : null;
    const shadows = own ? [own] : [];
    for (const each of queryAll(tree, "*")) {
      const shadow = shadowRoot(each);
      if (shadow) shadows.push(shadow);
    }
    for (let index = shadows.length - 1; index >= 0; index -= 1) pending.push(shadows[index]);
  }
  return trees;
}

/** Every element below `scope`, tree by tree. */
const elementsBelow = (scope) => remembered("elements", scope, (each) => queryTrees(each, "*"));

/** What the CSS selector finds in each tree below `scope`, tree by tree. */
function queryTrees(scope, selector) {
  const trees = treesBelow(scope);
  return trees.length === 1 ? queryAll(trees[0], selector) : trees.flatMap((tree) => queryAll(tree, selector));
}

/** The shadow roots below a document. */
const shadowRootsIn = (root) => treesBelow(root).slice(1);

/** The elements once each, in the order of the document; a shadow tree follows the light children of its host. */
function inDocumentOrder(elements) {
  const distinct = [...new Set(elements)];
  if (distinct.length < 2) return distinct;
  const root = documentOf(distinct[0]);
  if (treesBelow(root).length === 1) {
    const { DOCUMENT_POSITION_FOLLOWING: follows } = Node;
    return distinct.sort((one, other) => (comparePosition(one, other) & follows ? -1 : 1));
  }
  const wanted = new Set(distinct);
  return [...composedElements(root)].filter((element) => wanted.has(element));
}

/** Every element below a document as one tree: the element, its light children, its shadow tree. */
function* composedElements(root) {
  const pending = [root];
  while (pending.length > 0) {
    const node = pending.pop();
    if (isElement(node)) yield node;
    const shadow = isElement(node) ? shadowRoot(node) : null;
    const below = [...childElementsOf(node), ...(shadow ? childElementsOf(shadow) : [])];
    for (let index = below.length - 1; index >= 0; index -= 1) pending.push(below[index]);
  }
}
