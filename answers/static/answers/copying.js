// Copies text for a button, which then says so for a while. The words are in answers/templates/answers/words.html.

const SHOWN_MILLISECONDS = 2_000;

const timers = new WeakMap(); // of buttons that say something else at the moment

// `text` may be a promise. Safari allows copying only while it handles a click, so it gets the promise. Returns whether
// the text has been copied.
export async function copy(text) {
  try {
    if (typeof text === "string") await navigator.clipboard.writeText(text);
    else await navigator.clipboard.write([new ClipboardItem({ "text/plain": text.then((it) => new Blob([it], { type: "text/plain" })) })]);
    return true;
  } catch {
    // Plain http has no clipboard, and a browser may refuse access to it or not know ClipboardItem.
  }
  try {
    return copyByCommand(await text);
  } catch {
    return false; // the text could not be loaded
  }
}

export async function copyFor(button, text) {
  say(button, (await copy(text)) ? "word-copied" : "word-not-copied");
}

function copyByCommand(text) {
  const box = document.createElement("textarea");
  const { activeElement } = document;
  const selection = getSelection();
  const ranges = Array.from({ length: selection.rangeCount }, (_, index) => selection.getRangeAt(index));
  box.value = text;
  box.className = "visually-hidden";
  document.body.append(box);
  box.select();
  const isCopied = document.execCommand("copy");
  box.remove();
  activeElement?.focus({ preventScroll: true });
  selection.removeAllRanges();
  for (const range of ranges) selection.addRange(range);
  return isCopied;
}

function say(button, word) {
  const announcement = document.getElementById("announcement");
  const sentence = document.getElementById(word).textContent;
  clearTimeout(timers.get(button));
  button.setAttribute("aria-labelledby", word);
  if (announcement) announcement.textContent = sentence;
  timers.set(button, setTimeout(() => {
    button.setAttribute("aria-labelledby", button.matches(".copy-answer") ? "word-copy-answer" : "word-copy");
    if (announcement?.textContent === sentence) announcement.textContent = ""; // so that the next one is announced too
  }, SHOWN_MILLISECONDS));
}
