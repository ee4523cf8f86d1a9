// Places that do not move. What is fetched again is no lower than it was, and where it is held no higher either.
//
//   tr, data-keep   not made lower when it, or what it stands in, is replaced
//   data-hold       as high as it was: a list (data-tail) scrolls inside, and stands at its end; of other rows those that
//                   find no room wait behind the button data-rest ("3 more: show"), which takes the hold off
//
// By rules, not by the elements' styles: htmx copies attributes, and a style attribute is not allowed here.

const sheet = new CSSStyleSheet();
const rules = new Map();
const held = new Map();
const released = new Set();
let across = innerWidth;

function rule(element) {
  if (!rules.has(element.id)) {
    const place = sheet.insertRule(`#${CSS.escape(element.id)} {}`, sheet.cssRules.length);
    rules.set(element.id, sheet.cssRules[place].style);
  }
  return rules.get(element.id);
}

// Before it is replaced.
export function keepPlace(region) {
  const name = getComputedStyle(region).display === "table-row" ? "height" : "min-height"; // on a phone a row is a grid
  if (!("hold" in region.dataset)) { rule(region).setProperty(name, `${region.offsetHeight}px`); return; }
  if (released.has(region.id)) return;
  if (!held.has(region.id)) held.set(region.id, region.offsetHeight);
  rule(region).setProperty(name, `${held.get(region.id)}px`);
}

// After that, before anything is painted.
export function fit(region) {
  const tail = region.querySelector("[data-tail]");
  const room = held.get(region.id);
  if (room && tail) shorten(tail, region.offsetHeight - room);
  else if (room) leaveOut(region, room);
}

function shorten(tail, excess) {
  if (excess > 0) {
    rule(tail).setProperty("max-height", `${tail.offsetHeight - excess}px`);
    rule(tail).setProperty("overflow-y", "auto");
  }
  tail.scrollTop = tail.scrollHeight;
}

function leaveOut(region, room) {
  const button = region.querySelector("[data-rest]");
  if (!button) return;
  const rows = [...region.querySelectorAll("tbody > tr, .lines > li")];
  let count = 0;
  while (count < rows.length - 1 && region.offsetHeight > room) {
    count += 1;
    rows.at(-count).hidden = true;
  }
  button.hidden = !count;
  button.textContent = `${count} more: show`;
}

function release(region) {
  released.add(region.id);
  held.delete(region.id);
  rule(region).removeProperty("min-height");
  for (const row of region.querySelectorAll("tbody > tr, .lines > li")) row.hidden = false;
}

document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-rest]");
  if (!button) return;
  release(button.closest("[data-hold]"));
  button.hidden = true;
});

// On a screen of another width everything has another height.
addEventListener("resize", () => {
  if (innerWidth === across) return;
  across = innerWidth;
  while (sheet.cssRules.length) sheet.deleteRule(0);
  rules.clear();
  held.clear();
});
