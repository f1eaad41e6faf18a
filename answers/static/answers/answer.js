// One answer and its question on the page. The text comes from a model and is untrusted: it only ever becomes text.
// All wording is in templates/answers/answer.html. CSS chooses which of it shows.

const NIL_UUID = "00000000-0000-0000-0000-000000000000"; // stands for the id in addresses and templates from the server
const TICK_MILLISECONDS = 1_000;
const END_PIXELS = 40; // a reader this close to the end of the page is kept at the end while it grows

export const element = (id) => document.getElementById(id);

// Positions and lengths count code points, as Python does. A JavaScript string's own length counts UTF-16 units.
export const codePoints = (text) => Array.from(text);

export const formatNumber = (value, digits = 0) =>
  value.toLocaleString(document.documentElement.lang, { minimumFractionDigits: digits, maximumFractionDigits: digits });

export const withId = (template, id) => template.replaceAll(NIL_UUID, id);

// Its status is one of models.Status, or `loading` until the server sends one, or `unavailable` if it never will.
export class Answer {
  article;
  #connection;
  #share; // the token with which anybody may read a shared thread
  #data;
  #text; // one node that holds the whole text
  #position = 0; // how many code points the server has sent
  #replacement = null; // the text sent again from 0 while the old one still shows; see #append
  #hasRestarted = false; // a wrong length is corrected once, so there is no endless loop
  #isGapRequested = false; // text is missing, and the server was asked for it
  #askedAt; // milliseconds since 1970, by this browser's clock
  #ticker = null;

  constructor(article, connection, share = null) {
    [this.article, this.#data, this.#connection, this.#share] = [article, article.dataset, connection, share];
    const box = this.#part("text");
    this.#text = document.createTextNode(box.textContent);
    box.replaceChildren(this.#text);
    if (!this.isAnswering) return; // the page came with the whole text of a finished answer
    const { elapsedFrom, elapsedTo } = this.#data; // seconds, both by the server's clock
    this.#askedAt = Date.now() - (elapsedTo - elapsedFrom) * 1_000;
    this.#restart(); // HTML does not preserve every code point
    this.#setStatus(this.#data.status);
  }

  // For a question that the page has just asked.
  static of({ answer, question, askedAt, follows }, connection) {
    const { firstElementChild: article } = element("answer-template").content.cloneNode(true);
    for (const node of [article, ...article.querySelectorAll("*")]) {
      for (const attribute of node.attributes) attribute.value = withId(attribute.value, answer);
    }
    article.dataset.follows = follows ?? "";
    article.querySelector(".question").textContent = article.querySelector("[name=question]").value = question;
    const created = new Answer(article, connection);
    created.#askedAt = askedAt;
    return created;
  }

  get id() { return this.#data.answer; }
  get follows() { return this.#data.follows || null; }
  get question() { return this.#part("question").textContent; }
  get isAnswering() { return ["queued", "running"].includes(this.#data.status); }
  get isFollowed() { return this.isAnswering || this.#data.status === "loading"; }

  // This is also a probe: whatever the state of the answer, the server replies at once.
  follow() {
    this.#isGapRequested = false;
    if ("stopping" in this.#data) this.#connection.send({ type: "answer.stop", answer: this.id });
    const frame = { type: "answer.follow", answer: this.id, position: this.#position };
    this.#connection.request(this.#share === null ? frame : { ...frame, share: this.#share });
  }

  // Each `follow` sends the stop again, because it may be lost with a connection. The first one goes with a `follow`
  // too, whose missing reply exposes a dead socket.
  stop() {
    this.#data.stopping = "";
    this.follow();
  }

  queued({ ahead }) {
    this.#showNumber("ahead", ahead > 0 ? formatNumber(ahead) : null);
    this.#setStatus("queued");
  }

  started({ model }) {
    const part = this.#part("model");
    if (part) part.textContent = model;
    this.#setStatus("running");
  }

  text({ position, text }) {
    if (position > this.#position) return this.#requestGap();
    const added = codePoints(text).slice(this.#position - position);
    this.#position += added.length;
    this.#isGapRequested = false;
    if (!this.isAnswering) this.#setStatus("running");
    this.#keepScrolledToEnd(() => this.#append(added.join("")));
  }

  finished({ status, length, finish_reason, error, seconds }) {
    if (length !== this.#position && !this.#hasRestarted) {
      this.#hasRestarted = true;
      this.#restart();
      return this.follow();
    }
    this.#keepScrolledToEnd(() => {
      this.#text.data = this.#replacement ?? this.#text.data;
      this.#replacement = null;
      this.#data.finishReason = finish_reason ?? "";
      this.#part("error").textContent = error?.message ?? "";
      this.#setStatus(status);
      this.#showNumber("seconds", seconds === null ? null : formatNumber(seconds, 1));
    });
  }

  refused(error) {
    this.#hasRestarted = true;
    this.finished({ status: "failed", error, seconds: null });
  }

  // The answer continues on the server, but this page may no longer read it.
  makeUnavailable() {
    if (this.isFollowed) this.#setStatus("unavailable");
  }

  #requestGap() {
    if (this.#isGapRequested) return;
    this.follow();
    this.#isGapRequested = true;
  }

  #restart() {
    this.#position = 0;
    this.#replacement = "";
  }

  // The old text stays until its replacement is longer than it or differs from it. So nothing flickers.
  #append(text) {
    if (this.#replacement === null) return this.#text.appendData(text);
    this.#replacement += text;
    if (this.#text.data.startsWith(this.#replacement)) return;
    this.#text.data = this.#replacement;
    this.#replacement = null;
  }

  #setStatus(status) {
    const isWorthAnnouncing = status !== this.#data.status && !["loading", "unavailable"].includes(status);
    this.#data.status = status;
    this.#part("text").setAttribute("aria-busy", this.isAnswering);
    if (this.isAnswering) this.#startTicking();
    else this.#stopTicking();
    if (!this.isFollowed) delete this.#data.stopping;
    if (isWorthAnnouncing && this.article.isConnected) this.#announce();
  }

  #announce() {
    const { dataset } = element("announcement");
    const { offsetHeight, innerText } = this.#part("ending"); // of a hidden element, innerText is all the text in it
    const ending = (offsetHeight && innerText.trim()) || dataset.complete;
    element("announcement").textContent = this.isAnswering ? dataset.answering : ending;
  }

  #startTicking() {
    this.#tick();
    this.#ticker ??= setInterval(() => this.#tick(), TICK_MILLISECONDS);
  }

  #stopTicking() {
    clearInterval(this.#ticker);
    this.#ticker = null;
  }

  #tick() {
    this.#showNumber("seconds", formatNumber(Math.max(0, Math.floor((Date.now() - this.#askedAt) / 1_000))));
  }

  #part(name) {
    return this.article.querySelector(`.${name}`);
  }

  // Shows a number with the words around it; null hides them. A shared page does not have all of them.
  #showNumber(name, value) {
    const part = this.#part(name);
    if (!part) return;
    part.hidden = value === null;
    part.querySelector(".number").textContent = value ?? "";
  }

  #keepScrolledToEnd(change) {
    const page = document.documentElement;
    const isAtEnd = scrollY + page.clientHeight >= page.scrollHeight - END_PIXELS;
    change();
    if (isAtEnd) scrollTo(scrollX, page.scrollHeight);
  }
}
