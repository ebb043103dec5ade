// The newsletter's form. Its thanks cover the section for a second, as toasts do.
"use strict";

(() => {
  const shownFor = 1000;
  const form = document.getElementById("newsletter-form");
  const failure = document.getElementById("newsletter-error");
  const toast = document.getElementById("toast");

  const thank = (message) => {
    toast.textContent = message;
    toast.hidden = false;
    setTimeout(() => (toast.hidden = true), shownFor);
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    analytics.track("newsletter");
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
