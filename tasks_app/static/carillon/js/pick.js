// Names of many things: the list of suggestions follows what is typed, where there are more than the page holds.

import { ask, isSignedOut } from "./signed-out.js";

const PAUSE_MS = 150;
let timer = 0;
let asked = null;

document.addEventListener("input", (event) => {
  const list = event.target.list;
  if (!list?.dataset.search) return;
  clearTimeout(timer);
  timer = setTimeout(() => offer(list, event.target.value), PAUSE_MS);
});

async function offer(list, words) {
  asked?.abort();
  if (isSignedOut()) return;
  asked = new AbortController();
  try {
    const answer = await ask(`${list.dataset.search}?${new URLSearchParams({ q: words })}`, { signal: asked.signal });
    if (answer?.ok) list.innerHTML = await answer.text();
  } catch (error) {
    if (error.name !== "AbortError") list.replaceChildren();
  }
}
