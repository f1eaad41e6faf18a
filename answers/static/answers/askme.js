// The page: asks, follows and stops over `/ws/answers/`. answers/events.py is the protocol.
// What arrives is untrusted and only ever becomes text. The words are in the template, and CSS chooses among them.

const RECONNECT_MILLISECONDS = [100, 500, 1_000, 2_000, 5_000, 10_000]; // then always the last
const CONNECT_MILLISECONDS = 10_000; // a handshake that takes longer is given up; a browser waits for minutes
const STEADY_MILLISECONDS = 5_000; // a socket that lives so long was a success; one that opens and closes was none
const STALE_MILLISECONDS = 20_000; // after so long in the background a phone may have dropped the socket unsaid
const NOTICE_MILLISECONDS = 1_500; // a shorter loss of the connection is not worth a word
const TICK_MILLISECONDS = 1_000;
const COUNTER_SHARE = 0.9; // of the longest question: from there on the page says how much is left
const END_PIXELS = 40; // a reader so near to the end of the page goes along with it
const NIL_UUID = "00000000-0000-0000-0000-000000000000"; // in place of an id in `data-address`
const DRAFT = "askme.draft"; // in sessionStorage: what is typed
const PENDING = "askme.pending"; // in sessionStorage: the exchange that was asked and is not yet accepted

const element = (id) => document.getElementById(id);

// Positions and lengths count code points, as Python does; a string's own length counts UTF-16 units.
const codePoints = (text) => Array.from(text);

