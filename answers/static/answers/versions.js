// The versions of one question: at each stands which it is of how many, with links to its neighbours.

import { withId } from "./exchange.js";

export class Versions {
  #address; // of an answer, for any
  #exchanges; // those of them that this page knows
  #total;
  #newest; // the answer's id; perhaps none that this page knows

  constructor(exchange, address) {
    const { total, newest } = this.#nav(exchange).dataset;
    [this.#address, this.#exchanges, this.#total, this.#newest] = [address, [exchange], Number(total), newest];
  }

  add(exchange) {
    const last = this.#exchanges.find(({ answer }) => answer === this.#newest);
    if (last) this.#link(last, "next", exchange.answer);
    this.#link(exchange, "previous", this.#newest);
    this.#exchanges.push(exchange);
    this.#newest = exchange.answer;
    this.#total += 1;
    this.#nav(exchange).querySelector(".number").textContent = this.#total;
    for (const one of this.#exchanges) {
      this.#nav(one).querySelector(".total").textContent = this.#total;
      this.#nav(one).hidden = false;
    }
  }

  #link(exchange, direction, answer) {
    this.#nav(exchange).querySelector(`.${direction}`).href = `${withId(this.#address, answer)}#a-${answer}`;
  }

  #nav({ article }) {
    return article.querySelector(".versions");
  }
}
