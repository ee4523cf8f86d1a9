// Dialogs are popovers, which open and close without a script. With one the focus goes into them, stays there,
// and comes back to where it was.

const FOCUSABLE = "a[href], button:not([disabled]), input:not([type=hidden], [disabled]), select, textarea";
const openers = new Map();

const isDialog = (element) => element.matches?.("[popover][role=dialog]");
const stops = (dialog) => [...dialog.querySelectorAll(FOCUSABLE)].filter((one) => one.checkVisibility());

// The button may have been drawn again meanwhile, or stand in a menu that has closed: then what opens the menu will do.
function giveBack(opener, dialog) {
  const button = opener.isConnected ? opener : document.querySelector(`[popovertarget="${CSS.escape(dialog.id)}"]`);
  const place = button?.checkVisibility() ? button : button?.closest("details.menu")?.querySelector("summary");
  place?.focus();
}

document.addEventListener("beforetoggle", (event) => {
  if (isDialog(event.target) && event.newState === "open") openers.set(event.target, document.activeElement);
}, true);

document.addEventListener("toggle", (event) => {
  const dialog = event.target;
  if (!isDialog(dialog)) return;
  if (event.newState === "open") {
    if (!dialog.contains(document.activeElement)) stops(dialog)[0]?.focus();
    return;
  }
  const opener = openers.get(dialog);
  openers.delete(dialog);
  const isLost = document.activeElement === document.body || dialog.contains(document.activeElement);
  if (opener && opener !== document.body && isLost) giveBack(opener, dialog);
}, true);

document.addEventListener("keydown", (event) => {
  const dialog = event.key === "Tab" && document.querySelector("[popover][role=dialog]:popover-open");
  if (!dialog) return;
  const places = stops(dialog);
  const here = places.indexOf(document.activeElement);
  const next = event.shiftKey ? (here < 1 ? places.length - 1 : here - 1) : (here + 1) % places.length;
  event.preventDefault();
  places[next]?.focus();
});
