// The question that was sent and is not accepted yet. It survives a reload: the next page sends it again.

import { load, save } from "./stored.js";

const PENDING = "askme.pending"; // in sessionStorage: the question that was sent last

export function makeUUID() {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Plain http to a host on the local network is not a secure context, so it has no randomUUID.
  const random = (digit) => (digit ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (digit / 4)))).toString(16);
  return "10000000-1000-4000-8000-100000000000".replace(/[018]/g, random);
}

// What was stored may come from another version of this page.
export const isSubmission = (stored) => typeof stored?.question === "string" && typeof stored.answer === "string";

// How the browser came to this page.
export const navigation = performance.getEntriesByType("navigation")[0]?.type;

const remember = (submission) => save(PENDING, submission, "sessionStorage");

export class Pending {
  #submission; // it `follows` an answer, `revises` one, or does neither; `typed` if its question is still in the box

  // Takes over from the page before this one. That page kept running while it was being reloaded: if its question was
  // accepted at that moment, the address that it pushed is lost.
  constructor(thread) {
    const stored = load(PENDING, "sessionStorage");
    const submission = isSubmission(stored) ? stored : null;
    const isDone = thread.find(submission?.answer) || (submission?.isAccepted && navigation !== "reload");
    this.#submission = isDone ? null : submission;
    if (isDone) this.forget();
  }

  get exists() { return this.#submission !== null; }
  get answer() { return this.#submission?.answer ?? null; }
  get typed() { return this.#submission?.typed ? this.#submission.question : ""; }

  get frame() {
    const { answer, question, follows, revises, model } = this.#submission;
    return { type: "question.ask", answer, question, follows, revises, model, format: "html" };
  }

  begin(submission) {
    this.#submission = { answer: makeUUID(), askedAt: Date.now(), ...submission };
    remember(this.#submission);
  }

  accept() {
    const submission = this.refuse();
    remember({ ...submission, isAccepted: true });
    return submission;
  }

  refuse() {
    const submission = this.#submission;
    this.#submission = null;
    this.forget();
    return submission;
  }

  // Forgets the question that was accepted last.
  forget() {
    if (!this.exists) remember(null);
  }
}
