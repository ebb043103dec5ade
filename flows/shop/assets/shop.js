// What every page shares: events, requests with JSON, and the cart's badge.
//
// Scripts stand in the head and listen on the document: no click and no key is lost while a page still arrives.
"use strict";

const shop = {
  /** Calls `handle(event, element)` for events on elements that match the selector, now or later. */
  on(type, selector, handle) {
    const listen = (event) => {
      const element = event.target.closest?.(selector);
      if (element) handle(event, element);
    };
    // Capturing, because `close` and `blur` do not bubble.
    document.addEventListener(type, listen, true);
  },

  /** Sends JSON and answers `{ ok, body }`. */
  async send(method, address, content) {
    const response = await fetch(address, {
      method,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(content ?? {}),
    });
    return { ok: response.ok, body: await response.json() };
  },

  /** Shows how many things are in the cart. */
  showCount(text) {
    document.getElementById("cart-count").textContent = text;
  },
};
