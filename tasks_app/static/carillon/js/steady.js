// Places that do not move. What is fetched again is no lower than it was, and where it is held no higher either.
//
//   tr, data-keep   not made lower when it, or what it stands in, is replaced
//   data-hold       as high as it was: a list (data-tail) scrolls inside, and stands at its end; of other rows those that
//                   find no room wait. The button data-rest ("3 more: show") takes the hold off. So does, once nothing
//                   more is to come (data-tail="over"), whatever the reader does next: until then it would move what is
//                   being read below
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
  if (room && tail) shorten(region, tail, room);
  else if (room) leaveOut(region, room);
}

const isCut = (tail) => tail.scrollHeight > tail.clientHeight;

function shorten(region, tail, room) {
  const button = region.querySelector("[data-rest]");
  button.hidden = region.offsetHeight <= room && !isCut(tail);
  const excess = region.offsetHeight - room;
  if (excess > 0) {
    rule(tail).setProperty("max-height", `${tail.offsetHeight - excess}px`);
    rule(tail).setProperty("overflow-y", "auto");
  }
  tail.scrollTop = tail.scrollHeight;
  button.textContent = `All ${tail.children.length} steps`;
}

function lengthen(tail) {
  for (const name of ["max-height", "overflow-y"]) rule(tail).removeProperty(name);
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
  for (const tail of region.querySelectorAll("[data-tail]")) lengthen(tail);
  for (const button of region.querySelectorAll("[data-rest]")) button.hidden = true;
}

function releaseWhatIsOver() {
  for (const tail of document.querySelectorAll("[data-tail=over]")) {
    const region = tail.closest("[data-hold]");
    if (held.has(region?.id) && isCut(tail)) release(region);
  }
}

document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-rest]");
  if (button) release(button.closest("[data-hold]"));
});
for (const deed of ["click", "keydown", "scroll", "visibilitychange"]) document.addEventListener(deed, releaseWhatIsOver);

// On a screen of another width everything has another height.
addEventListener("resize", () => {
  if (innerWidth === across) return;
  across = innerWidth;
  while (sheet.cssRules.length) sheet.deleteRule(0);
  rules.clear();
  held.clear();
});
