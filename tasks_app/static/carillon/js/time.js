// Relative times tick, by the server's clock, as this machine's may be wrong; the zone of the browser is told to the server once, by cookie.
// The words must be those of tasks_app/web/words.py. What holds only until an instant (data-until) goes when that has come.

const DAY = 86400;
const UNITS = [[730 * DAY, 365.25 * DAY, "years"], [90 * DAY, 30 * DAY, "months"], [2 * DAY, DAY, "days"], [5400, 3600, "h"], [90, 60, "min"]];
const SPANS = [[86400, "d", 3600, "h"], [3600, "h", 60, "min"], [60, "min", 1, "s"]];

function amount(seconds) {
  for (const [threshold, size, name] of UNITS) {
    if (seconds >= threshold) return `${Math.floor(seconds / size + 0.5)} ${name}`;
  }
  return `${Math.floor(seconds)} s`;
}

export function relative(seconds) {
  if (Math.abs(seconds) < 1) return "now";
  return seconds > 0 ? `in ${amount(seconds)}` : `${amount(-seconds)} ago`;
}

// What should have begun by now says so; the engine looks every second, so ten are no delay worth a word.
export function due(seconds) {
  if (seconds >= 1) return relative(seconds);
  return seconds > -10 ? "due now" : `overdue for ${amount(-seconds)}`;
}

function words(element, seconds) {
  if ("since" in element.dataset) return span(-seconds);
  if (!("due" in element.dataset)) return relative(seconds);
  element.classList.toggle("is-late", seconds <= -10);
  return due(seconds);
}

export function span(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  for (const [size, name, smaller, word] of SPANS) {
    if (whole < size) continue;
    const rest = Math.floor((whole % size) / smaller);
    return `${Math.floor(whole / size)} ${name}${rest ? ` ${rest} ${word}` : ""}`;
  }
  return `${whole} s`;
}

// The page says when it was made, and the browser how long ago it came.
const age = performance.now() - (performance.getEntriesByType("navigation")[0]?.responseStart ?? 0);
const ahead = (Date.now() - age - Date.parse(document.body.dataset.asOf)) || 0;
const awaited = new WeakSet();

export const now = () => Date.now() - ahead;

// What should begin by now says "passed", once: what the page knows of it may be old.
function note(element, seconds) {
  if (seconds > 0) awaited.add(element);
  else if (awaited.delete(element)) element.dispatchEvent(new Event("passed", { bubbles: true }));
}

function tick() {
  const instant = now();
  for (const element of document.querySelectorAll("time[data-relative], time[data-since], time[data-due]")) {
    const seconds = (Date.parse(element.dateTime) - instant) / 1000;
    if ("due" in element.dataset) note(element, seconds);
    const text = words(element, seconds);
    if (element.textContent !== text) element.textContent = text;
  }
  for (const element of document.querySelectorAll("[data-until]")) element.hidden = Date.parse(element.dataset.until) <= instant;
}

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.split("; ").includes(`zone=${zone}`)) {
  document.cookie = `zone=${zone}; path=/; max-age=31536000; samesite=lax`;
}
tick();
setInterval(() => { if (document.visibilityState !== "hidden") tick(); }, 1000);
document.addEventListener("visibilitychange", tick);
