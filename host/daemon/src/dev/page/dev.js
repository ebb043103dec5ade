// The page of a development session: it draws what the session tells, and asks for what a person wants. All that is
// told is text, and put into the page as text.
"use strict";
(() => {
  const one = (id) => document.getElementById(id);
  const STEPS = 400;
  const EVENTS = 200;
  const state = { flows: [], runs: new Map(), chosen: null, listening: null };

  const element = (name, text, kind) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };
  const ms = (value) => (value < 10 ? `${value.toFixed(1)} ms` : value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`);
  const marks = { passed: "✓", failed: "✗", errored: "!", running: "▸", waiting: "·" };

  const ask = async (command) => {
    const answer = await fetch("v1/dev/commands", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(command),
    });
    if (!answer.ok) trouble((await answer.json()).detail);
  };

  const trouble = (text) => {
    one("trouble").hidden = !text;
    one("trouble").textContent = text ?? "";
  };
  const refused = new Map();

  const waiting = one("build").textContent;
  const build = (text, bad = false) => {
    one("build").textContent = text;
    one("build").className = bad ? "bad" : "";
  };

  // What the session tells.
  const heard = {
    building: ({ packages }) => build(`building ${packages.join(", ")} …`),
    built: ({ took_ms }) => {
      build(`built in ${ms(took_ms)}`);
      trouble();
    },
    "build-failed": ({ output }) => {
      build("the build failed; what was built last stays", true);
      trouble(output);
    },
    refused: ({ file, message }) => {
      refused.set(file, message);
      build("a file could not be loaded; what was loaded last stays", true);
      trouble([...refused].map(([name, why]) => `${name}\n${why}`).join("\n\n"));
    },
    flows: ({ flows }) => {
      if (one("build").textContent === waiting) build("watching");
      state.flows = flows;
      if (refused.size) {
        refused.clear();
        trouble();
        build("loaded");
      }
      if (!flows.some((flow) => flow.key === state.chosen)) choose(flows[0]?.key ?? null);
      list();
    },
    "run-began": ({ flow, run }) => {
      state.runs.set(flow, { run, state: "running", steps: [], events: [] });
      list();
      if (flow === state.chosen) listen();
      else if (!state.runs.get(state.chosen) || !busy()) choose(flow);
    },
    "run-ended": ({ flow, run, verdict, timings, took_ms, failure, place }) => {
      const before = state.runs.get(flow);
      const kept = before?.run === run ? before : { steps: [], events: [] };
      state.runs.set(flow, { ...kept, run, state: verdict, timings, took_ms, failure, place });
      list();
      if (verdict !== "passed" && !busy()) choose(flow);
      if (flow === state.chosen) {
        if (before?.run !== run) listen();
        detail();
      }
    },
    note: ({ message }) => build(message),
  };
  const busy = () => [...state.runs.values()].some((run) => run.state === "running");

  const session = new EventSource("v1/dev/events");
  session.onmessage = (message) => {
    for (const event of JSON.parse(message.data)) heard[event.is]?.(event);
  };
  session.onerror = () => build("the session has ended, or cannot be reached", true);

  // One run, as it goes on.
  const listen = () => {
    state.listening?.close();
    state.listening = null;
    const shown = state.runs.get(state.chosen);
    detail();
    // A page that nobody sees leaves its connections to those that are seen: a browser has six for one server.
    one("picture").removeAttribute("src");
    if (!shown || document.hidden) return;
    one("picture").src = `v1/runs/${shown.run}/picture`;
    one("picture").hidden = true;
    const source = new EventSource(`v1/runs/${shown.run}/events`);
    state.listening = source;
    source.onmessage = (message) => {
      const event = JSON.parse(message.data);
      if (event.is === "attempt-began") {
        shown.steps = [];
        shown.events = [];
      } else if (event.is === "step") {
        shown.steps[event.step.id] = event.step;
      } else if (event.is === "page-event") {
        shown.events.push(event.event);
      } else if (event.is === "run-ended") {
        source.close();
      }
      later();
    };
    source.onerror = () => source.readyState === EventSource.CLOSED && source.close();
  };
  document.addEventListener("visibilitychange", listen);
  one("picture").addEventListener("load", () => {
    one("picture").hidden = false;
    one("no-picture").hidden = true;
  });

  // Many changes at once are drawn once.
  let drawing = 0;
  const later = () => {
    drawing ||= requestAnimationFrame(() => {
      drawing = 0;
      progress();
    });
  };

  const list = () => {
    one("nothing").hidden = state.flows.length > 0;
    one("flows").replaceChildren(
      ...state.flows.map((flow) => {
        const run = state.runs.get(flow.key);
        const how = run?.state ?? "waiting";
        const item = element("li", undefined, how);
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", String(flow.key === state.chosen));
        item.dataset.key = flow.key;
        item.title = flow.intent;
        const name = element("span", flow.name, "name");
        const mark = element("span", marks[how], "mark");
        mark.setAttribute("aria-label", how);
        item.append(mark, name, element("span", run?.took_ms === undefined ? "" : ms(run.took_ms), "took"));
        return item;
      }),
    );
  };

  const choose = (key) => {
    state.chosen = key;
    list();
    listen();
    one("flows").querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  };

  const parts = [
    ["notice", "notice_ms"],
    ["build", "build_ms"],
    ["load", "load_ms"],
    ["prefix", "prefix_ms"],
    ["live", "live_ms"],
  ];
  const times = (timings) => {
    const shown = parts.filter(([, name]) => timings?.load_ms > 0 && timings[name] > 0);
    one("times").hidden = shown.length === 0;
    one("times").setAttribute("aria-label", shown.map(([word, name]) => `${word} ${ms(timings[name])}`).join(", "));
    one("times").replaceChildren(...shown.map(([word, name]) => element("span", `${word} ${ms(timings[name])}`)));
  };

  const how = ({ state: now, timings, took_ms }) => {
    if (now === "running") return "running";
    const words = [now, took_ms === undefined ? "" : `in ${ms(took_ms)}`].join(" ");
    if (timings?.live_from) return `${words}; went on with the open page, live from call ${timings.live_from.call}: ${timings.live_from.title}`;
    if (timings?.answered) return `${words}; all calls as recorded, nothing was done`;
    if (timings?.from_the_start) return `${words}; ran from the start: ${timings.from_the_start}`;
    return words;
  };

  const detail = () => {
    const flow = state.flows.find((flow) => flow.key === state.chosen);
    one("detail").hidden = !flow;
    if (!flow) return;
    const run = state.runs.get(flow.key);
    one("name").textContent = flow.name;
    one("intent").textContent = flow.intent;
    one("how").textContent = run ? how(run) : "not run yet";
    times(run?.timings);
    const failure = run?.failure;
    one("failure").hidden = !failure;
    if (failure) {
      one("message").textContent = failure.message;
      one("log").textContent = (failure.call_log ?? []).slice(-8).join("\n");
      one("code").hidden = !run.place;
      one("line").textContent = run.place?.text ?? "";
      one("place").textContent = run.place ? `${run.place.file}:${run.place.line}` : "";
    }
    const ended = run && run.state !== "running";
    one("report").hidden = !ended;
    if (ended) one("report").href = `v1/runs/${run.run}/report`;
    progress();
  };

  const outcomes = { passed: ["✓", "good"], failed: ["✗", "bad"], "failed-softly": ["✗", "bad"], retried: ["↻", "odd"], running: ["▸", ""] };
  const told = ({ what }) => {
    switch (what.is) {
      case "console": return [`console.${what.level}: ${what.text}`, what.level === "error"];
      case "uncaught": return [`uncaught: ${what.text}`, true];
      case "request": return [`${what.method} ${what.url}: ${what.error ?? what.status ?? "no answer"}`, Boolean(what.error) || what.status >= 400];
      case "dialog": return [`${what.kind} dialog: ${what.text}`, false];
      default: return [what.is, true];
    }
  };
  const progress = () => {
    const run = state.runs.get(state.chosen);
    const steps = (run?.steps ?? []).filter(Boolean);
    const from = run?.timings?.live_from?.title;
    let marked = !from;
    one("steps").replaceChildren(
      ...steps.slice(-STEPS).map((step) => {
        const [mark, kind] = outcomes[step.outcome.is];
        const item = element("li");
        const title = element("span", step.title);
        if (step.places?.length) title.append(element("span", `${step.places[0].file}:${step.places[0].line}`, "from"));
        item.append(element("span", mark, kind), title, element("span", step.outcome.is === "running" ? "" : ms(step.took_us / 1000), "took"));
        if (!marked && step.title === from && step.at_us / 1000 + 5 >= run.timings.answering_ms) {
          marked = true;
          item.classList.add("live-from");
        }
        return item;
      }),
    );
    one("events").replaceChildren(
      ...(run?.events ?? []).slice(-EVENTS).map((event) => {
        const [text, bad] = told(event);
        return element("li", text, bad ? "bad" : "");
      }),
    );
  };

  // What a person does.
  const step = (by) => {
    const now = state.flows.findIndex((flow) => flow.key === state.chosen);
    const next = state.flows[Math.min(Math.max(now + by, 0), state.flows.length - 1)];
    if (next) choose(next.key);
  };
  const actions = {
    r: () => state.chosen && ask({ do: "run", flow: state.chosen }),
    a: () => ask({ do: "run-all" }),
    s: () => ask({ do: "stop" }),
    o: () => one("keep").click(),
    j: () => step(1),
    k: () => step(-1),
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    "?": () => one("keys").showModal(),
  };
  one("run").addEventListener("click", actions.r);
  one("run-all").addEventListener("click", actions.a);
  one("stop").addEventListener("click", actions.s);
  one("help").addEventListener("click", actions["?"]);
  one("keep").addEventListener("change", () => ask({ do: "keep-open", keep: one("keep").checked }));
  one("flows").addEventListener("click", (event) => {
    const item = event.target.closest("li");
    if (item) choose(item.dataset.key);
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || one("keys").open) return;
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
})();
