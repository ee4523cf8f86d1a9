// Menus that close when one looks away, filters that ask at once, folds that stay open.

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeMenus();
});

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
}

document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));

// A filter that changes asks at once; without JavaScript the button beside it does. By keyboard each arrow changes it,
// so there it asks on Enter, by its button, or when one leaves the filters.
let isByKey = false;
let changed = null;
document.addEventListener("pointerdown", () => { isByKey = false; }, true);
document.addEventListener("keydown", (event) => {
  isByKey = true;
  if (event.key !== "Enter" || !event.target.matches?.("form[data-filters] select")) return;
  event.preventDefault();
  event.target.form.requestSubmit();
}, true);
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-filters]");
  if (!form || !event.target.matches("select, [type=checkbox]")) return;
  if (!isByKey || !event.target.matches("select")) { form.requestSubmit(); return; }
  changed = form;
  showButton(form);
});
// What is typed asks on Enter; the button shows that there is something to send.
document.addEventListener("input", ({ target }) => {
  const form = target.closest("form[data-filters]");
  if (form && target.matches("[type=search], [type=text]") && target.value !== target.defaultValue) showButton(form);
});
function showButton(form) {
  const button = form.querySelector("[data-without-script]");
  for (const name of ["data-without-script", "hidden"]) button?.removeAttribute(name);
}
document.addEventListener("focusout", (event) => {
  if (!changed || changed.contains(event.relatedTarget) || !changed.contains(event.target) || !document.hasFocus()) return;
  changed.requestSubmit();
  changed = null;
});
// What narrows nothing is left out of the address, so that one can keep it and pass it on.
document.addEventListener("formdata", ({ target, formData }) => {
  if (!target.matches("form[data-filters]")) return;
  for (const [name, value] of [...formData]) if (value === "") formData.delete(name);
});

function hideWhatScriptsDo() {
  for (const button of document.querySelectorAll("[data-without-script]")) button.hidden = true;
}
hideWhatScriptsDo();
document.addEventListener("htmx:afterSwap", hideWhatScriptsDo);

// What one has unfolded in a form stays so when its part of the form is drawn again.
let unfolded = [];
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const open = detail.target.querySelectorAll("details.fold[open] > summary");
  unfolded = Array.from(open, (summary) => summary.textContent);
});
document.addEventListener("htmx:afterSwap", () => {
  for (const summary of document.querySelectorAll("form details.fold > summary")) {
    if (unfolded.includes(summary.textContent)) summary.parentElement.open = true;
  }
});

// A field with a list shows only what fits what it holds: chosen whole, so that what one types takes its place.
document.addEventListener("focusin", (event) => {
  if (event.target.matches?.("input[data-choose]")) event.target.select();
});
