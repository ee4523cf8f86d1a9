// One run: its log is followed or read in peace, and what is worth keeping is copied.

const END_PX = 24;

for (const button of document.querySelectorAll("[data-follow]")) {
  const log = document.getElementById(button.dataset.follow);
  const isAtEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < END_PX;
  const follow = (is) => {
    button.setAttribute("aria-pressed", String(is));
    if (is) { log.dataset.follow = ""; log.scrollTop = log.scrollHeight; } else delete log.dataset.follow;
  };
  button.hidden = false;
  follow(button.getAttribute("aria-pressed") === "true");
  button.addEventListener("click", () => follow(button.getAttribute("aria-pressed") !== "true"));
  // Who scrolls up wants to read, from then on: a line that came meanwhile would take them back. Who scrolls back to
  // the end wants to follow again.
  const leave = () => { if (log.scrollTop > 0) follow(false); };
  log.addEventListener("wheel", (event) => {
    if (event.deltaY < 0) leave(); else setTimeout(() => follow(isAtEnd()), 100);
  }, { passive: true });
  log.addEventListener("keydown", (event) => { if (["ArrowUp", "PageUp", "Home"].includes(event.key)) leave(); });
  log.addEventListener("touchend", () => setTimeout(() => follow(isAtEnd()), 300), { passive: true });
  log.addEventListener("keyup", (event) => { if (["ArrowDown", "PageDown", "End", " "].includes(event.key)) follow(isAtEnd()); });
}

// Who does not see the page hears how the run goes on; its title says it.
let title = document.title;
document.addEventListener("htmx:afterSettle", () => {
  const place = document.querySelector("[data-said]");
  if (!place || document.title === title) return;
  title = document.title;
  place.textContent = title.replace(/ · [^·]*$/, "");
});

function showCopies() {
  if (!navigator.clipboard) return; // plain http: the text is selected by hand instead
  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
}
showCopies();
document.addEventListener("htmx:afterSwap", showCopies);
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
  const word = button.querySelector("span");
  word.textContent = "Copied";
  setTimeout(() => { word.textContent = "Copy"; }, 2000);
});
