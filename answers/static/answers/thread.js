// The path through a thread that a page shows. It keeps every answer that it has ever shown, for Back and Forward.

import { Answer, byId } from "./answer.js";

const EVENTS = ["queued", "started", "activity", "reasoning", "text", "finished"]; // of answers; see answers/protocol.py

export class Thread {
  #list = byId("thread");
  #connection;
  #answers = new Map(); // by id, in the order in which they were asked
  #shown;
  #initial; // the answers that the page came with

  constructor(connection, share = null) {
    this.#connection = connection;
    this.#initial = this.#shown = Array.from(this.#list.children, (article) => new Answer(article, connection, share));
    for (const answer of this.#shown) this.#answers.set(answer.id, answer);
  }

  get shown() { return this.#shown; }
  get isAnswering() { return this.#shown.some((answer) => answer.isAnswering); }

  // The last answer that a person can still stop.
  get stoppable() { return this.#shown.findLast((answer) => answer.isAnswering && !answer.isStopping); }

  // The page shows one part of a very long thread. Is the last part on another page?
  get hasLaterPart() { return byId("later")?.hidden === false; }

  find(id) { return this.#answers.get(id); }
  at(node) { return this.find(node.closest("article")?.dataset.answer); }

  // Any answer on the page may be unfinished. Answers that the page no longer shows continue without it.
  follow() {
    for (const answer of this.#shown) if (answer.isFollowed) answer.follow();
  }

  received(event) {
    const answer = this.find(event.answer);
    const name = event.type.replace("answer.", "");
    if (answer?.isFollowed && EVENTS.includes(name)) answer[name](event);
  }

  makeUnavailable() {
    for (const answer of this.#shown) answer.makeUnavailable();
  }

  // Adds a new question. If it revises another one, it takes the same place in the thread.
  add(submission, address) {
    const revised = this.find(submission.revises);
    const follows = revised ? revised.follows : submission.follows;
    const added = Answer.of({ ...submission, follows }, this.#connection);
    this.#answers.set(added.id, added);
    if (revised) import("./versions.js").then(({ addVersion }) => addVersion(revised, added, address), () => null); // or after a reload
    return added;
  }

  // Shows the path to and past this answer, as answers/pages/thread.py computes it. Without an id, shows nothing.
  show(id) {
    this.#shown = this.#path(id);
    const articles = this.#shown.map((answer) => answer.article);
    for (const article of [...this.#list.children]) if (!articles.includes(article)) article.remove();
    for (const [index, article] of articles.entries()) {
      const current = this.#list.children[index]; // an article that stays is not moved, so it keeps focus and selection
      if (current !== article) this.#list.insertBefore(article, current ?? null);
    }
    this.#showEnds();
  }

  #path(id) {
    const path = [];
    for (let answer = this.find(id); answer; answer = this.find(answer.follows)) path.unshift(answer);
    const answers = [...this.#answers.values()];
    for (let last = path.at(-1); last; ) {
      const { id } = last;
      last = answers.findLast(({ follows }) => follows === id);
      if (last) path.push(last);
    }
    return path;
  }

  #showEnds() {
    const [earlier, later] = [byId("earlier"), byId("later")];
    if (earlier) earlier.hidden = this.#shown[0]?.follows !== this.#initial[0].follows;
    if (later) later.hidden = this.#shown.at(-1) !== this.#initial.at(-1);
  }
}
