// The page: asks, follows and stops over `/ws/answers/`. answers/events.py is the protocol.
// What arrives is untrusted and is only ever put into text nodes.

const RECONNECT_MILLISECONDS = [100, 500, 1_000, 2_000, 5_000, 10_000]; // then always the last
const CONNECT_MILLISECONDS = 10_000; // a handshake that takes longer is given up: a browser waits for minutes
const STEADY_MILLISECONDS = 5_000; // a socket that lives this long was a success; one that closes sooner is not
const STALE_MILLISECONDS = 20_000; // after so long in the background a phone has dropped the socket without a word
const NOTICE_MILLISECONDS = 1_500; // a shorter loss of the connection is not worth a word
const TICK_MILLISECONDS = 1_000;
const COUNTER_FROM = 0.9; // of the longest question: from there on its length is shown
const BOTTOM_PIXELS = 40; // a reader so near to the end wants to go on with it
const NIL_UUID = "00000000-0000-0000-0000-000000000000"; // stands for the id in `data-address`
const DRAFT = "askme.draft"; // in sessionStorage: what is typed
const PENDING = "askme.pending"; // in sessionStorage: what was asked and not yet accepted

const element = (id) => document.getElementById(id);

// Positions and lengths count code points, as Python does: a string's own length counts UTF-16 units.
const codePoints = (text) => Array.from(text);

function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Plain http to a name in the local network is no secure context, and has no randomUUID.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

// One websocket at a time, for as long as the page is shown. Keeps nothing: whoever listens says again
// at each `opened` what still matters.
class Connection {
  #url = null;
  #listener = null;
  #socket = null;
  #listening = null;
  #timer = null; // gives up, counts as a success, or tries again, whatever comes next
  #failures = 0;
  #hiddenAt = 0;

