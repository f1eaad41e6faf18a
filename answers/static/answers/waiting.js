// One follow-up question that waits until the running answer has ended. It survives a reload.

import { element } from "./answer.js";
import { isSubmission, makeUUID } from "./pending.js";
import { Entries } from "./stored.js";

export class Waiting {
  #card = element("waiting-question");
  #stored = new Entries("sessionStorage", "askme.waiting"); // by the id of the answer that it waits for
  #submission = null;
  #after = null;

  // `isHere`: whether an answer belongs to this page. `send` and `takeBack` are called with what waited.
  constructor(isHere, send, takeBack) {
    for (const [id, stored] of Object.entries(this.#stored.all)) {
      if (isSubmission(stored) && isHere(id)) [this.#after, this.#submission] = [id, stored];
    }
    element("send-now").addEventListener("click", () => send(this.take()));
    element("take-back").addEventListener("click", () => takeBack(this.take()));
  }

  get exists() { return this.#submission !== null; }
  get after() { return this.#after; }

  // The id is made now: a copy of this tab asks the same question, not a second one.
  put(question, model, after) {
    this.#submission = { answer: makeUUID(), question, model };
    this.#after = after;
    this.#stored.set(after, this.#submission);
  }

  take() {
    const submission = this.#submission;
    this.#stored.set(this.#after, null);
    this.#submission = this.#after = null;
    return submission;
  }

  // `isHeld`: the answer did not complete, so a person decides.
  refresh({ isShown, isHeld }) {
    this.#card.hidden = !isShown;
    this.#card.classList.toggle("is-held", isHeld);
    const text = this.#card.querySelector(".waiting-text");
    const question = this.#submission?.question ?? "";
    if (text.textContent !== question) text.textContent = question;
  }
}
