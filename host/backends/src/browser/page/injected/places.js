// places.js: how places in a frame lie in the documents around it, also where the frame is turned, scaled or skewed.
// Geometry only: what is at a place is asked in pointer.js.

/** Turns, scales and skews of an element and all around it in its document, without the shift that they make. */
function turnOf(element) {
  let turn = new DOMMatrix();
  for (let each = element; each; each = flatParentOf(each)) {
    const style = styleOf(each);
    // Lines have no transforms; a frame is a box also where it stands in one.
    if (!style || style.display === "contents" || (style.display === "inline" && each !== element)) continue;
    turn = ownTurn(style).multiply(turn);
  }
  return new DOMMatrix([turn.a, turn.b, turn.c, turn.d, 0, 0]);
}

function ownTurn({ rotate, scale, transform }) {
  if (transform === "none" && rotate === "none" && scale === "none") return new DOMMatrix();
  const turned = /^[-\d.e]+deg$/u.test(rotate) ? `rotate(${rotate})` : "";
  const scaled = scale === "none" ? "" : `scale(${scale.split(" ").slice(0, 2).join()})`;
  return new DOMMatrix(`${turned} ${scaled} ${transform === "none" ? "" : transform}`);
}

/**
 * The matrix from the viewport inside a frame to the one around it. The turn says how the frame's box is drawn, but
 * for where: that and what is left of its size, as CSS zoom makes, follow from the rectangle around the drawn box.
 */
function framePlacement(frame) {
  const rect = boundingRect(frame);
  const style = styleOf(frame);
  const isBox = isHtml(frame) && offsetWidth(frame) > 0 && offsetHeight(frame) > 0;
  const turn = isBox ? turnOf(frame) : new DOMMatrix();
  const size = { left: 0, top: 0, right: isBox ? offsetWidth(frame) : 0, bottom: isBox ? offsetHeight(frame) : 0 };
  const drawn = boundsOf(cornersOf(size).map((corner) => outward(corner, turn)));
  const restOf = (length, all) => (isBox && length > 0 ? all / length : 1);
  return new DOMMatrix()
    .translate(rect.left, rect.top)
    .scale(restOf(drawn.right - drawn.left, rect.width), restOf(drawn.bottom - drawn.top, rect.height))
    .translate(-drawn.left, -drawn.top)
    .multiply(turn)
    .translate(
      clientLeft(frame) + Number.parseFloat(style?.paddingLeft ?? "0"),
      clientTop(frame) + Number.parseFloat(style?.paddingTop ?? "0"),
    );
}

/** The point by the matrix. */
function outward({ x, y }, placement) {
  const at = placement.transformPoint({ x, y });
  return { x: at.x, y: at.y };
}

/** The point back; none for a frame that is flat. */
const inward = (point, placement) => outward(point, placement.inverse());

const cornersOf = ({ left, top, right, bottom }) => [
  { x: left, y: top }, { x: right, y: top }, { x: left, y: bottom }, { x: right, y: bottom },
];

/** The rectangle around the points. */
function boundsOf(points) {
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  return { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
}

/** A point of the element's frame in the main frame's viewport. */
const toMainFrame = (point, frames) =>
  frames.reduceRight((at, frame) => outward(at, framePlacement(frame)), point);

/** The box around a part of the element's frame, in the main frame's viewport. */
function boxInMainFrame(area, frames) {
  const { left, top, right, bottom } = boundsOf(cornersOf(area).map((corner) => toMainFrame(corner, frames)));
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** The part of the element's own viewport that can be seen through every frame around it. */
function visibleArea(element, frames) {
  let area = viewport(windowOf(frames[0] ?? element));
  for (const frame of frames) {
    const placement = framePlacement(frame);
    const seen = boundsOf(cornersOf(area).map((corner) => inward(corner, placement)));
    area = intersection(seen, viewport(frame.contentWindow));
  }
  return area;
}

const viewport = (view) => ({ left: 0, top: 0, right: view.innerWidth, bottom: view.innerHeight });

const intersection = (one, other) => ({
  left: Math.max(one.left, other.left),
  top: Math.max(one.top, other.top),
  right: Math.min(one.right, other.right),
  bottom: Math.min(one.bottom, other.bottom),
});
