// The page: asks, follows and stops over `/ws/answers/`. answers/events.py is the protocol.

import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { Editors } from "./editors.js";
import { element, withId } from "./exchange.js";
import { makeUUID, Pending } from "./pending.js";
import { Thread } from "./thread.js";

const NOTICE_MILLISECONDS = 1_500; // a shorter loss of the connection is not worth a word

// What goes to and fro between the connection, the forms, the thread and the address.
class Page {
  #id = makeUUID(); // of this load: no other can fill the entries that it makes in the browser's history
  #data = element("page").dataset;
  #connection = new Connection(this.#data.socket, this);
  #thread = new Thread(this.#connection);
  #pending = new Pending(this.#thread);
  #composer = new Composer((question) => this.#ask({ question, follows: this.#end }));
  #editors = new Editors(this.#thread, (question, revises) => this.#ask({ question, revises }));
  #notice = null;

  constructor() {
    element("thread").addEventListener("click", ({ target }) => this.#clicked(target));
    element("thread").addEventListener("submit", (event) => this.#submitted(event));
    element("reload").addEventListener("click", () => location.assign(this.#data.home));
    addEventListener("popstate", ({ state }) => this.#navigated(state));
    history.replaceState({ page: this.#id, answer: this.#data.answer || null }, "");
    this.#refresh();
    this.#showAddressed();
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
    else if (event.answer === this.#pending.answer) this.#accepted();
    this.#thread.received(event);
    if (event.type !== "answer.text" || wasBusy !== this.#isBusy) this.#refresh();
    if (wasBusy && !this.#isBusy) this.#focusBox();
  }

  // -- A question on its way

  get #isBusy() { return this.#pending.isThere || this.#thread.isAnswering; }

  get #canAsk() { return !this.#isBusy && !this.#connection.isOver; }

  // What the next question follows.
  get #end() {
    if (!this.#data.canFollow) return null;
    return this.#thread.isCut ? this.#data.end : (this.#thread.shown.at(-1)?.answer ?? null);
  }

  #ask({ question, follows = null, revises = null }) {
    if (!this.#canAsk) return false;
    this.#pending.begin({ question, follows, revises, model: this.#composer.model });
    this.#showProblem(null);
    this.#refresh();
    this.#connection.request(this.#pending.frame);
    return true;
  }

  // The answer's id makes this safe: the same question twice is one question.
  #sayAgain() {
    if (this.#pending.isThere) this.#connection.request(this.#pending.frame);
    this.#thread.follow();
  }

  #retry() {
    this.#showProblem(null);
    this.#sayAgain();
  }

  #accepted() {
    const asked = this.#pending.accept();
    if (asked.revises) this.#editors.accepted(asked);
    else this.#composer.empty(asked.question);
    const address = withId(this.#data.address, asked.answer);
    const before = asked.revises ?? asked.follows;
    // Asked elsewhere in this tab, or at the end of a thread of which the page shows another part.
    if (before && !this.#thread.find(before)) return location.assign(address);
    const { article } = this.#thread.add(asked, this.#data.address);
    history.pushState({ page: this.#id, answer: asked.answer }, "", address);
    this.#thread.show(asked.answer);
    this.#refresh();
    if (article.previousElementSibling) article.scrollIntoView();
  }

  #refused({ answer, code, message, retry_after }) {
    const exchange = this.#thread.find(answer);
    if (this.#pending.isThere && (answer === null || answer === this.#pending.answer)) {
      const { question, revises } = this.#pending.refuse();
      if (!this.#thread.find(revises)) this.#composer.restore(question); // else it still stands there
    } else if (code === "not_found" && exchange?.isFollowed) {
      return exchange.refused({ message });
    } else if (retry_after !== null) {
      setTimeout(() => this.#retry(), retry_after * 1_000);
    }
    if (code === "no_session") for (const one of this.#thread.shown) one.lose();
    this.#showProblem(message, { isReloadNeeded: code === "no_session" });
  }

  // -- What the person does

  #clicked(target) {
    if (target.closest(".edit")) this.#editors.open(this.#thread.at(target));
  }

  // Without this script they are forms like any other.
  #submitted(event) {
    const form = event.target;
    if (!form.matches(".stop, .again")) return;
    event.preventDefault();
    const exchange = this.#thread.at(form);
    if (form.matches(".stop")) exchange.stop();
    else this.#ask({ question: exchange.question, revises: exchange.answer });
  }

  #navigated(state) {
    // An address that this page did not make, or cannot fill any more.
    if (state?.page !== this.#id || this.#connection.isOver) return location.reload();
    this.#pending.forget();
    this.#thread.show(state.answer);
    this.#showProblem(null);
    this.#refresh();
    this.#sayAgain();
  }

  // -- What the person sees

  #refresh() {
    const state = { isBusy: this.#isBusy, canAsk: this.#canAsk, follows: this.#end };
    element("page").classList.toggle("has-thread", this.#thread.shown.length > 0);
    element("waiting").hidden = !this.#pending.isThere;
    this.#composer.refresh(state);
    this.#editors.refresh(state);
    for (const button of element("thread").querySelectorAll(".again button, .edit")) button.disabled = !state.canAsk;
  }

  #showProblem(message, { isReloadNeeded = false } = {}) {
    element("problem-message").textContent = message ?? "";
    element("problem").hidden = message === null;
    element("reload").hidden = !isReloadNeeded;
  }

  // Whoever comes to an answer in the midst of a thread, and not back to where they were, comes to that answer.
  #showAddressed() {
    const isNew = performance.getEntriesByType("navigation")[0]?.type === "navigate";
    const article = this.#thread.find(this.#data.answer)?.article;
    if (isNew && !location.hash && article?.previousElementSibling) article.scrollIntoView();
  }

  // Not away from what the person selects or has gone to, and not where it would open a keyboard over the answer.
  #focusBox() {
    const isElsewhere = document.activeElement.matches("a, h2, textarea") || !getSelection().isCollapsed;
    if (!isElsewhere && !matchMedia("(pointer: coarse)").matches) this.#composer.focus();
  }
}

new Page();
