// The Copy button beside a link, which stands there to be selected by hand too.

const link = document.getElementById("link");
const copied = document.getElementById("copied"); // has the words for both ends, in the reader's language

document.getElementById("copy")?.addEventListener("click", async () => {
  link.select();
  try {
    await navigator.clipboard.writeText(link.value);
    copied.textContent = copied.dataset.copied;
  } catch {
    // Plain http has no clipboard, and a browser may refuse it.
    copied.textContent = document.execCommand("copy") ? copied.dataset.copied : copied.dataset.refused;
  }
});
