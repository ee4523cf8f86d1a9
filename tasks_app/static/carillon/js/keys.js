// Keys of the whole app. The list of them stands in #keys; a place has its letter in data-key. Who types by voice, or hits
// keys unawares, switches the single ones off there, for this browser.

const KEPT = "carillon-keys";
const FORM = "main form[method=post i]:not([data-bulk])";

let isGoing = false;
let isUnsent = false;
let isOff = read() === "off";

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

function read() {
  try { return localStorage.getItem(KEPT); } catch { return null; }
}

const toggle = document.querySelector("[data-keys-switch]");
if (toggle) {
  toggle.closest("[hidden]").hidden = false;
  toggle.checked = !isOff;
  toggle.addEventListener("change", () => {
    isOff = !toggle.checked;
    try { localStorage.setItem(KEPT, isOff ? "off" : "on"); } catch { /* it holds for this page */ }
  });
}

// What has been changed and not sent is not left by a key.
document.addEventListener("input", (event) => {
  isGoing = false;
  if (event.target.form?.matches(FORM)) isUnsent = true;
});
document.addEventListener("submit", (event) => {
  const isPreview = event.submitter?.formTarget;
  if (event.target.matches(FORM) && !event.defaultPrevented && !isPreview) isUnsent = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.matches?.("[data-search]") && !event.target.value) event.target.blur();
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (isOff || (isUnsent && "ng".includes(event.key))) return;
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
  const names = [...document.querySelectorAll("main :is(tbody, .lines) a.name, main .groups h2 a")].filter((link) => link.checkVisibility());
  const here = names.findIndex((link) => link.closest("tr, li")?.contains(document.activeElement));
  const next = here < 0 ? (by > 0 ? 0 : names.length - 1) : here + by;
  names[next]?.focus();
}
