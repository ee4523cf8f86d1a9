// Live pages. A frame on /ws/ is only a hint: what the page shows is what the server renders again.
//
//   data-live="run:<id>" | "task:<id>" | "tasks"   a region; htmx fetches it again on the event "live"
//   data-only="<id>"          within a wide topic, only frames of this run or task count
//   data-when="polling"       fetched again only while the socket is away
//   data-poll                 fetched again every 2 s as well: it shows more than the state of runs
//   data-every="30"           fetched again after so many seconds without news: time itself moves it on
//   data-calm                 not replaced while the pointer is over it; with "links": while it is over a link or button
//                             in it, which is about to be pressed and stays where it is; [data-stale] shows that it waits
//   data-run, data-version, data-seq   a run shown: state and progress change in place, never backwards
//   data-log="<run id>"       log lines, appended from data-source
//   data-newer="<state>"      says how many runs have come that the list does not hold yet, of this state or of any
//   data-count="<number>"     how many runs need a person: fetched again when that may have changed, every 3 s at most;
//                             with it goes the dot in the tab's icon, see dot.js
//   data-keep, data-hold      keep their place when they are replaced; see steady.js

import { mayBeOver, noteRun, showAsRead } from "./dot.js";
import { giveFocusBack, keepFocus } from "./focus.js";
import { showLeft } from "./left.js";
import { connect } from "./link.js";
import { isSignedOut } from "./signed-out.js";
import { fit, keepPlace } from "./steady.js";

const POLL_MS = 2000;
const REFRESH_MS = 1000;
const RETRY_MS = 100;
const COUNT_MS = 3000;
const LATE_MS = 10000;
const FINAL = ["succeeded", "failed", "cancelled"]; // a later run that succeeds ends what an earlier failure asked for

const seen = new Map();
const due = new Map();
const newer = new Set();
const subscribed = new Set();
const root = document.documentElement;
const opened = Date.now();
const asOf = Date.parse(document.body.dataset.asOf) - 2000;

const all = (selector) => [...document.querySelectorAll(selector)];
const isHidden = () => document.visibilityState === "hidden";
const topics = () => new Set(all("[data-live]").map((element) => element.dataset.live));

function isNewer(frame) {
  const last = seen.get(frame.run_id) ?? [0, 0];
  const next = [frame.version ?? 0, frame.seq ?? 0];
  if (next[0] < last[0] || (next[0] === last[0] && next[1] <= last[1])) return 0;
  seen.set(frame.run_id, next);
  return next[0] > last[0] ? 2 : 1;
}

function remember() {
  for (const element of all("[data-run][data-version]")) {
    const { run, version, seq } = element.dataset;
    const known = seen.get(run) ?? [0, 0];
    if (Number(version) > known[0]) seen.set(run, [Number(version), Number(seq ?? 0)]);
  }
}

