// What every page shares: requests with JSON, and the cart's badge.
"use strict";

const shop = {
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
