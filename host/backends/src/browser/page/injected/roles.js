// roles.js: ARIA roles, explicit and implied, and what is hidden from assistive technology.

const ROLES = new Set(
  `alert alertdialog application article banner blockquote button caption cell checkbox code columnheader combobox
  complementary contentinfo definition deletion dialog directory document emphasis feed figure form generic grid
  gridcell group heading img insertion link list listbox listitem log main mark marquee math menu menubar menuitem
  menuitemcheckbox menuitemradio meter navigation none note option paragraph presentation progressbar radio
  radiogroup region row rowgroup rowheader scrollbar search searchbox separator slider spinbutton status strong
  subscript superscript switch tab table tablist tabpanel term textbox time timer toolbar tooltip tree treegrid
  treeitem`.split(/\s+/),
);

const LANDMARK_BARRIER =
  "article:not([role]), aside:not([role]), main:not([role]), nav:not([role]), section:not([role]), " +
  "[role=article], [role=complementary], [role=main], [role=navigation], [role=region]";

// Global ARIA attributes keep an element in the tree although its role is `none`; the values are roles on which
// the attribute is not global.
const GLOBAL_ATTRIBUTES = new Map([
  ...["atomic", "busy", "controls", "current", "describedby", "details", "dropeffect", "flowto", "grabbed"].map(
    (name) => [`aria-${name}`, []],
  ),
  ...["hidden", "keyshortcuts", "live", "owns", "relevant"].map((name) => [`aria-${name}`, []]),
  ...["aria-label", "aria-labelledby"].map((name) => [
    name,
    ["caption", "code", "deletion", "emphasis", "generic", "insertion", "paragraph", "presentation", "strong",
      "subscript", "superscript"],
  ]),
  ["aria-roledescription", ["generic"]],
]);

// Rows and items lose their meaning with the list or table that carries them.
const PRESENTATION_PARENTS = {
  dd: ["dl", "div"], div: ["dl"], dt: ["dl", "div"], li: ["ol", "ul"], tbody: ["table"], td: ["tr"],
  tfoot: ["table"], th: ["tr"], thead: ["table"], tr: ["thead", "tbody", "tfoot", "table"],
};

const INPUT_ROLES = {
  button: "button", checkbox: "checkbox", file: "button", hidden: null, image: "button", number: "spinbutton",
  radio: "radio", range: "slider", reset: "button", submit: "button",
};

const PLAIN_ROLES = {
  article: "article", aside: "complementary", blockquote: "blockquote", button: "button", caption: "caption",
  code: "code", datalist: "listbox", dd: "definition", del: "deletion", details: "group", dfn: "term",
  dialog: "dialog", dt: "term", em: "emphasis", fieldset: "group", figure: "figure", h1: "heading", h2: "heading",
  h3: "heading", h4: "heading", h5: "heading", h6: "heading", hr: "separator", html: "document", ins: "insertion",
  li: "listitem", main: "main", mark: "mark", math: "math", menu: "list", meter: "meter", nav: "navigation",
  ol: "list", optgroup: "group", option: "option", output: "status", p: "paragraph", progress: "progressbar",
  search: "search", strong: "strong", sub: "subscript", sup: "superscript", svg: "img", table: "table",
  tbody: "rowgroup", textarea: "textbox", tfoot: "rowgroup", thead: "rowgroup", time: "time", tr: "row", ul: "list",
};

const link = (element) =>
  hasAttribute(element, "href") || hasAttribute(element, "xlink:href") ? "link" : null;
const named = (role) => (element) => (hasExplicitName(element) ? role : null);
const landmark = (role) => (element) => (closestAcross(element, LANDMARK_BARRIER) ? null : role);

const DERIVED_ROLES = {
  a: link, area: link, "svg:a": link, footer: landmark("contentinfo"), header: landmark("banner"),
  form: named("form"), section: named("region"), img: imageRole, input: inputRole, td: cellRole, th: headerCellRole,
  select: (element) => (element.multiple || element.size > 1 ? "listbox" : "combobox"),
};

