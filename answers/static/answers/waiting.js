// One follow-up question that waits until the running answer has ended. It survives a reload.

import { byId } from "./answer.js";
import { isSubmission, makeUUID } from "./pending.js";
import { waiting } from "./stored.js";

export class Waiting {
  #card = byId("waiting-question");
  #submission = null;
  #after = null;
  #isHere; // whether an answer belongs to this page
  #send; // called with what waited, and so is the next one
  #takeBack;

  constructor(isHere, send, takeBack) {
    [this.#isHere, this.#send, this.#takeBack] = [isHere, send, takeBack];
    for (const [id, stored] of Object.entries(waiting.all)) {
      if (isSubmission(stored) && isHere(id)) [this.#after, this.#submission] = [id, stored];
    }
    byId("send-now").addEventListener("click", () => this.#send(this.#take()));
    byId("take-back").addEventListener("click", () => this.#takeBack(this.#take()));
  }

  get exists() { return this.#submission !== null; }

  // The id is made now: a copy of this tab asks the same question, not a second one.
  put(question, model, after) {
    this.#submission = { answer: makeUUID(), question, model };
    this.#after = after;
    waiting.set(after, this.#submission);
  }

  // Sends it if the answer before it has been given. Returns whether it has.
  sendNext(thread) {
    const isNext = this.#isShown && ["complete", "stopped"].includes(thread.find(this.#after)?.article.dataset.status);
    if (isNext) this.#send(this.#take());
    return isNext;
  }

  // `isHeld`: the answer did not complete, so a person decides.
  refresh(isHeld) {
    this.#card.hidden = !this.#isShown;
    this.#card.classList.toggle("is-held", isHeld);
    const text = this.#card.querySelector(".waiting-text");
    const question = this.#submission?.question ?? "";
    if (text.textContent !== question) text.textContent = question;
  }

  get #isShown() { return this.exists && this.#isHere(this.#after); }

  #take() {
    const submission = this.#submission;
    waiting.set(this.#after, null);
    this.#submission = this.#after = null;
    return submission;
  }
}
