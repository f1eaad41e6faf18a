// A shared thread: read-only, and live while it is being answered.

import { byId } from "./answer.js";
import { Connection } from "./connection.js";
import { Thread } from "./thread.js";

class SharedPage {
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
    if (this.#connection.isSessionOver) location.reload(); // the reader's own session has ended; this page needs none
  }

  probe() {
    this.#thread.follow();
  }

  received(event) {
    const isFollowed = this.#thread.find(event.answer)?.isFollowed;
    if (isFollowed && event.code === "not_found") location.reload(); // revoked or deleted: show what is left
    this.#thread.received(event);
    if (!this.#thread.isAnswering) this.#connection.close();
  }
}

// If nothing is being answered, the whole thread came with the page.
if (document.querySelector("[data-status=queued], [data-status=running]")) new SharedPage(byId("page").dataset);
