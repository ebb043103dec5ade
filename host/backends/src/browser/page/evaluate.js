// evaluate.js: runs a script of the author in the page's own world and writes its answer as JSON. `this.given`
// evaluates the author's text; `args` are the limits, what a function gets first, the argument, and elements.
// It must leave nothing in the page. The page may have replaced any global and any method: how much leaves the
// page depends on syntax alone, and on no name that the page could have given another meaning.
async function (args) {
  const { bytes, depth: deepest, thrown, wantsTruth } = args[0];
  const ELEMENTS = 3;
  const answer = (kind, text) => ({ __proto__: null, kind, text });
  let refusal = null;
  let room = bytes;

  /** A text, or its beginning. */
  const cut = (text, length) => {
    if (text.length <= length) return text;
    let beginning = "";
    for (let place = 0; place < length; place += 1) beginning += text[place];
    return `${beginning}\u2026`;
  };

  /** Ends the writing. */
  const refuse = (kind, what) => {
    refusal = answer(kind, cut(what, 500));
    throw refusal;
  };

  const spend = (text) => {
    room -= text.length;
    if (room < 0) refuse("large", `it has more than ${bytes} bytes`);
    return text;
  };

  const quoted = (text) => {
    if (text.length > room) refuse("large", `it has more than ${bytes} bytes`);
    const written = JSON.stringify(text);
    return spend(typeof written === "string" ? written : "");
  };

  /** What an object is, where it is not just an object: `Map`, `Promise`. */
  const kindOf = (value) => Object.prototype.toString.call(value).slice(8, -1);

  const isPlain = (value) => {
    const prototype = Object.getPrototypeOf(value);
    return prototype === null || Object.getPrototypeOf(prototype) === null;
  };

  const listed = (list, path, depth, above) => {
    let written = "";
    for (let place = 0; place < list.length; place += 1) {
      const item = list[place];
      written += spend(place > 0 ? "," : "");
      written += item === undefined ? spend("null") : write(item, `${path}[${place}]`, depth, above);
    }
    return `[${written}]`;
  };

  const named = (object, path, depth, above) => {
    const names = Object.keys(object);
    if (names.length === 0 && kindOf(object) !== "Object" && !isPlain(object)) {
      refuse("unfit", `${path} is of the kind ${kindOf(object)}, of which nothing would be left`);
    }
    let written = "";
    for (let place = 0; place < names.length; place += 1) {
      const name = names[place];
      const value = object[name];
      if (value === undefined) continue;
      const key = `${spend(written === "" ? "" : ",")}${quoted(name)}${spend(":")}`;
      written += key + write(value, `${path}.${cut(name, 50)}`, depth, above);
    }
    return `{${written}}`;
  };

  const write = (value, path, depth, above) => {
    if (value === null) return spend("null");
    if (typeof value === "string") return quoted(value);
    if (typeof value === "boolean") return spend(`${value}`);
    if (typeof value === "number") return value - value === 0 ? spend(`${value}`) : refuse("unfit", `${path} is ${value}`);
    if (typeof value !== "object") refuse("unfit", `${path} is a ${typeof value}`);
    if (depth >= deepest) refuse("large", `${cut(path, 80)} is nested too deep`);
    for (let each = above; each; each = each.above) {
      if (each.value === value) refuse("unfit", `${path} leads back to what it is in: a cycle`);
    }
    if (!isPlain(value) && value.nodeType > 0) refuse("unfit", `${path} is a node of the document: ${value.nodeName}`);
    if (value.window === value) refuse("unfit", `${path} is a window`);
    const here = { __proto__: null, value, above };
    spend("[]");
    if (Array.isArray(value)) return listed(value, path, depth + 1, here);
    if (typeof value.toJSON === "function") {
      const instead = value.toJSON();
      return instead === undefined ? spend("null") : write(instead, path, depth + 1, here);
    }
    return named(value, path, depth + 1, here);
  };

  /** The call of a function that the text is. */
  const called = (script) => {
    const argument = args[2] === undefined ? undefined : JSON.parse(args[2]);
    if (args[1] === "none") return script(argument);
    if (args[1] === "element") return script(args[ELEMENTS], argument);
    const elements = [];
    for (let place = ELEMENTS; place < args.length; place += 1) elements[place - ELEMENTS] = args[place];
    return script(elements, argument);
  };

  /** An exception as people read it. */
  const told = (error) => {
    try {
      const stack = typeof error === "object" && error !== null ? error.stack : null;
      return cut(typeof stack === "string" && stack !== "" ? stack : `${error}`, thrown);
    } catch {
      return "something that cannot be shown";
    }
  };

  try {
    const script = this.given();
    const value = await (typeof script === "function" ? called(script) : script);
    if (wantsTruth) return answer("value", value ? "true" : "false");
    const json = value === undefined ? "null" : write(value, "the answer", 0, null);
    return answer("value", json);
  } catch (error) {
    return refusal !== null && error === refusal ? refusal : answer("thrown", told(error));
  }
}
