// The search box: suggestions for what is typed, after a pause, usable by keyboard and pointer.
"use strict";

(() => {
  const pause = 150;
  let timer;
  let request = new AbortController();

  const field = () => document.getElementById("search");
  const list = () => document.getElementById("suggestions");

  const close = () => {
    clearTimeout(timer);
    request.abort();
    list().hidden = true;
    field().setAttribute("aria-expanded", "false");
    field().removeAttribute("aria-activedescendant");
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
    list().replaceChildren(...suggestions.map(option));
    if (suggestions.length === 0) return close();
    list().hidden = false;
    field().setAttribute("aria-expanded", "true");
  };

  const suggest = async () => {
    request.abort();
    request = new AbortController();
    try {
      const address = `/api/suggestions?q=${encodeURIComponent(field().value)}`;
      const response = await fetch(address, { signal: request.signal });
      show(await response.json());
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  };

  const select = (step) => {
    const options = [...list().children];
    const now = options.findIndex((item) => item.getAttribute("aria-selected") === "true");
    const next = now < 0 && step < 0 ? options.length - 1 : (now + step + options.length) % options.length;
    options.forEach((item, index) => item.setAttribute("aria-selected", String(index === next)));
    field().setAttribute("aria-activedescendant", options[next].id);
  };

  shop.on("input", "#search", () => {
    clearTimeout(timer);
    timer = setTimeout(suggest, pause);
  });

  shop.on("keydown", "#search", (event) => {
    if (event.key === "Escape") return close();
    if (list().hidden) return;
    if (event.key === "ArrowDown") select(1);
    else if (event.key === "ArrowUp") select(-1);
    else if (event.key === "Enter") {
      const chosen = list().querySelector("[aria-selected=true]");
      if (!chosen) return;
      location.assign(chosen.dataset.url);
    } else return;
    event.preventDefault();
  });

  shop.on("blur", "#search", close);
  // Before the box loses the focus, which would close the list.
  shop.on("mousedown", "#suggestions", (event) => event.preventDefault());
  shop.on("click", "#suggestions [role=option]", (_, chosen) => location.assign(chosen.dataset.url));
})();
