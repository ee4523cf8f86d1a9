// Keys of the whole app. The list of them stands in #keys; a place has its letter in data-key.

let isGoing = false;

const isTyping = (element) => element?.matches?.("input:not([type=checkbox]), textarea, select, [contenteditable]");

const ACTIONS = {
  "/": () => {
    const field = document.querySelector("main [data-search]") ?? document.querySelector("[data-search]");
    field?.focus();
    field?.select();
  },
  "?": () => document.getElementById("keys")?.togglePopover(),
  n: () => document.querySelector("[data-new]")?.click(),
  j: () => step(1),
  k: () => step(-1),
  x: () => document.activeElement?.closest("tr, li")?.querySelector("input[type=checkbox]")?.click(),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.matches?.("[data-search]") && !event.target.value) event.target.blur();
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const place = isGoing && document.querySelector(`nav [data-key="${CSS.escape(event.key)}"]`);
  isGoing = !place && event.key === "g";
  if (place) place.click();
  else if (ACTIONS[event.key]) {
    event.preventDefault();
    ACTIONS[event.key]();
  }
});

// Rows are reached by the link that names them; from nowhere the first one down is the first.
function step(by) {
  const names = [...document.querySelectorAll("main tbody a.name, main .lines a.name")].filter((link) => link.checkVisibility());
  const here = names.findIndex((link) => link.closest("tr, li")?.contains(document.activeElement));
  const next = here < 0 ? (by > 0 ? 0 : names.length - 1) : here + by;
  names[next]?.focus();
}
