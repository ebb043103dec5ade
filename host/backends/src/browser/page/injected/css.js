// css.js: CSS selectors that see through shadow roots. The browser matches what cssparser.js left as text; the
// combinators between compounds and the functions are walked here, so that a descendant may be inside a shadow
// tree and its ancestor outside.

/** The elements below `scope` that the selector matches. Ancestors outside the scope count for nothing. */
function cssMatches(scope, selector) {
  const { chains, isNative } = parsedSelector(selector);
  if (isNative && isDocument(scope) && treesBelow(scope).length === 1) return queryAll(scope, selector);
  return listMatches(chains, { scope, anchor: scope });
}

/** What any of the chains finds: of one as it finds them, of several in the order of the document. */
function listMatches(chains, context) {
  if (chains.length === 1) return chainMatches(chains[0], context);
  return inDocumentOrder(chains.flatMap((chain) => chainMatches(chain, context)));
}

/** What the chain finds. Selectors by layout put the nearest first. */
function chainMatches(chain, context) {
  const wide = { ...scopedFor(chain, context), distances: new Map() };
  const found = candidates(chain.at(-1), wide).filter((element) => endsChain(element, chain, wide));
  const distance = (element) => wide.distances.get(element) ?? Number.POSITIVE_INFINITY;
  return wide.distances.size === 0 ? found : found.sort((one, other) => distance(one) - distance(other) || 0);
}

/** The elements that may match the compound: what the browser finds, or what the list of `:is` finds. */
function candidates({ css, functions }, context) {
  const list = functions.find(({ name }) => name === "is" || name === "where");
  const isOpen = css === "" || css === "*";
  return isOpen && list ? listMatches(list.selectors, context) : queryTrees(context.scope, css || "*");
}

/** `:scope` names the element searched below: then the search begins one level higher. */
function scopedFor(chain, context) {
  const namesScope = chain.some(({ functions }) => functions.some(({ name }) => name === "scope"));
  if (!namesScope || isDocument(context.scope)) return context;
  return { ...context, scope: parentOf(context.scope) ?? ownerDocument(context.scope) };
}

const endsChain = (element, chain, context) =>
  meets(element, chain.at(-1), context) && followsChain(element, chain, chain.length - 1, context);

/** Whether what stands before the compound at `index` of the chain is around or beside the element. */
function followsChain(element, chain, index, context) {
  if (index === 0) return true;
  const { combinator } = chain[index];
  for (const each of relatives(element, combinator, context)) {
    if (!meets(each, chain[index - 1], context)) continue;
    if (followsChain(each, chain, index - 1, context)) return true;
    // The nearest that fits has the most around it: if it fails with the same combinator, all farther ones do.
    if (chain[index - 1].combinator === combinator && index > 1) return false;
  }
  return false;
}

/** The elements that the combinator relates to the element on its right, nearest first. */
function* relatives(element, combinator, { scope }) {
  const step = combinator === ">" || combinator === " " ? parentOf : previousElement;
  const isOne = combinator === ">" || combinator === "+";
  for (let each = element; each && each !== scope; ) {
    each = step(each);
    if (each) yield each;
    if (isOne) return;
  }
}

/** Whether the element matches the compound by itself. */
function meets(element, { css, functions }, context) {
  if (element === context.scope || (css !== "" && !matches(element, css))) return false;
  return functions.every((each) => FUNCTION_TESTS[each.name](element, each, context));
}

const meetsAny = (element, { selectors }, context) =>
  selectors.some((chain) => endsChain(element, chain, { ...context, ...scopedFor(chain, context) }));

const FUNCTION_TESTS = {
  is: meetsAny,
  where: meetsAny,
  not: (element, each, context) => !meetsAny(element, each, context),
  has: (element, { selectors }) => listMatches(selectors, { scope: element, anchor: element }).length > 0,
  scope: (element, _, { anchor }) => element === (isDocument(anchor) ? documentElement(anchor) : anchor),
  visible: (element) => isVisible(element),
  text: (element, { test }) => isSmallestWith(test, element),
  "text-is": (element, { test }) => !isTextless(element) && hasRun(element, test),
  "text-matches": (element, { test }) => isSmallestWith(test, element),
  "has-text": (element, { test }) => !isTextless(element) && test(textOf(element)),
  "right-of": isPlaced((own, other) => sideways(own, other, own.left - other.right)),
  "left-of": isPlaced((own, other) => sideways(own, other, other.left - own.right)),
  above: isPlaced((own, other) => upright(own, other, other.top - own.bottom)),
  below: isPlaced((own, other) => upright(own, other, own.top - other.bottom)),
  near: isPlaced(closeBy, 50),
  "nth-match": (element, each, context) => innerMatches(each, context)[each.number - 1] === element,
};

/** Whether one of the texts directly in the element passes; an element without any passes for the empty text. */
function hasRun(element, test) {
  const runs = textRuns(element);
  return runs.length === 0 ? test("") : runs.some(test);
}

/** What the function's own selectors find, once for all elements that are compared with it. */
const innerMatches = (each, { scope, anchor }) =>
  remembered(each, scope, () => listMatches(each.selectors, { scope, anchor }));

/** The test of a place: notes how far the nearest of the others is, for the order of the result. */
function isPlaced(distanceOf, limit = Number.POSITIVE_INFINITY) {
  return (element, each, context) => {
    const farthest = each.number ?? limit;
    const own = rectOf(element);
    let nearest = Number.POSITIVE_INFINITY;
    for (const other of innerMatches(each, context)) {
      if (other === element) continue;
      const { gap, distance } = distanceOf(own, rectOf(other));
      if (gap >= 0 && gap <= farthest) nearest = Math.min(nearest, distance);
    }
    if (nearest === Number.POSITIVE_INFINITY) return false;
    context.distances?.set(element, nearest);
    return true;
  };
}

const rectOf = (element) => remembered("rect", element, boundingRect);

const sideways = (own, other, gap) => ({
  gap,
  distance: gap + Math.max(other.bottom - own.bottom, 0) + Math.max(own.top - other.top, 0),
});

const upright = (own, other, gap) => ({
  gap,
  distance: gap + Math.max(own.left - other.left, 0) + Math.max(other.right - own.right, 0),
});

/** The sum of the gaps on every side. */
function closeBy(own, other) {
  const gaps = [own.left - other.right, other.left - own.right, own.top - other.bottom, other.top - own.bottom];
  const gap = gaps.reduce((sum, each) => sum + Math.max(each, 0), 0);
  return { gap, distance: gap };
}

/** What the XPath expression finds below `scope`, in one tree: XPath does not see shadow trees. */
function xpathMatches(scope, expression) {
  const relative = expression.startsWith("/") && !isDocument(scope) ? `.${expression}` : expression;
  const found = [];
  const nodes = evaluated(relative, scope);
  for (let index = 0; index < nodes.snapshotLength; index += 1) {
    const node = nodes.snapshotItem(index);
    if (isElement(node)) found.push(node);
  }
  return found;
}

function evaluated(expression, scope) {
  try {
    const compiled = xpathExpression(documentOf(scope), expression);
    return evaluateXpath(compiled, scope, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE, null);
  } catch (error) {
    const why = error.name === "SyntaxError" ? "not an XPath expression" : "an XPath expression that finds no nodes";
    throw new Refusal("invalid-argument", `${why}: ${expression}`);
  }
}
