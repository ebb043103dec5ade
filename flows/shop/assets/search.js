// The search box: suggestions for what is typed, after a pause, usable by keyboard and pointer.
"use strict";

(() => {
  const pause = 150;
  const input = document.getElementById("search");
  const list = document.getElementById("suggestions");
  let timer;
  let request = new AbortController();

  const close = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };

  const option = (suggestion, index) => {
    const item = document.createElement("li");
    item.id = `suggestion-${index}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    item.textContent = suggestion.name;
    item.dataset.url = suggestion.url;
    return item;
  };

  const show = (suggestions) => {
    list.replaceChildren(...suggestions.map(option));
    if (suggestions.length === 0) return close();
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  };

  const suggest = async () => {
    request.abort();
    request = new AbortController();
    try {
      const address = `/api/suggestions?q=${encodeURIComponent(input.value)}`;
      const response = await fetch(address, { signal: request.signal });
      show(await response.json());
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  };

  const select = (step) => {
    const options = [...list.children];
    const now = options.findIndex((item) => item.getAttribute("aria-selected") === "true");
    const next = options[(now + step + options.length) % options.length];
    options.forEach((item) => item.setAttribute("aria-selected", String(item === next)));
    input.setAttribute("aria-activedescendant", next.id);
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(suggest, pause);
  });

  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return close();
    if (list.hidden) return;
    if (event.key === "ArrowDown") select(1);
    else if (event.key === "ArrowUp") select(-1);
    else if (event.key === "Enter") {
      const chosen = list.querySelector("[aria-selected=true]");
      if (!chosen) return;
      location.assign(chosen.dataset.url);
    } else return;
    event.preventDefault();
  });

  input.addEventListener("blur", () => close());
  // Before the box loses the focus, which would close the list.
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const chosen = event.target.closest("[role=option]");
    if (chosen) location.assign(chosen.dataset.url);
  });
})();
