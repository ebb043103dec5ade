// The payment form in its frame: the button waits for every field, errors stand by their fields.
"use strict";

(() => {
  const form = document.getElementById("card");
  const button = form.querySelector("button");
  const failure = document.getElementById("card-error");
  const fields = [...form.querySelectorAll("input[required]")];
  let paying = false;

  const update = () => {
    button.disabled = paying || fields.some((field) => field.value.trim() === "");
  };

  const showErrors = (errors) => {
    for (const field of form.querySelectorAll("input[aria-describedby]")) {
      const error = errors.find((error) => error.field === field.name);
      const text = document.getElementById(`${field.name}-error`);
      text.textContent = error?.message ?? "";
      text.hidden = !error;
      field.setAttribute("aria-invalid", String(Boolean(error)));
    }
    if (errors.length > 0) form.elements[errors[0].field].focus();
  };

  const pay = async () => {
    const { ok, body } = await shop.send("POST", "/api/pay", Object.fromEntries(new FormData(form)));
    if (ok) return window.parent.location.assign(body.next);
    showErrors(body.errors ?? []);
    failure.textContent = body.message ?? "";
    failure.hidden = !body.message;
  };

  form.addEventListener("input", update);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    paying = true;
    update();
    try {
      await pay();
    } finally {
      paying = false;
      update();
    }
  });
})();
