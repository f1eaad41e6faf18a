// The list of keys. Those of one character can be switched off: they disturb people who speak to their computer.

import { element } from "./answer.js";
import { load, save } from "./stored.js";

// With its style sheet, which the rest of the page does not need.
function create(key) {
  const part = element("keys-template").content.cloneNode(true);
  const style = part.querySelector("link");
  const isStyled = new Promise((done) => (style.onload = style.onerror = done));
  document.body.append(part);
  const dialog = element("keys-dialog");
  const box = dialog.querySelector("input");
  box.checked = load("localStorage", key) ?? true;
  box.addEventListener("change", () => save("localStorage", key, box.checked));
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close()); // beside it
  return isStyled;
}

// `key`: where the choice is stored
export async function showKeys(key) {
  if (!element("keys-dialog")) await create(key);
  if (!element("keys-dialog").open) element("keys-dialog").showModal();
}
