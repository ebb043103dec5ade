// names.js: the accessible name, after the accname specification.
//
// A walk carries where it is: at the target itself, below it, or inside something that names it (a label, a
// reference of aria-labelledby, a native caption). Hidden content counts only inside a hidden reference.

const UNNAMED_ROLES = new Set([
  "caption", "code", "definition", "deletion", "emphasis", "generic", "insertion", "mark", "paragraph",
  "presentation", "strong", "subscript", "suggestion", "superscript", "term", "time",
]);

const NAMED_FROM_CONTENT = new Set([
  "button", "cell", "checkbox", "columnheader", "gridcell", "heading", "link", "menuitem", "menuitemcheckbox",
  "menuitemradio", "option", "radio", "row", "rowheader", "switch", "tab", "tooltip", "treeitem",
]);

const TRANSPARENT_BELOW = new Set([
  "", "caption", "code", "contentinfo", "definition", "deletion", "emphasis", "insertion", "list", "listitem",
  "mark", "none", "paragraph", "presentation", "region", "row", "rowgroup", "section", "strong", "subscript",
  "superscript", "table", "term", "time",
]);

/** The accessible name, folded; empty when there is none. */
const nameOf = (element, includeHidden = false) =>
  includeHidden
    ? remembered("name with hidden", element, (each) => computeName(each, true))
    : remembered("name", element, computeName);

function computeName(element, includeHidden = false) {
  if (UNNAMED_ROLES.has(roleOf(element) ?? "")) return "";
  return fold(alternative(element, { place: "self", inHidden: false, includeHidden, visited: new Set() }));
}

/** The accessible description, folded: `aria-describedby`, else `aria-description`, else the title. */
function descriptionOf(element, includeHidden = false) {
  if (hasAttribute(element, "aria-describedby")) return referencedText(element, "aria-describedby", includeHidden);
  return fold(attribute(element, "aria-description") ?? attribute(element, "title") ?? "");
}

/** The texts of the elements that an attribute names, folded. */
function referencedText(element, name, includeHidden = false) {
  const start = { includeHidden, inHidden: false };
  const texts = idReferences(element, attribute(element, name)).map((each) =>
    inside(each, { ...start, visited: new Set() }, "description"),
  );
  return fold(texts.join(" "));
}

/** Where a control inside another's name says its value. */
const EMBEDDING_PLACES = new Set(["descendant", "reference", "label"]);

/** The text alternative of an element at a place of the walk; not folded. */
function alternative(element, walk) {
  if (walk.visited.has(element)) return "";
  if (!walk.includeHidden && (isIgnoredForAria(element) || (!walk.inHidden && isHiddenForAria(element)))) {
    walk.visited.add(element);
    return "";
  }
  const references = labelReferences(element);
  if (walk.place !== "reference") {
    const name = references.map((each) => inside(each, walk, "reference")).join(" ");
    if (name !== "") return name;
  }
  const embedded = EMBEDDING_PLACES.has(walk.place) ? embeddedValue(element, references, walk) : null;
  if (embedded !== null) return embedded;
  const label = attribute(element, "aria-label") ?? "";
  if (label.trim() !== "") return visited(element, walk, label);
  const native = isPresentation(roleOf(element)) ? null : nativeName(element, references.length > 0, walk);
  if (native !== null) return native;
  return contentName(element, walk) || titleName(element, walk);
}

/** The alternative of an element that names another one: a label, a reference, a caption. */
const inside = (element, walk, place) =>
  alternative(element, { ...walk, place, inHidden: isHiddenForAria(element) });

/** Marks the element as visited and answers the text. */
function visited(element, walk, text) {
  walk.visited.add(element);
  return text;
}

/** The value of a control that stands inside another's name; null when it is no such control. */
function embeddedValue(element, references, walk) {
  if (references.includes(element) || nativeLabels(element).includes(element)) return null;
  const role = roleOf(element);
  if (role === "textbox" || role === "searchbox") {
    const isNative = tag(element) === "input" || tag(element) === "textarea";
    return visited(element, walk, isNative ? element.value : textContent(element));
  }
  if (role === "combobox" || role === "listbox") return chosenOptions(element, role, walk);
  if (["progressbar", "scrollbar", "slider", "spinbutton", "meter"].includes(role)) {
    const value = ["aria-valuetext", "aria-valuenow", "value"].map((name) => attribute(element, name));
    return visited(element, walk, value.find((each) => each !== null) ?? "");
  }
  return role === "menu" ? visited(element, walk, "") : null;
}

