// The form for a new question. It keeps what was typed, in this tab and for the next start of the browser, and which
// model was chosen last.

import { byId, formatNumber } from "./answer.js";
import { Entries, load, save } from "./stored.js";

const COUNTER_SHARE = 0.9; // of the longest question: from here on, the page shows how many characters are left
const DRAFT = "askme.draft";
const KEYS = "askme.keys"; // in localStorage: false if a person has switched off the keys of one character
const MODEL = "askme.model";

export const isTouch = () => matchMedia("(hover: none) and (pointer: coarse)").matches;

// Enter asks, Shift+Enter adds a new line. On a phone, Enter adds a line and the button asks.
export function askOnEnter(box) {
  box.enterKeyHint = isTouch() ? "enter" : "send";
  box.addEventListener("keydown", (event) => {
    const isComposing = event.isComposing || event.keyCode === 229; // Safari: the Enter that ends a composition
    const isLine = event.shiftKey || (isTouch() && !event.ctrlKey && !event.metaKey);
    if (event.key !== "Enter" || isLine || isComposing) return;
    event.preventDefault();
    box.form.requestSubmit();
  });
}

export class Composer {
  #form = byId("form");
  #box = byId("question-box");
  #models = byId("model"); // null if there is only one model
  #ask; // called with the question
  #thread = byId("page").dataset.thread; // whose draft it is; empty for a new question
  #own = new Entries(DRAFT); // this tab's, by thread
  #last = new Entries(DRAFT, "localStorage"); // any tab's

  // `stop` is called for Escape, `notLoaded` if the list of keys could not be loaded.
  constructor(ask, stop, notLoaded) {
    const showKeys = () => import("./keys.js").then((keys) => keys.showKeys(KEYS), notLoaded);
    this.#ask = ask;
    byId("keys").addEventListener("click", showKeys);
    addEventListener("keydown", (event) => this.#pressed(event, stop, showKeys));
    const [draft, given] = [this.#draft, this.#box.value]; // the server gives a question from the address, or a refused one
    this.#box.value ||= draft;
    const { length } = this.#box.value;
    this.#box.setSelectionRange(length, length); // in a text from the server, the caret would be at the beginning
    this.#box.addEventListener("input", () => this.#changed());
    askOnEnter(this.#box);
    if (isTouch()) this.#box.removeAttribute("aria-describedby"); // the hint is about other keys
    this.#form.addEventListener("submit", (event) => this.#submitted(event));
    // Both lead to an empty page, and what is typed goes along.
    for (const id of ["new-question", "reload"]) byId(id).addEventListener("click", () => this.#moveDraft(""));
    addEventListener("storage", (event) => this.#changedElsewhere(event));
    if (given && (!draft || draft === given)) this.#changed();
    else this.#count(); // another draft is kept until a person types
    if (!given && draft) this.#own.set(this.#thread, draft);
    this.#rememberModel();
    new ResizeObserver(() => this.measure()).observe(byId("dock"));
  }

  get model() { return this.#models?.value ?? null; }

  refresh({ isBusy, canAsk, follows, thread }) {
    byId("ask").disabled = !canAsk;
    this.#form.elements.follows.value = follows ?? "";
    this.#form.classList.toggle("is-busy", isBusy);
    this.#form.classList.toggle("follows", follows !== null);
    this.#box.placeholder = follows === null ? this.#box.dataset.alone : this.#box.dataset.followUp;
    if (thread !== this.#thread) this.#moveDraft(thread);
  }

  // The question was accepted, or waits. What was typed after it stays.
  clear(question) {
    if (this.#box.value.startsWith(question)) this.#set(this.#box.value.slice(question.length).trimStart());
  }

  // The question was refused or taken back. It comes before what was typed since then.
  restore(question) {
    if (!this.#box.value.startsWith(question)) this.#set([question, this.#box.value].filter(Boolean).join("\n\n"));
  }

  focus() {
    this.#box.focus({ preventScroll: true });
  }

  // Runs `change`. If it removes or hides what had the focus, the form gets it, but no on-screen keyboard opens.
  keepFocus(change) {
    const focused = document.activeElement;
    change();
    if (focused === document.body || focused.getClientRects().length > 0) return;
    if (isTouch()) byId("ask").focus({ preventScroll: true });
    else this.focus();
  }

  // The form stays at the bottom of the window while the page scrolls above it. It must not cover what is scrolled to.
  measure() {
    document.documentElement.style.setProperty("--dock", `${byId("dock").offsetHeight}px`);
  }

  #submitted(event) {
    event.preventDefault();
    if (this.#box.value.trim() && this.#charactersLeft >= 0) this.#ask(this.#box.value);
    else this.focus();
  }

  // A dialog, a popover, an editor, a list of options and an input method use Escape themselves. In an input, keys are only typed.
  #pressed(event, stop, showKeys) {
    const { key, target } = event;
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.matches("select, input") || document.querySelector(":is(dialog[open], :popover-open)")) return;
    if (key === "Escape") return stop(); // and the browser may leave its full screen
    if (!["/", "?"].includes(key) || target.matches("textarea") || load(KEYS) === false) return;
    event.preventDefault();
    if (key === "/") this.focus();
    else showKeys();
  }

  get #limit() { return Number(byId("page").dataset.questionChars) || Infinity; } // 0: no limit
  // As Python counts them
  get #charactersLeft() { return this.#limit - Array.from(this.#box.value).length; }

  #set(text) {
    this.#box.value = text;
    this.#changed();
  }

  #changed() {
    this.#count();
    if (this.#save(this.#box.value)) this.#cleanAddress();
  }

  #count() {
    const left = this.#charactersLeft;
    const counter = byId("counter");
    for (const part of counter.querySelectorAll(".number")) part.textContent = formatNumber(Math.abs(left));
    counter.hidden = left > this.#limit * (1 - COUNTER_SHARE);
    this.#box.setAttribute("aria-invalid", left < 0);
  }

  get #draft() { return this.#own.get(this.#thread) ?? this.#last.get(this.#thread) ?? ""; }

  // Returns whether a reload would show it. Another tab's draft is not removed.
  #save(text) {
    text = text.trim() ? text : null;
    const before = this.#own.get(this.#thread);
    const isStored = this.#own.set(this.#thread, text);
    if (text || this.#last.get(this.#thread) === before) this.#last.set(this.#thread, text);
    return isStored;
  }

  // What is in the box moves to another thread. If nothing is, the box gets what was typed there.
  #moveDraft(thread) {
    const text = this.#box.value;
    this.#save("");
    this.#thread = thread;
    if (text) this.#save(text);
    else this.#set(this.#draft);
  }

  // Its question was asked in another tab.
  #changedElsewhere({ key, oldValue }) {
    if (key !== DRAFT || this.#last.get(this.#thread) !== null || !this.#box.value) return;
    if (oldValue?.includes(JSON.stringify(this.#box.value))) this.#set("");
  }

  // From here on, the draft keeps the question that was in the address.
  #cleanAddress() {
    const url = new URL(location.href);
    if (!url.searchParams.has("q")) return;
    url.searchParams.delete("q");
    history.replaceState(history.state, "", url);
  }

  #rememberModel() {
    if (!this.#models) return;
    const { value } = this.#models;
    this.#models.value = load(MODEL) ?? value;
    if (this.#models.selectedIndex < 0) this.#models.value = value; // the site no longer offers it
    this.#models.addEventListener("change", () => save(MODEL, this.#models.value));
  }
}
