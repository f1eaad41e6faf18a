// The page: asks, follows and stops over `/ws/answers/`. answers/protocol.py defines the protocol.

import { element, withId } from "./answer.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { Editors } from "./editors.js";
import { makeUUID, Pending } from "./pending.js";
import { Thread } from "./thread.js";

const FREQUENT = ["answer.text", "answer.reasoning"]; // events that rarely change anything but an answer
const NOTICE_MILLISECONDS = 1_500; // a shorter interruption of the connection is not shown

// Connects the socket, the forms, the thread and the address with each other.
class Page {
  #id = makeUUID(); // of this page load: only it can show the history entries that it makes
  #data = element("page").dataset;
  #connection = new Connection(this.#data.socket, this);
  #thread = new Thread(this.#connection);
  #pending = new Pending(this.#thread);
  #composer = new Composer((question) => this.#ask({ question, follows: this.#end }));
  #editors = new Editors(this.#thread, (question, revises) => this.#ask({ question, revises }));
  #noticeTimer = null;

  constructor() {
    element("thread").addEventListener("click", ({ target }) => this.#clicked(target));
    element("thread").addEventListener("submit", (event) => this.#submitted(event));
    element("reload").addEventListener("click", () => location.assign(this.#data.home));
    addEventListener("popstate", ({ state }) => this.#navigated(state));
    history.replaceState({ page: this.#id, answer: this.#data.answer || null }, "");
    this.#refresh();
    this.#scrollToAddressed();
    this.closed(); // not open yet
    this.#connection.open();
  }

  // -- Events of the connection

  opened() {
    clearTimeout(this.#noticeTimer);
    this.#noticeTimer = null;
    element("connection").hidden = true;
    this.#resend();
  }

  closed() {
    if (this.#connection.isSessionOver) return this.#refresh(); // the error event before it has given the reason
    this.#noticeTimer ??= setTimeout(() => (element("connection").hidden = false), NOTICE_MILLISECONDS);
  }

  probe() {
    this.#resend();
  }

  received(event) {
    const wasBusy = this.#isBusy;
    if (event.type === "error") this.#refused(event);
    else if (event.answer === this.#pending.answer) this.#accepted();
    this.#thread.received(event);
    if (!FREQUENT.includes(event.type) || wasBusy !== this.#isBusy) this.#refresh();
    if (wasBusy && !this.#isBusy) this.#focusBox();
  }

  // -- A question, until it is accepted or refused

  get #isBusy() { return this.#pending.exists || this.#thread.isAnswering; }

  get #canAsk() { return !this.#isBusy && !this.#connection.isSessionOver; }

  // The answer that the next question follows.
  get #end() {
    if (!this.#data.canFollow) return null;
    return this.#thread.hasLaterPart ? this.#data.end : (this.#thread.shown.at(-1)?.id ?? null);
  }

  #ask({ question, follows = null, revises = null }) {
    if (!this.#canAsk) return false;
    this.#pending.begin({ question, follows, revises, model: this.#composer.model });
    this.#showProblem(null);
    this.#refresh();
    this.#connection.request(this.#pending.frame);
    return true;
  }

  // The answer's id makes this safe: a question that is sent twice is one question.
  #resend() {
    if (this.#pending.exists) this.#connection.request(this.#pending.frame);
    this.#thread.follow();
  }

  #retry() {
    this.#showProblem(null);
    this.#resend();
  }

  #accepted() {
    const submission = this.#pending.accept();
    if (submission.revises) this.#editors.accepted(submission);
    else this.#composer.clear(submission.question);
    const address = withId(this.#data.address, submission.answer);
    const before = submission.revises ?? submission.follows;
    // Asked from another page in this tab, or at the end of a thread of which this page shows an earlier part.
    if (before && !this.#thread.find(before)) return location.assign(address);
    const { article } = this.#thread.add(submission, this.#data.address);
    history.pushState({ page: this.#id, answer: submission.answer }, "", address);
    this.#thread.show(submission.answer);
    this.#refresh();
    if (article.previousElementSibling) article.scrollIntoView();
  }

  #refused({ answer: id, code, message, retry_after }) {
    const answer = this.#thread.find(id);
    if (this.#pending.exists && (id === null || id === this.#pending.answer)) {
      const { question, revises } = this.#pending.refuse();
      if (!this.#thread.find(revises)) this.#composer.restore(question); // otherwise its editor still has it
    } else if (code === "not_found" && answer?.isFollowed) {
      return answer.refused({ code, message });
    } else if (retry_after !== null) {
      setTimeout(() => this.#retry(), retry_after * 1_000);
    }
    if (code === "no_session") for (const shown of this.#thread.shown) shown.makeUnavailable();
    this.#showProblem(message, code);
  }

  // -- Events of the page

  #clicked(target) {
    if (target.closest(".edit")) this.#editors.open(this.#thread.at(target));
  }

  // Without this script, the browser submits these forms itself.
  #submitted(event) {
    const form = event.target;
    if (!form.matches(".stop, .again, .go-on")) return;
    event.preventDefault();
    const answer = this.#thread.at(form);
    if (form.matches(".stop")) answer.stop();
    else if (form.matches(".go-on")) this.#ask({ question: form.elements.question.value, follows: answer.id });
    else this.#ask({ question: answer.question, revises: answer.id });
  }

  #navigated(state) {
    // Another page load made this history entry, or this one can no longer show it.
    if (state?.page !== this.#id || this.#connection.isSessionOver) return location.reload();
    this.#pending.forget();
    this.#thread.show(state.answer);
    this.#showProblem(null);
    this.#refresh();
    this.#resend();
  }

  // -- Display

  #refresh() {
    const state = { isBusy: this.#isBusy, canAsk: this.#canAsk, follows: this.#end };
    element("page").classList.toggle("has-thread", this.#thread.shown.length > 0);
    element("waiting").hidden = !this.#pending.exists;
    this.#composer.refresh(state);
    this.#editors.refresh(state);
    for (const button of element("thread").querySelectorAll(":is(.again, .go-on) button, .edit")) button.disabled = !state.canAsk;
  }

  #showProblem(message, code = "") {
    element("problem-message").textContent = message ?? "";
    element("problem").dataset.errorCode = code;
    element("problem").hidden = message === null;
    element("reload").hidden = code !== "no_session";
  }

  // A reader who opens the address of an answer in the middle of a thread starts at that answer. Back and Reload return
  // to the old scroll position instead.
  #scrollToAddressed() {
    const isNew = performance.getEntriesByType("navigation")[0]?.type === "navigate";
    const article = this.#thread.find(this.#data.answer)?.article;
    if (isNew && !location.hash && article?.previousElementSibling) article.scrollIntoView();
  }

  // Does not take the focus from a selection or from where the person has moved it, and does not open an on-screen
  // keyboard over the answer.
  #focusBox() {
    const isElsewhere = document.activeElement.matches("a, h2, textarea") || !getSelection().isCollapsed;
    if (!isElsewhere && !matchMedia("(pointer: coarse)").matches) this.#composer.focus();
  }
}

new Page();
