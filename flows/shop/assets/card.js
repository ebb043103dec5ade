// The payment form in its frame: the button waits for every field, errors stand by their fields.
"use strict";

(() => {
  let paying = false;

  const update = (form) => {
    const fields = [...form.querySelectorAll("input[required]")];
    form.querySelector("button").disabled = paying || fields.some((field) => field.value.trim() === "");
  };

  const showErrors = (form, errors) => {
    for (const field of form.querySelectorAll("input[aria-describedby]")) {
      const error = errors.find((error) => error.field === field.name);
      const text = document.getElementById(`${field.name}-error`);
      text.textContent = error?.message ?? "";
      text.hidden = !error;
      field.setAttribute("aria-invalid", String(Boolean(error)));
    }
    if (errors.length > 0) form.elements[errors[0].field].focus();
  };

  const pay = async (form) => {
    const failure = document.getElementById("card-error");
    const { ok, body } = await shop.send("POST", "/api/pay", Object.fromEntries(new FormData(form)));
    if (ok) return window.parent.location.assign(body.next);
    showErrors(form, body.errors ?? []);
    failure.textContent = body.message ?? "";
    failure.hidden = !body.message;
  };

  shop.on("input", "#card input", (_, field) => update(field.form));

  shop.on("submit", "#card", async (event, form) => {
    event.preventDefault();
    paying = true;
    update(form);
    try {
      await pay(form);
    } finally {
      paying = false;
      update(form);
    }
  });
})();
