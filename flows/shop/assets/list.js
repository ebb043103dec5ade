// The product list: arrives late, replaces its skeletons, adds to the cart in place.
"use strict";

(() => {
  const card = (product) => {
    const template = document.getElementById("product-template");
    const element = template.content.cloneNode(true).firstElementChild;
    element.querySelector("img").src = `/pictures/${product.sku}.svg`;
    const link = element.querySelector("a");
    link.textContent = product.name;
    link.href = `/product/${product.sku}`;
    element.querySelector(".price").textContent = product.price;
    const button = element.querySelector("button");
    button.value = product.sku;
    button.disabled = !product.in_stock;
    if (!product.in_stock) button.textContent = "Sold out";
    return element;
  };

  const load = async (list) => {
    const response = await fetch(`/api/products?category=${encodeURIComponent(list.dataset.category)}`);
    if (!response.ok) throw new Error(`the list answered ${response.status}`);
    list.replaceChildren(...(await response.json()).map(card));
  };

  const fail = (list) => {
    const failure = document.getElementById("list-error");
    list.replaceChildren();
    failure.textContent = "The list could not be loaded. Reload the page to try again.";
    failure.hidden = false;
  };

  shop.on("click", ".product button", async (_, button) => {
    button.disabled = true;
    const { ok, body } = await shop.send("POST", "/api/cart/items", { sku: button.value, quantity: 1 });
    if (ok) shop.showCount(body.text);
    button.disabled = false;
  });

  document.addEventListener("DOMContentLoaded", async () => {
    const list = document.getElementById("products");
    await load(list).catch(() => fail(list));
    list.setAttribute("aria-busy", "false");
  });
})();