function makeUUID() {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Plain http to a name in the local network is no secure context and has no randomUUID.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

// One websocket, for as long as the page is shown. It queues nothing: at each `opened` the listener says
// again what still matters.
class Connection {
  #url;
  #listener; // opened(), closed(), received(event)
  #socket = null;
  #listening = null;
  #timer = null; // for what comes next: giving up, counting as a success, or trying again
  #failures = 0;
  #hiddenAt = 0;

  constructor(path, listener) {
    this.#listener = listener;
    this.#url = new URL(path, location.href);
    this.#url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    addEventListener("pagehide", () => this.close());
    addEventListener("pageshow", () => this.#socket || this.#renew());
    addEventListener("online", () => this.#renew());
    document.addEventListener("visibilitychange", () => this.#visibilityChanged());
  }

  open() {
    this.#wait(CONNECT_MILLISECONDS, () => this.#lost());
    this.#socket = new WebSocket(this.#url);
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    this.#socket.addEventListener("open", () => this.#opened(), { signal });
    this.#socket.addEventListener("message", ({ data }) => this.#listener.received(JSON.parse(data)), { signal });
    this.#socket.addEventListener("close", () => this.#lost(), { signal });
  }

  close() {
    clearTimeout(this.#timer);
    this.#listening?.abort();
    this.#socket?.close();
    this.#socket = null;
    this.#listener.closed();
  }

  send(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #opened() {
    this.#wait(STEADY_MILLISECONDS, () => (this.#failures = 0));
    this.#listener.opened();
  }

  #lost() {
    this.close();
    const delay = RECONNECT_MILLISECONDS[this.#failures] ?? RECONNECT_MILLISECONDS.at(-1);
    this.#failures += 1;
    // Spread by chance: a server that restarts loses everybody at once.
    this.#wait(delay * (0.5 + Math.random()), () => this.open());
  }

  #renew() {
    this.#failures = 0;
    this.close();
    this.open();
  }

  #visibilityChanged() {
    const isStale = Date.now() - this.#hiddenAt > STALE_MILLISECONDS;
    if (document.hidden) this.#hiddenAt = Date.now();
    else if (isStale || this.#socket?.readyState !== WebSocket.OPEN) this.#renew();
  }

  #wait(milliseconds, action) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, milliseconds);
  }
}

// An exchange: a question and its answer, growing. Its status is one of models.Status, or `loading` until
// the server has said which.
class AnswerView {
  #send;
  #data = element("answer").dataset;
  #text = document.createTextNode(element("text").textContent); // all of it in one node
  #position = 0; // how many code points the server has sent
  #anew = null; // what comes from 0 while a text is already shown; see #append
  #hasStartedOver = false; // a wrong length is put right once: no endless loop
  #isFilling = false; // text is missing and was asked for
  #asked = 0; // milliseconds since 1970, by this browser's clock
  #ticker = null;

  constructor(send) {
    this.#send = send;
    element("text").replaceChildren(this.#text);
    if (!this.isAnswering) return; // a finished answer came whole with the page
    const { elapsedFrom, elapsedTo } = this.#data; // seconds, both by the server's clock
    this.#asked = Date.now() - (elapsedTo - elapsedFrom) * 1_000;
    this.#startOver(); // HTML does not keep every code point
    this.#setStatus(this.#data.status);
  }

  get answer() { return this.#data.answer ?? null; }
  get question() { return element("question").textContent; }
  get exchange() { return { answer: this.answer, question: this.question, asked: this.#asked }; }
  get isAnswering() { return ["queued", "running"].includes(this.#data.status); }
  get isFollowed() { return this.isAnswering || this.#data.status === "loading"; }

  show({ answer, question, asked }) {
    this.hide();
    this.#asked = asked;
    this.#data.answer = answer;
    element("question").textContent = question;
    element("answer").hidden = false;
    this.#setStatus("loading");
  }

  hide() {
    this.#stopTicking();
    [this.#position, this.#anew, this.#hasStartedOver, this.#isFilling] = [0, null, false, false];
    this.#text.data = "";
    for (const id of ["question", "ahead", "model", "seconds", "error"]) element(id).textContent = "";
    for (const name of ["answer", "status", "finishReason", "stopping"]) delete this.#data[name];
    element("answer").hidden = true;
  }

  follow() {
    this.#isFilling = false;
    this.#send({ type: "answer.follow", answer: this.answer, position: this.#position });
    if ("stopping" in this.#data) this.stop(); // it may have been lost with the connection
  }

  stop() {
    this.#data.stopping = "";
    this.#send({ type: "answer.stop", answer: this.answer });
  }

  queued({ ahead }) {
    element("ahead").textContent = ahead > 0 ? `, ${ahead} ahead of you` : "";
    this.#setStatus("queued");
  }

  started({ model }) {
    element("model").textContent = model;
    this.#setStatus("running");
  }

  text({ position, text }) {
    if (position > this.#position) return this.#fillGap();
    const fresh = codePoints(text).slice(this.#position - position);
    this.#position += fresh.length;
    this.#isFilling = false;
    if (!this.isAnswering) this.#setStatus("running");
    this.#keepingEndInSight(() => this.#append(fresh.join("")));
  }

  finished({ status, length, finish_reason, error, seconds }) {
    if (length !== this.#position && !this.#hasStartedOver) {
      this.#hasStartedOver = true;
      this.#startOver();
      return this.follow();
    }
    this.#keepingEndInSight(() => {
      this.#text.data = this.#anew ?? this.#text.data;
      this.#anew = null;
      this.#data.finishReason = finish_reason ?? "";
      element("error").textContent = error?.message ?? "";
      this.#setStatus(status);
      element("seconds").textContent = seconds === null ? "" : `${seconds.toFixed(1)} s`;
    });
  }

  refused(error) {
    this.#hasStartedOver = true;
    this.finished({ status: "failed", error, seconds: null });
  }

  #fillGap() {
    if (this.#isFilling) return;
    this.follow();
    this.#isFilling = true;
  }

  #startOver() {
    this.#position = 0;
    this.#anew = "";
  }

  // What is shown stays until that which comes anew has grown past it or differs: nothing flickers.
  #append(text) {
    if (this.#anew === null) return this.#text.appendData(text);
    this.#anew += text;
    if (this.#text.data.startsWith(this.#anew)) return;
    this.#text.data = this.#anew;
    this.#anew = null;
  }

  #setStatus(status) {
    const isNews = status !== this.#data.status && status !== "loading";
    this.#data.status = status;
    element("text").setAttribute("aria-busy", this.isAnswering);
    if (this.isAnswering) this.#startTicking();
    else this.#stopTicking();
    if (!this.isFollowed) delete this.#data.stopping;
    if (isNews) element("announcement").textContent = this.#announcement;
  }

  get #announcement() {
    if (this.isAnswering) return "Answering";
    const { offsetHeight, innerText } = element("ending"); // innerText of what is not shown is all of it
    return (offsetHeight && innerText.trim()) || "Answer complete";
  }

  #startTicking() {
    this.#tick();
    this.#ticker ??= setInterval(() => this.#tick(), TICK_MILLISECONDS);
  }

  #stopTicking() {
    clearInterval(this.#ticker);
    this.#ticker = null;
  }

  #tick() {
    element("seconds").textContent = `${Math.max(0, Math.floor((Date.now() - this.#asked) / 1_000))} s`;
  }

  #keepingEndInSight(change) {
    const page = document.documentElement;
    const isAtEnd = scrollY + page.clientHeight >= page.scrollHeight - END_PIXELS;
    change();
    if (isAtEnd) scrollTo(scrollX, page.scrollHeight);
  }
}

// The form, the address, and what goes to and fro between the connection and the answer.
class Page {
  #data = element("page").dataset;
  #box = element("question-box");
  #pending = JSON.parse(sessionStorage.getItem(PENDING));
  #connection = new Connection(this.#data.socket, this);
  #view = new AnswerView((frame) => this.#connection.send(frame));
  #notice = null;
  #handlers = {
    "answer.queued": (event) => this.#view.queued(event),
    "answer.started": (event) => this.#view.started(event),
    "answer.text": (event) => this.#view.text(event),
    "answer.finished": (event) => this.#view.finished(event),
  };

  constructor() {
    this.#box.value ||= sessionStorage.getItem(DRAFT) ?? "";
    this.#box.addEventListener("input", () => this.#keepDraft());
    this.#box.addEventListener("keydown", (event) => this.#pressed(event));
    element("form").addEventListener("submit", (event) => this.#submitted(event));
    element("again").addEventListener("click", () => this.#ask(this.#view.question));
    element("stop").addEventListener("click", () => this.#view.stop());
    element("reload").addEventListener("click", () => location.reload());
    addEventListener("popstate", ({ state }) => this.#navigated(state));
    history.replaceState(this.#view.exchange, "");
    this.#keepDraft();
    this.#refresh();
    this.closed(); // as yet
    this.#connection.open();
  }

  // -- What the connection says

  opened() {
    clearTimeout(this.#notice);
    this.#notice = null;
    element("connection").hidden = true;
    this.#sayAgain();
  }

  closed() {
    this.#notice ??= setTimeout(() => (element("connection").hidden = false), NOTICE_MILLISECONDS);
  }

  received(event) {
    const wasBusy = this.#isBusy;
    if (event.type === "error") this.#refused(event);
    else if (event.answer === this.#pending?.answer) this.#accepted();
    if (event.answer === this.#view.answer && this.#view.isFollowed) this.#handlers[event.type]?.(event);
    this.#refresh();
    if (wasBusy && !this.#isBusy) this.#focusBox();
  }

  // -- A question on its way

  get #isBusy() { return this.#pending !== null || this.#view.isAnswering; }

  #ask(question) {
    this.#pending = { answer: makeUUID(), question, asked: Date.now() };
    sessionStorage.setItem(PENDING, JSON.stringify(this.#pending));
    this.#showProblem(null);
    this.#refresh();
    this.#sendPending();
  }

  #sendPending() {
    const { answer, question } = this.#pending;
    this.#connection.send({ type: "question.ask", answer, question, follows: null });
  }

  // The answer's id makes this safe: the same question twice is one question.
  #sayAgain() {
    if (this.#pending) this.#sendPending();
    if (this.#view.isFollowed) this.#view.follow();
  }

  #retry() {
    this.#showProblem(null);
    this.#sayAgain();
  }

  #accepted() {
    const exchange = this.#settle();
    if (this.#box.value === exchange.question) this.#box.value = "";
    this.#keepDraft();
    history.pushState(exchange, "", this.#data.address.replace(NIL_UUID, exchange.answer));
    this.#view.show(exchange);
  }

  #refused({ answer, code, message, retry_after }) {
    if (this.#pending && (answer === null || answer === this.#pending.answer)) {
      const { question } = this.#settle();
      this.#box.value ||= question;
      this.#keepDraft();
    } else if (answer !== null && answer === this.#view.answer && this.#view.isFollowed) {
      return this.#view.refused({ message });
    } else if (retry_after !== null) {
      setTimeout(() => this.#retry(), retry_after * 1_000);
    }
    this.#showProblem(message, { isReloadNeeded: code === "no_session" });
  }

  #settle() {
    const exchange = this.#pending;
    this.#pending = null;
    sessionStorage.removeItem(PENDING);
    return exchange;
  }

  // -- What the person does

  #pressed(event) {
    const isComposing = event.isComposing || event.keyCode === 229; // Safari's Enter that ends a composition
    if (event.key !== "Enter" || event.shiftKey || isComposing) return;
    event.preventDefault();
    element("form").requestSubmit();
  }

  #submitted(event) {
    event.preventDefault();
    const question = this.#box.value;
    if (question.trim() && this.#charactersLeft >= 0 && !this.#isBusy) this.#ask(question);
    else this.#box.focus();
  }

  get #limit() { return Number(this.#data.questionChars) || Infinity; } // 0: no limit
  get #charactersLeft() { return this.#limit - codePoints(this.#box.value).length; }

  #keepDraft() {
    sessionStorage.setItem(DRAFT, this.#box.value);
    const left = this.#charactersLeft;
    element("left").textContent = Math.abs(left).toLocaleString("en");
    element("counter").hidden = left > this.#limit * (1 - COUNTER_SHARE);
    this.#box.setAttribute("aria-invalid", left < 0);
  }

  #navigated(exchange) {
    if (exchange === null) return location.reload(); // an address that this page did not make
    this.#view.hide();
    if (exchange.answer) this.#view.show(exchange);
    this.#showProblem(null);
    this.#refresh();
    this.#sayAgain();
  }

  // -- What the person sees

  #refresh() {
    element("fields").disabled = element("again").disabled = this.#isBusy;
    element("ask").textContent = this.#isBusy ? "Answering..." : "Ask";
    element("waiting").hidden = this.#pending === null;
  }

  #showProblem(message, { isReloadNeeded = false } = {}) {
    element("problem-message").textContent = message ?? "";
    element("problem").hidden = message === null;
    element("reload").hidden = !isReloadNeeded;
  }

  // Not away from what the person selects or has gone to, and not where it would open a keyboard over the answer.
  #focusBox() {
    const isElsewhere = document.activeElement.matches("a, h2") || !getSelection().isCollapsed;
    if (!isElsewhere && !matchMedia("(pointer: coarse)").matches) this.#box.focus({ preventScroll: true });
  }
}

new Page();
