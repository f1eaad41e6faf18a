// The page's address changes while it is open: whoever logs in or signs up comes back to where they are then.

for (const link of document.querySelectorAll('.bar a[href*="?next="]')) {
  link.addEventListener("click", () => (link.search = `?next=${encodeURIComponent(location.pathname)}`));
}
