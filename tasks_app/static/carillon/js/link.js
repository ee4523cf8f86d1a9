// The socket of a live page. It counts as live with the first `subscribed`, not when it opens: the server lets everybody
// in before it looks who they are, whether there is a place for them and whether its database is there. Until then, and
// while there is none, the page asks every 2 s; a socket that is closed is tried again after ever longer pauses. Somebody
// who is signed out has none at all.

import { isSignedOut, look } from "./signed-out.js";

const POLL_MS = 2000;
const SETTLE_MS = 4000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30000;
const UNAUTHENTICATED = 4401;

const root = document.documentElement;
let page = null;
let socket = null;
let failures = 0;
let wasLive = false;
let poller = 0;

function startPolling() {
  root.dataset.link = "polling";
  if (!poller) poller = setInterval(page.poll, POLL_MS);
}

function stopPolling(link) {
  root.dataset.link = link;
  clearInterval(poller);
  poller = 0;
}

function becomeLive() {
  const wasAway = wasLive || poller;
  failures = 0;
  wasLive = true;
  stopPolling("live");
  if (wasAway) page.onReturn();
}

// The code says also that one has other rights than before: then one may come again.
async function onClose(code) {
  if (code === UNAUTHENTICATED) await look();
  if (isSignedOut()) return;
  failures += 1;
  if (failures > 1) startPolling();
  const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1));
  setTimeout(comeAgain, pause * (0.5 + Math.random() / 2));
}

// Somebody else may have signed in meanwhile, whose runs are none of this page's.
async function comeAgain() {
  if (socket || isSignedOut()) return;
  if (await look()) open();
  else onClose();
}

function open() {
  if (socket || isSignedOut()) return;
  const own = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/`);
  const settle = setTimeout(startPolling, SETTLE_MS);
  let isLive = false;
  socket = own;
  own.addEventListener("open", () => {
    page.onOpen();
    for (const topic of page.topics()) own.send(JSON.stringify({ subscribe: topic }));
  });
  own.addEventListener("message", (event) => {
    let frame;
    try { frame = JSON.parse(event.data); } catch { return; }
    if (frame.type !== "subscribed") { page.onFrame(frame); return; }
    clearTimeout(settle);
    if (!isLive) becomeLive();
    isLive = true;
    page.onSubscribed(frame.topic);
  });
  own.addEventListener("close", (event) => {
    clearTimeout(settle);
    socket = null;
    onClose(event.code);
  });
}

export function connect(what) {
  page = what;
  document.addEventListener("rests", () => { stopPolling("out"); socket?.close(); });
  document.addEventListener("signed-in", open);
  open();
}
