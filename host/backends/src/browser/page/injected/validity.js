// validity.js: whether an element says that its value is wrong, and the message that ARIA gives for it.

const INVALID_ROLES = new Set(
  `application checkbox columnheader combobox gridcell listbox radiogroup rowheader searchbox slider spinbutton switch
  textbox tree`.split(/\s+/),
);

/** What `aria-invalid` says: `true`, `grammar`, `spelling`, or `false` for valid. */
function invalidState(element) {
  const value = (attribute(element, "aria-invalid") ?? "").trim().toLowerCase();
  if (value === "" || value === "false") return "false";
  return value === "grammar" || value === "spelling" ? value : "true";
}

/** Whether the form's own rules call the value wrong. */
const isNativelyInvalid = (element) => isHtml(element) && element.validity?.valid === false;

/** The accessible error message, folded; empty where the element is valid or has none. */
function errorMessageOf(element) {
  const isInvalid = invalidState(element) !== "false" || isNativelyInvalid(element);
  return isInvalid ? referencedText(element, "aria-errormessage") : "";
}
