// A shared thread: read only, and live while it is being answered.

import { Connection } from "./connection.js";
import { element } from "./exchange.js";
import { Thread } from "./thread.js";

class Reader {
  #connection;
  #thread;

  constructor({ socket, share }) {
    this.#connection = new Connection(socket, this);
    this.#thread = new Thread(this.#connection, share);
    this.#connection.open();
  }

  opened() {
    this.#thread.follow();
  }

  closed() {
    if (this.#connection.isOver) location.reload(); // the reader's own session has ended; none is needed here
  }

  silent() {
    this.#thread.follow();
  }

  received(event) {
    const isFollowed = this.#thread.find(event.answer)?.isFollowed;
    if (isFollowed && event.code === "not_found") location.reload(); // revoked, or deleted: what is left, if anything
    this.#thread.received(event);
    if (!this.#thread.isAnswering) this.#connection.close();
  }
}

// Otherwise all of it came with the page.
if (document.querySelector("[data-status=queued], [data-status=running]")) new Reader(element("page").dataset);