/** The role that the element's kind implies, before presentational inheritance; null for none. */
function impliedRole(element) {
  const kind = tag(element);
  if (Object.hasOwn(DERIVED_ROLES, kind)) return DERIVED_ROLES[kind](element);
  return Object.hasOwn(PLAIN_ROLES, kind) ? PLAIN_ROLES[kind] : null;
}

// What the kinds of DERIVED_ROLES can become.
const DERIVED_KINDS = {
  link: ["a", "area"], contentinfo: ["footer"], banner: ["header"], form: ["form"], region: ["section"],
  img: ["img"], presentation: ["img"], listbox: ["select"], combobox: ["select", "input"], cell: ["td"],
  gridcell: ["td"], columnheader: ["th"], rowheader: ["th"], searchbox: ["input"], textbox: ["input"],
};

/** A selector for every element that may have the role: the browser looks for those faster than we do. */
function candidatesFor(role) {
  const plain = Object.keys(PLAIN_ROLES).filter((kind) => PLAIN_ROLES[kind] === role);
  const inputs = Object.values(INPUT_ROLES).includes(role) ? ["input"] : [];
  // Rows and items take over `none` from the list or table around them.
  const inheriting = isPresentation(role) ? Object.keys(PRESENTATION_PARENTS) : [];
  return ["[role]", ...plain, ...inputs, ...inheriting, ...(DERIVED_KINDS[role] ?? [])].join(", ");
}

function hasExplicitName(element) {
  return hasAttribute(element, "aria-label") || hasAttribute(element, "aria-labelledby");
}

function imageRole(element) {
  const decorative =
    attribute(element, "alt") === "" &&
    !attribute(element, "title") &&
    !hasGlobalAttribute(element, "") &&
    !hasTabIndex(element);
  return decorative ? "presentation" : "img";
}

function inputRole(element) {
  const type = inputType(element);
  if (Object.hasOwn(INPUT_ROLES, type)) return INPUT_ROLES[type];
  const [list] = ["email", "search", "tel", "text", "url"].includes(type)
    ? idReferences(element, attribute(element, "list"))
    : [];
  if (list && tag(list) === "datalist") return "combobox";
  return type === "search" ? "searchbox" : "textbox";
}

function cellRole(element) {
  const table = closestAcross(element, "table");
  const role = table ? explicitRole(table) : null;
  return role === "grid" || role === "treegrid" ? "gridcell" : "cell";
}

function headerCellRole(element) {
  const scope = (attribute(element, "scope") ?? "").toLowerCase();
  if (scope === "col" || scope === "colgroup") return "columnheader";
  if (scope === "row" || scope === "rowgroup") return "rowheader";
  const [before, after] = [previousElement(element), nextElement(element)];
  if (!before && !after) return isOnlyCellOfTable(element) ? null : "columnheader";
  const isHeader = (cell) => cell !== null && tag(cell) === "th";
  if (isHeader(before) && isHeader(after)) return "columnheader";
  return isFilledCell(before) || isFilledCell(after) ? "rowheader" : "columnheader";
}

function isOnlyCellOfTable(element) {
  const row = parentOf(element);
  const table = row && tag(row) === "tr" ? closestAcross(row, "table") : null;
  return table !== null && table.rows.length <= 1;
}

function isFilledCell(element) {
  if (!element || tag(element) !== "td") return false;
  return textContent(element).trim() !== "" || !childElementsOf(element).next().done;
}

function hasGlobalAttribute(element, role) {
  for (const [name, except] of GLOBAL_ATTRIBUTES) {
    if (!except.includes(role ?? "") && hasAttribute(element, name)) return true;
  }
  return false;
}

function hasTabIndex(element) {
  const value = attribute(element, "tabindex");
  return value !== null && !Number.isNaN(Number(value));
}

