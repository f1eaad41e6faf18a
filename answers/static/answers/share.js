// The Copy button beside the link of a shared thread. The link can also be selected and copied by hand.

const link = document.getElementById("link");
const copied = document.getElementById("copied"); // its data attributes hold both messages in the reader's language

document.getElementById("copy")?.addEventListener("click", async () => {
  link.select();
  try {
    await navigator.clipboard.writeText(link.value);
    copied.textContent = copied.dataset.copied;
  } catch {
    // Plain http has no clipboard, and a browser may refuse access to it.
    copied.textContent = document.execCommand("copy") ? copied.dataset.copied : copied.dataset.refused;
  }
});
