// The product list: arrives late, replaces its skeletons, adds to the cart in place.
"use strict";

(() => {
  const list = document.getElementById("products");
  const template = document.getElementById("product-template");
  const failure = document.getElementById("list-error");

  const add = async (product, button) => {
    button.disabled = true;
    const { ok, body } = await shop.send("POST", "/api/cart/items", { sku: product.sku, quantity: 1 });
    if (ok) shop.showCount(body.text);
    button.disabled = false;
  };

  const card = (product) => {
    const element = template.content.cloneNode(true).firstElementChild;
    element.querySelector("img").src = `/pictures/${product.sku}.svg`;
    const link = element.querySelector("a");
    link.textContent = product.name;
    link.href = `/product/${product.sku}`;
    element.querySelector(".price").textContent = product.price;
    const button = element.querySelector("button");
    if (product.in_stock) button.addEventListener("click", () => add(product, button));
    else {
      button.textContent = "Sold out";
      button.disabled = true;
    }
    return element;
  };

  const load = async () => {
    const response = await fetch(`/api/products?category=${encodeURIComponent(list.dataset.category)}`);
    if (!response.ok) throw new Error(`the list answered ${response.status}`);
    list.replaceChildren(...(await response.json()).map(card));
  };

  load()
    .catch(() => {
      list.replaceChildren();
      failure.textContent = "The list could not be loaded. Reload the page to try again.";
      failure.hidden = false;
    })
    .finally(() => list.setAttribute("aria-busy", "false"));
})();
