// Rating an answer without leaving the page: the same form, sent from here. See answers/rating.py.

import { element } from "./exchange.js";

const { thanks, notSaved } = element("page").dataset; // words

async function send(form, submitter) {
  const options = { method: "POST", body: new FormData(form, submitter), headers: { Accept: "application/json" } };
  try {
    const response = await fetch(form.action, options);
    return await response.json();
  } catch {
    return { problem: notSaved }; // no network, or no JSON
  }
}

function show(form, { rating, rating_note }) {
  form.dataset.rating = form.querySelector("input[name=rating]").value = rating ?? "";
  form.elements.rating_note.value = rating_note;
  for (const button of form.querySelectorAll("button[name=rating]")) {
    button.setAttribute("aria-pressed", button.value === String(rating));
  }
}

element("thread").addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches(".rating")) return;
  event.preventDefault();
  const said = await send(form, event.submitter);
  if (said.problem === undefined) show(form, said);
  form.querySelector(".said").textContent = said.problem ?? thanks;
});
