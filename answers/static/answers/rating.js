// Rates an answer without leaving the page: sends the same form from here. See answers/pages/rating.py.

const { thanks, notSaved } = document.getElementById("page").dataset; // messages in the reader's language

const last = new WeakMap(); // the last rating of each form: they are sent one after another

export function rate(form, submitter) {
  const status = form.querySelector(".form-status");
  status.textContent = ""; // what it says next is about this rating
  const rated = (last.get(form) ?? Promise.resolve()).then(() => send(form, submitter));
  last.set(form, rated);
  return rated.then(({ problem }) => {
    if (last.get(form) === rated) status.textContent = problem ?? thanks;
  });
}

// The page may be left before the reply arrives.
async function send(form, submitter) {
  const body = new FormData(form, submitter);
  const options = { method: "POST", body, headers: { Accept: "application/json" }, keepalive: true };
  try {
    const reply = await (await fetch(form.action, options)).json();
    if (reply.problem === undefined) show(form, reply, body.get("rating_note"));
    return reply;
  } catch {
    return { problem: notSaved }; // no network, or the reply is not JSON
  }
}

// What was typed since the note was sent stays.
function show(form, { rating, rating_note }, sent) {
  form.dataset.rating = form.querySelector("input[name=rating]").value = rating ?? "";
  const note = form.elements.rating_note;
  if (note.value === sent) note.value = rating_note;
  for (const button of form.querySelectorAll("button[name=rating]")) {
    button.setAttribute("aria-pressed", button.value === String(rating));
  }
}
