// Whose session has ended keeps the page and what is typed in it: a notice says so, and the page asks for nothing more
// until they have signed in beside it. That changes the token of forms, so each form takes the one of now with it.
// Where somebody else has signed in, the page goes on for nobody: it shows nothing and sends nothing of theirs.
//
// Listens to "signed-out" and "somebody-else" (as the server says with HX-Trigger); says "rests" and "signed-in" to the
// document when the page ceases to ask and when it goes on.

const TOKEN = "csrfmiddlewaretoken";
const OUT = 0, OTHER = 1;

let state; // undefined while the person of the page is signed in
let token = tokenOfNow(); // it changes whenever somebody signs in
let isAsking = false;

const notices = () => [...document.querySelectorAll("#signed-out > p")];
const isTheirs = (person) => person === document.body.dataset.person;

export const isSignedOut = () => state !== undefined;

function tokenOfNow() {
  return /(?:^|; )carillon_csrf=([^;]+)/.exec(document.cookie)?.[1];
}

function become(next) {
  if (state === next || !notices().length) return;
  const wasOut = isSignedOut();
  state = next;
  for (const [place, notice] of notices().entries()) notice.hidden = place !== next;
  if (!isSignedOut()) document.dispatchEvent(new Event("signed-in"));
  else if (!wasOut) document.dispatchEvent(new Event("rests"));
}

// Says whether an answer is for the person of this page; what says nothing of persons is.
function isForThem(trigger, person) {
  if (trigger === "signed-out") become(OUT);
  else if (trigger === "somebody-else" || (person !== null && !isTheirs(person))) become(OTHER);
  else return true;
  return false;
}

// Fetches what is not for htmx; undefined where it is for somebody else than the person of this page.
export async function ask(address, options = {}) {
  const answer = await fetch(address, { ...options, headers: { "HX-Request": "true", ...options.headers } });
  return isForThem(answer.headers.get("HX-Trigger"), answer.headers.get("X-Person")) ? answer : undefined;
}

// Asks who is signed in now; false where the server does not say, and the page stays as it is.
export async function look() {
  try {
    const answer = await ask(document.body.dataset.who, { headers: { "HX-Target": "nav-failed" } });
    if (!answer) return true;
    if (!answer.headers.has("X-Person")) return false;
    become(undefined);
    return true;
  } catch {
    return false;
  }
}

function lookAgain() {
  if (isSignedOut() && document.visibilityState === "visible") look();
}

document.addEventListener("signed-out", () => become(OUT));
document.addEventListener("somebody-else", () => become(OTHER));
document.addEventListener("visibilitychange", lookAgain);
addEventListener("focus", lookAgain);

// What the page asks by itself rests; what the person does is asked, and finds out whether they have signed in again.
document.addEventListener("htmx:beforeRequest", (event) => {
  const type = event.detail.requestConfig.triggeringEvent?.type;
  if (isSignedOut() && ["live", "hx:poll:trigger"].includes(type)) event.preventDefault();
});

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (!isForThem(detail.xhr.getResponseHeader("HX-Trigger"), detail.xhr.getResponseHeader("X-Person"))) detail.shouldSwap = false;
}, true);

document.addEventListener("htmx:configRequest", ({ detail: { parameters } }) => {
  if (parameters[TOKEN] && tokenOfNow()) parameters[TOKEN] = tokenOfNow();
});

// Where somebody has signed in since, it is asked who, before anything is sent. The form says also for whom it was drawn
// (`_person`), so that the server does nothing for anybody else.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  const fields = [...form.elements].filter((field) => field.name === TOKEN);
  if (!fields.length) return;
  if (!isSignedOut() && token === tokenOfNow()) {
    for (const field of fields) field.value = token ?? field.value;
    return;
  }
  event.preventDefault();
  event.stopPropagation();
  if (isAsking) return;
  isAsking = true;
  await look();
  isAsking = false;
  if (!isSignedOut()) {
    token = tokenOfNow();
    form.requestSubmit(event.submitter);
  } else if (!event.submitter?.hidden) {
    notices().find((notice) => !notice.hidden).querySelector("a").focus();
  }
}, true);
