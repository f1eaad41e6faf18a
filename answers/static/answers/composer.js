// The form for a new question. It remembers what was typed and which model was chosen last.

import { element, formatNumber } from "./answer.js";
import { codePoints } from "./growing_text.js";

const COUNTER_SHARE = 0.9; // of the longest question: from here on, the page shows how many characters are left
const DRAFT = "askme.draft"; // in sessionStorage: what was typed
const MODEL = "askme.model"; // in localStorage

// Enter asks, Shift+Enter adds a new line.
export function askOnEnter(box) {
  box.addEventListener("keydown", (event) => {
    const isComposing = event.isComposing || event.keyCode === 229; // Safari: the Enter that ends a composition
    if (event.key !== "Enter" || event.shiftKey || isComposing) return;
    event.preventDefault();
    box.form.requestSubmit();
  });
}

export class Composer {
  #form = element("form");
  #box = element("question-box");
  #models = element("model"); // null if there is only one model
  #ask; // called with the question; returns false if it cannot be asked now

  constructor(ask) {
    this.#ask = ask;
    this.#box.value ||= sessionStorage.getItem(DRAFT) ?? "";
    this.#box.addEventListener("input", () => this.#saveDraft());
    askOnEnter(this.#box);
    this.#form.addEventListener("submit", (event) => this.#submitted(event));
    this.#saveDraft();
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
    this.#measure(); // the observer would run too late for a scroll that follows now
  }

  // The question was accepted. What was typed since then stays.
  clear(question) {
    if (this.#box.value === question) this.#box.value = "";
    this.#saveDraft();
  }

  // The question was refused.
  restore(question) {
    this.#box.value ||= question;
    this.#saveDraft();
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

  #saveDraft() {
    sessionStorage.setItem(DRAFT, this.#box.value);
    const left = this.#charactersLeft;
    const counter = element("counter");
    for (const part of counter.querySelectorAll(".number")) part.textContent = formatNumber(Math.abs(left));
    counter.hidden = left > this.#limit * (1 - COUNTER_SHARE);
    this.#box.setAttribute("aria-invalid", left < 0);
  }

  // The form stays in place while the page scrolls below it. It must not cover what is scrolled to.
  #measure() {
    if (!element("page").matches(".has-thread")) return;
    document.documentElement.style.setProperty("--dock", `${element("dock").offsetHeight}px`);
  }

  #rememberModel() {
    if (!this.#models) return;
    const names = Array.from(this.#models.options, (option) => option.value);
    const name = localStorage.getItem(MODEL);
    if (names.includes(name)) this.#models.value = name; // the site may no longer offer it
    this.#models.addEventListener("change", () => localStorage.setItem(MODEL, this.#models.value));
  }
}
