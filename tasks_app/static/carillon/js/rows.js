// Rows of lists in a form: added, taken away and moved up in the page, so that nothing typed is sent or lost.
// Without this the same buttons send the form, which comes back with the rows as asked for. Rows may leave gaps in their
// numbers and stand in any order; the server reads them as they stand.

const DEEDS = { _add: add, _remove: remove, _up: lift };

document.addEventListener("click", (event) => {
  const button = event.target.closest("fieldset[data-rows] button[name]");
  const deed = button && DEEDS[button.name];
  if (!deed) return;
  const list = button.closest("fieldset[data-rows]");
  if (!templateOf(list)) return;
  event.preventDefault();
  deed(list, button);
  label(list);
});

const templateOf = (list) => list.querySelector(":scope > template[data-row]");
const rowsOf = (list) => list.querySelectorAll(":scope > .item");
const rowOf = (list, button) => Array.from(rowsOf(list)).find((row) => row.contains(button));

function add(list) {
  const template = templateOf(list);
  const given = list.querySelectorAll(":scope > .item > .group > input[name$='.__row']");
  const next = Math.max(-1, ...Array.from(given, (input) => Number(input.value))) + 1;
  const made = document.createElement("template");
  made.innerHTML = template.innerHTML.replaceAll(template.dataset.row, String(next));
  const row = made.content.firstElementChild;
  template.before(row);
  window.htmx?.process(row);
  row.querySelector("input:not([type=hidden]), select, textarea")?.focus();
}

function remove(list, button) {
  const row = rowOf(list, button);
  const beside = row.nextElementSibling?.matches(".item") ? row.nextElementSibling : row.previousElementSibling;
  row.remove();
  const next = beside?.matches(".item") ? beside.querySelector("button[name=_remove]") : null;
  (next ?? list.querySelector(":scope > div > button[name=_add]"))?.focus();
}

function lift(list, button) {
  const row = rowOf(list, button);
  if (!row.previousElementSibling?.matches(".item")) return;
  row.previousElementSibling.before(row);
  button.focus();
}

function label(list) {
  for (const [number, row] of rowsOf(list).entries()) {
    const words = row.querySelector(":scope > .group > [data-row-label]");
    const only = "numbered" in row.dataset ? row.querySelector(":scope > .group > .field > label, :scope > .group > fieldset > legend") : null;
    if (words) words.textContent = `${words.dataset.rowLabel} ${number + 1}`;
    if (only) only.firstChild.textContent = `${list.dataset.rows} ${number + 1}`;
  }
}
