// The Copy button beside the link of a shared thread. The link can also be selected and copied by hand.

import { copy } from "./copying.js";

const link = document.getElementById("link");
const copied = document.getElementById("copied"); // its data attributes hold both messages in the reader's language

document.getElementById("copy")?.addEventListener("click", async () => {
  const isCopied = await copy(link.value);
  copied.textContent = isCopied ? copied.dataset.copied : copied.dataset.refused;
  link.select();
});
