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

// Where the preview lies below the form, what it offers is wanted here.
function offer(field, button) {
  const near = document.createElement("button");
  near.type = "button";
  near.className = "button small near";
  near.dataset.found = "";
  near.textContent = button.textContent;
  near.addEventListener("click", () => button.click());
  field.append(near);
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
    for (const button of fault.querySelectorAll(".offers button")) offer(control.closest(".field"), button);
  }
}

document.addEventListener("htmx:afterSettle", place);
place();
