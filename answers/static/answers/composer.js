// The form in which a question is typed: what is typed is kept, and which model was chosen last.

import { codePoints, element, number } from "./exchange.js";

const COUNTER_SHARE = 0.9; // of the longest question: from there on the page says how much is left
const DRAFT = "askme.draft"; // in sessionStorage: what is typed
const MODEL = "askme.model"; // in localStorage

// Enter asks, Shift+Enter makes a line.
export function askOnEnter(box) {
  box.addEventListener("keydown", (event) => {
    const isComposing = event.isComposing || event.keyCode === 229; // Safari's Enter that ends a composition
    if (event.key !== "Enter" || event.shiftKey || isComposing) return;
    event.preventDefault();
    box.form.requestSubmit();
  });
}

export class Composer {
  #form = element("form");
  #box = element("question-box");
  #models = element("model"); // only where there is a choice
  #ask; // function of a question

  constructor(ask) {
    this.#ask = ask;
    this.#box.value ||= sessionStorage.getItem(DRAFT) ?? "";
    this.#box.addEventListener("input", () => this.#keepDraft());
    askOnEnter(this.#box);
    this.#form.addEventListener("submit", (event) => this.#submitted(event));
    this.#keepDraft();
    this.#rememberModel();
    new ResizeObserver(() => this.#measure()).observe(element("dock"));
  }

  get model() { return this.#models?.value ?? null; }

  refresh({ isBusy, canAsk, follows }) {
    element("fields").disabled = isBusy;
    element("ask").disabled = !canAsk;
    this.#form.elements.follows.value = follows ?? "";
    this.#form.classList.toggle("follows", follows !== null);
    this.#box.placeholder = follows === null ? this.#box.dataset.alone : this.#box.dataset.followUp;
    this.#measure(); // the observer would come after what is scrolled to now
  }

  // It was asked: what has been typed since stays.
  empty(question) {
    if (this.#box.value === question) this.#box.value = "";
    this.#keepDraft();
  }

  // It could not be asked.
  restore(question) {
    this.#box.value ||= question;
    this.#keepDraft();
  }

  focus() {
    this.#box.focus({ preventScroll: true });
  }

  #submitted(event) {
    event.preventDefault();
    const question = this.#box.value;
    if (!question.trim() || this.#charactersLeft < 0 || !this.#ask(question)) this.#box.focus();
  }

  get #limit() { return Number(element("page").dataset.questionChars) || Infinity; } // 0: no limit
  get #charactersLeft() { return this.#limit - codePoints(this.#box.value).length; }

  #keepDraft() {
    sessionStorage.setItem(DRAFT, this.#box.value);
    const left = this.#charactersLeft;
    const counter = element("counter");
    for (const part of counter.querySelectorAll(".number")) part.textContent = number(Math.abs(left));
    counter.hidden = left > this.#limit * (1 - COUNTER_SHARE);
    this.#box.setAttribute("aria-invalid", left < 0);
  }

  // What is below must not hide behind it, where it stays while the page is scrolled.
  #measure() {
    if (!element("page").matches(".has-thread")) return;
    document.documentElement.style.setProperty("--dock", `${element("dock").offsetHeight}px`);
  }

  #rememberModel() {
    if (!this.#models) return;
    const names = Array.from(this.#models.options, (option) => option.value);
    const name = localStorage.getItem(MODEL);
    if (names.includes(name)) this.#models.value = name; // the site may not offer it any more
    this.#models.addEventListener("change", () => localStorage.setItem(MODEL, this.#models.value));
  }
}
