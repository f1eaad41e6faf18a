// One websocket for as long as the page is shown, over a network that may drop it or silently swallow everything.
// It queues nothing. The listener resends what still matters, after each `opened` and at each `probe`.

const RECONNECT_MILLISECONDS = [100, 500, 1_000, 2_000, 5_000, 10_000]; // the last one repeats
const TOO_MANY_DELAY = 4; // an index of the list: where to start after too many frames, or with too many sockets
const CONNECT_TIMEOUT_MILLISECONDS = 10_000; // for the handshake; the browser's own timeout takes minutes
// The server replies at once, or says every 4 s that it is busy (answers/live/handling.py). A silent socket is dead.
const REPLY_TIMEOUT_MILLISECONDS = 12_000;
const PROBE_MILLISECONDS = 15_000; // without any event, until the listener probes the connection
// A socket that stays open this long is a success. One that opens and closes, or opens and never replies, is a failure.
const STABLE_MILLISECONDS = REPLY_TIMEOUT_MILLISECONDS + 3_000;
const STALE_MILLISECONDS = 20_000; // in the background: by then a phone may have dropped the socket without an event

// The server's close codes, in answers/live/
const RESTARTING = 4012;
const LOGGED_OUT = 4401;
const TOO_MANY = [4429, 4430]; // frames, or sockets at this network address

export class Connection {
  #url;
  #listener; // opened(), closed(), probe(), received(event)
  #socket = null;
  #timer = null; // for the next step: connect timeout, counting as a success, or reconnecting
  #idleTimer = null; // restarted by each event and each request
  #failures = 0;
  #hiddenAt = 0;
  #isSessionOver = false;

  constructor(path, listener) {
    this.#listener = listener;
    this.#url = new URL(path, location.href);
    this.#url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    addEventListener("pagehide", () => this.close()); // without a word: the page is being left as it is
    addEventListener("pageshow", () => this.#socket || this.#reconnect());
    addEventListener("online", () => this.#reconnect());
    document.addEventListener("visibilitychange", () => this.#visibilityChanged());
  }

  // The session has ended, and only a new page can get another one. No further socket is opened.
  get isSessionOver() { return this.#isSessionOver; }

  open() {
    this.#schedule(CONNECT_TIMEOUT_MILLISECONDS, () => this.#disconnected());
    const socket = (this.#socket = new WebSocket(this.#url));
    const on = (type, act) => socket.addEventListener(type, (event) => socket === this.#socket && act(event));
    on("open", () => this.#opened());
    on("message", ({ data }) => this.#received(data));
    on("close", ({ code }) => this.#disconnected(code));
  }

  close() {
    clearTimeout(this.#timer);
    clearTimeout(this.#idleTimer);
    const socket = this.#socket;
    this.#socket = null; // so nothing more is heard from it
    socket?.close();
  }

  send(frame) {
    if (this.#isOpen) this.#socket.send(JSON.stringify(frame));
  }

  // Sends a frame to which the server always replies. If nothing at all arrives, the socket is half-open:
  // the other end is gone, and the network reported nothing.
  request(frame) {
    this.send(frame);
    if (this.#isOpen) this.#whenIdle(REPLY_TIMEOUT_MILLISECONDS, () => this.#disconnected());
  }

  get #isOpen() { return this.#socket?.readyState === WebSocket.OPEN; }

  #opened() {
    this.#schedule(STABLE_MILLISECONDS, () => (this.#failures = 0));
    this.#listener.opened();
  }

  #received(data) {
    this.#whenIdle(PROBE_MILLISECONDS, () => this.#listener.probe());
    this.#listener.received(JSON.parse(data));
  }

  #disconnected(code) {
    this.#isSessionOver = code === LOGGED_OUT;
    this.close();
    this.#listener.closed();
    if (this.#isSessionOver) return;
    if (code === RESTARTING) this.#failures = 0; // a planned restart: another process is there, or will be soon
    if (TOO_MANY.includes(code)) this.#failures = Math.max(this.#failures, TOO_MANY_DELAY);
    const delay = RECONNECT_MILLISECONDS[this.#failures] ?? RECONNECT_MILLISECONDS.at(-1);
    this.#failures += 1;
    // Random jitter: a server that restarts disconnects all pages at once.
    this.#schedule(delay * (0.5 + Math.random()), () => this.open());
  }

  #reconnect() {
    if (this.#isSessionOver) return;
    this.#failures = 0;
    this.close();
    this.#listener.closed();
    this.open();
  }

  #visibilityChanged() {
    const isStale = Date.now() - this.#hiddenAt > STALE_MILLISECONDS;
    if (document.hidden) this.#hiddenAt = Date.now();
    else if (isStale || !this.#isOpen) this.#reconnect();
  }

  #schedule(milliseconds, action) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, milliseconds);
  }

  #whenIdle(milliseconds, action) {
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(action, milliseconds);
  }
}
