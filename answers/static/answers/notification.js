// A notification of the browser when an answer has ended in a hidden tab, for people who have turned it on. Browsers
// remember a refusal, so permission is requested only when somebody presses the button.

import { load, save } from "./stored.js";

const NOTIFIES = "askme.notify"; // in localStorage

const isOn = () => load(NOTIFIES) === true && globalThis.Notification?.permission === "granted";

// Shows on all buttons whether it is on.
export function press(thread) {
  for (const button of thread.querySelectorAll(".notify")) button.setAttribute("aria-pressed", isOn());
}

// Turns it on or off. Says so if the browser refuses.
export async function toggle(button) {
  const permission = isOn() ? "off" : (await globalThis.Notification?.requestPermission()) ?? "denied";
  save(NOTIFIES, permission === "granted");
  const isBlocked = !["granted", "off"].includes(permission);
  button.closest("article").querySelector(".notify-problem").textContent = isBlocked ? button.dataset.blocked : "";
  press(document);
}

// `tag`: two tabs with the same answer show one notification.
export function show(question, tag) {
  if (!isOn()) return;
  try {
    const notification = new Notification(document.getElementById("announcement").textContent, { body: question, tag });
    notification.addEventListener("click", () => {
      focus();
      notification.close();
    });
  } catch {
    // Phones show notifications only for sites that are installed.
  }
}
