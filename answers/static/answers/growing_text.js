// A model's text that grows on the page: an answer, or its reasoning. It is untrusted, so it is never HTML.

// Positions and lengths count code points, as Python does. A JavaScript string's own length counts UTF-16 units.
export const codePoints = (text) => Array.from(text);

// The Markdown of answers that this page has followed, as functions, by the element that shows the answer's text.
export const sources = new WeakMap();

export class GrowingText {
  #node; // holds the whole text
  #position = 0; // how many code points the server has sent
  #replacement = null; // the text sent again from 0 while the old one still shows; see #append
  #requestMissing; // asks the server to send the text after `position`
  #isRequested = false;

  constructor(box, requestMissing) {
    this.#node = document.createTextNode(box.textContent);
    box.replaceChildren(this.#node);
    this.#requestMissing = requestMissing;
  }

  get position() { return this.#position; }
  get isEmpty() { return this.#node.data === ""; }

  // The server sends the text again, from 0. Until then the old one stays.
  restart() {
    this.#position = 0;
    this.#replacement = "";
  }

  clear() {
    this.#position = 0;
    this.#replacement = null;
    this.#node.data = "";
  }

  // Adds what is new. If text before it is missing, requests that instead, once.
  add({ position, text }) {
    if (position > this.#position) return this.#request();
    this.#isRequested = false;
    const added = codePoints(text).slice(this.#position - position);
    this.#position += added.length;
    this.#append(added.join(""));
  }

  // Everything has been sent.
  end() {
    if (this.#replacement !== null) this.#node.data = this.#replacement;
    this.#replacement = null;
  }

  #request() {
    if (this.#isRequested) return;
    this.#isRequested = true;
    this.#requestMissing();
  }

  // The old text stays until its replacement is longer than it or differs from it. So nothing flickers.
  #append(text) {
    if (this.#replacement === null) return this.#node.appendData(text);
    this.#replacement += text;
    if (this.#node.data.startsWith(this.#replacement)) return;
    this.#node.data = this.#replacement;
    this.#replacement = null;
  }
}
