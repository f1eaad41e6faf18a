// A notification of the browser when an answer has ended in a hidden tab, for people who have turned it on. Browsers
// remember a refusal, so permission is requested only when somebody asks for notifications.

// Asks the browser, which asks the person. Says so if it refuses.
export async function request(button) {
  const permission = (await globalThis.Notification?.requestPermission()) ?? "denied";
  button.closest("article").querySelector(".notify-problem").textContent = permission === "granted" ? "" : button.dataset.blocked;
}

export function notify(words, question, tag) {
  try {
    const notification = new Notification(words, { body: question, tag });
    notification.addEventListener("click", () => {
      focus();
      notification.close();
    });
  } catch {
    // Phones show notifications only for sites that are installed.
  }
}
