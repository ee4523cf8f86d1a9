// Files: a file that is too large is refused before it is sent, and a link is copied by a button.

for (const input of document.querySelectorAll("input[type=file][data-most]")) {
  const place = document.getElementById(`${input.id}-error`);
  const isTooLarge = () => [...input.files].some((file) => file.size > Number(input.dataset.most));
  const say = () => {
    place.replaceChildren();
    input.toggleAttribute("aria-invalid", false);
    if (!isTooLarge()) return;
    const line = document.createElement("p");
    line.className = "error";
    line.textContent = input.dataset.tooLarge;
    place.append(line);
    input.setAttribute("aria-invalid", "true");
  };
  input.addEventListener("change", say);
  input.form.addEventListener("submit", (event) => {
    if (isTooLarge()) { event.preventDefault(); input.focus(); }
  });
}

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue; // plain http: the text is selected by one click instead
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.querySelector("span").textContent = "Copied";
  });
}
