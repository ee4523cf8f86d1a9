// Menus that close when one looks away, filters that ask at once.

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeMenus();
});

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
}

document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));

// A filter that changes asks at once; without JavaScript the button beside it does.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-filters]");
  if (form && event.target.matches("select, [type=checkbox]")) form.requestSubmit();
});
function hideWhatScriptsDo() {
  for (const button of document.querySelectorAll("[data-without-script]")) button.hidden = true;
}
hideWhatScriptsDo();
document.addEventListener("htmx:afterSwap", hideWhatScriptsDo);

// A field with a list shows only what fits what it holds: chosen whole, so that what one types takes its place.
document.addEventListener("focusin", (event) => {
  if (event.target.matches?.("input[data-choose]")) event.target.select();
});
