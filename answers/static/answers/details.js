// The numbers of an answer that has ended. If that was before the page was loaded, the server has written them. Either
// way the browser formats them, so that a reload changes nothing.

// `end` is the event `answer.finished`, or null. Files are named by their content (askme/storage.py), so this module
// cannot import `formatNumber` from one that imports this one.
export function showDetails(box, end, model, formatNumber) {
  const numbers = box.querySelectorAll("data");
  if (end) {
    const facts = { ...end, ...end.usage };
    for (const number of numbers) number.value = facts[number.dataset.fact] ?? "";
    box.querySelector(".estimated").hidden = !facts.estimated;
    box.querySelector(".details-model").textContent = model;
    const ending = box.querySelector(".details-ending");
    const { [end.status]: words, [end.finish_reason]: reason } = ending.dataset;
    ending.textContent = (end.status === "complete" && reason) || words;
  }
  for (const number of numbers) number.textContent = formatNumber(Number(number.value), number.dataset.digits);
}
