// The pages that an answer cites. Their titles and addresses come from the web, so a title is shown as text, and an
// address becomes a link only if it is the address of a web page. answers/models/sources.py does the same on the server.

const WEB_PAGE = /^https?:\/\/[^\s/?#@:\\%[\]<>^|]+(:\d{1,5})?([/?#]|$)/i; // without a user name, which looks like a host

export function showSources(section, sources) {
  section.hidden = sources.length === 0;
  section.querySelector("ol").replaceChildren(...sources.map(item));
}

function parse(url) {
  try {
    return WEB_PAGE.test(url) ? new URL(url) : null;
  } catch {
    return null;
  }
}

function item({ url, title }) {
  const { firstElementChild: created } = document.getElementById("source-template").content.cloneNode(true);
  const page = parse(url);
  const link = created.querySelector("a");
  created.querySelector(".title").textContent = title.trim() || url;
  created.querySelector(".host").textContent = page?.hostname ?? ""; // in ASCII, so that no letter can be mistaken for another
  if (page) link.href = page;
  else link.removeAttribute("href");
  return created;
}
