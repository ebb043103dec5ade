// css.js: CSS selectors that see through open shadow roots.
//
// The browser matches every compound selector; the combinators between them are walked here, so that a
// descendant may be inside a shadow tree and its ancestor outside.

const OPENING = "([";
const CLOSING = ")]";

/** The elements below `scope` that the selector matches, in the order of the document. */
function cssMatches(scope, selector) {
  checkSelector(selector);
  const hasShadow = shadowRootsIn(documentOf(scope)).length > 0;
  if (!hasShadow || /:scope\b/.test(selector)) return queryAll(scope, selector);
  const chains = remembered("css", selector, splitSelector);
  return elementsBelow(scope).filter((element) =>
    chains.some((chain) => matchesChain(element, chain, chain.length - 1)),
  );
}

/** Refuses what the browser does not accept as a selector. */
function checkSelector(selector) {
  try {
    queries[FRAGMENT_NODE](new DocumentFragment(), selector);
  } catch {
    throw new Refusal("invalid-argument", `not a CSS selector: ${selector}`);
  }
}

/** A selector list as chains of `{combinator, compound}`, the combinator being the one before the compound. */
function splitSelector(selector) {
  const chains = [];
  let chain = [];
  let compound = "";
  let combinator = " ";
  const endCompound = () => {
    if (compound !== "") chain.push({ combinator, compound });
    if (compound !== "") combinator = " ";
    compound = "";
  };
  for (const piece of selectorPieces(selector)) {
    if (piece === ",") {
      endCompound();
      chains.push(chain);
      [chain, combinator] = [[], " "];
    } else if (/^[\s>+~]$/.test(piece)) {
      endCompound();
      if (piece.trim() !== "") combinator = piece;
    } else {
      compound += piece;
    }
  }
  endCompound();
  return [...chains, chain];
}

/** The selector's characters, with escapes, strings, brackets and parentheses kept in one piece each. */
function* selectorPieces(selector) {
  let [piece, depth, quote] = ["", 0, ""];
  for (let index = 0; index < selector.length; index += 1) {
    const char = selector[index];
    piece += char;
    if (char === "\\") piece += selector[++index] ?? "";
    else if (quote !== "") quote = char === quote ? "" : quote;
    else if (char === '"' || char === "'") quote = char;
    else if (OPENING.includes(char)) depth += 1;
    else if (CLOSING.includes(char)) depth -= 1;
    if (depth > 0 || quote !== "") continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}

/** Whether the element ends a match of the chain up to `index`. */
function matchesChain(element, chain, index) {
  const { combinator, compound } = chain[index];
  if (!matches(element, compound)) return false;
  if (index === 0) return true;
  return relatives(element, combinator).some((each) => matchesChain(each, chain, index - 1));
}

/** The elements that the combinator relates to the element on its right. */
function relatives(element, combinator) {
  if (combinator === ">") return [parentOf(element)].filter(Boolean);
  if (combinator === "+") return [previousElement(element)].filter(Boolean);
  const step = combinator === "~" ? previousElement : parentOf;
  const found = [];
  for (let each = step(element); each; each = step(each)) found.push(each);
  return found;
}
