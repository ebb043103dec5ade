// stored.js: reads and writes what an origin has stored, in an empty page of that origin. The format is that of
// Playwright's storage state. What JSON cannot say of a value is encoded: see `encode`.
(asked) => {
  "use strict";
  const { databases, state } = asked;

  const answered = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
      request.onblocked = () => reject(new Error("a page holds the database open: close it first"));
    });
  const done = (transaction) =>
    new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onerror = () => reject(transaction.error);
      transaction.onabort = () => reject(transaction.error);
    });

  /** Whether JSON says the same. */
  function isPlain(value) {
    if (value === null || typeof value === "string" || typeof value === "boolean") return true;
    if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
    if (Array.isArray(value)) return value.every(isPlain);
    if (typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype) return false;
    return Object.values(value).every(isPlain);
  }

  const inBase64 = (bytes) => {
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text);
  };
  const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const ARRAYS = {
    i8: Int8Array,
    ui8: Uint8Array,
    ui8c: Uint8ClampedArray,
    i16: Int16Array,
    ui16: Uint16Array,
    i32: Int32Array,
    ui32: Uint32Array,
    f32: Float32Array,
    f64: Float64Array,
    bi64: BigInt64Array,
    bui64: BigUint64Array,
  };
  const NUMBERS = [
    ["NaN", NaN],
    ["Infinity", Infinity],
    ["-Infinity", -Infinity],
    ["-0", -0],
  ];

  /** A value with its type said. An object that comes again is a reference to where it came first. */
  function encode(value, known = new Map()) {
    if (value === undefined) return { v: "undefined" };
    if (value === null) return { v: "null" };
    const odd = NUMBERS.find(([, number]) => Object.is(number, value));
    if (odd) return { v: odd[0] };
    if (typeof value === "bigint") return { bi: value.toString() };
    if (typeof value !== "object") return value;
    if (value instanceof Date) return { d: value.toJSON() };
    if (value instanceof RegExp) return { r: { p: value.source, f: value.flags } };
    if (value instanceof Error) return { e: { n: value.name, m: value.message, s: value.stack ?? "" } };
    if (value instanceof ArrayBuffer) return { ab: { b: inBase64(new Uint8Array(value)) } };
    if (ArrayBuffer.isView(value)) {
      const kind = Object.keys(ARRAYS).find((name) => value.constructor === ARRAYS[name]);
      if (kind) return { ta: { b: inBase64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)), k: kind } };
    }
    if (known.has(value)) return { ref: known.get(value) };
    const id = known.size + 1;
    known.set(value, id);
    const pair = ([k, v]) => ({ k: encode(k, known), v: encode(v, known) });
    if (value instanceof Map) return { m: [...value].map(pair), id };
    if (value instanceof Set) return { s: [...value].map((each) => encode(each, known)), id };
    if (Array.isArray(value)) return { a: value.map((each) => encode(each, known)), id };
    if (Object.getPrototypeOf(value) !== Object.prototype) {
      throw new Error(`a stored value of type ${value.constructor?.name} cannot be saved`);
    }
    return { o: Object.entries(value).map(([k, each]) => ({ k, v: encode(each, known) })), id };
  }

  function decode(said, known = new Map()) {
    if (said === null || typeof said !== "object") return said;
    if ("ref" in said) return known.get(said.ref);
    if ("v" in said) {
      if (said.v === "undefined") return undefined;
      if (said.v === "null") return null;
      return NUMBERS.find(([name]) => name === said.v)?.[1];
    }
    if ("bi" in said) return BigInt(said.bi);
    if ("d" in said) return new Date(said.d);
    if ("r" in said) return new RegExp(said.r.p, said.r.f);
    if ("e" in said) return Object.assign(new Error(said.e.m), { name: said.e.n, stack: said.e.s });
    if ("ab" in said) return fromBase64(said.ab.b).buffer;
    if ("ta" in said) return new ARRAYS[said.ta.k](fromBase64(said.ta.b).buffer);
    if ("m" in said) {
      const map = new Map();
      known.set(said.id, map);
      for (const { k, v } of said.m) map.set(decode(k, known), decode(v, known));
      return map;
    }
    if ("s" in said) {
      const set = new Set();
      known.set(said.id, set);
      for (const each of said.s) set.add(decode(each, known));
      return set;
    }
    if ("a" in said) {
      const list = [];
      known.set(said.id, list);
      for (const each of said.a) list.push(decode(each, known));
      return list;
    }
    const object = {};
    known.set(said.id, object);
    for (const { k, v } of said.o) Object.defineProperty(object, k, { value: decode(v, known), writable: true, enumerable: true, configurable: true });
    return object;
  }

  const keyPath = (path) => (Array.isArray(path) ? { keyPathArray: path } : path === null ? {} : { keyPath: path });
  const pathOf = ({ keyPath, keyPathArray }) => keyPathArray ?? keyPath ?? null;

  async function readStore(store) {
    const [keys, values] = await Promise.all([answered(store.getAllKeys()), answered(store.getAll())]);
    const records = values.map((value, place) => {
      const record = isPlain(value) ? { value } : { valueEncoded: encode(value) };
      if (store.keyPath !== null) return record;
      const key = keys[place];
      return { ...record, ...(isPlain(key) ? { key } : { keyEncoded: encode(key) }) };
    });
    const indexes = [...store.indexNames].map((name) => {
      const { keyPath: path, multiEntry, unique } = store.index(name);
      return { name, ...keyPath(path), multiEntry, unique };
    });
    return { name: store.name, ...keyPath(store.keyPath), autoIncrement: store.autoIncrement, indexes, records };
  }

  async function readDatabase({ name, version }) {
    const database = await answered(indexedDB.open(name));
    try {
      const names = [...database.objectStoreNames];
      if (names.length === 0) return { name, version, stores: [] };
      const transaction = database.transaction(names, "readonly");
      return { name, version, stores: await Promise.all(names.map((each) => readStore(transaction.objectStore(each)))) };
    } finally {
      database.close();
    }
  }

  async function read() {
    const items = Object.keys(localStorage).map((name) => ({ name, value: localStorage.getItem(name) }));
    const found = databases ? await indexedDB.databases() : [];
    return { localStorage: items, indexedDB: await Promise.all(found.map(readDatabase)) };
  }

  async function writeDatabase({ name, version, stores }) {
    const request = indexedDB.open(name, version);
    request.onupgradeneeded = () => {
      for (const store of stores) {
        const { autoIncrement, indexes } = store;
        const made = request.result.createObjectStore(store.name, { keyPath: pathOf(store), autoIncrement });
        for (const index of indexes) {
          const { unique, multiEntry } = index;
          made.createIndex(index.name, pathOf(index), { unique, multiEntry });
        }
      }
    };
    const database = await answered(request);
    try {
      if (stores.length === 0) return;
      const transaction = database.transaction(
        stores.map((store) => store.name),
        "readwrite",
      );
      const written = done(transaction);
      for (const { name: store, records } of stores) {
        for (const { key, keyEncoded, value, valueEncoded } of records) {
          const what = valueEncoded === undefined ? value : decode(valueEncoded);
          const under = keyEncoded === undefined ? key : decode(keyEncoded);
          if (under === undefined) transaction.objectStore(store).put(what);
          else transaction.objectStore(store).put(what, under);
        }
      }
      await written;
    } finally {
      database.close();
    }
  }

  async function write() {
    localStorage.clear();
    for (const { name } of await indexedDB.databases()) await answered(indexedDB.deleteDatabase(name));
    for (const { name, value } of state.localStorage) localStorage.setItem(name, value);
    for (const database of state.indexedDB ?? []) await writeDatabase(database);
  }

  return state ? write() : read();
}
