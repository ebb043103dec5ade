// The cart: a changed quantity draws the rows anew; removing asks first.
"use strict";

(() => {
  const content = document.getElementById("cart-content");
  const dialog = document.getElementById("remove-dialog");
  let asked;

  const change = async (sku, quantity) => {
    const { ok, body } = await shop.send("PUT", "/api/cart/items", { sku, quantity });
    if (!ok) return;
    content.innerHTML = body.html;
    shop.showCount(body.text);
  };

  content.addEventListener("change", (event) => {
    const input = event.target.closest("input[name=quantity]");
    if (!input || !input.reportValidity()) return;
    change(input.closest("tr").dataset.sku, input.valueAsNumber);
  });

  content.addEventListener("click", (event) => {
    const button = event.target.closest("button.remove");
    if (!button) return;
    asked = button.closest("tr").dataset;
    document.getElementById("remove-name").textContent = asked.name;
    dialog.returnValue = "keep";
    dialog.showModal();
  });

  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "remove") change(asked.sku, 0);
  });
})();
