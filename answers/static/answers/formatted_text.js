// An answer's text as blocks of HTML, which the server makes and keeps safe (answers/formatting/). Nothing else here is
// ever parsed as HTML. Blocks grow at their end; what has been shown stays, with its selection.

import { codePoints } from "./growing_text.js";

export class FormattedText {
  #box;
  #requestMissing; // asks the server to send all again
  #blocks = []; // the HTML of each block
  #source = ""; // the Markdown, as far as the server has sent it
  #position = 0; // its length in code points

  constructor(box, requestMissing) {
    [this.#box, this.#requestMissing] = [box, requestMissing];
  }

  get position() { return this.#position; }
  get isEmpty() { return this.#box.childElementCount === 0; }
  get source() { return this.#source; }

  // The server sends all again, from 0. Until then the old blocks stay.
  restart() {
    this.#position = 0;
    this.#source = "";
    this.#blocks = [];
  }

  clear() {
    this.restart();
    this.#box.replaceChildren();
  }

  add({ position, text, html = [], blocks }) {
    if (position > this.#position) return this.#requestMissing();
    const added = codePoints(text).slice(this.#position - position);
    this.#source += added.join("");
    this.#position += added.length;
    this.#change(html, blocks);
  }

  // Applies the last changes. Returns whether the page now has what the server has.
  end({ html = [], blocks, html_length }) {
    this.#change(html, blocks);
    return html_length === undefined || html_length === this.#blocks.join("").length;
  }

  #change(html, count) {
    for (const [number, keep, added] of html) {
      this.#blocks[number] = (this.#blocks[number] ?? "").slice(0, keep) + added;
      const template = document.createElement("template");
      template.innerHTML = this.#blocks[number];
      const created = template.content.firstElementChild;
      if (this.#box.children[number]) this.#box.children[number].replaceWith(created);
      else this.#box.append(created);
    }
    if (count === undefined) return;
    this.#blocks.length = count;
    while (this.#box.children.length > count) this.#box.lastElementChild.remove();
  }
}
