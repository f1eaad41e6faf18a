// The model's reasoning, above the answer's text. It is open until the text begins and then folded. If the reader opens
// or folds one, later ones follow this choice. It is untrusted text, so it is never HTML.

import { grow } from "./growing_text.js";
import { End } from "./scrolling.js";
import { load, save } from "./stored.js";

const CHOICE = "askme.reasoning"; // in localStorage: "open" or "folded", as the reader left it last

let choice = load(CHOICE); // lasts as long as the page if the browser stores nothing

const views = new WeakMap(); // by the element <details>

class View {
  #details;
  #box;
  #node;
  #end; // follows the end of its own box
  #frame = null; // the request for the next one
  #isOver = false;

  constructor(details) {
    this.#details = details;
    this.#box = details.querySelector(".reasoning-text");
    this.#node = this.#box.firstChild ?? this.#box.appendChild(new Text());
    this.#end = new End(this.#box, true);
    this.#box.addEventListener("scroll", () => this.#end.scrolled(), { passive: true });
    if (choice !== null) details.open = choice === "open";
    details.querySelector("summary").addEventListener("click", () => {
      choice = details.open ? "folded" : "open";
      save(CHOICE, choice);
    });
  }

  show(text, { beganAt, endedAt, isWhole }) {
    this.#grow(text, isWhole);
    if (text) this.#details.hidden = false;
    if (isWhole) this.#details.hidden = !text;
    if (endedAt !== null && !this.#isOver) this.#fold(text && beganAt !== null ? endedAt - beganAt : null);
  }

  #grow(text, isWhole) {
    grow(this.#node, text, isWhole);
    if (this.#end.isFollowed) this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null;
      if (this.#end.isFollowed) this.#end.go();
    });
  }

  // The answer's text has begun, or the answer has ended.
  #fold(milliseconds) {
    this.#isOver = true;
    if (milliseconds !== null) {
      const part = this.#details.querySelector(".thought-time");
      part.hidden = false;
      part.querySelector(".number").textContent = Math.max(1, Math.floor(milliseconds / 1_000));
    }
    if (choice !== null || !this.#details.open) return;
    // Keep the height of the page, or the browser might scroll it. See `--kept` in answers.css.
    const article = this.#details.closest("article");
    if (this.#node.data) article.style.setProperty("--kept", `${article.offsetHeight}px`);
    this.#details.open = false;
  }
}

// `text`: what the server has sent so far. `beganAt` and `endedAt`: when the thinking did, in milliseconds since 1970;
// null if it has not, or the page does not know it. `isWhole`: nothing more will come.
export function showReasoning(details, text, state) {
  if (!views.has(details)) views.set(details, new View(details));
  views.get(details).show(text, state);
}
