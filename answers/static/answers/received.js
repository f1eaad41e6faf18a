// A text that the server sends piece by piece. Every piece says at which position it begins. Positions count
// code points, as Python does. A JavaScript string's own length counts UTF-16 units.

// What this page has received, by the element that shows it: the Markdown of answers that it has followed.
export const sources = new WeakMap();

export class Received {
  position = 0; // how many code points the server has sent
  source = "";
  #requestMissing; // asks the server to send what comes after `position`
  #isRequested = false;

  constructor(requestMissing) {
    this.#requestMissing = requestMissing;
  }

  // The server sends all again, from 0.
  restart() {
    this.position = 0;
    this.source = "";
  }

  // Adds what is new, and returns true. If something before it is missing, requests that instead, once.
  add({ position, text }, fits = true) {
    const isNext = fits && position <= this.position;
    if (!isNext && !this.#isRequested) this.#requestMissing();
    this.#isRequested = !isNext;
    if (!isNext) return false;
    const added = Array.from(text).slice(this.position - position);
    this.source += added.join("");
    this.position += added.length;
    return true;
  }
}
