// The list of keys. Those of one character can be switched off: they disturb people who speak to their computer.

import { byId } from "./answer.js";
import { load, save } from "./stored.js";

// With its style sheet, which the rest of the page does not need.
function create(key) {
  const part = byId("keys-template").content.cloneNode(true);
  const style = part.querySelector("link");
  const isStyled = new Promise((done) => (style.onload = style.onerror = done));
  document.body.append(part);
  const dialog = byId("keys-dialog");
  const box = dialog.querySelector("input");
  box.checked = load(key) ?? true;
  box.addEventListener("change", () => save(key, box.checked));
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close()); // beside it
  return isStyled;
}

// `key`: where the choice is stored
export async function showKeys(key) {
  if (!byId("keys-dialog")) await create(key);
  if (!byId("keys-dialog").open) byId("keys-dialog").showModal();
}
