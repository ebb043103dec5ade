// screenshot.js: makes the page ready for its picture, and puts it back. What is added here must never outlive
// the picture: everything that is done is undone by `restoreScreenshot`.

const MASK_LAYER = "2147483647";

/** What the present picture has changed, newest last: functions that undo it. */
let undo = [];

/** Makes the page ready: `{rect, isViewport, isWithin, ratio}`, the rectangle in coordinates of the document. */
function prepareScreenshot(attempt, action) {
  restoreScreenshot();
  forget();
  const shown = shownArea(action);
  maskElements(attempt, action);
  const roots = shownDocuments().flatMap((root) => [root, ...shadowRootsIn(root)]);
  const css = [action.hideCaret ? "* { caret-color: transparent !important; }" : "", action.style].join("\n");
  if (css.trim() !== "") for (const root of roots) addStyle(root, css);
  if (action.freezeAnimations) for (const root of roots) freezeAnimations(root);
  forget();
  return { ...shown, ratio: window.devicePixelRatio };
}

/** Puts the page back as it was. */
function restoreScreenshot() {
  const steps = undo.reverse();
  undo = [];
  for (const step of steps) step();
  return null;
}

/** The document and those in its frames that can be reached. */
function shownDocuments(root = document) {
  const inner = elementsBelow(root).filter(isFrame).map(frameDocument).filter(Boolean);
  return [root, ...inner.flatMap((each) => shownDocuments(each))];
}

/** What the picture shows. */
function shownArea({ area, element, maxSide, maxArea }) {
  const { scrollX, scrollY, innerWidth, innerHeight } = window;
  const view = { x: scrollX, y: scrollY, width: innerWidth, height: innerHeight };
  if (element) return { rect: onWholePixels(element), isViewport: false, isWithin: isInside(element, view) };
  if (area.kind === "fullPage") {
    const rect = fullPage(maxSide, maxArea);
    return { rect, isViewport: false, isWithin: isInside(rect, view) };
  }
  if (area.kind === "clip") return { rect: clipped(area, view), isViewport: false, isWithin: true };
  return { rect: view, isViewport: true, isWithin: true };
}

/** A rectangle on whole pixels, as large as it must be. */
function onWholePixels({ x, y, width, height }) {
  const left = Math.floor(x + 0.001);
  const top = Math.floor(y + 0.001);
  return { x: left, y: top, width: Math.ceil(x + width - 0.001) - left, height: Math.ceil(y + height - 0.001) - top };
}

const isInside = (rect, around) =>
  rect.x >= around.x &&
  rect.y >= around.y &&
  rect.x + rect.width <= around.x + around.width &&
  rect.y + rect.height <= around.y + around.height;

/** The whole page, cut to what a picture may be. */
function fullPage(maxSide, maxArea) {
  const boxes = [documentElement(document), bodyOf(document)].filter(Boolean);
  const most = (property) => Math.max(1, ...boxes.map((each) => each[property]).filter(Number.isFinite));
  const width = Math.min(maxSide, most("scrollWidth"));
  return { x: 0, y: 0, width, height: Math.min(maxSide, Math.floor(maxArea / width), most("scrollHeight")) };
}

/** A part of the viewport, cut to it. */
function clipped(clip, view) {
  const x = Math.max(0, clip.x);
  const y = Math.max(0, clip.y);
  const width = Math.min(view.width, clip.x + clip.width) - x;
  const height = Math.min(view.height, clip.y + clip.height) - y;
  if (width > 0 && height > 0) return { x: x + view.x, y: y + view.y, width, height };
  throw new Refusal("invalid-argument", `the clip lies outside of the viewport of ${view.width} \u00d7 ${view.height}`);
}

/** Adds style to a document or a shadow root without touching its tree. */
function addStyle(root, css) {
  const view = defaultView(documentOf(root));
  if (!view) return;
  const sheet = new view.CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  undo.push(() => {
    root.adoptedStyleSheets = root.adoptedStyleSheets.filter((each) => each !== sheet);
  });
}

/** Brings animations to their end, and endless ones to their beginning. */
function freezeAnimations(root) {
  for (const animation of root.getAnimations()) {
    if (!animation.effect || animation.playbackRate === 0 || animation.playState !== "running") continue;
    if (animation.effect.getComputedTiming().endTime !== Number.POSITIVE_INFINITY) {
      // One that cannot end stays as it is.
      try {
        animation.finish();
      } catch {}
      continue;
    }
    const at = animation.currentTime;
    animation.cancel();
    undo.push(() => {
      animation.play();
      animation.currentTime = at;
    });
  }
}

/** Paints over the boxes of elements, on a layer above everything. */
function maskElements(attempt, { mask, maskColor, veil }) {
  if (mask.length === 0 && !veil) return;
  if (!CSS.supports("background-color", maskColor)) {
    throw new Refusal("invalid-argument", `not a colour: ${maskColor}`);
  }
  const named = mask.flatMap((parts) => resolve(parts, attempt.context));
  const boxes = [...named, ...(veil ? secretNodes(veil) : [])].flatMap(boxesToCover);
  if (boxes.length === 0) return;
  const layer = document.createElement("div");
  const paint = layer.attachShadow({ mode: "closed" });
  layer.style.cssText =
    `all: initial; position: absolute; left: 0; top: 0; width: 0; height: 0; overflow: visible; pointer-events: none; z-index: ${MASK_LAYER};`;
  documentElement(document).append(layer);
  undo.push(() => layer.remove());
  const origin = layer.getBoundingClientRect();
  for (const box of boxes) {
    const cover = document.createElement("div");
    cover.style.cssText = `position: absolute; left: ${box.x - origin.x}px; top: ${box.y - origin.y}px; width: ${box.width}px; height: ${box.height}px;`;
    cover.style.backgroundColor = maskColor;
    paint.append(cover);
  }
}
