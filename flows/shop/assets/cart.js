// The cart: a changed quantity draws the rows anew; removing asks first.
"use strict";

(() => {
  let asked;

  const change = async (sku, quantity) => {
    const { ok, body } = await shop.send("PUT", "/api/cart/items", { sku, quantity });
    if (!ok) return;
    document.getElementById("cart-content").innerHTML = body.html;
    shop.showCount(body.text);
  };

  shop.on("change", "#cart-content input", (_, input) => {
    if (input.reportValidity()) change(input.closest("tr").dataset.sku, input.valueAsNumber);
  });

  shop.on("click", "#cart-content .remove", (_, button) => {
    const dialog = document.getElementById("remove-dialog");
    asked = button.closest("tr").dataset;
    document.getElementById("remove-name").textContent = asked.name;
    dialog.returnValue = "keep";
    dialog.showModal();
  });

  shop.on("close", "#remove-dialog", (_, dialog) => {
    if (dialog.returnValue === "remove") change(asked.sku, 0);
  });
})();
