// Rates an answer without leaving the page: sends the same form from here. See answers/pages/rating.py.

import { element } from "./answer.js";

const { thanks, notSaved } = element("page").dataset; // messages in the reader's language

async function send(form, submitter) {
  const options = { method: "POST", body: new FormData(form, submitter), headers: { Accept: "application/json" } };
  try {
    const response = await fetch(form.action, options);
    return await response.json();
  } catch {
    return { problem: notSaved }; // no network, or the reply is not JSON
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
  const reply = await send(form, event.submitter);
  if (reply.problem === undefined) show(form, reply);
  form.querySelector(".form-status").textContent = reply.problem ?? thanks;
});
