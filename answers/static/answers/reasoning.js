// The model's reasoning, above the answer's text. It is open until the text begins and then folded. If the reader opens
// or folds one, later ones follow this choice.

import { GrowingText } from "./growing_text.js";
import { follow } from "./scrolling.js";

const CHOICE = "askme.reasoning"; // in localStorage: "open" or "folded", as the reader left it last

let choice = null;
try {
  choice = localStorage.getItem(CHOICE);
} catch {
  // The browser stores nothing for this site, so the choice lasts as long as the page.
}

function choose(isOpen) {
  choice = isOpen ? "open" : "folded";
  try {
    localStorage.setItem(CHOICE, choice);
  } catch {
    // See above.
  }
}

export class Reasoning {
  #details;
  #box;
  #text;
  #hasBegun; // as far as this page knows
  #beganAt = null; // milliseconds since 1970; null if it has not begun, or began before this page was loaded
  #isOver = false;

  constructor(details, requestMissing) {
    this.#details = details;
    this.#box = details.querySelector(".reasoning-text");
    this.#text = new GrowingText(this.#box, requestMissing);
    this.#hasBegun = !this.#text.isEmpty;
    if (choice !== null) details.open = choice === "open";
    details.querySelector("summary").addEventListener("click", () => choose(!details.open));
  }

  get position() { return this.#text.position; }

  restart() {
    this.#text.restart();
  }

  add(event) {
    if (!this.#hasBegun) this.#beganAt = Date.now();
    this.#hasBegun = true;
    this.#details.hidden = false;
    follow(() => this.#text.add(event), this.#box);
  }

  // The answer's text begins.
  fold() {
    if (this.#isOver) return;
    this.#stop();
    if (choice !== null || !this.#details.open) return;
    // Keep the height of the page, or the browser might scroll it. See `--kept` in answers.css.
    const article = this.#details.closest("article");
    article.style.setProperty("--kept", `${article.offsetHeight}px`);
    this.#details.open = false;
  }

  end() {
    this.#text.end();
    this.#details.hidden = this.#text.isEmpty;
    this.#stop();
  }

  tick() {
    if (!this.#isOver) this.#showSeconds("thinking-time", 1);
  }

  #stop() {
    if (this.#hasBegun && !this.#isOver) this.#showSeconds("thought-time", 0);
    this.#isOver = true;
  }

  #showSeconds(name, least) {
    if (this.#beganAt === null) return;
    const seconds = Math.floor((Date.now() - this.#beganAt) / 1_000);
    const part = this.#details.querySelector(`.${name}`);
    part.hidden = seconds < least;
    part.querySelector(".number").textContent = Math.max(1, seconds);
  }
}
