// The theme changes at once, and is kept with the person; without JavaScript the same form posts it.

const YEAR = 31536000;

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-theme-form]");
  if (!form) return;
  event.preventDefault();
  const theme = event.submitter?.value ?? "system";
  const kept = new FormData(form);
  kept.set("theme", theme);
  fetch(form.action, { method: "POST", body: kept, redirect: "manual", keepalive: true }).catch(() => {});
  document.cookie = `theme=${theme}; path=/; max-age=${YEAR}; samesite=lax`;
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  for (const button of document.querySelectorAll("[data-theme-form] [name=theme]")) {
    button.setAttribute("aria-pressed", String(button.value === theme));
  }
});