  constructor(path, listener) {
    this.#url = new URL(path, location.href);
    this.#url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    this.#listener = listener; // opened(), closed(), received(event)
    addEventListener("pagehide", () => this.close());
    addEventListener("pageshow", () => this.#socket || this.#renew());
    addEventListener("online", () => this.#renew());
    document.addEventListener("visibilitychange", () => this.#visibilityChanged());
  }

  open() {
    const socket = new WebSocket(this.#url);
    const { signal } = (this.#listening = new AbortController());
    this.#socket = socket;
    this.#wait(CONNECT_MILLISECONDS, () => this.#lost());
    socket.addEventListener("open", () => this.#opened(), { signal });
    socket.addEventListener("message", ({ data }) => this.#listener.received(JSON.parse(data)), { signal });
    socket.addEventListener("close", () => this.#lost(), { signal });
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
    const delay = RECONNECT_MILLISECONDS[Math.min(this.#failures, RECONNECT_MILLISECONDS.length - 1)];
    this.#failures += 1;
    this.#wait(delay * (0.5 + Math.random()), () => this.open()); // spread: a server that restarts loses everybody at once
  }

  #renew() {
    this.close();
    this.#failures = 0;
    this.open();
  }

  #visibilityChanged() {
    if (document.hidden) this.#hiddenAt = Date.now();
    else if (this.#socket?.readyState !== WebSocket.OPEN || Date.now() - this.#hiddenAt > STALE_MILLISECONDS) this.#renew();
  }

  #wait(milliseconds, action) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, milliseconds);
  }
}

// The question and its answer, growing. Status is one of models.Status, or `loading` until the server said which.
class AnswerView {
  #root = element("answer");
  #node = document.createTextNode(""); // the whole text is in this one node
  #send = null;
  #asked = 0; // when, in milliseconds since 1970 by this browser's clock
  #position = 0; // code points that the server has sent
  #replaced = null; // text that stays to be seen until what is sent anew differs from it
  #again = ""; // the text that is sent anew
  #askedAgain = false; // a wrong length is put right once: no endless loop
  #gap = false; // text is missing and was asked for
  #ticker = null;

  constructor(send) {
    this.#send = send;
    this.#node.data = element("text").textContent;
    element("text").replaceChildren(this.#node);
    if (!this.isFollowed) return;
    const { elapsedFrom, elapsedTo } = this.#root.dataset; // both by the server's clock
    this.#asked = Date.now() - (elapsedTo - elapsedFrom) * 1_000;
    this.#startOver();
    this.#setStatus(this.status);
  }

  get answer() { return this.#root.dataset.answer ?? null; }
  get status() { return this.#root.dataset.status ?? null; }
  get question() { return element("question").textContent; }
  get isAnswering() { return ["queued", "running"].includes(this.status); }
  get isFollowed() { return this.isAnswering || this.status === "loading"; }
  get exchange() { return { answer: this.answer, question: this.question, asked: this.#asked }; }

  show({ answer, question, asked }) {
    this.hide();
    this.#asked = asked;
    element("question").textContent = question;
    this.#root.dataset.answer = answer;
    this.#root.hidden = false;
    this.#setStatus("loading");
  }

  hide() {
    this.#stopTicking();
    for (const name of ["answer", "status", "finishReason", "stopping"]) delete this.#root.dataset[name];
    for (const id of ["question", "ahead", "model", "seconds", "error"]) element(id).textContent = "";
    this.#node.data = this.#again = "";
    [this.#position, this.#replaced, this.#askedAgain, this.#gap] = [0, null, false, false];
    this.#root.hidden = true;
  }

  follow() {
    this.#gap = false;
    this.#send({ type: "answer.follow", answer: this.answer, position: this.#position });
    if ("stopping" in this.#root.dataset) this.stop();
  }

  stop() {
    this.#root.dataset.stopping = "";
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
    this.#gap = false;
    this.#position += fresh.length;
    if (this.status !== "running") this.#setStatus("running");
    this.#keepingTheEndInSight(() => this.#append(fresh.join("")));
  }

  finished({ status, length, finish_reason, error, seconds }) {
    if (length !== this.#position && !this.#askedAgain) {
      this.#askedAgain = true;
      this.#startOver();
      return this.follow();
    }
    this.#keepingTheEndInSight(() => {
      this.#showAgain();
      element("error").textContent = error?.message ?? "";
      this.#root.dataset.finishReason = finish_reason ?? "";
      this.#setStatus(status);
      element("seconds").textContent = seconds === null ? "" : `${seconds.toFixed(1)} s`;
    });
  }

  refused({ message }) {
    this.finished({ status: "failed", length: this.#position, error: { message }, seconds: null });
  }

  #fillGap() {
    if (!this.#gap) this.follow();
    this.#gap = true;
  }

  #startOver() {
    this.#replaced = this.#node.data;
    this.#again = "";
    this.#position = 0;
  }

  #append(text) {
    if (this.#replaced === null) return this.#node.appendData(text);
    this.#again += text;
    if (!this.#replaced.startsWith(this.#again)) this.#showAgain();
  }

  #showAgain() {
    if (this.#replaced !== null) this.#node.data = this.#again;
    this.#replaced = null;
  }

  #setStatus(status) {
    const before = this.status;
    this.#root.dataset.status = status;
    element("text").setAttribute("aria-busy", this.isAnswering);
    if (this.isAnswering) this.#startTicking();
    else this.#stopTicking();
    if (!this.isFollowed) delete this.#root.dataset.stopping;
    if (status === before || status === "loading") return;
    element("announcement").textContent = this.isAnswering ? "Answering" : element("ending").innerText.trim() || "Answer complete";
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

  #keepingTheEndInSight(change) {
    const { scrollHeight, clientHeight } = document.documentElement;
    const isAtEnd = scrollY + clientHeight >= scrollHeight - BOTTOM_PIXELS;
    change();
    if (isAtEnd) scrollTo(scrollX, document.documentElement.scrollHeight);
  }
}

// The form, the address and what goes between the two above.
class Page {
  #page = element("page").dataset;
  #box = element("question-box");
  #pending = JSON.parse(sessionStorage.getItem(PENDING)); // an exchange that the server has not accepted yet
  #connection = new Connection(this.#page.socket, this);
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
    this.#box.addEventListener("input", () => this.#drafted());
    this.#box.addEventListener("keydown", (event) => this.#pressed(event));
    element("form").addEventListener("submit", (event) => this.#submitted(event));
    element("stop").addEventListener("click", () => this.#view.stop());
    element("again").addEventListener("click", () => this.#ask(this.#view.question));
    element("reload").addEventListener("click", () => location.reload());
    addEventListener("popstate", ({ state }) => this.#navigated(state));
    history.replaceState(this.#view.exchange, "");
    this.#drafted();
    this.#refresh();
    this.#connection.open();
  }

  // -- What the connection says

  opened() {
    clearTimeout(this.#notice);
    this.#notice = null;
    element("connection").hidden = true;
    if (this.#pending) this.#sendPending();
    if (this.#view.isFollowed) this.#view.follow();
  }

  closed() {
    this.#notice ??= setTimeout(() => (element("connection").hidden = false), NOTICE_MILLISECONDS);
  }

  received(event) {
    const wasBusy = this.#isBusy;
    if (event.type === "error") this.#refused(event);
    else {
      if (event.answer === this.#pending?.answer) this.#accepted();
      if (event.answer === this.#view.answer) this.#handlers[event.type]?.(event);
    }
    this.#refresh();
    if (wasBusy && !this.#isBusy) this.#focusBox();
  }

  get #isBusy() { return this.#pending !== null || this.#view.isAnswering; }

  // -- A question on its way

  #ask(question) {
    this.#pending = { answer: uuid(), question, asked: Date.now() };
    sessionStorage.setItem(PENDING, JSON.stringify(this.#pending));
    this.#showProblem(null);
    this.#refresh();
    this.#sendPending();
  }

  #sendPending() {
    const { answer, question } = this.#pending;
    this.#connection.send({ type: "question.ask", answer, question, follows: null });
  }

  #accepted() {
    const exchange = this.#pending;
    this.#settle();
    if (this.#box.value.trim() === exchange.question) this.#box.value = "";
    this.#drafted();
    history.pushState(exchange, "", this.#page.address.replace(NIL_UUID, exchange.answer));
    this.#view.show(exchange);
  }

  #refused(event) {
    if (this.#pending && (event.answer ?? this.#pending.answer) === this.#pending.answer) {
      this.#box.value ||= this.#pending.question;
      this.#drafted();
      this.#settle();
    } else if (event.answer === this.#view.answer && this.#view.isFollowed) {
      return this.#view.refused(event);
    }
    this.#showProblem(event.message, event.code === "no_session");
  }

  #settle() {
    this.#pending = null;
    sessionStorage.removeItem(PENDING);
  }

  // -- What the person does

  #pressed(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    element("form").requestSubmit();
  }

  #submitted(event) {
    event.preventDefault();
    const question = this.#box.value.trim();
    if (question && !this.#isBusy && this.#drafted() >= 0) this.#ask(question);
    else this.#box.focus();
  }

  // Keeps what is typed. Returns how many characters are left.
  #drafted() {
    sessionStorage.setItem(DRAFT, this.#box.value);
    const limit = Number(this.#page.questionChars) || Infinity; // 0: no limit
    const left = limit - codePoints(this.#box.value.trim()).length;
    const counter = element("counter");
    counter.hidden = left > limit * (1 - COUNTER_FROM);
    counter.textContent = left < 0 ? `Too long by ${-left} characters` : `${left} characters left`;
    this.#box.setAttribute("aria-invalid", left < 0);
    return left;
  }

  #navigated(exchange) {
    if (!exchange) return location.reload(); // an address that this page did not make
    this.#view.hide();
    this.#showProblem(null);
    if (exchange.answer) {
      this.#view.show(exchange);
      this.#view.follow();
    }
    this.#refresh();
  }

  // -- What the person sees

  #refresh() {
    element("fields").disabled = this.#isBusy;
    element("ask").textContent = this.#isBusy ? "Answering..." : "Ask";
    element("waiting").hidden = this.#pending === null;
    element("again").disabled = this.#isBusy;
  }

  #showProblem(message, isReloadNeeded = false) {
    element("problem-message").textContent = message ?? "";
    element("problem").hidden = message === null;
    element("reload").hidden = !isReloadNeeded;
  }

  // Not when the person is elsewhere, and not where it would open a keyboard over the answer.
  #focusBox() {
    const isElsewhere = document.activeElement !== document.body || !getSelection().isCollapsed;
    if (!isElsewhere && !matchMedia("(pointer: coarse)").matches) this.#box.focus({ preventScroll: true });
  }
}

new Page();
