// suggest.js: locators in words, and which locator would find the one element that was meant. Never changes what
// a locator finds.

const MAX_CANDIDATES = 10;
// Searches for better locators in one refusal: a large page must not make it slow.
const MAX_SEARCHES = 100;
const MAX_ANCESTORS = 8;
const MAX_SUGGESTED_TEXT = 60;

/** The refusal of a locator that matches several elements, with a way to say which one for each. */
function ambiguous(parts, found, context) {
  const search = { parts, context, left: MAX_SEARCHES };
  const lines = found.slice(0, MAX_CANDIDATES).map((element, index) => {
    const better = suggestion(element, search) ?? [...parts, { kind: "nth", index }];
    return `${index + 1}. ${preview(element)}: ${describeLocator(better)}`;
  });
  if (found.length > MAX_CANDIDATES) lines.push(`and ${found.length - MAX_CANDIDATES} more`);
  const message = `${describeLocator(parts)} matches ${found.length} elements`;
  return new Refusal("ambiguous-locator", message, [{ title: "candidates", text: lines.join("\n") }]);
}

/** A locator that finds this element only, by itself or inside what is around it; null where none was found. */
function suggestion(element, search) {
  const frames = search.parts.slice(0, search.parts.findLastIndex(({ kind }) => kind === "frame") + 1);
  const own = waysTo(element, search.context);
  const way = own.find((part) => isOnly([part], element, search));
  if (way) return [...frames, way];
  let depth = 0;
  for (const around of selfAndAncestors(parentOf(element))) {
    depth += 1;
    if (depth > MAX_ANCESTORS) return null;
    const outer = waysTo(around, search.context).find((part) => isOnly([part], around, search));
    const inner = outer && own.find((part) => isOnly([outer, part], element, search));
    if (inner) return [...frames, outer, inner];
  }
  return null;
}

/** Whether the locator finds this element and no other in its document. */
function isOnly(parts, element, search) {
  if (search.left <= 0) return false;
  search.left -= 1;
  const found = resolveFrom(parts, { ...search.context, root: documentOf(element) });
  return found.length === 1 && found[0] === element;
}

/** Ways that find the element among others, those first that a person would choose. */
function waysTo(element, { testIdAttributes }) {
  const ways = [];
  for (const name of testIdAttributes) {
    const value = attribute(element, name);
    if (value) ways.push({ kind: "testId", text: { kind: "exact", value } });
  }
  const role = roleOf(element);
  const add = (text, part) => ways.push(...matchesOf(text).map(part));
  if (role && !isPresentation(role) && !isHiddenForAria(element)) {
    add(nameOf(element), (name) => ({ kind: "role", role, name, includeHidden: false }));
  }
  for (const label of labelTexts(element)) add(label, (text) => ({ kind: "label", text }));
  const attributes = { placeholder: "placeholder", alt: "altText", title: "title" };
  for (const [name, kind] of Object.entries(attributes)) {
    const value = attribute(element, name);
    if (value && value === fold(value)) add(value, (text) => ({ kind, text }));
  }
  if (!isTextless(element)) add(textOf(element), (text) => ({ kind: "text", text }));
  const id = attribute(element, "id");
  // An id with many digits was made by a program, and will be another one tomorrow.
  if (id && !/\d{3}/u.test(id)) ways.push({ kind: "css", selector: `#${CSS.escape(id)}` });
  return ways;
}

/** A text as a match: contained where that is enough, else the whole; none for one that is empty or long. */
function matchesOf(text) {
  const value = fold(text);
  if (value === "" || value.length > MAX_SUGGESTED_TEXT) return [];
  return [{ kind: "substring", value }, { kind: "exact", value }];
}

const PART_NAMES = {
  altText: "alt-text", testId: "test-id", hasText: "has-text", hasNotText: "has-not-text", hasNot: "has-not",
};

/** What a locator looks for: a whole text is told from one that is contained. */
const describeSought = (match) => (match.kind === "exact" ? `exactly ${quoted(match.value)}` : describeMatch(match));

/** The locator as people write it: `button "Pay"`, `label "Email"`, parts joined by ` \u203a `. */
const describeLocator = (parts) => (parts ?? []).map(describePart).join(" \u203a ") || "page";

function describePart(part) {
  const name = PART_NAMES[part.kind] ?? part.kind;
  switch (part.kind) {
    case "role": {
      const states = Object.keys(ROLE_STATES).filter(
        (state) => part[state] !== undefined && part[state] !== null,
      );
      const written = states.map((state) => ` [${state}=${part[state]}]`).join("");
      const described = part.description ? ` [description=${describeSought(part.description)}]` : "";
      return part.role + (part.name ? ` ${describeSought(part.name)}` : "") + described + written;
    }
    case "css":
      return `css ${quoted(part.selector)}`;
    case "xpath":
      return `xpath ${quoted(part.expression)}`;
    case "visible":
      return part.visible ? "visible" : "hidden";
    case "nth":
      return `nth ${part.index}`;
    case "has":
    case "hasNot":
    case "and":
    case "or":
      return `${name} (${describeLocator(part.locator)})`;
    case "frame":
      return "frame";
    case "testId":
      return `${name} ${describeMatch(part.text)}`;
    default:
      return `${name} ${describeSought(part.text)}`;
  }
}
