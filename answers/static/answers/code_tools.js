// The buttons on code, and the one that copies an answer. One listener serves those that come later too.

import { copyFor } from "./copying.js";
import { sourceIn } from "./formatted_text.js";

const WRAP = "askme.wrap"; // in localStorage: "on" if long lines of code wrap
const WORDS = document.getElementById("words"); // for style sheets, which show them on the buttons

const root = document.documentElement;
// New code comes with a button that is not pressed.
const observer = new MutationObserver(() => press());

function remembered() {
  try {
    return localStorage.getItem(WRAP) === "on";
  } catch {
    return false; // the browser stores nothing for this site, so the choice lasts as long as the page
  }
}

function remember(isOn) {
  try {
    localStorage.setItem(WRAP, isOn ? "on" : "off");
  } catch {
    // See above.
  }
}

function press() {
  const isOn = root.classList.contains("wrap-code");
  for (const button of document.querySelectorAll(`.wrap[aria-pressed="${!isOn}"]`)) button.ariaPressed = isOn;
}

function wrap(isOn) {
  root.classList.toggle("wrap-code", isOn);
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

async function load(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(response.status);
  return response.text();
}

function clicked({ target }) {
  const button = target.closest("button");
  if (button?.matches(".code .copy")) copyFor(button, codeOf(button.closest(".code")));
  if (button?.matches(".copy-answer")) {
    copyFor(button, sourceIn(button.closest("article").querySelector(".text")) || load(button.dataset.source));
  }
  if (!button?.matches(".code .wrap")) return;
  wrap(!root.classList.contains("wrap-code"));
  remember(root.classList.contains("wrap-code"));
}

for (const { id, textContent } of WORDS.children) root.style.setProperty(`--${id}`, JSON.stringify(textContent));
root.classList.add("has-code-tools");
document.addEventListener("click", clicked);
addEventListener("storage", ({ key }) => key === WRAP && wrap(remembered()));
wrap(remembered());
