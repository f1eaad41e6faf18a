// A form that asks, and an element that shows the answer as it comes, for pages of other sites. docs/embed.md has an
// example. The form names everything:
//
//   <form data-answers="/ws/answers/"     the address of the websocket
//         data-answer="..."               the id of an answer to show, if there is one
//         data-address="/ask/{id}/">      where the page shows that answer, for the address bar; optional
//     <textarea name="question">  <button>  <button type="button" name="stop">  <output>  <p role="alert">
//
// While an answer is being written, `form.dataset.status` is `queued` or `running`; afterwards it says how it ended.

import { Connection } from "./connection.js";
import { GrowingText } from "./growing_text.js";
import { makeUUID } from "./pending.js";

class AnswerForm {
  #form;
  #text;
  #edition = 0; // how often the text has started over, because it was reasoning
  #connection;
  #pending = null; // the frame of a question that is not accepted yet
  #hasRestarted = false; // a wrong length is corrected once, so there is no endless loop

  constructor(form) {
    this.#form = form;
    this.#text = new GrowingText(form.querySelector("output"), () => this.#follow());
    this.#connection = new Connection(form.dataset.answers, this);
    form.addEventListener("submit", (event) => this.#submitted(event));
    form.elements.stop?.addEventListener("click", () => this.#connection.send(this.#frame("answer.stop")));
    addEventListener("popstate", () => location.reload());
    this.#refresh();
    this.#connection.open();
  }

  opened() {
    if (this.#pending) this.#connection.request(this.#pending);
    else this.#follow();
  }

  closed() {}

  probe() {
    this.opened();
  }

  received(event) {
    if (event.type === "error") return this.#failed(event);
    if (event.answer === this.#pending?.answer) this.#accepted();
    if (event.answer !== this.#form.dataset.answer) return;
    const handlers = {
      "answer.queued": () => this.#setStatus("queued"),
      "answer.started": () => this.#setStatus("running"),
      "answer.text": () => this.#show(event),
      "answer.finished": () => this.#finished(event),
    };
    handlers[event.type]?.();
  }

  #frame(type) {
    return { type, answer: this.#form.dataset.answer };
  }

  #follow() {
    if (!this.#form.dataset.answer || this.#isFinished) return;
    this.#connection.request({ ...this.#frame("answer.follow"), position: this.#text.position, edition: this.#edition });
  }

  get #isFinished() { return !["queued", "running", undefined].includes(this.#form.dataset.status); }

  #submitted(event) {
    event.preventDefault();
    this.#setProblem("");
    const question = this.#form.elements.question.value;
    this.#pending = { type: "question.ask", answer: makeUUID(), question };
    this.#connection.request(this.#pending);
  }

  #accepted() {
    const { dataset, elements } = this.#form;
    dataset.answer = this.#pending.answer;
    this.#pending = null;
    elements.question.value = "";
    this.#hasRestarted = false;
    this.#restart();
    if (dataset.address) history.pushState(null, "", dataset.address.replace("{id}", dataset.answer));
  }

  #restart(edition = 0) {
    this.#text.clear();
    this.#edition = edition;
    this.#setStatus("queued");
  }

  #show({ position, text, edition = 0 }) {
    if (edition !== this.#edition) this.#text.clear();
    this.#edition = edition;
    this.#text.add({ position, text });
  }

  #finished({ status, length, edition = 0, error }) {
    const isWhole = length === this.#text.position && edition === this.#edition;
    if (!isWhole && !this.#hasRestarted) {
      this.#hasRestarted = true;
      this.#restart(edition);
      return this.#follow();
    }
    this.#setStatus(status);
    this.#setProblem(error?.message ?? "");
  }

  #failed({ answer, message }) {
    if (answer === this.#pending?.answer) this.#pending = null; // the question stays in its field
    this.#setProblem(message);
  }

  #setStatus(status) {
    this.#form.dataset.status = status;
    this.#refresh();
  }

  #refresh() {
    const { stop } = this.#form.elements;
    if (stop) stop.hidden = this.#isFinished || !this.#form.dataset.answer;
  }

  #setProblem(message) {
    const alert = this.#form.querySelector("[role=alert]");
    if (alert) alert.textContent = message;
  }
}

for (const form of document.querySelectorAll("form[data-answers]")) new AnswerForm(form);
