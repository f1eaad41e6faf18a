// The keys of the page, apart from Enter in its boxes.

import { element } from "./answer.js";
import { load } from "./stored.js";

const KEYS = "askme.keys"; // in localStorage: false if a person has switched off the keys of one character

// A dialog, a popover, an editor, a list of options and an input method use Escape themselves. In an input, keys are only typed.
const isTakenBy = ({ target }) => target.matches("select, input") || document.querySelector(":is(dialog[open], :popover-open)");

// `stop`, `focus` and `failed` are called: for Escape, for `/`, and if the list of keys cannot be loaded.
export function listen(stop, focus, failed) {
  const show = () => import("./keys.js").then(({ showKeys }) => showKeys(KEYS), failed);
  element("keys").addEventListener("click", show);
  addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || isTakenBy(event)) return;
    if (key === "Escape") return stop(); // without `preventDefault`: the browser may leave its full screen too
    const act = { "?": show, "/": focus }[key];
    if (!act || target.matches("textarea") || load("localStorage", KEYS) === false) return;
    event.preventDefault();
    act();
  });
}
