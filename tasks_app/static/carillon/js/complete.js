// A search box that offers what can stand at the cursor: an ARIA combobox over what the server knows.
//
//   <input data-complete="/address/">   the address answers ?q=…&at=… with {start, end, options: [{insert, label, says}]},
//                                       counted in characters
//
// Arrows move, Enter or Tab takes what is marked, Escape closes; Enter with nothing marked asks, as ever.

import { ask as askServer, isSignedOut } from "./signed-out.js";

const PAUSE_MS = 120;

function completing(input) {
  const list = document.createElement("ul");
  let options = [];
  let place = { start: 0, end: 0, text: "" };
  let marked = -1;
  let timer = 0;
  let asked = null;

  list.id = `${input.id}-options`;
  list.className = "options";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "What can stand here");
  input.after(list);
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", list.id]]) {
    input.setAttribute(name, value);
  }

  function close() {
    clearTimeout(timer);
    asked?.abort();
    list.hidden = true;
    marked = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function mark(index) {
    marked = index;
    for (const [place, item] of [...list.children].entries()) item.setAttribute("aria-selected", String(place === index));
    const item = list.children[index];
    if (!item) { input.removeAttribute("aria-activedescendant"); return; }
    input.setAttribute("aria-activedescendant", item.id);
    item.scrollIntoView({ block: "nearest" });
  }

  function show(found, text) {
    ({ options } = found);
    place = { ...found, text };
    list.replaceChildren(...options.map((option, index) => {
      const item = document.createElement("li");
      const says = document.createElement("small");
      item.id = `${list.id}-${index}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      item.dataset.index = index;
      says.textContent = option.says;
      item.append(option.label, says);
      return item;
    }));
    if (!options.length) { close(); return; }
    list.hidden = false;
    marked = -1;
    input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-expanded", "true");
  }

  async function ask() {
    asked?.abort();
    if (isSignedOut()) return;
    asked = new AbortController();
    const text = input.value;
    const at = [...text.slice(0, input.selectionStart)].length;
    try {
      const answer = await askServer(`${input.dataset.complete}?${new URLSearchParams({ q: text, at })}`, { signal: asked.signal });
      if (!answer?.ok) close();
      else if (document.activeElement === input) show(await answer.json(), text);
    } catch (error) {
      if (error.name !== "AbortError") close();
    }
  }

  function take(index) {
    // The list is of what stood there before the last key: its answer is not there yet.
    if (input.value !== place.text) { ask(); return; }
    const characters = [...input.value];
    const before = characters.slice(0, place.start).join("") + options[index].insert;
    const after = characters.slice(place.end).join("");
    const isName = options[index].insert.endsWith(":");
    const gap = isName || after.startsWith(" ") ? "" : " ";
    input.value = before + gap + after;
    const caret = before.length + (isName ? 0 : 1);
    input.setSelectionRange(caret, caret);
    close();
    if (isName) ask();
  }

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE_MS);
  }

  input.addEventListener("input", soon);
  input.addEventListener("click", soon);
  input.addEventListener("blur", close);
  input.form.addEventListener("submit", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" && list.hidden) { event.preventDefault(); ask(); return; }
    if (list.hidden || event.isComposing) return;
    const count = options.length;
    if (event.key === "ArrowDown") mark(marked + 1 < count ? marked + 1 : 0);
    else if (event.key === "ArrowUp") mark(marked > 0 ? marked - 1 : count - 1);
    else if ((event.key === "Enter" || event.key === "Tab") && marked >= 0) take(marked);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });
  // Before the box loses the focus to the list.
  list.addEventListener("mousedown", (event) => {
    event.preventDefault();
    const item = event.target.closest("li");
    if (item) take(Number(item.dataset.index));
  });
}

for (const input of document.querySelectorAll("input[data-complete]")) completing(input);
