// The page: asks, follows and stops over `/ws/answers/`. answers/protocol.py defines the protocol.

import { byId, withId } from "./answer.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { makeUUID, navigation, Pending } from "./pending.js";
import { begin, isAtEnd } from "./scrolling.js";
import { edits, forgetOthers, waiting } from "./stored.js";
import { Thread } from "./thread.js";

const FREQUENT = /text|reasoning/; // types of events that rarely change anything but an answer
const NOTICE_MILLISECONDS = 1_500; // a shorter interruption of the connection is not shown
const WAIT = "wait"; // the code of a problem that ends with the running answer

forgetOthers(byId("page").dataset.person);

// Connects the socket, the forms, the thread and the address with each other.
class Page {
  #id = makeUUID(); // of this page load: only it can show the history entries that it makes
  #data = byId("page").dataset;
  #connection = new Connection(this.#data.socket, this);
  #thread = new Thread(this.#connection);
  #pending = new Pending(this.#thread);
  #composer = new Composer((question) => this.#typed(question), () => this.#stop(), () => this.#notLoaded());
  #waiting = null; // loaded when somebody types while an answer is being written
  #editors = null; // loaded with other actions
  #noticeTimer;

  constructor() {
    byId("thread").addEventListener("click", (event) => this.#clicked(event));
    byId("thread").addEventListener("submit", (event) => this.#submitted(event));
    byId("stop").addEventListener("click", () => this.#stop());
    byId("reload").addEventListener("click", () => location.assign(this.#data.home));
    addEventListener("popstate", ({ state }) => this.#navigated(state));
    history.replaceState({ page: this.#id, answer: this.#data.answer || null }, "");
    if (Object.keys(edits.all).some((id) => this.#thread.find(id))) this.#loadActions();
    if (Object.keys(waiting.all).some((id) => this.#isHere(id))) this.#loadWaiting();
    byId("question-box").addEventListener("input", () => this.#isBusy && this.#loadWaiting());
    this.#settle();
    this.#scrollToAddressed();
    this.closed(); // not open yet
    this.#connection.open();
  }

  // -- Events of the connection

  opened() {
    this.#noticeTimer = clearTimeout(this.#noticeTimer);
    byId("connection").hidden = true;
    this.#resend();
  }

  closed() {
    byId("busy").hidden = true;
    if (this.#connection.isSessionOver) return this.#settle(); // the error event before it has given the reason
    this.#noticeTimer ??= setTimeout(() => (byId("connection").hidden = false), NOTICE_MILLISECONDS);
  }

  probe() { this.#resend(); }

  received(event) {
    const wasBusy = this.#isBusy;
    byId("busy").hidden = event.type !== "site.busy";
    if (event.type === "error") this.#refused(event);
    else if (event.answer === this.#pending.answer) this.#accepted();
    this.#thread.received(event);
    if (!FREQUENT.test(event.type) || wasBusy !== this.#isBusy) this.#settle();
  }

  // -- A question, until it is accepted or refused

  get #isBusy() { return this.#pending.exists || this.#thread.isAnswering; }

  get #end() { // the answer that the next question follows
    if (!this.#data.canFollow) return null;
    return this.#thread.hasLaterPart ? this.#data.end : (this.#thread.shown.at(-1)?.id ?? null);
  }

  // Is an answer shown on this page, or will it be?
  #isHere(id) { return id === this.#pending.answer || this.#thread.shown.includes(this.#thread.find(id)); }

  // A question that is not accepted yet is still in the box. What was typed after it is the next one.
  async #typed(text) {
    const waits = this.#isBusy; // even if the answer ends, or fails, while the module loads
    if (waits) await this.#loadWaiting();
    const before = this.#pending.typed;
    const question = before && text.startsWith(before) ? text.slice(before.length).trimStart() : text;
    if (!question.trim()) return;
    const after = this.#pending.answer ?? this.#thread.shown.at(-1)?.id;
    if (!waits || !after) return this.#ask({ question, follows: this.#end, typed: true });
    if (!this.#waiting) return this.#showProblem(this.#data.notLoaded, WAIT);
    if (this.#waiting.exists) return this.#showProblem(this.#data.oneWaits, WAIT);
    this.#waiting.put(question, this.#composer.model, after);
    this.#composer.clear(text);
    this.#composer.restore(before);
    this.#settle();
  }

  // Returns true if it was asked.
  #ask(submission) {
    if (this.#connection.isSessionOver) return false;
    if (this.#isBusy) return this.#showProblem(this.#data.wait, WAIT);
    this.#pending.begin({ follows: null, revises: null, model: this.#composer.model, ...submission });
    this.#showProblem(null);
    this.#refresh();
    this.#connection.request(this.#pending.frame);
    return true;
  }

  #loadWaiting() {
    return this.#waiting ?? import("./waiting.js").then(({ Waiting }) => {
      this.#waiting ??= new Waiting((id) => this.#isHere(id), (waited) => this.#send(waited), (waited) => this.#takeBack(waited));
      this.#settle();
    }, () => null);
  }

  #send(waited) {
    this.#composer.keepFocus(() => {
      if (!this.#ask({ ...waited, follows: this.#end, hasWaited: true })) this.#takeBack(waited);
    });
  }

  #takeBack({ question }) {
    this.#composer.restore(question);
    this.#composer.focus();
    this.#settle();
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
    if (submission.typed) this.#composer.clear(submission.question);
    const address = withId(this.#data.address, submission.answer);
    const before = submission.revises ?? submission.follows;
    // Asked from another page in this tab, or at the end of a thread of which this page shows an earlier part.
    if (before && !this.#thread.find(before)) return location.assign(address);
    const isElsewhere = submission.hasWaited && !isAtEnd(); // the person is reading something else
    this.#composer.keepFocus(() => {
      this.#editors?.accepted(submission);
      const { article } = this.#thread.add(submission, this.#data.address);
      history.pushState({ page: this.#id, answer: submission.answer }, "", address);
      this.#thread.show(submission.answer);
      this.#refresh();
      this.#composer.measure(); // its observer would run too late for the scroll
      if (!isElsewhere) begin(article);
    });
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
    if (code === "no_session") this.#thread.makeUnavailable();
    this.#showProblem(message, code);
  }

  // -- Events of the page

  #stop() {
    this.#thread.stoppable?.stop();
    this.#composer.keepFocus(() => this.#refresh());
  }

  #clicked(event) {
    const button = event.target.closest(".edit, .open-details");
    if (!button || this.#editors) return;
    event.preventDefault();
    this.#loadActions(() => button.click());
  }

  // Most visitors never edit a question, rate an answer or open its details. `repeat` does what was done before it was loaded.
  #loadActions(repeat) {
    import("./actions.js").then(({ listen }) => {
      this.#editors ??= listen(this.#thread, (question, revises) => this.#ask({ question, revises }));
      repeat?.();
    }, () => this.#notLoaded());
  }

  #notLoaded() { this.#showProblem(this.#data.notLoaded); } // another version of the site runs by now, or there is no network

  // Without this script, the browser submits these forms itself.
  #submitted(event) {
    const form = event.target;
    if (!form.matches(".again, .go-on, .rating")) return;
    event.preventDefault();
    const answer = this.#thread.at(form);
    if (form.matches(".rating")) return this.#editors ?? this.#loadActions(() => form.requestSubmit(event.submitter));
    if (form.matches(".again")) this.#ask({ question: answer.question, revises: answer.id });
    else this.#ask({ question: form.elements.question.value, follows: answer.id });
  }

  #navigated(state) {
    // Another page load made this history entry, or this one can no longer show it.
    if (state?.page !== this.#id || this.#connection.isSessionOver) return location.reload();
    this.#pending.forget();
    this.#thread.show(state.answer);
    this.#settle();
    this.#retry();
  }

  // -- Display

  // After anything that may have ended an answer: sends the question that waits for it.
  #settle() {
    const isFree = !this.#isBusy && !this.#connection.isSessionOver;
    if (!isFree || !this.#waiting?.sendNext(this.#thread)) this.#refresh();
  }

  #refresh() {
    const [isBusy, { shown }] = [this.#isBusy, this.#thread];
    byId("page").classList.toggle("has-thread", shown.length > 0);
    byId("waiting").hidden = !this.#pending.exists;
    byId("stop").hidden = !this.#thread.stoppable;
    this.#waiting?.refresh(!isBusy);
    const thread = shown.length === 0 ? "" : this.#data.thread || shown[0].id;
    this.#composer.refresh({ isBusy, canAsk: !this.#connection.isSessionOver, follows: this.#end, thread });
    if (!isBusy && byId("problem").dataset.errorCode === WAIT) this.#showProblem(null);
  }

  #showProblem(message, code = "") {
    byId("problem-message").textContent = message ?? "";
    byId("problem").dataset.errorCode = code;
    byId("problem").hidden = message === null;
    byId("reload").hidden = code !== "no_session";
  }

  // The address of an answer in the middle of a thread leads to it. Back and Reload return to the old scroll position.
  #scrollToAddressed() {
    const article = this.#thread.find(this.#data.answer)?.article;
    if (navigation === "navigate" && !location.hash && article?.previousElementSibling) begin(article);
  }
}

new Page();
