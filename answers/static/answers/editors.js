// Questions that are being edited, each in its place. What is typed there outlives the page too.

import { askOnEnter } from "./composer.js";
import { element } from "./exchange.js";

const EDITS = "askme.edits"; // in sessionStorage: what is typed, by the answer whose question it was

const edits = () => JSON.parse(sessionStorage.getItem(EDITS)) ?? {};

function keep(answer, text) {
  const { [answer]: _, ...others } = edits();
  sessionStorage.setItem(EDITS, JSON.stringify(text === null ? others : { ...others, [answer]: text }));
}

export class Editors {
  #ask; // function of a question and the answer that it revises
  #forms = new Map(); // by answer

  constructor(thread, ask) {
    this.#ask = ask;
    for (const [answer, text] of Object.entries(edits())) {
      const exchange = thread.find(answer);
      if (exchange) this.#open(exchange, text);
    }
  }

  open(exchange) {
    const box = this.#open(exchange, exchange.question);
    box.focus({ preventScroll: true });
    box.setSelectionRange(box.value.length, box.value.length);
    box.form.scrollIntoView({ block: "nearest" });
  }

  refresh({ isBusy, canAsk }) {
    for (const form of this.#forms.values()) {
      form.querySelector("textarea").disabled = isBusy;
      form.querySelector(".primary").disabled = !canAsk;
    }
  }

  // It was asked; unless it has been typed anew since, it is done.
  accepted({ revises, question }) {
    const form = this.#forms.get(revises);
    if (form?.querySelector("textarea").value === question) this.#close(revises);
  }

  isOpen(answer) { return this.#forms.has(answer); }

  #open({ article, answer }, text) {
    const { firstElementChild: form } = element("editing").content.cloneNode(true);
    const box = form.querySelector("textarea");
    box.value = text;
    box.addEventListener("input", () => keep(answer, box.value));
    askOnEnter(box);
    form.addEventListener("submit", (event) => this.#submitted(event, answer));
    form.addEventListener("keydown", ({ key, isComposing }) => key === "Escape" && !isComposing && this.#cancel(answer));
    form.querySelector(".cancel").addEventListener("click", () => this.#cancel(answer));
    article.querySelector(".question").after(form);
    article.classList.add("is-edited");
    this.#forms.set(answer, form);
    return box;
  }

  #submitted(event, answer) {
    event.preventDefault();
    const box = event.target.querySelector("textarea");
    if (!box.value.trim() || !this.#ask(box.value, answer)) box.focus();
  }

  #cancel(answer) {
    const { parentElement: article } = this.#forms.get(answer);
    this.#close(answer);
    article.querySelector(".edit").focus();
  }

  #close(answer) {
    const form = this.#forms.get(answer);
    form.parentElement.classList.remove("is-edited");
    form.remove();
    this.#forms.delete(answer);
    keep(answer, null);
  }
}
