// The numbers of an answer that has ended. If that was before the page was loaded, the server has written them. Either
// way the browser formats them, so that a reload changes nothing.

import { formatNumber } from "./answer.js";

export function showDetails({ article, end }) {
  const box = article.querySelector(".details");
  const numbers = box.querySelectorAll("data");
  if (end) {
    const facts = { ...end, ...end.usage };
    for (const number of numbers) number.value = facts[number.dataset.fact] ?? "";
    box.querySelector(".estimated").hidden = !facts.estimated;
    box.querySelector(".details-model").textContent = article.querySelector(".model").textContent;
    const ending = box.querySelector(".details-ending");
    const { [end.status]: words, [end.finish_reason]: reason } = ending.dataset;
    ending.textContent = (end.status === "complete" && reason) || words;
  }
  for (const number of numbers) number.textContent = formatNumber(Number(number.value), number.dataset.digits);
}
