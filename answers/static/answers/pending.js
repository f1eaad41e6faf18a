// The exchange that was asked and is not yet accepted. It outlives its page: the one after it asks again.

const PENDING = "askme.pending"; // in sessionStorage: the exchange that was asked last

export function makeUUID() {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Plain http to a name in the local network is no secure context and has no randomUUID.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export class Pending {
  #exchange; // `follows` or `revises` an answer, or neither

  // By the page before this one. It went on while it was being reloaded: if its question was accepted in that
  // moment, the address that it gave itself is lost.
  constructor(thread) {
    const exchange = JSON.parse(sessionStorage.getItem(PENDING));
    const isReloaded = performance.getEntriesByType("navigation")[0]?.type === "reload";
    const isOver = thread.find(exchange?.answer) || (exchange?.isAccepted && !isReloaded);
    this.#exchange = isOver ? null : exchange;
    if (isOver) this.forget();
  }

  get isThere() { return this.#exchange !== null; }
  get answer() { return this.#exchange?.answer ?? null; }

  get frame() {
    const { answer, question, follows, revises, model } = this.#exchange;
    return { type: "question.ask", answer, question, follows, revises, model };
  }

  begin(exchange) {
    this.#exchange = { answer: makeUUID(), asked: Date.now(), ...exchange };
    sessionStorage.setItem(PENDING, JSON.stringify(this.#exchange));
  }

  accept() {
    const exchange = this.refuse();
    sessionStorage.setItem(PENDING, JSON.stringify({ ...exchange, isAccepted: true }));
    return exchange;
  }

  refuse() {
    const exchange = this.#exchange;
    this.#exchange = null;
    this.forget();
    return exchange;
  }

  // What was accepted last.
  forget() {
    if (!this.isThere) sessionStorage.removeItem(PENDING);
  }
}
