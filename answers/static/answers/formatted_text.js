// An answer's text as blocks of HTML, which the server makes and keeps safe (answers/formatting/). Nothing else here is
// ever parsed as HTML. A block grows by changes to its HTML. What is shown already stays, with its selection, its focus
// and its scroll position.

import { Received, sources } from "./received.js";
import { keepSelection } from "./selection.js";

const template = document.createElement("template");
const END_TAGS = /^(<\/\w+>)+$/;

// The one element in this HTML, which the server has made safe.
function parse(html) {
  template.innerHTML = html;
  return document.adoptNode(template.content.firstElementChild);
}

// Changes an element into another without replacing what both have in common.
function morph(node, wanted) {
  if (node.nodeName !== wanted.nodeName) return node.replaceWith(wanted);
  if (node.nodeType === Node.TEXT_NODE) return changeText(node, wanted.data);
  if (node.localName === "button" || node.isEqualNode(wanted)) return; // the state of a button is the page's own
  for (const { name } of [...node.attributes]) if (!wanted.hasAttribute(name)) node.removeAttribute(name);
  for (const { name, value } of wanted.attributes) if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  let child = node.firstChild;
  for (const wantedChild of [...wanted.childNodes]) {
    const next = child?.nextSibling ?? null;
    if (child) morph(child, wantedChild);
    else node.append(wantedChild);
    child = next;
  }
  while (child) {
    const next = child.nextSibling;
    child.remove();
    child = next;
  }
}

function changeText(node, text) {
  const { data } = node;
  if (text.startsWith(data)) return text.length > data.length && node.appendData(text.slice(data.length));
  let kept = 0;
  while (data[kept] === text[kept]) kept++;
  node.replaceData(kept, data.length - kept, text.slice(kept));
}

export class FormattedText extends Received {
  #box;
  #blocks = []; // the HTML of each block
  #isBehind; // the server has yet to send again what the page shows. Until it has caught up, nothing is taken back.
  #shorter = null; // the number of a block that shows more than the server has sent again

  constructor(box, requestMissing) {
    super(requestMissing);
    this.#box = box;
    this.#isBehind = !this.isEmpty;
    sources.set(box, this);
  }

  get isEmpty() { return this.#box.childElementCount === 0; }

  // The old blocks stay until the server has sent all again.
  restart() {
    super.restart();
    this.#blocks = [];
    this.#isBehind = !this.isEmpty;
  }

  clear() {
    this.restart();
    this.#isBehind = false;
    this.#shorter = null;
    this.#box.replaceChildren();
  }

  add(event) {
    const { html = [], blocks = this.#blocks.length } = event;
    if (super.add(event, this.#fits(html))) this.#change(html, blocks);
  }

  // Applies the last changes. Returns whether the page now has what the server has.
  end({ html = [], blocks = this.#blocks.length, html_length }) {
    if (html_length === undefined) return true;
    this.#change(html, blocks);
    this.#isBehind = false;
    if (this.#shorter !== null) this.#show(this.#shorter);
    this.#removeSurplus();
    return html_length === this.#blocks.join("").length;
  }

  #fits(html) {
    const blocks = this.#blocks;
    return html.every(([number, keep], index) => number <= blocks.length + index && keep <= (blocks[number] ?? "").length);
  }

  #change(html, count) {
    for (const [number, keep, added] of html) {
      const before = this.#blocks[number] ?? "";
      this.#blocks[number] = before.slice(0, keep) + added;
      if (this.#blocks[number] === before) continue;
      // Any block begins with `<`, so this is no change to it. The server has begun to send all again.
      if (keep === 0 && before) this.#isBehind = true;
      if (this.#isBehind || !this.#append(this.#box.children[number], before.slice(keep), added)) this.#show(number);
    }
    this.#blocks.length = count;
    if (this.#shorter === null && count >= this.#box.childElementCount) this.#isBehind = false;
    if (!this.#isBehind) this.#removeSurplus();
  }

  // Most changes add text at the end of a block. It then costs the same however long the block is.
  #append(block, endTags, added) {
    if (!block || !END_TAGS.test(endTags) || !added.endsWith(endTags)) return false;
    let text = added.slice(0, -endTags.length);
    if (/[<\r]/.test(text)) return false;
    if (text.includes("&")) text = parse(`<p>${text}</p>`).textContent;
    let parent = block;
    for (let depth = endTags.split("<").length - 2; depth > 0; depth--) parent = parent.lastElementChild;
    if (parent.lastChild?.nodeType === Node.TEXT_NODE) parent.lastChild.appendData(text);
    else parent.append(text);
    return true;
  }

  #show(number) {
    const [block, wanted] = [this.#box.children[number], parse(this.#blocks[number])];
    if (!block) return this.#box.append(wanted);
    const [old, text] = [block.textContent, wanted.textContent];
    const isShorter = this.#isBehind && old.length > text.length && old.startsWith(text);
    if (isShorter) this.#shorter = number;
    else if (this.#shorter === number) this.#shorter = null;
    if (!isShorter) keepSelection(this.#box, () => morph(block, wanted));
  }

  #removeSurplus() {
    while (this.#box.childElementCount > this.#blocks.length) this.#box.lastElementChild.remove();
  }
}
