// snapshot.js: the accessibility tree as a short text in the manner of YAML, for failures and for flows.

const SNAPSHOT_LIMIT = 16 * 1024;
const INDENT = "  ";

/** The ARIA tree of an element: `- button "Pay"`, one line each, at most 16 KiB. */
function ariaSnapshot(root) {
  const lines = [];
  const top = { role: null, children: [] };
  addElement(top, root, true, new Set());
  writeChildren(folded(top.children), "", lines);
  return cutLines(lines);
}

function cutLines(lines) {
  const text = lines.join("\n");
  const short = cut(text, SNAPSHOT_LIMIT);
  return short.length === text.length ? short : short.slice(0, Math.max(0, short.lastIndexOf("\n")));
}

/** Adds an element's node, or what is inside it where it has no role of its own. */
function addElement(parent, element, isPerceivedAbove, seen) {
  if (seen.has(element)) return;
  seen.add(element);
  if (isIgnoredForAria(element)) return;
  const isPerceived = !isHiddenForAria(element);
  if (!isPerceived && isCutOff(element)) return;
  const node = isPerceived ? nodeOf(element) : null;
  if (node) parent.children.push(node);
  addContent(node ?? parent, element, isPerceived && isPerceivedAbove !== null, seen);
}

function addContent(node, element, isPerceived, seen) {
  const isBlock = (styleOf(element)?.display ?? "inline") !== "inline" || tag(element) === "br";
  if (isBlock) node.children.push(" ");
  if (node.isLeaf) return;
  node.children.push(generatedText(element, "::before"));
  for (const child of contentNodes(element)) {
    if (isElement(child)) addElement(node, child, isPerceived, seen);
    else if (nodeType(child) === TEXT_NODE && isPerceived && !isUnrendered(child))
      node.children.push(nodeValue(child));
  }
  node.children.push(generatedText(element, "::after"));
  if (isBlock) node.children.push(" ");
}

/** The node of an element with a role; null for one without. */
function nodeOf(element) {
  if (isFrame(element))
    return { role: "iframe", name: nameOf(element), states: "", children: [], isLeaf: true };
  const role = roleOf(element);
  if (!role || role === "generic" || isPresentation(role)) return null;
  const node = { role, name: nameOf(element), states: statesOf(element, role), children: [], properties: [] };
  if (role === "link" && hasAttribute(element, "href"))
    node.properties.push(["/url", attribute(element, "href")]);
  if (["input", "textarea"].includes(tag(element))) addValue(node, element);
  return node;
}

function addValue(node, element) {
  node.isLeaf = true;
  const placeholder = attribute(element, "placeholder");
  if (placeholder && placeholder !== node.name) node.properties.push(["/placeholder", placeholder]);
  if (!["checkbox", "radio", "file", "password"].includes(inputType(element)))
    node.children.push(element.value);
}

function statesOf(element, role) {
  const states = [];
  const mark = { on: "", mixed: "=mixed" };
  const checked = CHECKED_ROLES.includes(role) ? checkedState(element) : "off";
  if (checked in mark) states.push(`checked${mark[checked]}`);
  if (DISABLED_ROLES.has(role) && isDisabled(element)) states.push("disabled");
  if (EXPANDED_ROLES.includes(role) && expandedState(element)) states.push("expanded");
  if (levelOf(element) > 0) states.push(`level=${levelOf(element)}`);
  const pressed = pressedState(element);
  if (pressed in mark) states.push(`pressed${mark[pressed]}`);
  if (isSelected(element) && SELECTED_ROLES.includes(role)) states.push("selected");
  return states.map((state) => ` [${state}]`).join("");
}

/** The children with neighbouring texts joined and folded, empty ones dropped. */
function folded(children) {
  const joined = [];
  for (const child of children) {
    if (typeof child === "string" && typeof joined.at(-1) === "string") joined.push(joined.pop() + child);
    else joined.push(child);
  }
  return joined
    .map((child) => (typeof child === "string" ? fold(child) : child))
    .filter((child) => child !== "");
}

function writeChildren(children, indent, lines) {
  for (const child of children) {
    if (typeof child === "string") lines.push(`${indent}- text: ${scalar(child)}`);
    else writeNode(child, indent, lines);
  }
}

function writeNode(node, indent, lines) {
  const head = `${indent}- ${node.role}${node.name ? ` ${JSON.stringify(brief(node.name, 200))}` : ""}${node.states}`;
  let children = folded(node.children);
  if (children.length === 1 && children[0] === node.name) children = [];
  const properties = node.properties ?? [];
  if (children.length === 0 && properties.length === 0) lines.push(head);
  else if (properties.length === 0 && children.length === 1 && typeof children[0] === "string") {
    lines.push(`${head}: ${scalar(children[0])}`);
  } else {
    lines.push(`${head}:`);
    for (const [name, value] of properties) lines.push(`${indent}${INDENT}- ${name}: ${scalar(value)}`);
    writeChildren(children, indent + INDENT, lines);
  }
}

/** A text as a YAML scalar, quoted where plain writing would mean something else. */
function scalar(text) {
  const line = brief(text, 500);
  const needsQuotes =
    line === "" ||
    /^[\s\-?:,[\]{}#&*!|>'"%@`]|: |:$| #|^(?:true|false|null|yes|no|~)$|^[\d.+-]+$/iu.test(line);
  return needsQuotes ? JSON.stringify(line) : line;
}
