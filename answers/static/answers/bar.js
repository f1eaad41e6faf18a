// Links that lead back here: login, sign-up and the choice of a language. The address may change while the page is open,
// so each click reads it.

for (const link of document.querySelectorAll('.bar a[href*="?next="]')) {
  link.addEventListener("click", () => (link.search = `?next=${encodeURIComponent(location.pathname + location.search)}`));
}
