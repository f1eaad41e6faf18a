// The buttons on code, and the one that copies an answer. What they do is loaded when somebody is about to press one.

import { load } from "./stored.js";

const BUTTONS = ".code-bar button, .copy-answer";
const WRAP = "askme.wrap"; // in localStorage: whether long lines of code wrap

const root = document.documentElement;
let press = null;

const loadTools = (then, failed) => import("./code_tools.js").then((tools) => ({ press } = tools)).then(then, failed);
const loadAhead = () => loadTools(null, () => null); // if they cannot be loaded, a press tries again

// The style sheet shows the words on the buttons.
for (const { id, textContent } of document.getElementById("words").children) root.style.setProperty(`--${id}`, JSON.stringify(textContent));
root.classList.add("has-code-tools");

// A press must copy at once: Safari allows it only while it handles the click.
for (const type of ["pointerover", "focusin"]) document.addEventListener(type, ({ target }) => target.closest?.(BUTTONS) && loadAhead());
document.addEventListener("click", ({ target }) => {
  const button = target.closest(BUTTONS);
  if (button && press) press(button);
  else if (button) loadTools(() => press(button), () => button.matches(".wrap") || button.setAttribute("aria-labelledby", "word-not-copied"));
});

addEventListener("storage", ({ key }) => key === WRAP && loadAhead());
if (load(WRAP)) loadAhead();
