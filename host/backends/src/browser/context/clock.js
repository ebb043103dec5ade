// clock.js: the clock that a page's own scripts see. It lives in the page's world, before any script of the
// page, and must hold nothing of the host but the time. Called with the state that the clock begins with.
(state) => {
  "use strict";
  const NAME = "__flowguardClock";
  if (Object.hasOwn(globalThis, NAME)) return;

  const FRAME_MS = 16;
  const IDLE_MS = 50;
  // Numbers of real timers stay far below.
  const FIRST_NUMBER = 1e9;
  // Timers that one order may run: a page that always sets another would never end it.
  const MOST_RUNS = 100_000;

  const RealDate = Date;
  const realNow = Date.now;
  const realPerformanceNow = performance.now.bind(performance);
  const real = {};
  for (const name of [
    "setTimeout",
    "clearTimeout",
    "setInterval",
    "clearInterval",
    "requestAnimationFrame",
    "cancelAnimationFrame",
    "requestIdleCallback",
    "cancelIdleCallback",
  ]) {
    if (typeof globalThis[name] === "function") real[name] = globalThis[name].bind(globalThis);
  }

  const timers = new Map();
  let lastNumber = FIRST_NUMBER;
  // Milliseconds of this document's life, as its scripts see it; true at the real moment `seenAt`.
  let ticks = realPerformanceNow();
  let seenAt = ticks;
  let running = state.running;
  let fixed = state.fixed;
  // What `Date` says at tick 0.
  let epoch = state.time + (running ? Math.max(0, realNow() - state.since) : 0) - ticks;
  let alarm = null;
  // An order is being carried out: time goes on by it alone.
  let isDriven = false;

  function presentTicks() {
    if (running && !isDriven) {
      const now = realPerformanceNow();
      ticks += now - seenAt;
      seenAt = now;
    }
    return ticks;
  }

  const present = () => (fixed === null ? Math.floor(epoch + presentTicks()) : fixed);

  /** The timer that falls due first, up to this tick. */
  function firstDue(until) {
    let first = null;
    for (const timer of timers.values()) {
      if (timer.at <= until && (first === null || timer.at < first.at)) first = timer;
    }
    return first;
  }

  function run(timer) {
    if (timer.every === null) timers.delete(timer.number);
    else timer.at = Math.max(timer.at, ticks) + timer.every;
    try {
      if (typeof timer.work === "function") timer.work(...timer.words());
      else (0, eval)(String(timer.work));
    } catch (error) {
      reportError(error);
    }
  }

  /** Lets the browser wake us when the next timer is due. */
  function arm() {
    if (alarm !== null) real.clearTimeout(alarm);
    alarm = null;
    if (!running || isDriven || timers.size === 0) return;
    const next = firstDue(Infinity);
    alarm = real.setTimeout(wake, Math.max(0, next.at - presentTicks()));
  }

  function wake() {
    alarm = null;
    const until = presentTicks();
    const due = [...timers.values()].filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at);
    for (const timer of due) if (timers.has(timer.number)) run(timer);
    arm();
  }

  function add(work, delay, every, words) {
    lastNumber += 1;
    const at = presentTicks() + Math.max(0, Number(delay) || 0);
    timers.set(lastNumber, { number: lastNumber, at, every, work, words });
    arm();
    return lastNumber;
  }

  function remove(number, orElse) {
    if (timers.delete(Number(number))) arm();
    else orElse?.(number);
  }

  /** Lets promises and messages of the page go their way. */
  const breathe = () =>
    new Promise((resolve) => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        channel.port1.close();
        resolve();
      };
      channel.port2.postMessage(null);
    });

  async function runUntil(target) {
    for (let runs = 0; ; runs += 1) {
      const timer = firstDue(target);
      if (timer === null) break;
      if (runs >= MOST_RUNS) throw new Error(`${MOST_RUNS} timers ran and there was always another`);
      ticks = Math.max(ticks, timer.at);
      run(timer);
      await breathe();
    }
    ticks = target;
  }

  async function jumpTo(target) {
    ticks = target;
    const due = [...timers.values()].filter((timer) => timer.at <= target).sort((a, b) => a.at - b.at);
    for (const timer of due) {
      if (!timers.has(timer.number)) continue;
      run(timer);
      await breathe();
    }
  }

  const orders = {
    install: ({ time }) => {
      epoch = (time ?? realNow()) - ticks;
      fixed = null;
      running = true;
    },
    fastForward: ({ ms }) => jumpTo(ticks + ms),
    runFor: ({ ms }) => runUntil(ticks + ms),
    pauseAt: async ({ time }) => {
      await jumpTo(Math.max(ticks, time - epoch));
      running = false;
    },
    resume: () => {
      running = true;
    },
    setFixedTime: ({ time }) => {
      fixed = time;
    },
    setSystemTime: ({ time }) => {
      epoch = time - ticks;
      fixed = null;
    },
  };

  async function order(what) {
    presentTicks();
    isDriven = true;
    try {
      await orders[what.kind](what);
    } finally {
      isDriven = false;
      seenAt = realPerformanceNow();
      arm();
    }
  }

  const put = (object, name, value) =>
    Object.defineProperty(object, name, { value, writable: true, configurable: true, enumerable: true });

  put(globalThis, "setTimeout", function setTimeout(work, delay, ...words) {
    return add(work, delay, null, () => words);
  });
  put(globalThis, "setInterval", function setInterval(work, delay, ...words) {
    const every = Math.max(1, Number(delay) || 0);
    return add(work, every, every, () => words);
  });
  put(globalThis, "clearTimeout", function clearTimeout(number) {
    remove(number, real.clearTimeout);
  });
  put(globalThis, "clearInterval", function clearInterval(number) {
    remove(number, real.clearInterval);
  });
  put(globalThis, "requestAnimationFrame", function requestAnimationFrame(work) {
    const untilFrame = FRAME_MS - (presentTicks() % FRAME_MS);
    return add(work, untilFrame, null, () => [presentTicks()]);
  });
  put(globalThis, "cancelAnimationFrame", function cancelAnimationFrame(number) {
    remove(number, real.cancelAnimationFrame);
  });
  put(globalThis, "requestIdleCallback", function requestIdleCallback(work, options) {
    const delay = Math.min(timers.size > 0 ? IDLE_MS : 0, options?.timeout || IDLE_MS);
    return add(work, delay, null, () => [{ didTimeout: false, timeRemaining: () => 0 }]);
  });
  put(globalThis, "cancelIdleCallback", function cancelIdleCallback(number) {
    remove(number, real.cancelIdleCallback);
  });
  put(performance, "now", function now() {
    return presentTicks();
  });

  const SeenDate = new Proxy(RealDate, {
    construct(target, words, made) {
      return Reflect.construct(target, words.length === 0 ? [present()] : words, made === SeenDate ? target : made);
    },
    apply() {
      return new RealDate(present()).toString();
    },
  });
  Object.defineProperty(RealDate, "now", {
    value: function now() {
      return present();
    },
    writable: true,
    configurable: true,
  });
  Object.defineProperty(RealDate.prototype, "constructor", {
    value: SeenDate,
    writable: true,
    configurable: true,
  });
  Object.defineProperty(globalThis, "Date", { value: SeenDate, writable: true, configurable: true });

  const formats = Intl.DateTimeFormat.prototype;
  const { get: realFormat } = Object.getOwnPropertyDescriptor(formats, "format");
  const realParts = formats.formatToParts;
  Object.defineProperty(formats, "format", {
    get() {
      const format = realFormat.call(this);
      return (date) => format(date === undefined ? present() : date);
    },
    configurable: true,
  });
  formats.formatToParts = function formatToParts(date) {
    return realParts.call(this, date === undefined ? present() : date);
  };

  Object.defineProperty(globalThis, NAME, { value: Object.freeze({ order }) });
}
