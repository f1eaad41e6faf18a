// The versions of one question. Each shows its number, the total, and links to the previous and next version.

import { withId } from "./answer.js";

const all = new Map(); // by the id of each version, where this page has added some

// `address`: of any answer, with a nil UUID in place of its id
export function addVersion(revised, added, address) {
  const versions = all.get(revised.id) ?? new Versions(revised, address);
  versions.add(added);
  for (const { id } of [revised, added]) all.set(id, versions);
}

class Versions {
  #address; // of any answer, with a nil UUID in place of its id
  #answers; // the versions that this page knows
  #total;
  #newest; // an answer's id; this page may not know that answer

  constructor(answer, address) {
    const { total, newest } = this.#nav(answer).dataset;
    [this.#address, this.#answers, this.#total, this.#newest] = [address, [answer], Number(total), newest];
  }

  add(answer) {
    const last = this.#answers.find(({ id }) => id === this.#newest);
    if (last) this.#link(last, "next", answer.id);
    this.#link(answer, "previous", this.#newest);
    this.#answers.push(answer);
    this.#newest = answer.id;
    this.#total += 1;
    this.#nav(answer).querySelector(".number").textContent = this.#total;
    for (const version of this.#answers) {
      this.#nav(version).querySelector(".total").textContent = this.#total;
      this.#nav(version).hidden = false;
    }
  }

  #link(answer, direction, id) {
    this.#nav(answer).querySelector(`.${direction}`).href = `${withId(this.#address, id)}#a-${id}`;
  }

  #nav({ article }) {
    return article.querySelector(".versions");
  }
}
