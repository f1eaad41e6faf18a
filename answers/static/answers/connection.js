// One websocket, for as long as the page is shown, over a network that drops it, or swallows all and says nothing.
// It queues nothing: the listener says again what still matters, at each `opened` and after each `silent`.

const RECONNECT_MILLISECONDS = [100, 500, 1_000, 2_000, 5_000, 10_000]; // then always the last
const LATER = 4; // an index of it, for a page that the server had too much of
const CONNECT_MILLISECONDS = 10_000; // a handshake that takes longer is given up; a browser waits for minutes
const REPLY_MILLISECONDS = 5_000; // the server replies at once: a socket on which nothing comes is dead
const PROBE_MILLISECONDS = 15_000; // of silence, until the listener may ask whether anybody is there
// A socket that lives so long was a success; one that opens and closes, or opens and replies nothing, was none.
const STEADY_MILLISECONDS = 2 * REPLY_MILLISECONDS;
const STALE_MILLISECONDS = 20_000; // after so long in the background a phone may have dropped the socket unsaid

// The server's own close codes: answers/consumers.py
const RESTARTING = 4012;
const LOGGED_OUT = 4401;
const TOO_MANY_FRAMES = 4429;

export class Connection {
  #url;
  #listener; // opened(), closed(), silent(), received(event)
  #socket = null;
  #listening = null;
  #timer = null; // for what comes next: giving up, counting as a success, or trying again
  #silence = null; // runs from the last that was heard, or from a request
  #failures = 0;
  #hiddenAt = 0;
  #isOver = false;

  constructor(path, listener) {
    this.#listener = listener;
    this.#url = new URL(path, location.href);
    this.#url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    addEventListener("pagehide", () => this.close());
    addEventListener("pageshow", () => this.#socket || this.#renew());
    addEventListener("online", () => this.#renew());
    document.addEventListener("visibilitychange", () => this.#visibilityChanged());
  }

  // The session has ended, and only another page can have another one: no socket is opened any more.
  get isOver() { return this.#isOver; }

  open() {
    this.#wait(CONNECT_MILLISECONDS, () => this.#lost());
    this.#socket = new WebSocket(this.#url);
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    this.#socket.addEventListener("open", () => this.#opened(), { signal });
    this.#socket.addEventListener("message", ({ data }) => this.#received(data), { signal });
    this.#socket.addEventListener("close", ({ code }) => this.#lost(code), { signal });
  }

  close() {
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
    this.#listening?.abort();
    this.#socket?.close();
    this.#socket = null;
    this.#listener.closed();
  }

  send(frame) {
    if (this.#isOpen) this.#socket.send(JSON.stringify(frame));
  }

  // Send a frame that the server always replies to at once. If nothing at all comes, the socket is half-open:
  // the other end has gone, and the network in between told nobody.
  request(frame) {
    this.send(frame);
    if (this.#isOpen) this.#ifSilent(REPLY_MILLISECONDS, () => this.#lost());
  }

  get #isOpen() { return this.#socket?.readyState === WebSocket.OPEN; }

  #opened() {
    this.#wait(STEADY_MILLISECONDS, () => (this.#failures = 0));
    this.#listener.opened();
  }

  #received(data) {
    this.#ifSilent(PROBE_MILLISECONDS, () => this.#listener.silent());
    this.#listener.received(JSON.parse(data));
  }

  #lost(code) {
    this.#isOver = code === LOGGED_OUT;
    this.close();
    if (this.#isOver) return;
    if (code === RESTARTING) this.#failures = 0; // it went as it should, and another is there or comes at once
    if (code === TOO_MANY_FRAMES) this.#failures = Math.max(this.#failures, LATER);
    const delay = RECONNECT_MILLISECONDS[this.#failures] ?? RECONNECT_MILLISECONDS.at(-1);
    this.#failures += 1;
    // Spread by chance: a server that restarts loses everybody at once.
    this.#wait(delay * (0.5 + Math.random()), () => this.open());
  }

  #renew() {
    if (this.#isOver) return;
    this.#failures = 0;
    this.close();
    this.open();
  }

  #visibilityChanged() {
    const isStale = Date.now() - this.#hiddenAt > STALE_MILLISECONDS;
    if (document.hidden) this.#hiddenAt = Date.now();
    else if (isStale || !this.#isOpen) this.#renew();
  }

  #wait(milliseconds, action) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, milliseconds);
  }

  #ifSilent(milliseconds, action) {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(action, milliseconds);
  }
}
