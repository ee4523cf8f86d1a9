// How long a run will still take, by its own progress. The words must be those of `time_left` in
// tasks_app/web/run_times.py.

import { now, span } from "./time.js";

export function showLeft(element, progress) {
  const place = element.querySelector("[data-started][data-left], [data-started] [data-left]");
  const { done, total } = progress ?? {};
  if (!place || !(done > 0) || !(total >= done)) return;
  const spent = (now() - Date.parse(place.closest("[data-started]").dataset.started)) / 1000;
  if (spent >= 1) place.textContent = `about ${span(Math.max(1, (spent / done) * (total - done)))} left`;
}
