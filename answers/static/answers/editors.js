// Questions that are being edited, each in its place in the thread. What was typed survives a reload.

import { byId } from "./answer.js";
import { askOnEnter } from "./composer.js";
import { edits } from "./stored.js";

export class Editors {
  #ask; // called with the question and the id of the answer that it revises
  #forms = new Map(); // by the id of the answer

  constructor(thread, ask) {
    this.#ask = ask;
    for (const [id, text] of Object.entries(edits.all)) {
      const answer = thread.find(id);
      if (answer) this.#open(answer, text);
    }
  }

  open(answer) {
    const box = this.#forms.get(answer.id)?.querySelector("textarea") ?? this.#open(answer, answer.question);
    box.focus({ preventScroll: true });
    box.setSelectionRange(box.value.length, box.value.length);
    box.form.scrollIntoView({ block: "nearest" });
  }

  // The question was accepted. Its editor closes, unless the text has changed since then.
  accepted({ revises, question }) {
    const form = this.#forms.get(revises);
    if (form?.querySelector("textarea").value === question) this.#close(revises);
  }

  #open({ article, id }, text) {
    const { firstElementChild: form } = byId("editor-template").content.cloneNode(true);
    const box = form.querySelector("textarea");
    box.value = text;
    box.addEventListener("input", () => edits.set(id, box.value));
    askOnEnter(box);
    form.addEventListener("submit", (event) => this.#submitted(event, id));
    form.addEventListener("keydown", (event) => this.#pressed(event, id));
    form.querySelector(".cancel").addEventListener("click", () => this.#cancel(id));
    article.querySelector(".question").after(form);
    article.classList.add("is-editing");
    this.#forms.set(id, form);
    return box;
  }

  #submitted(event, id) {
    event.preventDefault();
    const box = event.target.querySelector("textarea");
    if (box.value.trim()) this.#ask(box.value, id);
    else box.focus();
  }

  #pressed(event, id) {
    if (event.key !== "Escape" || event.isComposing) return;
    event.preventDefault(); // it stops no answer
    this.#cancel(id);
  }

  #cancel(id) {
    const { parentElement: article } = this.#forms.get(id);
    this.#close(id);
    article.querySelector(".edit").focus();
  }

  #close(id) {
    const form = this.#forms.get(id);
    form.parentElement.classList.remove("is-editing");
    form.remove();
    this.#forms.delete(id);
    edits.set(id, null);
  }
}
