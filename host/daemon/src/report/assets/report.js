// The report page's behaviour: making elements of a flow's details when it is opened, showing pictures,
// filtering, and finding what an address names. The page reads without it.
"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (id) => document.getElementById(id);
  root.classList.add("js");

  // Details lie in `noscript` as text, escaped by the writer exactly as the rest of the page is.
  const unfold = (details) => {
    const folded = details.querySelector(":scope > noscript");
    if (!folded) return;
    const parsed = new DOMParser().parseFromString(folded.textContent, "text/html");
    folded.replaceWith(...parsed.body.childNodes);
    all("a.shot", details).forEach(develop);
  };

  // A picture becomes one blob, however often it is shown.
  const blobs = new Map();
  const address = (id) => {
    if (!blobs.has(id)) {
      const kept = one(id);
      const data = /src="data:[^,"]*,([^"]*)"/.exec(kept?.textContent ?? "");
      if (!data) return null;
      const bytes = Uint8Array.from(atob(data[1]), (c) => c.charCodeAt(0));
      blobs.set(id, URL.createObjectURL(new Blob([bytes], { type: kept.dataset.type })));
    }
    return blobs.get(id);
  };
  const develop = (link) => {
    const source = address(link.hash.slice(1));
    if (!source) return;
    const image = new Image();
    image.alt = link.textContent;
    image.decoding = "async";
    image.src = source;
    link.replaceChildren(image);
  };

  // A picture in large, with the arrow keys from one to the next of the same flow.
  const dialog = document.createElement("dialog");
  const large = new Image();
  const caption = document.createElement("p");
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "Close";
  dialog.setAttribute("aria-label", "Picture");
  dialog.append(close, large, caption);
  document.body.append(dialog);
  let strip = [];
  let shown = 0;
  const enlarge = (place) => {
    shown = (place + strip.length) % strip.length;
    const image = strip[shown].querySelector("img");
    large.src = image.src;
    large.alt = image.alt;
    caption.textContent = strip.length > 1 ? `${image.alt} · ${shown + 1} of ${strip.length} · ← →` : image.alt;
    if (!dialog.open) dialog.showModal();
  };
  dialog.addEventListener("click", (event) => event.target === large || dialog.close());
  dialog.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) enlarge(shown + by);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a.shot");
    if (!link?.querySelector("img") || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const near = all("a.shot:has(img)", link.closest(".flow") ?? document);
    strip = near.filter((link, place) => near.findIndex((other) => other.hash === link.hash) === place);
    enlarge(strip.findIndex((other) => other.hash === link.hash));
  });

  // What an address names is unfolded and opened, however deep it lies.
  const reveal = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    const flow = /^r\d+/.exec(id);
    if (!flow) return;
    const outer = one(flow[0]);
    if (!outer) return;
    outer.closest(".flow").hidden = false;
    unfold(outer);
    const target = one(id);
    for (let up = target; up && up !== document.body; up = up.parentElement) {
      if (up.localName === "details") up.open = true;
    }
    target?.scrollIntoView({ block: target === outer ? "start" : "center", behavior: "instant" });
  };
  addEventListener("hashchange", reveal);
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href^='#r']");
    if (link?.hash === location.hash) reveal();
  });
  document.addEventListener("toggle", (event) => event.target.open && unfold(event.target), true);

  // Filters.
  const list = document.querySelector("ol.flows");
  const flows = all(".flow").map((item) => ({
    item,
    verdict: item.classList[1],
    tags: all(".tag", item).map((tag) => tag.textContent),
    text: item.querySelector("summary").textContent.toLowerCase(),
    name: item.querySelector(".name").textContent,
    took: Number(item.dataset.took),
    run: Number(item.dataset.run),
  }));
  const holds = { all: () => true, passed: (verdict) => verdict === "passed" || verdict === "flaky" };
  const form = document.querySelector(".filters");
  const filter = () => {
    const verdict = form.elements.verdict.value || "all";
    const words = one("text").value.toLowerCase().split(/\s+/).filter(Boolean);
    const tag = one("tag")?.value ?? "";
    let number = 0;
    for (const flow of flows) {
      const right = holds[verdict] ?? ((is) => is === verdict);
      const stays =
        right(flow.verdict) && (!tag || flow.tags.includes(tag)) && words.every((word) => flow.text.includes(word));
      flow.item.hidden = !stays;
      number += stays;
    }
    one("nothing").hidden = number > 0 || flows.length === 0;
    one("shown").textContent = `${number} of ${flows.length} flows shown`;
  };
  const orders = {
    urgency: null,
    took: (a, b) => b.took - a.took,
    name: (a, b) => a.name.localeCompare(b.name),
    run: (a, b) => a.run - b.run,
  };
  const sort = () => {
    const by = orders[one("order").value];
    list.append(...(by ? [...flows].sort(by) : flows).map((flow) => flow.item));
  };
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  one("order").addEventListener("change", sort);
  document.addEventListener("keydown", (event) => {
    const typing = /^(input|select|textarea)$/.test(document.activeElement?.localName ?? "");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      one("text").focus();
    } else if (event.key === "Escape" && document.activeElement === one("text")) {
      one("text").value = "";
      one("text").blur();
      filter();
    }
  });

  // From step to step with j and k: the one that is looked at is open, and no other that was opened so.
  let visited = null;
  const visit = (by) => {
    const steps = all(".flow > details[open] .timeline summary.row").filter((row) => row.checkVisibility());
    if (!steps.length) return;
    const now = steps.indexOf(document.activeElement);
    const next = steps[now < 0 ? 0 : Math.min(Math.max(now + by, 0), steps.length - 1)];
    if (visited && visited !== next.parentElement && !visited.contains(next)) visited.open = false;
    visited = next.parentElement.open ? null : next.parentElement;
    next.parentElement.open = true;
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "center", behavior: "instant" });
  };
  document.addEventListener("keydown", (event) => {
    const typing = /^(input|select|textarea)$/.test(document.activeElement?.localName ?? "");
    const by = { j: 1, k: -1 }[event.key];
    if (by && !typing && !dialog.open && !event.ctrlKey && !event.metaKey && !event.altKey) visit(by);
  });

  // On paper, what failed is told in full.
  addEventListener("beforeprint", () => {
    all(".flow:is(.failed, .errored) > details").forEach((details) => {
      unfold(details);
      details.open = true;
    });
  });

  all("details[open]").forEach(unfold);
  reveal();
})();
