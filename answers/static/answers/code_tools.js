// What the buttons on code do, and the one that copies an answer. See buttons.js.

import { copyFor } from "./copying.js";
import { sources } from "./received.js";
import { load, save } from "./stored.js";

const WRAP = "askme.wrap"; // in localStorage: whether long lines of code wrap

const root = document.documentElement;
// New code comes with a button that is not pressed.
const observer = new MutationObserver(showWrapping);

const isWrapping = () => root.classList.contains("wrap-code");

function showWrapping() {
  const isOn = isWrapping();
  for (const button of document.querySelectorAll(`.wrap[aria-pressed="${!isOn}"]`)) button.ariaPressed = isOn;
}

function wrap(isOn) {
  root.classList.toggle("wrap-code", Boolean(isOn));
  showWrapping();
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

export function press(button) {
  if (button.matches(".wrap")) {
    wrap(!isWrapping());
    save(WRAP, isWrapping());
  } else if (button.matches(".copy-answer")) {
    const source = sources.get(button.closest("article").querySelector(".text"))?.source;
    copyFor(button, source || fetchText(button.dataset.source)); // this page has only the HTML of older answers
  } else {
    copyFor(button, codeOf(button.closest(".code")));
  }
}

addEventListener("storage", ({ key }) => key === WRAP && wrap(load(WRAP)));
wrap(load(WRAP));
