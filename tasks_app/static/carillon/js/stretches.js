// The bar of a run's states: what goes on is longer each second, as the words below it say. The widths must be those of
// tasks_app/web/run_times.py.

import { now, span } from "./time.js";

const LEAST_WIDTH = 0.6;

function parts(bar) {
  return [...bar.querySelectorAll("rect")].map((rect) => {
    const { status, seconds, since } = rect.dataset;
    const lasted = since ? Math.max(0, (now() - Date.parse(since)) / 1000) : Number(seconds);
    const title = rect.querySelector("title");
    return { rect, lasted, title, said: since ? `${status} ${span(lasted)}` : title.textContent };
  });
}

function draw(bar) {
  const found = parts(bar);
  const whole = found.reduce((sum, { lasted }) => sum + lasted, 0);
  if (!whole) return;
  const widths = found.map(({ lasted }) => Math.max(LEAST_WIDTH, (100 * lasted) / whole));
  const scale = 100 / widths.reduce((sum, width) => sum + width, 0);
  let x = 0;
  for (const [place, { rect, title, said }] of found.entries()) {
    rect.setAttribute("x", x);
    rect.setAttribute("width", widths[place] * scale);
    if (title.textContent !== said) title.textContent = said;
    x += widths[place] * scale;
  }
  bar.setAttribute("aria-label", found.map(({ said }) => said).join(", "));
}

function drawAll() {
  for (const bar of document.querySelectorAll("svg.stretches:has([data-since])")) draw(bar);
}

drawAll();
setInterval(() => { if (document.visibilityState !== "hidden") drawAll(); }, 1000);
document.addEventListener("visibilitychange", drawAll);
document.addEventListener("htmx:afterSwap", drawAll);
