// The dot in the tab's icon shows the worst that is so: a failed run that needs somebody, else that something runs.
//
// The badge of the rail brings the icon as it was when it was read (data-icon). What begins and ends after that is known
// from the frames, so that a platform on which all is well is not asked again and again. Where something ran already
// when it was read, nobody here knows which: then it is asked for again once nothing else is known to run.

const GONE = ["scheduled", "succeeded", "failed", "cancelled"];
const running = new Set();

const showsRunning = (badge) => badge.dataset.icon === badge.dataset.iconRunning;

function show(badge) {
  const { icon, iconRunning } = badge.dataset;
  const wanted = (running.size && iconRunning) || icon;
  const link = document.querySelector("link[rel=icon]");
  if (link.getAttribute("href") !== wanted) link.href = wanted;
}

export function noteRun({ run_id: run, status }) {
  if (status === "running") running.add(run);
  else running.delete(run);
  const badge = document.querySelector("[data-count]");
  if (badge) show(badge);
}

export const mayBeOver = (badge, { status }) => showsRunning(badge) && !running.size && GONE.includes(status);

// A frame may have been lost: what does not run on the server does not run here.
export function showAsRead(badge) {
  if (!showsRunning(badge)) running.clear();
  show(badge);
}
