// The Copy button beside a link, which stands there to be selected by hand too.

const link = document.getElementById("link");
const copied = document.getElementById("copied");

document.getElementById("copy")?.addEventListener("click", async () => {
  link.select();
  try {
    await navigator.clipboard.writeText(link.value);
    copied.textContent = "Copied.";
  } catch {
    // Plain http has no clipboard, and a browser may refuse it.
    copied.textContent = document.execCommand("copy") ? "Copied." : "Please copy it by hand.";
  }
});
