// cssparser.js: reads CSS selectors into chains of compounds. What the browser can match in one tree stays text;
// what must see through shadow roots or is no CSS (`:has-text("Pay")`) becomes a function with arguments.
// It reads only, and refuses what is malformed with its place; css.js matches.

const MAX_SELECTOR_DEPTH = 16;
const MAX_PARSED = 64;

/** The arguments that each function takes: `selectors`, `text`, `pattern`, `near` (selectors, pixels), `nth`. */
const CSS_FUNCTIONS = {
  is: "selectors", where: "selectors", not: "selectors", has: "selectors", scope: "none", visible: "none",
  text: "text", "text-is": "text", "has-text": "text", "text-matches": "pattern", "right-of": "near",
  "left-of": "near", above: "near", below: "near", near: "near", "nth-match": "nth",
};

// The browser means the same by these as long as there is one tree only.
const NATIVE_FUNCTIONS = ["is", "where", "not", "has"];

const parsedSelectors = new Map();

/** The selector as `{chains, isNative}`; malformed ones are refused. Each is read once. */
function parsedSelector(selector) {
  const known = parsedSelectors.get(selector);
  if (known) return known;
  if (parsedSelectors.size >= MAX_PARSED) parsedSelectors.clear();
  const parsed = new SelectorReader(selector).read();
  parsedSelectors.set(selector, parsed);
  return parsed;
}

/** Reads one selector from left to right. */
class SelectorReader {
  constructor(text) {
    this.text = text;
    this.at = 0;
    this.around = [];
    this.isNative = true;
  }

  read() {
    const chains = this.list();
    if (this.at < this.text.length) this.refuse(`unexpected ${quoted(this.text[this.at])}`);
    return { chains, isNative: this.isNative };
  }

  refuse(what, at = this.at) {
    throw new Refusal("invalid-argument", `not a CSS selector, at character ${at + 1}: ${what}: ${this.text}`);
  }

  /** What is ahead, as far as the sticky pattern goes; read past it. Null where it does not match. */
  take(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (!found) return null;
    this.at += found[0].length;
    return found[0];
  }

  skipBlanks() {
    return this.take(/(?:\s|\/\*.*?\*\/)+/suy) !== null;
  }

  /** Chains with commas between them. */
  list() {
    const chains = [this.chain()];
    while (this.take(/,/uy)) chains.push(this.chain());
    return chains;
  }