function chosenOptions(element, role, walk) {
  walk.visited.add(element);
  let options;
  if (tag(element) === "select") {
    options = [...element.selectedOptions];
    if (options.length === 0 && element.options.length > 0) options.push(element.options[0]);
  } else {
    const list = role === "combobox" ? owned(element).find((each) => roleOf(each) === "listbox") : element;
    options = list
      ? owned(list).filter((each) => roleOf(each) === "option" && ariaBoolean(each, "aria-selected"))
      : [];
  }
  if (options.length === 0 && tag(element) === "input") return element.value;
  return options.map((option) => alternative(option, below(walk))).join(" ");
}

/** Elements below and those that `aria-owns` adds. */
function owned(element) {
  const added = idReferences(element, attribute(element, "aria-owns"));
  return [...queryAll(element, "*"), ...added.flatMap((each) => [each, ...queryAll(each, "*")])];
}

const below = (walk) => (walk.place === "self" ? { ...walk, place: "descendant" } : walk);

const CAPTIONS = new Map([["fieldset", "legend"], ["figure", "figcaption"]]);

/** The name that HTML or SVG itself gives; null when its rules say nothing and the walk goes on. */
function nativeName(element, isReferenced, walk) {
  const kind = tag(element);
  if (kind === "input") return inputName(element, isReferenced, walk);
  if (kind === "img" || kind === "area") return visited(element, walk, firstFilled(element, "alt", "title"));
  if (kind === "table") return childName(element, "caption", walk) ?? filled(element, "summary", walk);
  if (kind === "svg" || (kind.startsWith("svg:") && drawingAround(element))) return drawingName(element, walk);
  if (isReferenced) return null;
  if (kind === "button") return labelsName(element, walk);
  if (kind === "output")
    return labelsName(element, walk) ?? visited(element, walk, firstFilled(element, "title"));
  if (kind === "textarea")
    return labelsName(element, walk) ?? visited(element, walk, firstFilled(element, "title", "placeholder"));
  if (kind === "select" || kind === "meter" || kind === "progress") {
    return labelsName(element, walk) ?? visited(element, walk, firstFilled(element, "title"));
  }
  const caption = CAPTIONS.get(kind);
  if (!caption) return null;
  return childName(element, caption, walk) ?? visited(element, walk, firstFilled(element, "title"));
}

function inputName(element, isReferenced, walk) {
  const type = inputType(element);
  if (["button", "submit", "reset"].includes(type)) {
    const standard = { submit: "Submit", reset: "Reset" }[type] ?? firstFilled(element, "title");
    return visited(element, walk, element.value.trim() !== "" ? element.value : standard);
  }
  if (type === "file" || type === "image") {
    const labels = walk.place === "reference" ? null : labelsName(element, walk);
    if (labels !== null) return labels;
    const standard = type === "file" ? "Choose File" : firstFilled(element, "alt", "title") || "Submit";
    return visited(element, walk, standard);
  }
  if (isReferenced) return null;
  const labels = labelsName(element, walk);
  if (labels !== null) return labels;
  const takesPlaceholder = ["text", "password", "number", "search", "tel", "email", "url"].includes(type);
  return visited(element, walk, firstFilled(element, "title", ...(takesPlaceholder ? ["placeholder"] : [])));
}

/** The first of these attributes that is not blank. */
function firstFilled(element, ...names) {
  for (const name of names) {
    const value = attribute(element, name) ?? "";
    if (value.trim() !== "") return value;
  }
  return "";
}

function filled(element, name, walk) {
  const value = firstFilled(element, name);
  return value === "" ? null : visited(element, walk, value);
}

/** The name by the control's `<label>`s; null when it has none. */
function labelsName(element, walk) {
  const labels = nativeLabels(element);
  if (labels.length === 0) return null;
  walk.visited.add(element);
  return labels
    .map((label) => inside(label, walk, "label"))
    .filter(Boolean)
    .join(" ");
}

/** The name by the first child of that kind; null when there is none. */
function childName(element, kind, walk) {
  walk.visited.add(element);
  for (const child of childElementsOf(element)) if (tag(child) === kind) return inside(child, walk, "native");
  walk.visited.delete(element);
  return null;
}

function drawingName(element, walk) {
  walk.visited.add(element);
  for (const child of childElementsOf(element))
    if (tag(child) === "svg:title") return inside(child, walk, "reference");
  const title = tag(element) === "svg:a" ? firstFilled(element, "xlink:title") : "";
  walk.visited.delete(element);
  return title === "" ? null : visited(element, walk, title);
}

