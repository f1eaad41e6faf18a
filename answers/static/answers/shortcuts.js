// The keys of the page, apart from Enter in its boxes.

import { load } from "./stored.js";

const KEYS = "askme.keys"; // in localStorage: false if a person has switched off the keys of one character

const showKeys = async () => (await import("./keys.js")).showKeys(KEYS);

// A dialog, a popover, an editor, a list of options and an input method use Escape themselves. In an input, keys are only typed.
function action(event, actions) {
  const { key, target } = event;
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return null;
  if (document.querySelector(":is(dialog[open], :popover-open)") || target.matches("select, input")) return null;
  if (key === "Escape") return actions.stop;
  if (target.matches("textarea") || load("localStorage", KEYS) === false) return null;
  return { "?": actions.showKeys, "/": actions.focus }[key] ?? null;
}

// `actions`: stop(), focus(), and failed() if the list cannot be loaded.
export function listen(actions) {
  const all = { ...actions, showKeys: () => showKeys().catch(actions.failed) };
  addEventListener("keydown", (event) => {
    const act = action(event, all);
    if (event.key !== "Escape" && act) event.preventDefault(); // the browser may leave its full screen too
    act?.();
  });
  document.getElementById("keys").addEventListener("click", all.showKeys);
}
