/* The page "Now" in the admin shows the present every few seconds, while its box is ticked and the page is visible. */

const EVERY_MS = 5_000;
const KEY = "answers-now-live";

const box = document.querySelector("#live");

async function update() {
  const now = document.querySelector("#now");
  // Whoever is about to press Stop must find the button where it was.
  if (!box.checked || document.hidden || now.contains(document.activeElement) || now.matches(":has(button:hover)")) return;
  const response = await fetch(location.href).catch(() => null);
  if (!response?.ok || response.redirected) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const next = page.querySelector("#now");
  if (next && box.checked) now.replaceWith(next);
}

box.closest("label").hidden = false;
box.checked = sessionStorage.getItem(KEY) === "true";
box.addEventListener("change", () => {
  sessionStorage.setItem(KEY, box.checked);
  update();
});
setInterval(update, EVERY_MS);
