// aria_tree.js: what assistive technology meets below an element, as a tree of plain nodes. snapshot.js writes it
// down, aria_match.js compares it with a template; nothing here knows of either.
//
// A node is a text, or `{role, name, children}` with the states that its role has: `checked` and `pressed` are
// `on`, `off` or `mixed`, `invalid` is as `invalidState` says, `level` is a number, the others are booleans.

const MAX_ARIA_DEPTH = 400;

/** The nodes of an element and what is below it; an element without a role of its own leaves its content only. */
function ariaTree(root) {
  const top = { role: "fragment", name: "", children: [] };
  addElement(top, root, new Set(), 0);
  return tidied(top);
}

function addElement(parent, element, seen, depth) {
  if (seen.has(element) || depth > MAX_ARIA_DEPTH) return;
  seen.add(element);
  if (isHiddenForAria(element)) return;
  const node = nodeOf(element);
  if (node) parent.children.push(node);
  addContent(node ?? parent, element, seen, depth);
  addProperties(node ?? parent, element);
}

/** Adds what attributes say of a link or a text box; an element without a role says it of the node around. */
function addProperties(node, element) {
  const url = node.role === "link" ? attribute(element, "href") : null;
  if (url !== null) node.url = shownUrl(url);
  const placeholder = node.role === "textbox" ? attribute(element, "placeholder") : null;
  if (placeholder !== null && placeholder !== node.name) node.placeholder = placeholder;
}

/** Adds what the element shows, in order; what is set apart as a block is set apart by a blank. */
function addContent(node, element, seen, depth) {
  const isBlock = (styleOf(element)?.display ?? "inline") !== "inline" || tag(element) === "br";
  const edge = isBlock ? " " : "";
  node.children.push(edge, generatedText(element, "::before"));
  for (const child of contentNodes(element)) {
    if (isElement(child)) addElement(node, child, seen, depth + 1);
    else if (nodeType(child) === TEXT_NODE && node.role !== "textbox" && !isUnrendered(child))
      node.children.push(nodeValue(child));
  }
  node.children.push(generatedText(element, "::after"), edge);
}

/** The node of an element with a role; null for one without. */
function nodeOf(element) {
  if (["iframe", "frame"].includes(tag(element))) return { role: "iframe", name: "", children: [] };
  const role = roleOf(element);
  if (!role || isPresentation(role)) return null;
  if (role === "generic") return null;
  const node = { role, name: nameOf(element), children: [], ...statesOf(element, role) };
  // Its contents are met all the same where it has no box of its own.
  if (ariaBoolean(element, "aria-hidden")) node.isAriaHidden = true;
  if (showsValue(element)) node.children.push(element.value);
  return node;
}

/** Whether the element's value is what a person reads in it. A password is nobody's to read. */
const showsValue = (element) =>
  ["input", "textarea"].includes(tag(element)) &&
  !["checkbox", "radio", "file", "password"].includes(inputType(element));

/** An address without the data that it carries in itself. */
const shownUrl = (url) => (/^data:[^,]*,/u.test(url) ? `${url.slice(0, url.indexOf(",") + 1)}\u2026` : url);

function statesOf(element, role) {
  const states = {};
  if (CHECKED_ROLES.includes(role)) states.checked = checkedState(element) ?? "off";
  if (DISABLED_ROLES.has(role)) states.disabled = isDisabled(element);
  if (EXPANDED_ROLES.includes(role)) states.expanded = expandedState(element);
  if (INVALID_ROLES.has(role)) states.invalid = invalidState(element);
  if (LEVEL_ROLES.includes(role)) states.level = levelOf(element);
  if (PRESSED_ROLES.includes(role)) states.pressed = pressedState(element);
  if (SELECTED_ROLES.includes(role)) states.selected = isSelected(element);
  return states;
}

/** The node with neighbouring texts joined and folded, and a text that only repeats its name left out. */
function tidied(node) {
  const joined = [];
  for (const child of node.children) {
    if (typeof child !== "string") joined.push(tidied(child));
    else if (typeof joined.at(-1) === "string") joined.push(joined.pop() + child);
    else joined.push(child);
  }
  const children = joined
    .map((child) => (typeof child === "string" ? fold(child) : child))
    .filter((child) => child !== "");
  const repeatsName = children.length === 1 && children[0] === node.name;
  return { ...node, children: repeatsName ? [] : children };
}
