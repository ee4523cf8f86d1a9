// A part of a form that the server draws again, as another choice asks for it, holds what was typed when it was asked.
// What has been typed since must not be lost: then the answer is not shown, and the server is asked once more.

const asked = new WeakMap();

// Every control of the part as it stands.
function typedIn(part) {
  const controls = part.querySelectorAll("input, select, textarea");
  return JSON.stringify(Array.from(controls, ({ name, type, value, checked }) => [name, type, value, checked]));
}

const isOfForm = ({ requestConfig, target }) => requestConfig.verb === "post" && Boolean(target.closest("form"));

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (isOfForm(detail)) asked.set(detail.xhr, typedIn(detail.target));
});

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const { xhr, target, requestConfig } = detail;
  if (!detail.shouldSwap || !asked.has(xhr) || asked.get(xhr) === typedIn(target)) return;
  detail.shouldSwap = false;
  // htmx sends it when this answer is done with.
  window.htmx.trigger(requestConfig.elt, requestConfig.triggeringEvent.type);
});