const NAMING_PLACES = new Set(["reference", "description", "label", "native"]);

function contentName(element, walk) {
  const role = roleOf(element) ?? "";
  const isSummary = tag(element) === "summary" && !isPresentation(role);
  const isNaming = NAMING_PLACES.has(walk.place);
  const allowed =
    NAMED_FROM_CONTENT.has(role) ||
    isSummary ||
    isNaming ||
    (walk.place === "descendant" && TRANSPARENT_BELOW.has(role));
  if (!allowed) return "";
  walk.visited.add(element);
  const text = contentText(element, below(walk));
  return walk.place === "self" && text.trim() === "" ? "" : text;
}

function titleName(element, walk) {
  walk.visited.add(element);
  if (isPresentation(roleOf(element)) && tag(element) !== "iframe" && tag(element) !== "frame") return "";
  return firstFilled(element, "title");
}

/** The names of the content in rendered order, generated content included. */
function contentText(element, walk) {
  let content = generatedText(element);
  if (content === null) {
    content = "";
    for (const node of contentNodes(element)) content += nodeName(node, walk);
  }
  return generatedText(element, "::before") + content + generatedText(element, "::after");
}

/** The nodes that make up the content: slotted nodes, or children, shadow tree and owned elements. */
function contentNodes(element) {
  if (tag(element) === "slot") {
    const assigned = element.assignedNodes();
    if (assigned.length > 0) return assigned;
  }
  const shadow = shadowRoot(element);
  const nodes = [];
  // Only the children of a host can be in a slot.
  for (const node of childrenOf(element)) if (!shadow || !slotOf(node)) nodes.push(node);
  if (shadow) nodes.push(...childrenOf(shadow));
  if (hasAttribute(element, "aria-owns")) {
    const owns = idReferences(element, attribute(element, "aria-owns"));
    nodes.push(...owns.filter((each) => !slotOf(each)));
  }
  return nodes;
}

function nodeName(node, walk) {
  if (nodeType(node) === TEXT_NODE)
    return !walk.includeHidden && !walk.inHidden && isUnrendered(node) ? "" : nodeValue(node);
  if (!isElement(node)) return "";
  const name = alternative(node, walk);
  const isInline = (styleOf(node)?.display || "inline") === "inline" && tag(node) !== "br";
  return isInline ? name : ` ${name} `;
}

/** Whether a text node is not shown because its parent shows something else: a shadow tree, a closed details. */
function isUnrendered(text) {
  const parent = parentOf(text);
  if (!parent) return false;
  if (shadowRoot(parent) && parentNode(text) === parent && !slotOf(text)) return true;
  return tag(parent) === "details" && !parent.open;
}

/**
 * The text of CSS `content`. For a pseudo-element "" when it shows none; for an element itself null unless
 * `content` replaces it with an alternative text.
 */
function generatedText(element, pseudo) {
  const nothing = pseudo ? "" : null;
  const style = pseudo ? getComputedStyle(element, pseudo) : styleOf(element);
  // First what is almost always so: each property that is read costs time.
  const content = style?.content;
  if (!content || content === "none" || content === "normal") return nothing;
  if (style.display === "none" || style.visibility === "hidden") return nothing;
  const text = contentString(element, content, pseudo !== undefined);
  if (text === null) return nothing;
  return pseudo && (style.display || "inline") !== "inline" ? ` ${text} ` : text;
}

const CONTENT_TOKEN = /"((?:[^"\\]|\\.)*)"|attr\(\s*([\w-]+)\s*\)|\/|[^\s"/]+/gsu;

/** The strings of such a `content` value, those after the slash if there is one; null for images and counters. */
function contentString(element, content, isPseudo) {
  let [text, isText, isAlternative] = ["", true, false];
  for (const [token, string, name] of content.matchAll(CONTENT_TOKEN)) {
    if (string !== undefined) text += unescapeCss(string);
    else if (name !== undefined) text += attribute(element, name) ?? "";
    else if (token === "/") [text, isText, isAlternative] = ["", true, true];
    else isText = false;
  }
  return isText && (isPseudo || isAlternative) ? text : null;
}

/** A CSS string without its escapes. */
function unescapeCss(text) {
  return text.replace(/\\(?:([0-9a-f]{1,6})\s?|(.))/giu, (_, code, plain) =>
    code ? String.fromCodePoint(Math.min(Number.parseInt(code, 16), 0x10ffff)) : plain,
  );
}
