// The title and the icon of the page: the question, with a mark while it is being answered, and another one once that
// has ended in a hidden tab. They follow from what the page shows, so nothing has to report to this module.

import { element } from "./answer.js";
import { load, save } from "./stored.js";

// As in answers/pages/titles.py
const SITE = "Ask Me Anything";
const TITLE_CHARS = 60;

const MARKS = { answering: "…", complete: "✓", failed: "!", interrupted: "!" };
const ANSWERING = "[data-status=queued], [data-status=running]";

const NOTIFIES = ["localStorage", "askme.notify"]; // whether this person wants notifications

const thread = element("thread");
const icon = document.querySelector("link[rel=icon]");
const icons = { none: icon.getAttribute("href"), ...element("title-script").dataset }; // their addresses, by state

let state = "none"; // or one of MARKS

const isNotifying = () => load(...NOTIFIES) === true && globalThis.Notification?.permission === "granted";

function shortened(question) {
  const line = question.replace(/(?![\u200c\u200d])[\p{Cf}\p{Cs}]/gu, "").replace(/[\s\p{Cc}]+/gu, " ").trim();
  const characters = Array.from(line);
  return characters.length > TITLE_CHARS ? `${characters.slice(0, TITLE_CHARS - 1).join("").trimEnd()}…` : line;
}

function show() {
  const question = thread.querySelector(".question")?.textContent;
  const title = question === undefined ? SITE : `${shortened(question)} · ${SITE}`;
  document.title = state === "none" ? title : `${MARKS[state]} ${title}`;
  const address = icons[state] ?? icons.failed;
  if (icon.getAttribute("href") !== address) icon.href = address;
}

async function notify(article) {
  const { notify } = await import("./notification.js");
  notify(element("announcement").textContent, shortened(article.querySelector(".question").textContent), article.id);
}

async function toggle(button) {
  const isOn = !isNotifying();
  if (isOn) await (await import("./notification.js")).request(button);
  save(...NOTIFIES, isOn);
  changed();
}

function ended(article) {
  state = article?.dataset.status in MARKS ? article.dataset.status : "none";
  if (article && isNotifying()) notify(article);
}

function changed() {
  for (const article of thread.children) observer.observe(article, { attributeFilter: ["data-status"] });
  const wasAnswering = state === "answering";
  if (thread.querySelector(ANSWERING)) state = "answering";
  else if (!document.hidden) state = "none";
  else if (wasAnswering) ended(thread.lastElementChild);
  for (const button of thread.querySelectorAll(".notify")) button.setAttribute("aria-pressed", isNotifying());
  show();
}

const observer = new MutationObserver(changed);
observer.observe(thread, { childList: true });
document.addEventListener("visibilitychange", changed);
thread.addEventListener("click", ({ target }) => target.matches(".notify") && toggle(target));
changed();
