// An exchange: a question and its answer, growing. What arrives is untrusted and only ever becomes text.
// The words are in the template, and CSS chooses among them.

const TICK_MILLISECONDS = 1_000;
const END_PIXELS = 40; // a reader so near to the end of the page goes along with it

export const element = (id) => document.getElementById(id);

// Positions and lengths count code points, as Python does; a string's own length counts UTF-16 units.
export const codePoints = (text) => Array.from(text);

// Its status is one of models.Status, or `loading` until the server has said which, or `lost` when it will not.
export class AnswerView {
  #connection;
  #data = element("answer").dataset;
  #text = document.createTextNode(element("text").textContent); // all of it in one node
  #position = 0; // how many code points the server has sent
  #anew = null; // what comes from 0 while a text is already shown; see #append
  #hasStartedOver = false; // a wrong length is put right once: no endless loop
  #isFilling = false; // text is missing and was asked for
  #asked = 0; // milliseconds since 1970, by this browser's clock
  #ticker = null;

  constructor(connection) {
    this.#connection = connection;
    element("text").replaceChildren(this.#text);
    if (!this.isAnswering) return; // a finished answer came whole with the page
    const { elapsedFrom, elapsedTo } = this.#data; // seconds, both by the server's clock
    this.#asked = Date.now() - (elapsedTo - elapsedFrom) * 1_000;
    this.#startOver(); // HTML does not keep every code point
    this.#setStatus(this.#data.status);
  }

  get answer() { return this.#data.answer ?? null; }
  get question() { return element("question").textContent; }
  get exchange() { return { answer: this.answer, question: this.question, asked: this.#asked }; }
  get isAnswering() { return ["queued", "running"].includes(this.#data.status); }
  get isFollowed() { return this.isAnswering || this.#data.status === "loading"; }

  show({ answer, question, asked }) {
    this.hide();
    this.#asked = asked;
    this.#data.answer = answer;
    element("question").textContent = question;
    element("answer").hidden = false;
    this.#setStatus("loading");
  }

  hide() {
    this.#stopTicking();
    [this.#position, this.#anew, this.#hasStartedOver, this.#isFilling] = [0, null, false, false];
    this.#text.data = "";
    for (const id of ["question", "ahead", "model", "seconds", "error"]) element(id).textContent = "";
    for (const name of ["answer", "status", "finishReason", "stopping"]) delete this.#data[name];
    element("answer").hidden = true;
  }

  // Also a probe: whatever the answer does, the server replies to this at once.
  follow() {
    this.#isFilling = false;
    if ("stopping" in this.#data) this.#connection.send({ type: "answer.stop", answer: this.answer });
    this.#connection.request({ type: "answer.follow", answer: this.answer, position: this.#position });
  }

  // Said at each `follow`, since it may be lost with a connection, and with one, since a dead socket must be found.
  stop() {
    this.#data.stopping = "";
    this.follow();
  }

  queued({ ahead }) {
    element("ahead").textContent = ahead > 0 ? `, ${ahead} ahead of you` : "";
    this.#setStatus("queued");
  }

  started({ model }) {
    element("model").textContent = model;
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
      element("error").textContent = error?.message ?? "";
      this.#setStatus(status);
      element("seconds").textContent = seconds === null ? "" : `${seconds.toFixed(1)} s`;
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
    element("text").setAttribute("aria-busy", this.isAnswering);
    if (this.isAnswering) this.#startTicking();
    else this.#stopTicking();
    if (!this.isFollowed) delete this.#data.stopping;
    if (isNews) element("announcement").textContent = this.#announcement;
  }

  get #announcement() {
    if (this.isAnswering) return "Answering";
    const { offsetHeight, innerText } = element("ending"); // innerText of what is not shown is all of it
    return (offsetHeight && innerText.trim()) || "Answer complete";
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
    element("seconds").textContent = `${Math.max(0, Math.floor((Date.now() - this.#asked) / 1_000))} s`;
  }

  #keepingEndInSight(change) {
    const page = document.documentElement;
    const isAtEnd = scrollY + page.clientHeight >= page.scrollHeight - END_PIXELS;
    change();
    if (isAtEnd) scrollTo(scrollX, page.scrollHeight);
  }
}
