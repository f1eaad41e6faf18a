// Rating an answer without leaving the page: the same form, sent from here. See answers/rating.py.

import { element } from "./answer.js";

const FAILED = "This could not be saved. Please try again.";

class Rating {
  #form = element("rating");
  #said = element("rating-said");
  #address = null; // of the answer that the form is about

  constructor() {
    this.#form.addEventListener("submit", (event) => this.#submitted(event));
    this.#address = this.#form.action; // relative to the page's address, which changes with the answer
    new MutationObserver(() => this.#changed()).observe(element("answer"), { attributeFilter: ["data-answer", "data-status"] });
  }

  // The page shows another answer. One that came by Back or Forward may have a rating already.
  async #changed() {
    const { answer, status } = element("answer").dataset;
    if (!answer || status === "loading" || this.#form.action === this.#address) return;
    const address = (this.#address = this.#form.action);
    this.#show({ rating: null, rating_note: "" });
    const said = await this.#ask(address, {});
    if (said.rating !== undefined && address === this.#address) this.#show(said);
  }

  async #submitted(event) {
    event.preventDefault();
    const address = this.#form.action;
    const said = await this.#ask(address, { method: "POST", body: new FormData(this.#form, event.submitter) });
    if (address !== this.#form.action) return;
    if (said.problem === undefined) this.#show(said);
    this.#said.textContent = said.problem ?? "Thank you.";
  }

  async #ask(address, options) {
    try {
      const response = await fetch(address, { ...options, headers: { Accept: "application/json" } });
      return await response.json();
    } catch {
      return { problem: FAILED }; // no network, or no JSON
    }
  }

  #show({ rating, rating_note }) {
    this.#form.dataset.rating = this.#form.querySelector("input[name=rating]").value = rating ?? "";
    element("rating-note").value = rating_note;
    this.#said.textContent = "";
    for (const button of this.#form.querySelectorAll("button[name=rating]")) {
      button.setAttribute("aria-pressed", button.value === String(rating));
    }
  }
}

new Rating();
