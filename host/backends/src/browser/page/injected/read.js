// read.js: what flows read from a page. Nothing here changes it, except the scroll before a screenshot.

const MAX_ITEMS = 2000;
const OUTLINE_TEXT_LIMIT = 256 * 1024;

/** One attempt at reading from the one element. */
function attemptRead(element, action) {
  switch (action.what) {
    case "textContent":
      return { reply: { status: "done", value: textContent(element) ?? "" } };
    case "innerText":
      return { reply: { status: "done", value: renderedText(element) } };
    case "innerHtml":
      return { reply: { status: "done", value: innerHtml(element) } };
    case "state":
      return { reply: { status: "done", value: isInState(element, action.state) } };
    case "inputValue":
      return { reply: { status: "done", value: valueOf(element) } };
    case "attribute":
      return { reply: { status: "done", value: attribute(element, action.name) } };
    case "boundingBox":
      return { reply: { status: "done", value: boxOf(element) } };
    default:
      throw new Refusal("invalid-argument", `nothing to read under this name: ${action.what}`);
  }
}

/** Whether the element is in a state that only an element can have. */
function isInState(element, state) {
  const control = retargetControl(element);
  switch (state) {
    case "enabled":
      return !isDisabled(control);
    case "disabled":
      return isDisabled(control);
    case "editable":
      return STATE_TESTS.editable(element);
    default:
      checkableState(control);
      return isOn(control);
  }
}

/** Whether the one element can be seen now; one that is not there cannot. */
function looksVisible({ parts, context }) {
  const element = resolveOne(parts, context);
  return element !== null && isVisible(element);
}

/**
 * The element's box in the main frame's viewport; null when it has none, also as a part of what is folded away.
 * Lines of no width count, as in Playwright: the browser's own bounding rectangle leaves those around a block out.
 */
function boxOf(element) {
  const all = checkVisibility(element) ? [...clientRects(element)] : [];
  if (all.length === 0) return null;
  const lines = all.filter(({ width, height }) => width > 0 || height > 0);
  const rects = lines.length > 0 ? lines : all;
  return boxInMainFrame(boundsOf(rects.flatMap(cornersOf)), framesAround(element));
}

/** The boxes of a text's lines in the main frame's viewport. */
function linesOf(text) {
  const range = createRange(ownerDocument(text));
  range.selectNode(text);
  return [...range.getClientRects()].map((line) => boxInMainFrame(boundsOf(cornersOf(line)), framesAround(parentNode(text))));
}

/** The rendered text of an element; its text content where it is not HTML. */
const renderedText = (element) => (isHtml(element) ? innerText(element) : (textContent(element) ?? ""));

/** One attempt at finding the rectangle of a screenshot, in coordinates of the main document. */
async function attemptClip(element, attempt) {
  const missing = missingState(element, ["visible"]);
  if (missing) return { reason: missing };
  if (!(await isStable(element))) return { reason: unstableReason(element) };
  scrollTo(element, attempt.turn);
  forget();
  const box = boxOf(element);
  if (!box || box.width <= 0 || box.height <= 0) return { reason: "element is not visible" };
  // Inside of a frame it is the script outside that knows the document.
  if (window !== window.top) return { reply: { status: "done", value: box } };
  return {
    reply: { status: "done", value: { ...box, x: box.x + window.scrollX, y: box.y + window.scrollY } },
  };
}

/** The links, images and visible text of the document, as `outline` in the contract. */
function outline() {
  forget();
  const elements = elementsBelow(document);
  const isLink = (element) => ["a", "area"].includes(tag(element)) && hasAttribute(element, "href");
  const links = elements.filter(isLink).slice(0, MAX_ITEMS);
  const images = elements.filter((element) => tag(element) === "img").slice(0, MAX_ITEMS);
  return {
    links: links.map((element) => outlineItem(element, element.href, true)),
    images: images.map((element) =>
      outlineItem(element, element.currentSrc || element.src, element.complete && element.naturalWidth > 0),
    ),
    text: documentText(),
  };
}

function outlineItem(element, url, loaded) {
  const name = nameOf(element) || fold(textOf(element));
  return { url, name, loaded, selector: selectorOf(element), visible: isVisible(element) };
}

/** The rendered text of the body, followed by that of every open shadow tree. */
function documentText() {
  const body = bodyOf(document);
  const shadows = shadowRootsIn(document).flatMap((root) =>
    [...childElementsOf(root)].filter((each) => !isTextless(each)),
  );
  return [...(body ? [body] : []), ...shadows].map(renderedText).filter(Boolean).join("\n");
}

/** A CSS selector that finds this element again, and only this one, as css.js matches. */
function selectorOf(element) {
  const steps = [];
  for (const each of selfAndAncestors(element)) {
    const id = attribute(each, "id");
    if (id && isOnlyWithId(each, id)) {
      steps.unshift(`#${CSS.escape(id)}`);
      break;
    }
    steps.unshift(stepOf(each));
  }
  return steps.join(" > ");
}

const isOnlyWithId = (element, id) => {
  const found = remembered("id", id, () =>
    elementsBelow(document).filter((each) => attribute(each, "id") === id),
  );
  return found.length === 1 && found[0] === element;
};

function stepOf(element) {
  const name = CSS.escape(localName(element));
  let place = 1;
  for (let each = previousElement(element); each; each = previousElement(each)) {
    if (localName(each) === localName(element)) place += 1;
  }
  return `${name}:nth-of-type(${place})`;
}
