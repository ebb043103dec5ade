// tags.js: scripts and style sheets that the author adds to the document. They are the page's from then on.

/** The element that brings a script or a style sheet. */
function tagFor({ tag, content, url }) {
  if (tag === "style") {
    const element = document.createElement(url ? "link" : "style");
    if (url) Object.assign(element, { rel: "stylesheet", href: url });
    else element.append(content);
    return element;
  }
  const script = document.createElement("script");
  if (tag === "module") script.type = "module";
  if (url) script.src = url;
  else script.text = content;
  return script;
}

/** Adds a script or a style sheet, and waits until it is loaded. */
async function performAddTag(action, attempt) {
  const what = action.url ?? "what is to be added";
  const element = tagFor(action);
  const isForbidden = new Promise((resolve) => {
    listen(document, "securitypolicyviolation", resolve, { once: true });
  }).then(() => `the page's policy forbids ${what}`);
  const outcomes = [isForbidden, after(attempt.left(), null)];
  if (action.url) {
    outcomes.push(new Promise((resolve) => listen(element, "load", () => resolve(""), { once: true })));
    outcomes.push(
      new Promise((resolve) => listen(element, "error", resolve, { once: true })).then(() =>
        // The policy is told of in a task of its own, which may come later.
        after(TOLD_MS, `${what} did not load`),
      ),
    );
  }
  (headOf(document) ?? documentElement(document)).append(element);
  // What comes as a text has no event of its own but that of a policy against it.
  if (!action.url) outcomes.push(after(TOLD_MS, ""));
  const fault = await Promise.race(outcomes);
  if (fault === null) return { status: "timeout", reason: `${what} was not loaded` };
  if (fault !== "") throw new Refusal("navigation-failed", fault);
  return { status: "done" };
}

/** How long the browser may take to tell that its policy has forbidden what was added. */
const TOLD_MS = 20;

/** Something after so many milliseconds. */
const after = (milliseconds, value) =>
  new Promise((resolve) => setTimeout(resolve, Math.max(0, milliseconds), value));
