// files.js: files for elements: chosen in an input, or dropped as out of another program. The host sends names and
// bytes; the page gets files as if a person had chosen them.

/** The files that the host sent, in what carries them. */
function carried(files) {
  const transfer = new DataTransfer();
  for (const { name, type, base64 } of files) {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type }));
  }
  return transfer;
}

/** Gives an input of files these, with the events that choosing them causes. Nobody needs to see the input. */
function attemptSetFiles(element, { files }) {
  const input = retargetControl(element);
  const tagged = openingTag(input);
  if (inputType(input) !== "file") throw new Refusal("wrong-element", `not an input of type "file": ${tagged}`);
  if (input.webkitdirectory) throw new Refusal("wrong-element", `the input takes a folder, not files: ${tagged}`);
  if (files.length > 1 && !input.multiple) {
    throw new Refusal("invalid-argument", `the input takes one file, not ${files.length}: ${tagged}`);
  }
  input.files = carried(files).files;
  dispatch(input, new Event("input", { bubbles: true, composed: true }));
  dispatch(input, new Event("change", { bubbles: true }));
  return { reply: { status: "done" } };
}

/** One attempt at dropping files and data onto an element. One that does not take them will not the next time. */
async function attemptDropFiles(element, { files, data, position }, attempt) {
  const found = await findPoint(element, STATES_OF_GUARD.drop, position, attempt);
  if (!found.point) return found;
  if (attempt.request.trial) return { reply: { status: "done" } };
  const transfer = carried(files);
  for (const { media_type: type, value } of data) transfer.setData(type, value);
  const { x: clientX, y: clientY } = found.here;
  const send = (type) => {
    const init = { bubbles: true, cancelable: true, composed: true, clientX, clientY, dataTransfer: transfer };
    const event = new DragEvent(type, init);
    dispatch(element, event);
    return event.defaultPrevented;
  };
  send("dragenter");
  if (!send("dragover")) {
    send("dragleave");
    throw new Refusal("wrong-element", `nothing takes what is dropped there: ${openingTag(element)}`);
  }
  send("drop");
  return { reply: { status: "done" } };
}
