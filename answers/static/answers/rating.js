// Rates an answer without leaving the page: sends the same form from here. See answers/pages/rating.py.

const { thanks, notSaved } = document.getElementById("page").dataset; // messages in the reader's language

export async function rate(form, submitter) {
  const reply = await send(form, submitter);
  if (reply.problem === undefined) show(form, reply);
  form.querySelector(".form-status").textContent = reply.problem ?? thanks;
}

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
