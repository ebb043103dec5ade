// The deal: a countdown to the full hour, and a button that can be claimed once it has slid into place.
"use strict";

(() => {
  const tick = () => {
    const left = 3600 - (Math.floor(Date.now() / 1000) % 3600);
    const two = (number) => String(number).padStart(2, "0");
    document.getElementById("countdown").textContent = `${two(Math.floor(left / 60))}:${two(left % 60)}`;
  };

  shop.on("click", "#claim", async (_, claim) => {
    claim.disabled = true;
    const { body } = await shop.send("POST", "/api/deals/claim");
    shop.showCount(body.text);
    document.getElementById("claimed").hidden = false;
  });

  document.addEventListener("DOMContentLoaded", () => {
    tick();
    setInterval(tick, 1000);
  });
})();
