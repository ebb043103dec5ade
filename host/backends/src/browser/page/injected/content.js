// content.js: the document as a whole: its markup, read and replaced.

/** The markup of the document with its doctype; null when it is longer than `limit` bytes. */
function markup(limit) {
  const doctype = doctypeOf(document);
  const root = documentElement(document);
  const text = (doctype ? new XMLSerializer().serializeToString(doctype) : "") + (root ? outerHtml(root) : "");
  const sound = text.toWellFormed();
  return cut(sound, limit) === sound ? sound : null;
}

/** Writes a document in place of this one, and waits until it is as far as asked. */
async function performSetContent({ html, until }, attempt) {
  openDocument(document);
  writeDocument(document, html);
  closeDocument(document);
  observe();
  const states = { commit: ["loading", "interactive", "complete"], "dom-content-loaded": ["interactive", "complete"] };
  const wanted = states[until] ?? ["complete"];
  return repeat(attempt, async () => {
    const state = readyState(document);
    if (!wanted.includes(state)) return { reason: `the document is ${state}` };
    // The event itself is dispatched after the state has changed.
    await sleep(0);
    return { reply: { status: "done" } };
  });
}
