// A shared thread: read only, and live while it is being answered. What arrives only ever becomes text.

import { codePoints } from "./answer.js";
import { Connection } from "./connection.js";

class SharedAnswer {
  #data;
  #share;
  #text; // a text node
  #error;
  #position = 0; // how many code points the server has sent
  #isLive = false; // until then it shows what the page came with
  #hasStartedOver = false;

  constructor(article, share) {
    this.#data = article.dataset;
    this.#share = share;
    this.#error = article.querySelector("[data-when=failed]");
    const box = article.querySelector(".text");
    this.#text = document.createTextNode(box.textContent);
    box.replaceChildren(this.#text);
  }

  get id() { return this.#data.answer; }
  get isFollowed() { return ["queued", "running"].includes(this.#data.status); }
  get follow() { return { type: "answer.follow", answer: this.id, position: this.#position, share: this.#share }; }

  // Each returns whether the answer must be followed anew.

  queued() {
    this.#data.status = "queued";
  }

  started() {
    this.#data.status = "running";
  }

  text({ position, text }) {
    if (position > this.#position) return true;
    const fresh = codePoints(text).slice(this.#position - position);
    this.#position += fresh.length;
    if (this.#isLive) this.#text.appendData(fresh.join(""));
    else this.#text.data = fresh.join("");
    this.#isLive = true;
    this.#data.status = "running";
    return false;
  }

  finished({ status, length, finish_reason, error }) {
    if (length !== this.#position && !this.#hasStartedOver) {
      this.#hasStartedOver = true;
      [this.#position, this.#isLive] = [0, false];
      return true;
    }
    this.#data.finishReason = finish_reason ?? "";
    this.#error.textContent = error?.message ?? "";
    this.#data.status = status;
    return false;
  }
}

class Thread {
  #connection;
  #answers = new Map();
  #handlers = {
    "answer.queued": (answer, event) => answer.queued(event),
    "answer.started": (answer, event) => answer.started(event),
    "answer.text": (answer, event) => answer.text(event),
    "answer.finished": (answer, event) => answer.finished(event),
  };

  constructor({ dataset }, articles) {
    for (const article of articles) {
      const answer = new SharedAnswer(article, dataset.share);
      if (answer.isFollowed) this.#answers.set(answer.id, answer);
    }
    if (!this.#answers.size) return;
    this.#connection = new Connection(dataset.socket, this);
    this.#connection.open();
  }

  opened() {
    for (const answer of this.#answers.values()) this.#follow(answer);
  }

  closed() {
    if (this.#connection.isOver) location.reload(); // the reader's own session has ended; none is needed here
  }

  silent() {
    this.opened();
  }

  received(event) {
    const answer = this.#answers.get(event.answer);
    if (!answer?.isFollowed) return;
    if (event.code === "not_found") location.reload(); // revoked, or deleted: what is left, if anything
    if (this.#handlers[event.type]?.(answer, event)) this.#follow(answer);
    if (![...this.#answers.values()].some((one) => one.isFollowed)) this.#connection.close();
  }

  #follow(answer) {
    if (answer.isFollowed) this.#connection.request(answer.follow);
  }
}

new Thread(document.getElementById("page"), document.querySelectorAll("article"));
