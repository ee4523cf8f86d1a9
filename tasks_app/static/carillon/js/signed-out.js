// Whose session has ended keeps the page and what is typed in it: a notice says so, and the page asks for nothing more
// until they have signed in beside it. That changes the token of forms, so each form takes the one of now with it.
//
// Says "signed-out" (as the server does with HX-Trigger) and "signed-in" to the document.

const TOKEN = "csrfmiddlewaretoken";
const OUT = 0, OTHER = 1;

let isOut = false;

const notices = () => [...document.querySelectorAll("#signed-out > p")];
const tokenOfNow = () => /(?:^|; )carillon_csrf=([^;]+)/.exec(document.cookie)?.[1];

export const isSignedOut = () => isOut;

function show(which) {
  for (const [place, notice] of notices().entries()) notice.hidden = place !== which;
}

// Undefined where the server does not answer as it should, or somebody else has signed in: the page stays as it is.
export async function asksSignedIn() {
  const address = document.querySelector("[data-count]")?.getAttribute("hx-get") ?? location.href;
  try {
    const answer = await fetch(address, { headers: { "HX-Request": "true", "HX-Target": "nav-failed" } });
    if (answer.headers.get("HX-Trigger") === "signed-out") return false;
    if (answer.ok && answer.headers.get("X-Person") !== document.body.dataset.person) {
      set(true);
      show(OTHER);
      return undefined;
    }
    return answer.ok ? true : undefined;
  } catch {
    return undefined;
  }
}

function set(is) {
  if (isOut === is || !notices().length) return;
  isOut = is;
  show(is ? OUT : undefined);
  if (!is) document.dispatchEvent(new Event("signed-in"));
}

async function askAgain() {
  if (isOut && document.visibilityState === "visible" && (await asksSignedIn())) set(false);
}

document.addEventListener("signed-out", () => set(true));
document.addEventListener("visibilitychange", askAgain);
addEventListener("focus", askAgain);

// What the page asks by itself rests; what the person does is asked, and finds out whether they have signed in again.
document.addEventListener("htmx:beforeRequest", (event) => {
  const type = event.detail.requestConfig.triggeringEvent?.type;
  if (isOut && ["live", "hx:poll:trigger"].includes(type)) event.preventDefault();
});

document.addEventListener("htmx:configRequest", ({ detail: { parameters } }) => {
  if (parameters[TOKEN] && tokenOfNow()) parameters[TOKEN] = tokenOfNow();
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const field = form.elements[TOKEN];
  if (!field) return;
  field.value = tokenOfNow() ?? field.value;
  if (!isOut) return;
  event.preventDefault();
  event.stopPropagation();
  await askAgain();
  if (isOut) notices().find((notice) => !notice.hidden).querySelector("a").focus();
  else form.requestSubmit(event.submitter);
}, true);
