// Relative times tick; the zone of the browser is told to the server once, by cookie.
// The words must be those of tasks_app/web/words.py.

const UNITS = [[90 * 86400, 30 * 86400, "months"], [2 * 86400, 86400, "days"], [5400, 3600, "h"], [90, 60, "min"]];
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

function tick() {
  if (document.visibilityState === "hidden") return;
  const now = Date.now();
  for (const element of document.querySelectorAll("time[data-relative], time[data-since], time[data-due]")) {
    const seconds = (Date.parse(element.dateTime) - now) / 1000;
    const text = words(element, seconds);
    if (element.textContent !== text) element.textContent = text;
  }
}

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.split("; ").includes(`zone=${zone}`)) {
  document.cookie = `zone=${zone}; path=/; max-age=31536000; samesite=lax`;
}
setInterval(tick, 1000);
document.addEventListener("visibilitychange", tick);
