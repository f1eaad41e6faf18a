// Text from a model that grows on a page. It is untrusted, so it is never HTML.

import { Received } from "./received.js";

// Shows the text so far. What is sent again from the beginning is not shown until it is longer than the old text, or
// differs from it. So nothing flickers.
export function grow(node, text, isWhole) {
  const { data } = node;
  if (text.startsWith(data)) node.appendData(text.slice(data.length));
  else if (isWhole || !data.startsWith(text)) node.data = text;
}

export class GrowingText extends Received {
  #node;

  constructor(box, requestMissing) {
    super(requestMissing);
    this.#node = new Text(box.textContent);
    box.replaceChildren(this.#node);
  }

  add(event) {
    if (super.add(event)) grow(this.#node, this.source, false);
  }

  clear() {
    this.restart();
    this.#node.data = "";
  }

  // Everything has been sent.
  end() {
    grow(this.#node, this.source, true);
  }
}