  /** Compounds, each with the combinator before it. A combinator at the beginning starts from the scope. */
  chain() {
    this.skipBlanks();
    const chain = [];
    let combinator = this.take(/[>+~]/uy);
    if (combinator) chain.push({ combinator: " ", css: "", functions: [{ name: "scope" }] });
    if (combinator && this.around.at(-1) !== "has") this.isNative = false;
    for (;;) {
      this.skipBlanks();
      chain.push({ combinator: combinator ?? " ", ...this.compound() });
      const hasBlank = this.skipBlanks();
      combinator = this.take(/[>+~]/uy);
      if (combinator) continue;
      if (!hasBlank || this.at >= this.text.length || /[,)]/u.test(this.text[this.at])) return chain;
    }
  }

  /** The text for the browser and the functions for us, up to a combinator or the end. */
  compound() {
    const start = this.at;
    const compound = { css: "", functions: [] };
    while (this.at < this.text.length && !/[\s>+~,)]/u.test(this.text[this.at]) && !this.isComment()) {
      if (this.text[this.at] === ":") this.pseudo(compound);
      else compound.css += this.bracket() ?? this.plain();
    }
    if (this.at === start) this.refuse(this.at < this.text.length ? "a selector is missing" : "it ends too early");
    this.check(compound.css, start);
    return compound;
  }

  isComment() {
    return this.text.startsWith("/*", this.at);
  }

  plain() {
    return this.take(/\\.|[^\\:[\s>+~,)]/suy) ?? this.refuse("it ends in a backslash");
  }

  /** An attribute in brackets, strings and escapes in it as they are; null where there is none. */
  bracket() {
    if (this.text[this.at] !== "[") return null;
    const whole = this.take(/\[(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\\.|[^\]"'\\])*\]/suy);
    return whole ?? this.refuse("the bracket is not closed");
  }

  /** A pseudo-class: one of ours as a function, any other as text for the browser. */
  pseudo(compound) {
    const start = this.at;
    const written = this.take(/::?[-\w\\]*/uy);
    if (written.startsWith("::")) this.refuse(`a pseudo-element is no element: ${written}`, start);
    const name = written.slice(1).toLowerCase();
    const kind = Object.hasOwn(CSS_FUNCTIONS, name) ? CSS_FUNCTIONS[name] : null;
    if (kind === null) compound.css += written + this.rawArguments();
    else compound.functions.push(this.ours(name, kind, start));
  }

  /** The parentheses behind a pseudo-class of the browser, with what is in them. */
  rawArguments() {
    if (this.text[this.at] !== "(") return "";
    const start = this.at;
    let depth = 0;
    for (;;) {
      const piece = this.take(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\\.|[^"'\\]/suy);
      if (piece === null) this.refuse("the parenthesis is not closed", start);
      if (piece === "(") depth += 1;
      if (piece === ")") depth -= 1;
      if (depth === 0) return this.text.slice(start, this.at);
    }
  }

  ours(name, kind, start) {
    const isNested = name === "has" && this.around.includes("has");
    if (isNested || !NATIVE_FUNCTIONS.includes(name)) this.isNative = false;
    const wanted = { name, selectors: [], texts: [], number: null };
    const hasArguments = this.take(/\(/uy) !== null;
    if (hasArguments) this.arguments(wanted);
    else if (kind !== "none") this.refuse(`:${name} takes arguments`, start);
    if (kind === "none" && hasArguments) this.refuse(`:${name} takes no arguments`, start);
    return this.judged(wanted, kind, start);
  }

  /** Selectors, strings and a number, with commas between them, up to the closing parenthesis. */
  arguments(wanted) {
    const start = this.at - 1;
    if (this.around.length >= MAX_SELECTOR_DEPTH) this.refuse(`nested more than ${MAX_SELECTOR_DEPTH} deep`);
    this.around.push(wanted.name);
    do {
      this.skipBlanks();
      const string = this.take(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/suy);
      const number = string === null ? this.take(/[+-]?\d+(?:\.\d+)?(?=\s*[,)])/uy) : null;
      if (wanted.number !== null) this.refuse("nothing may follow the number");
      if (string !== null) wanted.texts.push(unescapeCss(string.slice(1, -1)));
      else if (number !== null) wanted.number = Number(number);
      else wanted.selectors.push(this.chain());
      this.skipBlanks();
    } while (this.take(/,/uy));
    if (!this.take(/\)/uy)) this.refuse("the parenthesis is not closed", start);
    this.around.pop();
  }

  /** The function, if its arguments are what it takes. */
  judged({ name, selectors, texts, number }, kind, start) {
    const given = { selectors: selectors.length > 0, texts: texts.length, number };
    const fits = {
      none: () => true,
      selectors: () => given.selectors && given.texts === 0 && number === null,
      text: () => !given.selectors && given.texts === 1 && number === null,
      pattern: () => !given.selectors && [1, 2].includes(given.texts) && number === null,
      near: () => given.selectors && given.texts === 0 && (number ?? 0) >= 0,
      nth: () => given.selectors && given.texts === 0 && Number.isInteger(number) && number >= 1,
    };
    if (!fits[kind]()) this.refuse(`:${name} takes ${ARGUMENTS_IN_WORDS[kind]}`, start);
    return { name, selectors, number, test: textTestOf(name, texts) };
  }

  /** Refuses what the browser does not accept. */
  check(css, at) {
    if (css === "") return;
    try {
      queries[FRAGMENT_NODE](new DocumentFragment(), css);
    } catch {
      this.refuse(`the browser does not know ${quoted(css)}`, at);
    }
  }
}

const ARGUMENTS_IN_WORDS = {
  selectors: "selectors",
  text: "one text in quotes",
  pattern: "a regular expression in quotes, and perhaps its flags",
  near: "selectors, and perhaps a distance in pixels",
  nth: "selectors and a number from 1",
};

/** The test that a function makes on texts; null for one that makes none. */
function textTestOf(name, [text, flags]) {
  if (name === "text" || name === "has-text") return locatorTest({ kind: "substring", value: text });
  if (name === "text-matches") return locatorTest({ kind: "pattern", source: text, flags: flags ?? "" });
  return name === "text-is" ? locatorTest({ kind: "exact", value: text }) : null;
}
