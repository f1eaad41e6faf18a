// The model's reasoning, above the answer's text. It is open until the text begins and then folded. If the reader opens
// or folds one, later ones follow this choice.

import { GrowingText } from "./growing_text.js";
import { follow } from "./scrolling.js";
import { load, save } from "./stored.js";

const CHOICE = ["localStorage", "askme.reasoning"]; // "open" or "folded", as the reader left it last

let choice = load(...CHOICE); // lasts as long as the page if the browser stores nothing

function choose(isOpen) {
  choice = isOpen ? "open" : "folded";
  save(...CHOICE, choice);
}

export class Reasoning {
  #details;
  #box;
  #text;
  #isOver = false;

  constructor(details, requestMissing) {
    this.#details = details;
    this.#box = details.querySelector(".reasoning-text");
    this.#text = new GrowingText(this.#box, requestMissing);
    if (choice !== null) details.open = choice === "open";
    details.querySelector("summary").addEventListener("click", () => choose(!details.open));
  }

  get position() { return this.#text.position; }

  restart() {
    this.#text.restart();
  }

  add(event) {
    this.#details.hidden = false;
    follow(() => this.#text.add(event), this.#box);
  }

  // The answer's text begins. `beganAt`, in milliseconds since 1970, is null if the page does not know it.
  fold(beganAt) {
    if (this.#isOver) return;
    this.#stop(beganAt);
    if (choice !== null || !this.#details.open) return;
    // Keep the height of the page, or the browser might scroll it. See `--kept` in answers.css.
    const article = this.#details.closest("article");
    if (!this.#text.isEmpty) article.style.setProperty("--kept", `${article.offsetHeight}px`);
    this.#details.open = false;
  }

  end(beganAt) {
    this.#text.end();
    this.#details.hidden = this.#text.isEmpty;
    this.#stop(beganAt);
  }

  #stop(beganAt) {
    if (!this.#isOver && !this.#text.isEmpty && beganAt !== null) {
      const part = this.#details.querySelector(".thought-time");
      part.hidden = false;
      part.querySelector(".number").textContent = Math.max(1, Math.floor((Date.now() - beganAt) / 1_000));
    }
    this.#isOver = true;
  }
}
