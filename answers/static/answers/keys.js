// The list of keys. Those of one character can be switched off: they disturb people who speak to their computer.

import { element } from "./answer.js";
import { load, save } from "./stored.js";

// `key`: where the choice is stored
export function showKeys(key) {
  if (!element("keys-dialog")) document.body.append(element("keys-template").content.cloneNode(true));
  const dialog = element("keys-dialog");
  const box = dialog.querySelector("input");
  box.checked = load("localStorage", key) ?? true;
  box.onchange = () => save("localStorage", key, box.checked);
  dialog.onclick = ({ target }) => target === dialog && dialog.close(); // beside it
  dialog.showModal();
}
