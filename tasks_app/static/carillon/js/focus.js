// Who goes by keyboard keeps the focus while what holds it is drawn anew: it goes to the same link or menu of the same
// row, or to the row that has come into its place. What has an id is htmx's own to care for.

const ROW = "tr, li";
let kept = null;

const keyOf = (row) => row?.dataset.run ?? row?.id ?? "";
const markOf = (one) => `${one.tagName} ${one.getAttribute("href") ?? one.getAttribute("aria-label") ?? one.textContent.trim()}`;
const rowsOf = (list) => [...list.querySelectorAll(ROW)];
const alike = (place, mark) => [...place.querySelectorAll(mark.split(" ")[0])].filter((one) => markOf(one) === mark);

export function keepFocus(region) {
  const element = document.activeElement;
  kept = null;
  if (!region.contains(element)) return;
  const list = region.matches(ROW) ? region.parentElement : region;
  const row = element.closest(ROW);
  const key = keyOf(row);
  const mark = markOf(element);
  const number = alike(key ? row : list, mark).indexOf(element);
  kept = { id: region.id, list, key, mark, number, place: rowsOf(list).indexOf(row) };
}

export function giveFocusBack(id) {
  if (kept?.id !== id) return;
  const { list: old, key, mark, number, place } = kept;
  kept = null;
  const list = old.isConnected ? old : document.getElementById(id);
  if (!list || document.activeElement !== document.body) return;
  const rows = rowsOf(list);
  const row = key && rows.find((one) => keyOf(one) === key);
  const same = key ? (row ? alike(row, mark) : []) : alike(list, mark);
  const beside = row || (place < 0 ? null : rows[Math.min(place, rows.length - 1)]);
  (same[number] ?? same[0] ?? beside?.querySelector("a.name, a[href]"))?.focus({ preventScroll: true });
}