/** Whether the keyboard can reach the element, as far as its kind and attributes tell. */
function isFocusable(element) {
  if (isNativelyDisabled(element)) return false;
  const kind = tag(element);
  if (["button", "details", "select", "textarea"].includes(kind)) return true;
  if (["a", "area", "svg:a"].includes(kind)) return hasAttribute(element, "href") || hasTabIndex(element);
  return (kind === "input" && !hasAttribute(element, "hidden")) || hasTabIndex(element);
}

/** The first valid role of the `role` attribute; null for none. */
function explicitRole(element) {
  const written = attribute(element, "role");
  if (!written) return null;
  const roles = written.toLowerCase().split(/\s+/);
  return roles.find((role) => ROLES.has(role)) ?? null;
}

const isPresentation = (role) => role === "none" || role === "presentation";

/** Whether the element keeps its meaning although it says `role=none`: it is focusable or globally described. */
const staysInTree = (element, role) => hasGlobalAttribute(element, role) || isFocusable(element);

/** The implied role, `none` where the list or table around it is presentational. */
function implicitRole(element) {
  const role = impliedRole(element);
  if (!role) return null;
  let child = element;
  for (;;) {
    const parent = parentOf(child);
    const parents = PRESENTATION_PARENTS[tag(child)];
    if (!parent || !parents?.includes(tag(parent))) return role;
    const parentRole = explicitRole(parent);
    if (isPresentation(parentRole) && !staysInTree(parent, parentRole)) return parentRole;
    child = parent;
  }
}

/** The element's ARIA role; null when it has none. */
const roleOf = (element) => remembered("role", element, computeRole);

function computeRole(element) {
  const explicit = explicitRole(element);
  if (!explicit) return implicitRole(element);
  if (isPresentation(explicit)) {
    const implicit = implicitRole(element);
    if (staysInTree(element, implicit)) return implicit;
  }
  return explicit;
}

/** An ARIA attribute that is true or false; undefined when it is absent. */
function ariaBoolean(element, name) {
  const value = attribute(element, name);
  return value === null ? undefined : value.toLowerCase() === "true";
}

const IGNORED_KINDS = new Set(["style", "script", "noscript", "template"]);

const isIgnoredForAria = (element) => IGNORED_KINDS.has(tag(element));

/** Whether assistive technology does not meet the element: not rendered, not visible, or `aria-hidden`. */
const isHiddenForAria = (element) => remembered("hidden", element, computeHiddenForAria);

function computeHiddenForAria(element) {
  const kind = tag(element);
  if (IGNORED_KINDS.has(kind)) return true;
  if (kind === "slot" || (kind === "option" && closest(element, "select") !== null)) return isCutOff(element);
  // What is visible is rendered, and so is all around it: only `aria-hidden` can be in the way.
  if (computeStyledVisible(element)) return computeAriaHidden(element);
  return styleOf(element)?.display !== "contents" || !hasPerceivedChild(element);
}

/** Whether the element or one around it says `aria-hidden`. */
const isAriaHidden = (element) => remembered("aria-hidden", element, computeAriaHidden);

function computeAriaHidden(element) {
  if (ariaBoolean(element, "aria-hidden") === true) return true;
  const above = parentOf(element);
  return above !== null && isAriaHidden(above);
}

function hasPerceivedChild(element) {
  for (const child of childrenOf(element)) {
    if (isElement(child) && !isHiddenForAria(child)) return true;
    if (nodeType(child) === TEXT_NODE && isVisibleText(child)) return true;
  }
  return false;
}

/** Whether the element or one around it is not rendered, not slotted, or `aria-hidden`. */
const isCutOff = (element) => remembered("cut off", element, computeCutOff);

function computeCutOff(element) {
  const parent = parentNode(element);
  if (parent && isElement(parent) && shadowRoot(parent) && !slotOf(element)) return true;
  const style = styleOf(element);
  if (!style || style.display === "none" || ariaBoolean(element, "aria-hidden") === true) return true;
  const above = parentOf(element);
  return above !== null && isCutOff(above);
}
