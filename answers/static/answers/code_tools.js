// The buttons on code, and the one that copies an answer. One listener serves those that come later too.

import { copyFor } from "./copying.js";
import { sources } from "./growing_text.js";
import { load, save } from "./stored.js";

const WRAP = "askme.wrap"; // in localStorage: whether long lines of code wrap

const root = document.documentElement;
// New code comes with a button that is not pressed.
const observer = new MutationObserver(() => press());

const isWrapping = () => root.classList.contains("wrap-code");

function press() {
  const isOn = isWrapping();
  for (const button of document.querySelectorAll(`.wrap[aria-pressed="${!isOn}"]`)) button.ariaPressed = isOn;
}

function wrap(isOn) {
  root.classList.toggle("wrap-code", Boolean(isOn));
  press();
  if (isOn) observer.observe(document.body, { childList: true, subtree: true });
  else observer.disconnect();
}

// Exactly the code, without the line end that would run a command as soon as it is pasted.
function codeOf(block) {
  const code = block.querySelector("code").cloneNode(true);
  for (const box of code.querySelectorAll(".control")) box.replaceWith(String.fromCodePoint(parseInt(box.textContent.slice(2), 16)));
  return code.textContent.replace(/\n$/, "");
}

async function fetchText(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(response.status);
  return response.text();
}

function clicked({ target }) {
  const button = target.closest("button");
  if (button?.matches(".code .copy")) copyFor(button, codeOf(button.closest(".code")));
  if (button?.matches(".copy-answer")) {
    const source = sources.get(button.closest("article").querySelector(".text"))?.();
    copyFor(button, source || fetchText(button.dataset.source)); // this page has only the HTML of older answers
  }
  if (!button?.matches(".code .wrap")) return;
  wrap(!isWrapping());
  save("localStorage", WRAP, isWrapping());
}

// The style sheet shows the words on the buttons.
for (const { id, textContent } of document.getElementById("words").children) root.style.setProperty(`--${id}`, JSON.stringify(textContent));
root.classList.add("has-code-tools");
document.addEventListener("click", clicked);
addEventListener("storage", ({ key }) => key === WRAP && wrap(load("localStorage", WRAP)));
wrap(load("localStorage", WRAP));
