// An exchange: a question and its answer, growing. What arrives is untrusted and only ever becomes text.
// The words are in templates/answers/exchange.html, and CSS chooses among them.

const NIL_UUID = "00000000-0000-0000-0000-000000000000"; // in place of an id, in what the server has written for any
const TICK_MILLISECONDS = 1_000;
const END_PIXELS = 40; // a reader so near to the end of the page goes along with it

export const element = (id) => document.getElementById(id);

// Positions and lengths count code points, as Python does; a string's own length counts UTF-16 units.
export const codePoints = (text) => Array.from(text);

export const number = (value, digits = 0) =>
  value.toLocaleString(document.documentElement.lang, { minimumFractionDigits: digits, maximumFractionDigits: digits });

export const withId = (written, answer) => written.replaceAll(NIL_UUID, answer);

// Its status is one of models.Status, or `loading` until the server has said which, or `lost` when it will not.
export class Exchange {
  article;
  #connection;
  #share; // the token by which a stranger reads it
  #data;
  #text; // all of it in one node
  #position = 0; // how many code points the server has sent
  #anew = null; // what comes from 0 while a text is already shown; see #append
  #hasStartedOver = false; // a wrong length is put right once: no endless loop
  #isFilling = false; // text is missing and was asked for
  #asked; // milliseconds since 1970, by this browser's clock
  #ticker = null;

  constructor(article, connection, share = null) {
    [this.article, this.#data, this.#connection, this.#share] = [article, article.dataset, connection, share];
    const box = this.#part("text");
    this.#text = document.createTextNode(box.textContent);
    box.replaceChildren(this.#text);
    if (!this.isAnswering) return; // a finished answer came whole with the page
    const { elapsedFrom, elapsedTo } = this.#data; // seconds, both by the server's clock
    this.#asked = Date.now() - (elapsedTo - elapsedFrom) * 1_000;
    this.#startOver(); // HTML does not keep every code point
    this.#setStatus(this.#data.status);
  }

  // One that the page has just asked for.
  static of({ answer, question, asked, follows }, connection) {
    const { firstElementChild: article } = element("coming").content.cloneNode(true);
    for (const node of [article, ...article.querySelectorAll("*")]) {
      for (const attribute of node.attributes) attribute.value = withId(attribute.value, answer);
    }
    article.dataset.follows = follows ?? "";
    article.querySelector(".question").textContent = article.querySelector("[name=question]").value = question;
    const exchange = new Exchange(article, connection);
    exchange.#asked = asked;
    return exchange;
  }

  get answer() { return this.#data.answer; }
  get follows() { return this.#data.follows || null; }
  get question() { return this.#part("question").textContent; }
  get isAnswering() { return ["queued", "running"].includes(this.#data.status); }
  get isFollowed() { return this.isAnswering || this.#data.status === "loading"; }

  // Also a probe: whatever the answer does, the server replies to this at once.
  follow() {
    this.#isFilling = false;
    if ("stopping" in this.#data) this.#connection.send({ type: "answer.stop", answer: this.answer });
    const frame = { type: "answer.follow", answer: this.answer, position: this.#position };
    this.#connection.request(this.#share === null ? frame : { ...frame, share: this.#share });
  }

  // Said at each `follow`, since it may be lost with a connection, and with one, since a dead socket must be found.
  stop() {
    this.#data.stopping = "";
    this.follow();
  }

  queued({ ahead }) {
    this.#write("ahead", ahead > 0 ? number(ahead) : null);
    this.#setStatus("queued");
  }

  started({ model }) {
    const part = this.#part("model");
    if (part) part.textContent = model;
    this.#setStatus("running");
  }

  text({ position, text }) {
    if (position > this.#position) return this.#fillGap();
    const fresh = codePoints(text).slice(this.#position - position);
    this.#position += fresh.length;
    this.#isFilling = false;
    if (!this.isAnswering) this.#setStatus("running");
    this.#keepingEndInSight(() => this.#append(fresh.join("")));
  }

  finished({ status, length, finish_reason, error, seconds }) {
    if (length !== this.#position && !this.#hasStartedOver) {
      this.#hasStartedOver = true;
      this.#startOver();
      return this.follow();
    }
    this.#keepingEndInSight(() => {
      this.#text.data = this.#anew ?? this.#text.data;
      this.#anew = null;
      this.#data.finishReason = finish_reason ?? "";
      this.#part("error").textContent = error?.message ?? "";
      this.#setStatus(status);
      this.#write("seconds", seconds === null ? null : number(seconds, 1));
    });
  }

  refused(error) {
    this.#hasStartedOver = true;
    this.finished({ status: "failed", error, seconds: null });
  }

  // It goes on at the server, but this page has no right to it any more.
  lose() {
    if (this.isFollowed) this.#setStatus("lost");
  }

  #fillGap() {
    if (this.#isFilling) return;
    this.follow();
    this.#isFilling = true;
  }

  #startOver() {
    this.#position = 0;
    this.#anew = "";
  }

  // What is shown stays until that which comes anew has grown past it or differs: nothing flickers.
  #append(text) {
    if (this.#anew === null) return this.#text.appendData(text);
    this.#anew += text;
    if (this.#text.data.startsWith(this.#anew)) return;
    this.#text.data = this.#anew;
    this.#anew = null;
  }

  #setStatus(status) {
    const isNews = status !== this.#data.status && !["loading", "lost"].includes(status);
    this.#data.status = status;
    this.#part("text").setAttribute("aria-busy", this.isAnswering);
    if (this.isAnswering) this.#startTicking();
    else this.#stopTicking();
    if (!this.isFollowed) delete this.#data.stopping;
    if (isNews && this.article.isConnected) this.#announce();
  }

  #announce() {
    const { dataset } = element("announcement");
    const { offsetHeight, innerText } = this.#part("ending"); // innerText of what is not shown is all of it
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
    this.#write("seconds", number(Math.max(0, Math.floor((Date.now() - this.#asked) / 1_000))));
  }

  #part(name) {
    return this.article.querySelector(`.${name}`);
  }

  // A number among words; null: the words are not said. A shared page says fewer.
  #write(name, value) {
    const part = this.#part(name);
    if (!part) return;
    part.hidden = value === null;
    part.querySelector(".number").textContent = value ?? "";
  }

  #keepingEndInSight(change) {
    const page = document.documentElement;
    const isAtEnd = scrollY + page.clientHeight >= page.scrollHeight - END_PIXELS;
    change();
    if (isAtEnd) scrollTo(scrollX, page.scrollHeight);
  }
}
