// What the preview finds wrong is said at its field too, which may be far from the preview.

function clear() {
  for (const note of document.querySelectorAll("[data-found]")) note.remove();
  for (const control of document.querySelectorAll("[data-was-described]")) {
    control.removeAttribute("aria-invalid");
    const before = control.dataset.wasDescribed;
    if (before) control.setAttribute("aria-describedby", before);
    else control.removeAttribute("aria-describedby");
    delete control.dataset.wasDescribed;
  }
}

function say(control, message) {
  const note = document.createElement("p");
  note.className = "error";
  note.id = `${control.id || control.name}-found`;
  note.dataset.found = "";
  note.textContent = message;
  control.closest(".field").append(note);
  const before = control.getAttribute("aria-describedby") ?? "";
  control.dataset.wasDescribed = before;
  control.setAttribute("aria-describedby", `${before} ${note.id}`.trim());
  control.setAttribute("aria-invalid", "true");
}

function place() {
  clear();
  for (const fault of document.querySelectorAll("#preview [data-at]")) {
    const control = document.getElementsByName(fault.dataset.at)[0];
    // A field that was refused when the form was sent says so already.
    if (!control?.closest(".field") || control.hasAttribute("aria-invalid")) continue;
    say(control, fault.querySelector(".error").textContent.trim());
  }
}

document.addEventListener("htmx:afterSettle", place);
place();
