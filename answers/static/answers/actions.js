// What one can do with an answer: edit its question, rate it, and open its details. Loaded with the first of these.

import { byId } from "./answer.js";
import { showDetails } from "./details.js";
import { Editors } from "./editors.js";
import { rate } from "./rating.js";

// `thread` and `ask` are as for Editors. Returns the editors.
export function listen(thread, ask) {
  const editors = new Editors(thread, ask);
  byId("thread").addEventListener("click", ({ target }) => {
    const button = target.closest(".edit, .open-details");
    if (button?.matches(".edit")) editors.open(thread.at(button));
    else if (button) showDetails(thread.at(button)); // the browser opens them
  });
  byId("thread").addEventListener("submit", (event) => {
    if (!event.target.matches(".rating")) return;
    event.preventDefault();
    rate(event.target, event.submitter);
  });
  return editors;
}
