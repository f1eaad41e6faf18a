// The title and the icon of the page: the question, with a mark while it is being answered, and another one once that
// has ended in a hidden tab. They follow from what the page shows, so nothing has to report to this module.

import { element } from "./answer.js";
import { load } from "./stored.js";

// As in answers/pages/titles.py
const SITE = "Ask Me Anything";
const TITLE_CHARS = 60;

const MARKS = { answering: "…", complete: "✓", failed: "!", interrupted: "!" };
const ANSWERING = "[data-status=queued], [data-status=running]";
const NOTIFIES = "askme.notify"; // in localStorage: whether this person wants notifications; see notification.js

const thread = element("thread");
const icon = document.querySelector("link[rel=icon]");
const icons = { none: icon.getAttribute("href"), ...element("title-script").dataset }; // their addresses, by state

let state = "none"; // or one of MARKS

function shortened(question) {
  const line = question.replace(/(?![\u200c\u200d])[\p{Cf}\p{Cs}]/gu, "").replace(/[\s\p{Cc}]+/gu, " ").trim();
  const characters = Array.from(line);
  return characters.length > TITLE_CHARS ? `${characters.slice(0, TITLE_CHARS - 1).join("").trimEnd()}…` : line;
}

const questionOf = (article) => article.querySelector(".question").textContent;

function show() {
  const [first] = thread.children;
  const title = first ? `${shortened(questionOf(first))} · ${SITE}` : SITE;
  document.title = state === "none" ? title : `${MARKS[state]} ${title}`;
  const address = icons[state] ?? icons.failed;
  if (icon.getAttribute("href") !== address) icon.href = address;
}

// Most people never load this module.
const notify = (use) => import("./notification.js").then(use, () => {});

function changed() {
  for (const article of thread.children) observer.observe(article, { attributeFilter: ["data-status"] });
  const [last, wasAnswering] = [thread.lastElementChild, state === "answering"];
  if (thread.querySelector(ANSWERING)) state = "answering";
  else if (!document.hidden) state = "none";
  else if (wasAnswering) state = last?.dataset.status in MARKS ? last.dataset.status : "none";
  show();
  if (!load("localStorage", NOTIFIES)) return;
  notify(({ press }) => press(thread));
  const isOver = wasAnswering && document.hidden && state !== "answering";
  if (isOver && last) notify(({ show }) => show(shortened(questionOf(last)), last.id));
}

const observer = new MutationObserver(changed);
observer.observe(thread, { childList: true });
document.addEventListener("visibilitychange", changed);
thread.addEventListener("click", ({ target }) => target.matches(".notify") && notify(({ toggle }) => toggle(target)));
changed();
