// Ticking rows of a list: all of the page, ranges with Shift, all that match; rows that are drawn again stay ticked.
// Without this script the boxes and the bar below the table work as a plain form.

const form = document.querySelector("[data-bulk]");
const ticked = new Set();
let last = null;

const BOX = `input[type="checkbox"][form="${form?.id}"]`;

const boxes = () => [...document.querySelectorAll(BOX)];
const everything = () => form.elements.all?.checked ?? false;

function show() {
  const all = boxes();
  // All that match holds those below as well; the box in the bar lets go of them.
  for (const box of all) {
    box.disabled = everything();
    box.checked = everything() || ticked.has(box.value);
  }
  const head = document.querySelector("[data-tick-all]");
  if (head) {
    head.hidden = false;
    head.disabled = everything();
    head.checked = all.length > 0 && all.every((box) => box.checked);
    head.indeterminate = !head.checked && all.some((box) => box.checked);
  }
  const count = form.querySelector("[data-bulk-count]");
  count.textContent = ticked.size ? `${ticked.size} ticked` : "";
  count.hidden = everything();
  form.classList.toggle("on", ticked.size > 0 || everything());
  const pick = document.querySelector("[data-bulk-all]");
  if (pick) {
    pick.hidden = false;
    pick.setAttribute("aria-pressed", everything());
  }
  form.querySelector("[data-bulk-clear]").hidden = false;
}

function tick(box, isTicked) {
  box.checked = isTicked;
  if (isTicked) ticked.add(box.value);
  else ticked.delete(box.value);
}

function tickRange(to) {
  const all = boxes();
  const from = all.findIndex((box) => box.value === last);
  const end = all.indexOf(to);
  if (from < 0) return;
  for (const box of all.slice(Math.min(from, end), Math.max(from, end) + 1)) tick(box, to.checked);
}

function restore() {
  const shown = boxes();
  for (const box of shown) box.checked = ticked.has(box.value);
  const here = new Set(shown.map((box) => box.value));
  for (const value of ticked) if (!here.has(value)) ticked.delete(value);
  show();
}

if (form) {
  document.addEventListener("click", (event) => {
    const box = event.target;
    if (box.matches?.(BOX)) {
      tick(box, box.checked);
      if (event.shiftKey && last) tickRange(box);
      last = box.value;
      show();
    } else if (box.matches?.("[data-tick-all]")) {
      for (const one of boxes()) tick(one, box.checked);
      show();
    } else if (box.closest?.("[data-bulk-all]")) {
      form.elements.all.checked = !everything();
      show();
      // What can be done stands behind the whole table: the next Tab leads there.
      if (everything()) form.elements.all.focus({ preventScroll: true });
    } else if (box.closest?.("[data-bulk-clear]")) {
      for (const one of boxes()) tick(one, false);
      if (form.elements.all) form.elements.all.checked = false;
      show();
    }
  });
  form.addEventListener("change", show);
  document.body.addEventListener("htmx:afterSwap", restore);
  // A browser that comes back to the page may have kept what was ticked.
  addEventListener("pageshow", () => {
    if (!everything()) for (const box of boxes()) tick(box, box.checked);
    show();
  });
}
