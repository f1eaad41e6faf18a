// The title and the icon of the page: the question, with a mark while it is being answered, and another one once that
// has ended in a hidden tab. They follow from what the page shows, so nothing has to report to this module.

import { byId } from "./answer.js";
import { load } from "./stored.js";

// As in answers/pages/titles.py
const SITE = "Ask Me Anything";
const TITLE_CHARS = 60;

const MARKS = { none: "", answering: "… ", complete: "✓ ", failed: "! ", interrupted: "! " };
const NOTIFIES = "askme.notify"; // in localStorage: whether this person wants notifications; see notification.js

const thread = byId("thread");
const icon = document.querySelector("link[rel=icon]");
const icons = { none: icon.getAttribute("href"), ...byId("title-script").dataset }; // their addresses, by state

let state = "none"; // or another one of MARKS

// One line of a question.
function lineOf(article) {
  const question = article.querySelector(".question").textContent;
  const line = question.replace(/(?![\u200c\u200d])[\p{Cf}\p{Cs}]/gu, "").replace(/[\s\p{Cc}]+/gu, " ").trim();
  const characters = Array.from(line);
  return characters[TITLE_CHARS] ? `${characters.slice(0, TITLE_CHARS - 1).join("").trimEnd()}…` : line;
}

// Most people never load this module.
const notify = (use) => import("./notification.js").then(use, () => {});

function changed() {
  for (const article of thread.children) observer.observe(article, { attributeFilter: ["data-status"] });
  const [first, last, wasAnswering] = [thread.firstElementChild, thread.lastElementChild, state === "answering"];
  if (thread.querySelector("[data-status=queued], [data-status=running]")) state = "answering";
  else if (!document.hidden) state = "none";
  else if (wasAnswering) state = last?.dataset.status in MARKS ? last.dataset.status : "none";
  document.title = MARKS[state] + (first ? `${lineOf(first)} · ${SITE}` : SITE);
  const address = icons[state] ?? icons.failed;
  if (icon.getAttribute("href") !== address) icon.href = address;
  if (!load(NOTIFIES)) return;
  notify(({ press }) => press(thread));
  const isOver = wasAnswering && document.hidden && state !== "answering";
  if (isOver && last) notify(({ show }) => show(lineOf(last), last.id));
}

const observer = new MutationObserver(changed);
observer.observe(thread, { childList: true });
document.addEventListener("visibilitychange", changed);
thread.addEventListener("click", ({ target }) => target.matches(".notify") && notify(({ toggle }) => toggle(target)));
changed();
