// The page: asks, follows and stops over `/ws/answers/`. answers/events.py is the protocol.

import { AnswerView, codePoints, element } from "./answer.js";
import { Connection } from "./connection.js";

const NOTICE_MILLISECONDS = 1_500; // a shorter loss of the connection is not worth a word
const COUNTER_SHARE = 0.9; // of the longest question: from there on the page says how much is left
const NIL_UUID = "00000000-0000-0000-0000-000000000000"; // in place of an id in `data-address`
const DRAFT = "askme.draft"; // in sessionStorage: what is typed
const PENDING = "askme.pending"; // in sessionStorage: the exchange that was asked last

function makeUUID() {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Plain http to a name in the local network is no secure context and has no randomUUID.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

// The form, the address, and what goes to and fro between the connection and the answer.
class Page {
  #data = element("page").dataset;
  #box = element("question-box");
  #connection = new Connection(this.#data.socket, this);
  #view = new AnswerView(this.#connection);
  #pending = this.#leftPending(); // the exchange that is asked and not yet accepted
  #notice = null;
  #handlers = {
    "answer.queued": (event) => this.#view.queued(event),
    "answer.started": (event) => this.#view.started(event),
    "answer.text": (event) => this.#view.text(event),
    "answer.finished": (event) => this.#view.finished(event),
  };

  constructor() {
    this.#box.value ||= sessionStorage.getItem(DRAFT) ?? "";
    this.#box.addEventListener("input", () => this.#keepDraft());
    this.#box.addEventListener("keydown", (event) => this.#pressed(event));
    element("form").addEventListener("submit", (event) => this.#submitted(event));
    element("again").addEventListener("click", () => this.#ask(this.#view.question));
    element("stop").addEventListener("click", () => this.#view.stop());
    element("reload").addEventListener("click", () => location.assign(this.#data.home));
    addEventListener("popstate", ({ state }) => this.#navigated(state));
    history.replaceState(this.#view.exchange, "");
    this.#keepDraft();
    this.#refresh();
    this.closed(); // as yet
    this.#connection.open();
  }

  // -- What the connection says

  opened() {
    clearTimeout(this.#notice);
    this.#notice = null;
    element("connection").hidden = true;
    this.#sayAgain();
  }

  closed() {
    if (this.#connection.isOver) return this.#refresh(); // the error before it has said why
    this.#notice ??= setTimeout(() => (element("connection").hidden = false), NOTICE_MILLISECONDS);
  }

  silent() {
    this.#sayAgain();
  }

  received(event) {
    const wasBusy = this.#isBusy;
    if (event.type === "error") this.#refused(event);
    else if (event.answer === this.#pending?.answer) this.#accepted();
    if (event.answer === this.#view.answer && this.#view.isFollowed) this.#handlers[event.type]?.(event);
    this.#refresh();
    if (wasBusy && !this.#isBusy) this.#focusBox();
  }

  // -- A question on its way

  get #isBusy() { return this.#pending !== null || this.#view.isAnswering; }

  get #canAsk() { return !this.#isBusy && !this.#connection.isOver; }

  // By the page before this one. It went on while it was being reloaded: if its question was accepted in that
  // moment, the address that it gave itself is lost.
  #leftPending() {
    const exchange = JSON.parse(sessionStorage.getItem(PENDING));
    const isReloaded = performance.getEntriesByType("navigation")[0]?.type === "reload";
    const isShown = exchange?.answer === this.#view.answer;
    return isShown || (exchange?.isAccepted && !isReloaded) ? null : exchange;
  }

  #ask(question) {
    this.#pending = { answer: makeUUID(), question, asked: Date.now() };
    sessionStorage.setItem(PENDING, JSON.stringify(this.#pending));
    this.#showProblem(null);
    this.#refresh();
    this.#sendPending();
  }

  #sendPending() {
    const { answer, question } = this.#pending;
    this.#connection.request({ type: "question.ask", answer, question, follows: null });
  }

  // The answer's id makes this safe: the same question twice is one question.
  #sayAgain() {
    if (this.#pending) this.#sendPending();
    if (this.#view.isFollowed) this.#view.follow();
  }

  #retry() {
    this.#showProblem(null);
    this.#sayAgain();
  }

  #accepted() {
    const exchange = this.#settle();
    sessionStorage.setItem(PENDING, JSON.stringify({ ...exchange, isAccepted: true }));
    if (this.#box.value === exchange.question) this.#box.value = "";
    this.#keepDraft();
    history.pushState(exchange, "", this.#data.address.replace(NIL_UUID, exchange.answer));
    this.#view.show(exchange);
  }

  #refused({ answer, code, message, retry_after }) {
    if (this.#pending && (answer === null || answer === this.#pending.answer)) {
      const { question } = this.#settle();
      this.#box.value ||= question;
      this.#keepDraft();
    } else if (code === "not_found" && answer === this.#view.answer && this.#view.isFollowed) {
      return this.#view.refused({ message });
    } else if (retry_after !== null) {
      setTimeout(() => this.#retry(), retry_after * 1_000);
    }
    if (code === "no_session") this.#view.lose();
    this.#showProblem(message, { isReloadNeeded: code === "no_session" });
  }

  #settle() {
    const exchange = this.#pending;
    this.#pending = null;
    sessionStorage.removeItem(PENDING);
    return exchange;
  }

  // -- What the person does

  #pressed(event) {
    const isComposing = event.isComposing || event.keyCode === 229; // Safari's Enter that ends a composition
    if (event.key !== "Enter" || event.shiftKey || isComposing) return;
    event.preventDefault();
    element("form").requestSubmit();
  }

  #submitted(event) {
    event.preventDefault();
    const question = this.#box.value;
    if (question.trim() && this.#charactersLeft >= 0 && this.#canAsk) this.#ask(question);
    else this.#box.focus();
  }

  get #limit() { return Number(this.#data.questionChars) || Infinity; } // 0: no limit
  get #charactersLeft() { return this.#limit - codePoints(this.#box.value).length; }

  #keepDraft() {
    sessionStorage.setItem(DRAFT, this.#box.value);
    const left = this.#charactersLeft;
    element("left").textContent = Math.abs(left).toLocaleString("en");
    element("counter").hidden = left > this.#limit * (1 - COUNTER_SHARE);
    this.#box.setAttribute("aria-invalid", left < 0);
  }

  #navigated(exchange) {
    // An address that this page did not make, or cannot fill any more.
    if (exchange === null || this.#connection.isOver) return location.reload();
    if (!this.#pending) sessionStorage.removeItem(PENDING);
    this.#view.hide();
    if (exchange.answer) this.#view.show(exchange);
    this.#showProblem(null);
    this.#refresh();
    this.#sayAgain();
  }

  // -- What the person sees

  #refresh() {
    element("fields").disabled = this.#isBusy;
    element("ask").disabled = element("again").disabled = !this.#canAsk;
    element("ask").textContent = this.#isBusy ? "Answering..." : "Ask";
    element("waiting").hidden = this.#pending === null;
  }

  #showProblem(message, { isReloadNeeded = false } = {}) {
    element("problem-message").textContent = message ?? "";
    element("problem").hidden = message === null;
    element("reload").hidden = !isReloadNeeded;
  }

  // Not away from what the person selects or has gone to, and not where it would open a keyboard over the answer.
  #focusBox() {
    const isElsewhere = document.activeElement.matches("a, h2") || !getSelection().isCollapsed;
    if (!isElsewhere && !matchMedia("(pointer: coarse)").matches) this.#box.focus({ preventScroll: true });
  }
}

new Page();
