// aria_match.js: whether a template is found in an accessibility tree. The host has parsed the template; its words
// are those of `AriaNode` in the core.

const TEMPLATE_STATES = ["checked", "disabled", "expanded", "invalid", "level", "pressed", "selected"];

/** Whether the template fits the tree, or a part of it. */
function matchesTemplate(tree, template) {
  return (
    fitsNode(tree, template, false) ||
    (typeof tree !== "string" && tree.children.some((child) => matchesTemplate(child, template)))
  );
}

function fitsNode(node, template, isDeep) {
  if (typeof node === "string") return template.kind === "text" && fitsText(node, template.text);
  if (template.kind !== "role") return false;
  if (template.role !== "fragment" && template.role !== node.role) return false;
  const isOther = (state) => template[state] !== undefined && template[state] !== node[state];
  if (TEMPLATE_STATES.some(isOther)) return false;
  if (!fitsName(node.name, template.name)) return false;
  if (!fitsText(node.url, template.url) || !fitsText(node.placeholder, template.placeholder)) return false;
  const mode = template.mode ?? (isDeep ? "deepEqual" : "contain");
  const children = template.children ?? [];
  if (mode === "contain") return isContained(node.children, children);
  return areEqual(node.children, children, mode === "deepEqual");
}

/** Whether the children are these and no others. */
const areEqual = (children, templates, isDeep) =>
  children.length === templates.length &&
  templates.every((template, index) => fitsNode(children[index], template, isDeep));

/** Whether these are among the children, in this order. */
function isContained(children, templates) {
  let next = 0;
  for (const child of children) {
    if (next < templates.length && fitsNode(child, templates[next], false)) next += 1;
  }
  return next === templates.length;
}

function fitsName(name, expected) {
  if (expected === undefined) return true;
  if (name === "") return false;
  return expected.kind === "pattern" ? regularExpression(expected).test(name) : name === expected.value;
}

/** Compares a text with one of a template: as it is, folded, or by the pattern between slashes. */
function fitsText(text, expected) {
  if (expected === undefined || fold(expected) === "") return true;
  if (text === undefined || text === "") return false;
  if (text === expected || text === fold(expected)) return true;
  const source = /^\/(.*)\/$/su.exec(expected)?.[1];
  return source !== undefined && regularExpression({ source, flags: "" }).test(text);
}
