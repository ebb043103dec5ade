// The newsletter's form. Its thanks cover the section for a second, as toasts do.
"use strict";

(() => {
  const shownFor = 1000;

  const thank = (message) => {
    const toast = document.getElementById("toast");
    toast.textContent = message;
    toast.hidden = false;
    setTimeout(() => (toast.hidden = true), shownFor);
  };

  shop.on("submit", "#newsletter-form", async (event, form) => {
    event.preventDefault();
    analytics.track("newsletter");
    const failure = document.getElementById("newsletter-error");
    const { ok, body } = await shop.send("POST", "/api/newsletter", { email: form.email.value });
    failure.hidden = ok;
    failure.textContent = ok ? "" : body.message;
    form.email.setAttribute("aria-invalid", String(!ok));
    if (ok) {
      form.reset();
      thank(body.message);
    } else form.email.focus();
  });
})();
