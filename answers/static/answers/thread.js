// The way through a thread that a page shows. Every exchange that it has ever shown is kept, for Back and Forward.

import { Exchange, element } from "./exchange.js";
import { Versions } from "./versions.js";

export class Thread {
  #list = element("thread");
  #connection;
  #known = new Map(); // by answer, in the order in which they were asked
  #versions = new Map(); // by answer, where this page has made more than there were
  #shown;
  #came; // what the page came with
  #handlers = {
    "answer.queued": (exchange, event) => exchange.queued(event),
    "answer.started": (exchange, event) => exchange.started(event),
    "answer.text": (exchange, event) => exchange.text(event),
    "answer.finished": (exchange, event) => exchange.finished(event),
  };

  constructor(connection, share = null) {
    this.#connection = connection;
    this.#came = this.#shown = Array.from(this.#list.children, (article) => new Exchange(article, connection, share));
    for (const exchange of this.#shown) this.#known.set(exchange.answer, exchange);
  }

  get shown() { return this.#shown; }
  get isAnswering() { return this.#shown.some((exchange) => exchange.isAnswering); }

  // Of a very long thread the page shows a part, and this may not be the last.
  get isCut() { return element("later")?.hidden === false; }

  find(answer) { return this.#known.get(answer); }
  at(node) { return this.find(node.closest("article")?.dataset.answer); }

  // Whatever the page shows may be unfinished; what it does not show any more may go on unseen.
  follow() {
    for (const exchange of this.#shown) if (exchange.isFollowed) exchange.follow();
  }

  received(event) {
    const exchange = this.find(event.answer);
    if (exchange?.isFollowed) this.#handlers[event.type]?.(exchange, event);
  }

  // A new question, whose answer comes. It stands where the one that it revises stands.
  add(asked, address) {
    const revised = this.find(asked.revises);
    const exchange = Exchange.of({ ...asked, follows: revised ? revised.follows : asked.follows }, this.#connection);
    this.#known.set(exchange.answer, exchange);
    if (!revised) return exchange;
    const versions = this.#versions.get(revised.answer) ?? new Versions(revised, address);
    versions.add(exchange);
    for (const { answer } of [revised, exchange]) this.#versions.set(answer, versions);
    return exchange;
  }

  // The way to, and past, this answer, as answers/thread.py goes it; without one, nothing.
  show(answer) {
    this.#shown = this.#path(answer);
    const articles = this.#shown.map((exchange) => exchange.article);
    for (const article of [...this.#list.children]) if (!articles.includes(article)) article.remove();
    for (const [index, article] of articles.entries()) {
      const there = this.#list.children[index]; // what stays is not touched: it keeps focus and selection
      if (there !== article) this.#list.insertBefore(article, there ?? null);
    }
    this.#showEnds();
  }

  #path(answer) {
    const path = [];
    for (let one = this.find(answer); one; one = this.find(one.follows)) path.unshift(one);
    const known = [...this.#known.values()];
    for (let one = path.at(-1); one; ) {
      const { answer } = one;
      one = known.findLast(({ follows }) => follows === answer);
      if (one) path.push(one);
    }
    return path;
  }

  #showEnds() {
    const [earlier, later] = [element("earlier"), element("later")];
    if (earlier) earlier.hidden = this.#shown[0]?.follows !== this.#came[0].follows;
    if (later) later.hidden = this.#shown.at(-1) !== this.#came.at(-1);
  }
}
