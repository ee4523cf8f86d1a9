// The HTML of a mail that is being written: posted into a sandboxed frame whenever the writer pauses.

import { isSignedOut } from "./signed-out.js";

const form = document.querySelector("#mail-form");
const button = form?.querySelector("[data-mail-show]");
let timer;

function show() {
  if (isSignedOut()) return;
  const frame = form.querySelector("[data-mail-frame]");
  const isWritten = form.elements.html.value.trim() !== "";
  frame.hidden = !isWritten;
  if (!isWritten) return;
  // The first page of a new frame adds no step to the history of the tab.
  frame.replaceWith(frame.cloneNode());
  form.requestSubmit(button);
}

if (form) {
  button.hidden = true;
  show();
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(show, 500);
  });
}
