// Stand-ins for WebSocket, EventSource and fetch, for the origins of a tunnel: what they are asked for is told to the host,
// which has the connection, and what comes is told back. Runs in the page's own world before its scripts.
(bindingName, deliverName, origins) => {
  const tell = globalThis[bindingName];
  if (typeof tell !== 'function') return;
  delete globalThis[bindingName];
  const listed = new Set(origins);
  const open = new Map();
  let last = 0;
  const originOf = (url) => {
    const scheme = { 'http:': 'http', 'ws:': 'http', 'https:': 'https', 'wss:': 'https' }[url.protocol];
    const port = url.port || { http: '80', https: '443' }[scheme];
    return scheme && `${scheme}://${url.hostname}:${port}`;
  };
  const send = (message) => tell(JSON.stringify(message));
  const toBytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const toBase64 = (bytes) => {
    let text = '';
    for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
    return btoa(text);
  };
  Object.defineProperty(globalThis, deliverName, {
    value: (id, what, data) => open.get(id)?.[what]?.(data),
    enumerable: false,
  });

  const handled = (constructor, names) => {
    for (const name of names) {
      const handlers = new WeakMap();
      Object.defineProperty(constructor.prototype, 'on' + name, {
        get() { return handlers.get(this) ?? null; },
        set(handler) {
          const before = handlers.get(this);
          if (before) this.removeEventListener(name, before);
          handlers.set(this, handler);
          if (typeof handler === 'function') this.addEventListener(name, handler);
        },
        configurable: true, enumerable: true,
      });
    }
  };

  class TunnelledSocket extends EventTarget {
    #id = ++last;
    #sending = Promise.resolve();
    binaryType = 'blob'; bufferedAmount = 0; extensions = ''; protocol = ''; readyState = 0; url;
    CONNECTING = 0; OPEN = 1; CLOSING = 2; CLOSED = 3;
    constructor(url, protocols) {
      super();
      this.url = url.href;
      open.set(this.#id, {
        opened: (protocol) => { this.protocol = protocol; this.readyState = 1; this.dispatchEvent(new Event('open')); },
        text: (data) => this.#message(data),
        bytes: (data) => {
          const bytes = toBytes(data);
          this.#message(this.binaryType === 'blob' ? new Blob([bytes]) : bytes.buffer);
        },
        failed: () => this.dispatchEvent(new Event('error')),
        closed: ({ code, reason, wasClean }) => {
          open.delete(this.#id);
          this.readyState = 3;
          this.dispatchEvent(new CloseEvent('close', { code, reason, wasClean }));
        },
      });
      send({ do: 'open', id: this.#id, url: this.url, protocols });
    }
    #message(data) {
      if (this.readyState === 1) this.dispatchEvent(new MessageEvent('message', { data, origin: new URL(this.url).origin }));
    }
    send(data) {
      if (this.readyState === 0) throw new DOMException('Still in CONNECTING state.', 'InvalidStateError');
      if (this.readyState !== 1) return;
      const bytes = async () => {
        if (data instanceof Blob) return new Uint8Array(await data.arrayBuffer());
        return ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
      };
      const isBinary = data instanceof Blob || data instanceof ArrayBuffer || ArrayBuffer.isView(data);
      this.#sending = this.#sending.then(async () =>
        send(isBinary ? { do: 'bytes', id: this.#id, data: toBase64(await bytes()) } : { do: 'text', id: this.#id, data: String(data) }),
      );
    }
    close(code, reason = '') {
      if (this.readyState >= 2) return;
      this.readyState = 2;
      this.#sending.then(() => send({ do: 'close', id: this.#id, code: code ?? 1000, reason }));
    }
  }
  handled(TunnelledSocket, ['open', 'message', 'error', 'close']);

  class TunnelledEvents extends EventTarget {
    #id = 0; #retry = 3000; #lastId = ''; #rest = ''; #event; #data = []; #timer;
    readyState = 0; url; withCredentials;
    CONNECTING = 0; OPEN = 1; CLOSED = 2;
    constructor(url, options) {
      super();
      this.url = url.href;
      this.withCredentials = Boolean(options?.withCredentials);
      this.#connect();
    }
    #connect() {
      this.#id = ++last;
      this.#rest = '';
      this.readyState = 0;
      open.set(this.#id, {
        opened: () => { this.readyState = 1; this.dispatchEvent(new Event('open')); },
        text: (data) => this.#read(data),
        failed: () => { this.readyState = 2; open.delete(this.#id); this.dispatchEvent(new Event('error')); },
        closed: () => {
          open.delete(this.#id);
          this.readyState = 0;
          this.dispatchEvent(new Event('error'));
          if (this.readyState === 0) this.#timer = setTimeout(() => this.#connect(), this.#retry);
        },
      });
      send({ do: 'listen', id: this.#id, url: this.url, last: this.#lastId });
    }
    #read(text) {
      const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
      this.#rest = lines.pop();
      for (const line of lines) this.#line(line);
    }
    #line(line) {
      if (line === '') return this.#dispatch();
      const colon = line.indexOf(':');
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (field === 'data') this.#data.push(value);
      else if (field === 'event') this.#event = value;
      else if (field === 'id' && !value.includes('\0')) this.#lastId = value;
      else if (field === 'retry' && /^\d+$/.test(value)) this.#retry = Number(value);
    }
    #dispatch() {
      const [data, event] = [this.#data, this.#event];
      this.#data = [];
      this.#event = undefined;
      if (!data.length || this.readyState === 2) return;
      const about = { data: data.join('\n'), lastEventId: this.#lastId, origin: new URL(this.url).origin };
      this.dispatchEvent(new MessageEvent(event || 'message', about));
    }
    close() {
      clearTimeout(this.#timer);
      this.readyState = 2;
      if (open.delete(this.#id)) send({ do: 'close', id: this.#id, code: 1000, reason: '' });
    }
  }
  handled(TunnelledEvents, ['open', 'message', 'error']);

  const standIn = (name, StandIn, read) => {
    const Native = globalThis[name];
    if (!Native) return;
    globalThis[name] = new Proxy(Native, {
      construct(target, given, newTarget) {
        const url = new URL(given[0], location.href);
        if (!listed.has(originOf(url))) return Reflect.construct(target, given, newTarget);
        return new StandIn(url, read(given[1]));
      },
      get: (target, key) => Reflect.get(target, key),
    });
  };
  // An answer that takes long comes without its body, which is then taken piece by piece.
  const STREAMED = 'x-flowguard-streamed';
  const close = (id) => { if (open.delete(id)) send({ do: 'close', id, code: 1000, reason: '' }); };
  const streamed = (response, token, signal) => {
    const id = ++last;
    const body = new ReadableStream({
      start(controller) {
        const aborted = () => { controller.error(signal.reason); close(id); };
        const ended = () => { open.delete(id); signal.removeEventListener('abort', aborted); };
        open.set(id, {
          bytes: (data) => controller.enqueue(toBytes(data)),
          closed: ({ wasClean }) => {
            ended();
            if (wasClean) controller.close();
            else controller.error(new TypeError('network error'));
          },
        });
        signal.addEventListener('abort', aborted);
        send({ do: 'take', id, token });
      },
      cancel() { close(id); },
    });
    const headers = new Headers(response.headers);
    headers.delete(STREAMED);
    const { status, statusText } = response;
    const whole = new Response(body, { status, statusText, headers });
    for (const name of ['url', 'redirected', 'type']) Object.defineProperty(whole, name, { value: response[name] });
    return whole;
  };
  const isListed = (resource) => {
    try {
      return listed.has(originOf(new URL(resource instanceof Request ? resource.url : resource, document.baseURI)));
    } catch {
      return false;
    }
  };
  const drawn = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (n) => n.toString(16).padStart(2, '0')).join('');
  globalThis.fetch = new Proxy(globalThis.fetch, {
    async apply(target, self, given) {
      if (!isListed(given[0])) return Reflect.apply(target, self, given);
      const request = new Request(...given);
      if (request.mode === 'no-cors') return Reflect.apply(target, self, [request]);
      const token = drawn();
      request.headers.set('accept', `${request.headers.get('accept') ?? '*/*'}, x-flowguard/${token}`);
      const response = await Reflect.apply(target, self, [request]);
      return response.headers.has(STREAMED) ? streamed(response, token, request.signal) : response;
    },
  });

  standIn('WebSocket', TunnelledSocket, (protocols) => (protocols === undefined ? [] : [protocols].flat().map(String)));
  standIn('EventSource', TunnelledEvents, (options) => options);
}