function showState(element, status) {
  for (const badge of element.querySelectorAll("[data-state]")) {
    badge.className = badge.className.replace(/\bis-\w+/, `is-${status}`);
    const shape = badge.querySelector("use");
    shape.setAttribute("href", shape.getAttribute("href").replace(/#.*/, `#st-${status}`));
    badge.querySelector("[data-word]").textContent = status;
    badge.querySelector("small")?.remove();
  }
}

function showProgress(element, progress) {
  const bar = element.matches("progress") ? element : element.querySelector("progress");
  if (!bar || !progress) return;
  const { done, total, message } = progress;
  const text = element.querySelector("[data-progress-text]");
  if (total) {
    bar.value = Math.min(100, Math.round((100 * done) / total));
    if (text) text.textContent = `${bar.value} %`;
  } else if (text && done != null) {
    text.textContent = `${done} done`;
  }
  const words = element.querySelector("[data-progress-message]");
  if (words) words.textContent = message ?? "";
}

function concerns(region, frame) {
  const { live, only, when, count } = region.dataset;
  if (when === "polling") return false;
  if (count !== undefined) {
    return frame.status === "failed" || (count !== "0" && FINAL.includes(frame.status)) || mayBeOver(region, frame);
  }
  if (only && only !== frame.run_id && only !== frame.task_id) return false;
  return live === "tasks" || live === `run:${frame.run_id}` || live === `task:${frame.task_id}`;
}

function onUpdate(frame) {
  // A snapshot also tells of what was there when the page was made; that is no news. What comes after it speaks of a run
  // that ended earlier, and that somebody has dismissed now: it counts no more.
  const isOld = !seen.has(frame.run_id) && Date.parse(frame.at) < asOf;
  const news = isNewer(frame);
  if (news) noteRun(frame);
  if (isOld && news && subscribed.size >= topics().size) for (const region of all("[data-count]")) refresh(region);
  if (!news || isOld) return;
  const shown = all(`[data-run="${CSS.escape(frame.run_id)}"]`);
  for (const element of shown) {
    showState(element, frame.status);
    showProgress(element, frame.progress);
    showLeft(element, frame.progress);
  }
  if (news < 2) return;
  if (!shown.length) for (const hint of all("[data-newer]")) tellNewer(hint, frame);
  for (const region of all("[data-live]")) if (concerns(region, frame)) refresh(region);
  readLogsOf(frame.run_id);
}

// Ids sort by time: what is older than the first row is no newer run, but it may have come into the state of the tab.
function tellNewer(hint, frame) {
  const state = hint.dataset.newer;
  const first = document.querySelector("tbody [data-run]")?.dataset.run ?? "";
  const comesHere = state ? state === frame.status || (state === "needs" && frame.status === "failed") : frame.run_id > first;
  if (!comesHere) return;
  newer.add(frame.run_id);
  hint.querySelector("span").textContent = newer.size === 1 ? "1 newer run. Show it" : `${newer.size} newer runs. Show them`;
  hint.hidden = false;
}

const isOpen = (region) => Boolean(region.querySelector(":popover-open, details[open]"));

const isAimedAt = (region) => region.dataset.calm === "links" && Boolean(region.querySelector(":is(a, button):hover"));

function isBusy(region) {
  const isHeld = region.contains(document.activeElement) && document.activeElement.matches("input, textarea, select, button");
  const isCalm = region.dataset.calm === "" && region.matches(":hover");
  return isHeld || isOpen(region) || isCalm || isAimedAt(region);
}

// At most once a second per region, a count every 3 s, and not under the reader's hand; the last change always gets through.
function refresh(region, least = 0) {
  const key = region.id;
  if (due.has(key) || isSignedOut()) return;
  const last = Number(region.dataset.refreshed ?? 0);
  const pause = "count" in region.dataset ? COUNT_MS : REFRESH_MS;
  const wait = Math.max(least, pause - (Date.now() - last));
  due.set(key, setTimeout(() => {
    due.delete(key);
    const current = document.getElementById(key);
    if (!current) return;
    if (isHidden() || isBusy(current)) { current.dataset.stale = ""; return; }
    // While an earlier answer is on its way htmx would queue this at the element, and forget it with the swap.
    if (current.classList.contains("htmx-request")) { refresh(current, RETRY_MS); return; }
    delete current.dataset.stale;
    window.htmx.trigger(current, "live");
  }, wait));
}

function refreshStale() {
  for (const region of all("[data-stale]")) if (!isBusy(region)) refresh(region);
}

function refreshOld() {
  if (isHidden()) return;
  for (const region of all("[data-every]")) {
    if (Date.now() - Number(region.dataset.refreshed ?? opened) >= 1000 * region.dataset.every) refresh(region);
  }
}

function refreshPolled() {
  if (isHidden()) return;
  for (const region of all("[data-poll]")) refresh(region);
}

function refreshAll() {
  for (const region of all("[data-live]")) {
    if (!region.dataset.only && (region.dataset.when !== "polling" || root.dataset.link === "polling")) refresh(region);
  }
  for (const log of all("[data-log]")) readLog(log);
}

const isOver = (row) => "run" in row.dataset && FINAL.some((state) => row.querySelector(`[data-state].is-${state}`));

// The rows that the reader sees and that may have changed.
function refreshRows() {
  for (const row of all("[data-live][data-only]")) {
    const { top, bottom } = row.getBoundingClientRect();
    if (bottom > 0 && top < innerHeight && !isOver(row)) refresh(row);
  }
}

async function readLog(log) {
  if (isSignedOut()) return;
  if ("reading" in log.dataset || isHidden()) { log.dataset.again = ""; return; }
  log.dataset.reading = "";
  const last = log.querySelector("li:last-child")?.dataset.n ?? log.dataset.after ?? 0;
  // Behind it lie lines that have been looked at and do not match.
  const after = Math.max(last, document.getElementById("log-more")?.dataset.reached ?? 0);
  const source = new URL(log.dataset.source, location.href);
  source.searchParams.set("after", after);
  source.searchParams.set("shown", log.querySelectorAll("li").length);
  try {
    await window.htmx.ajax("GET", source.pathname + source.search, { target: log, swap: "beforeend" });
  } catch {
    // The server is away: the socket's return, or the next round of asking, reads on from the same line.
  } finally {
    delete log.dataset.reading;
  }
  if ("follow" in log.dataset) log.scrollTop = log.scrollHeight;
  if ("again" in log.dataset) { delete log.dataset.again; setTimeout(() => readLog(log), 250); }
}

function readLogsOf(run) {
  for (const log of all(`[data-log="${CSS.escape(run)}"]`)) readLog(log);
}

// What is read takes the place of the button as well: the server says whether there is more.
function readMore(link) {
  const log = link.closest("section").querySelector("[data-log]");
  if (!("reading" in log.dataset)) readLog(log);
}

function onFrame(frame) {
  if (frame.type === "TaskUpdated" && frame.run_id) onUpdate(frame);
  else if (frame.type === "RunLog") readLogsOf(frame.run_id);
}

const link = {
  topics,
  onFrame,
  onOpen: () => subscribed.clear(),
  // Said again on an open socket, it means that frames were lost on the way to the server: read everything anew.
  onSubscribed: (topic) => {
    if (subscribed.has(topic)) { refreshAll(); refreshRows(); }
    subscribed.add(topic);
  },
  onReturn: () => refreshAll(),
  poll: () => { if (!isHidden()) refreshAll(); },
};

if (topics().size) {
  remember();
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const region = event.target;
    region.dataset.refreshed = Date.now();
    if (region.matches("tr, [data-keep], [data-hold]")) keepPlace(region);
    for (const part of region.querySelectorAll("[data-keep][id]")) keepPlace(part);
    // The reader may have opened a menu in it since the page asked, or be about to press something; then it waits, and is
    // read again.
    if (event.detail.requestConfig?.triggeringEvent?.type === "live" && (isOpen(region) || isAimedAt(region))) {
      event.detail.shouldSwap = false;
      region.dataset.stale = "";
    }
    keepFocus(region);
  });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    remember();
    giveFocusBack(event.target.id);
    const region = document.getElementById(event.target.id);
    if (!region) return;
    region.dataset.refreshed = Date.now();
    if ("hold" in region.dataset) fit(region);
    if ("count" in region.dataset) showAsRead(region);
  });
  document.body.addEventListener("click", (event) => {
    const more = event.target.closest("[data-log-more]");
    if (more) { event.preventDefault(); readMore(more); }
  });
  document.addEventListener("visibilitychange", () => {
    if (isHidden()) return;
    refreshAll();
    refreshPolled();
    refreshStale();
    refreshOld();
  });
  // Before it is called late: it may have been paused or given another time since, of which no frame tells.
  document.addEventListener("passed", ({ target }) => {
    const look = () => { if (target.isConnected) refresh(target.closest("[data-live]")); };
    if (target.closest("[data-live]")) setTimeout(look, LATE_MS * (0.3 + Math.random() / 2));
  });
  document.addEventListener("signed-in", () => { refreshAll(); refreshRows(); });
  document.addEventListener("pointerout", () => setTimeout(refreshStale, 150));
  document.addEventListener("focusout", () => setTimeout(refreshStale, 150));
  for (const log of all("[data-log]")) log.scrollTop = log.scrollHeight;
  setInterval(refreshPolled, POLL_MS);
  setInterval(refreshOld, POLL_MS);
  connect(link);
}
