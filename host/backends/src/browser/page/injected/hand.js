// hand.js: elements for the author's own scripts, which run in the page's world. They are found here, and the
// browser carries them over; nothing is written into the document.

/** Those that were found last, by number: the root of their document, then they. */
let handedOver = { number: 0, elements: [] };

/** Holds elements ready for the host; their number. */
function handOver(elements, root) {
  handedOver = { number: handedOver.number + 1, elements: [root, ...elements] };
  return { status: "done", value: handedOver.number };
}

/** One attempt at handing the element over: there is nothing that it must be. */
const attemptHand = (element) => ({ reply: handOver([element], documentElement(documentOf(element))) });

/** Hands over all that match now. */
function performHandAll({ limit }, { parts, context }) {
  const elements = resolve(parts, context);
  if (elements.length > limit) {
    throw new Refusal("over-budget", `a script gets at most ${limit} elements: ${elements.length} match`);
  }
  return handOver(elements, documentElement(context.documents.at(-1)));
}

/** What the host was told of; an empty list where others were found since. */
function handed(number) {
  const { elements } = handedOver;
  const isLatest = number === handedOver.number;
  if (isLatest) handedOver = { number, elements: [] };
  return isLatest ? elements : [];
}

/** Lets the page go on for a frame. */
async function performRest(attempt) {
  await Promise.race([nextFrame(), new Promise((resolve) => setTimeout(resolve, Math.max(0, attempt.left())))]);
  return { status: "done" };
}
