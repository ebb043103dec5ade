// snapshot.js: the accessibility tree as a short text in YAML, as Playwright writes it: for failures, for flows,
// and to be pasted as a template. It writes only; the tree is built in aria_tree.js.

const FAILURE_SNAPSHOT_LIMIT = 16 * 1024;
const MAX_NAME_IN_KEY = 900;
const INDENT = "  ";

/**
 * The ARIA tree of an element: `- button "Pay"`, a line a node. At most `limit` bytes, cut at a line's end; with a
 * `depth`, nodes so far below the top show no children.
 */
function ariaSnapshot(root, { depth = Number.POSITIVE_INFINITY, limit = TEXT_LIMIT } = {}) {
  return cutLines(linesOfTree(ariaTree(root), depth), limit);
}

function linesOfTree(tree, depth = Number.POSITIVE_INFINITY) {
  const lines = [];
  writeChildren(tree.children, "", lines, depth);
  return lines;
}

function cutLines(lines, limit) {
  const text = lines.join("\n");
  const short = cut(text, limit);
  const lastEnd = short.lastIndexOf("\n");
  // A first line that is too long by itself is cut like any text.
  return short.length === text.length || lastEnd <= 0 ? short : short.slice(0, lastEnd);
}

function writeChildren(children, indent, lines, depth) {
  for (const child of children) {
    if (typeof child === "string") lines.push(`${indent}- text: ${yamlValue(child)}`);
    else writeNode(child, indent, lines, depth);
  }
}

function writeNode(node, indent, lines, depth) {
  const head = `${indent}- ${yamlKey(keyOf(node))}`;
  const properties = [
    ["/url", node.url],
    ["/placeholder", node.placeholder],
  ].filter(([, value]) => value !== undefined);
  const isText = node.children.length === 1 && typeof node.children[0] === "string";
  const children = isText || depth > 0 ? node.children : [];
  if (children.length === 0 && properties.length === 0) lines.push(head);
  else if (isText && properties.length === 0) lines.push(`${head}: ${yamlValue(children[0])}`);
  else {
    lines.push(`${head}:`);
    for (const [name, value] of properties) lines.push(`${indent}${INDENT}- ${name}: ${yamlValue(value)}`);
    writeChildren(children, indent + INDENT, lines, depth - 1);
  }
}

/** Role, name and states: `checkbox "Gift" [checked]`. */
function keyOf(node) {
  const name = node.name !== "" && node.name.length <= MAX_NAME_IN_KEY ? ` ${JSON.stringify(node.name)}` : "";
  const written = [
    tristateMark("checked", node.checked),
    node.disabled && "disabled",
    node.expanded && "expanded",
    node.invalid === "true" ? "invalid" : node.invalid && node.invalid !== "false" && `invalid=${node.invalid}`,
    node.level > 0 && `level=${node.level}`,
    tristateMark("pressed", node.pressed),
    node.selected && "selected",
    node.isAriaHidden && "aria-hidden",
  ].filter(Boolean);
  return node.role + name + written.map((state) => ` [${state}]`).join("");
}

const tristateMark = (name, state) => ({ on: name, mixed: `${name}=mixed` })[state];

const YAML_WORDS = ["y", "n", "yes", "no", "true", "false", "on", "off", "null", "~"];

/** Whether a plain scalar would be read as something else. */
const needsQuotes = (text) =>
  text === "" ||
  /^\s|\s$|^[-&*\],?!>|@"'#%[]|[\n\r{}`\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]|:(?:\s|$)|\s#/u.test(text) ||
  !Number.isNaN(Number(text)) ||
  YAML_WORDS.includes(text.toLowerCase()) ||
  /^[-+]?\.(?:inf|nan)$/iu.test(text);

const yamlKey = (text) => (needsQuotes(text) ? `'${text.replaceAll("'", "''")}'` : text);

const yamlValue = (text) => (needsQuotes(text) ? yamlQuoted(text) : text);

/** In double quotes; JSON's escapes are YAML's, but for the characters above ASCII that JSON leaves as they are. */
const yamlQuoted = (text) =>
  JSON.stringify(text).replace(/[\u007f-\u009f]/gu, (each) => `\\x${each.codePointAt(0).toString(16)}`);
