// One answer and its question on the page. The text comes from a model and is untrusted: see formatted_text.js.
// All wording is in templates/answers/answer.html. CSS chooses which of it shows.

import { FormattedText } from "./formatted_text.js";
import { Received } from "./received.js";

const NIL_UUID = "00000000-0000-0000-0000-000000000000"; // stands for the id in addresses and templates from the server
const TICK_MILLISECONDS = 1_000;
const ACTIVITIES = ["thinking", "searching", "retrying"]; // before the text

export const byId = (id) => document.getElementById(id);

export const formatNumber = (value, digits = 0) =>
  value.toLocaleString(document.documentElement.lang, { minimumFractionDigits: digits, maximumFractionDigits: digits });

export const withId = (template, id) => template.replaceAll(NIL_UUID, id);

// Its status is one of models.Status, or `loading` until the server sends one, or `unavailable` if it never will.
export class Answer {
  article;
  #connection;
  #share; // the token with which anybody may read a shared thread
  #data;
  #parts = {}; // elements of the article, by class
  #messages; // those with words about its state
  #text;
  #edition; // how often the text has started over
  #reasoning; // null on a shared page, which does not show it
  #view = null; // the module that shows it
  end = null; // the event that ended it, if this page has seen it
  #hasRestarted = false; // a wrong length is corrected once, so there is no endless loop
  #askedAt; // milliseconds since 1970, by this browser's clock
  #thinkingAt = null; // the same, and so are the next two
  #thoughtAt = null; // when its text began, or it ended without any
  #retryAt = null;
  #ticker = null;

  constructor(article, connection, share = null) {
    [this.article, this.#data, this.#connection, this.#share] = [article, article.dataset, connection, share];
    this.#text = new FormattedText(this.#part("text"), () => this.follow());
    this.#edition = Number(this.#data.edition);
    this.#messages = [...article.querySelectorAll("[data-when]")];
    this.#reasoning = this.#part("reasoning") && new Received(() => this.follow());
    this.#showReasoning();
    if (!this.isAnswering) return; // the page came with the whole text of a finished answer
    const { now, asked, started } = this.#data; // seconds, all by the server's clock
    this.#askedAt = Date.now() - (now - asked) * 1_000;
    if (started && this.#text.isEmpty) this.#thinkingAt = Date.now() - (now - started) * 1_000;
    this.#text.restart(); // HTML does not preserve every code point
    this.#setStatus(this.#data.status);
  }

  // For a question that the page has just asked.
  static of({ answer, question, askedAt, follows }, connection) {
    const { firstElementChild: article } = byId("answer-template").content.cloneNode(true);
    for (const node of [article, ...article.querySelectorAll("*")]) {
      for (const attribute of node.attributes) attribute.value = withId(attribute.value, answer);
    }
    article.dataset.follows = follows ?? "";
    article.querySelector(".question").textContent = article.querySelector(".again [name=question]").value = question;
    const created = new Answer(article, connection);
    created.#askedAt = askedAt;
    return created;
  }

  get id() { return this.#data.answer; }
  get follows() { return this.#data.follows || null; }
  get question() { return this.#part("question").textContent; }
  get isAnswering() { return ["queued", "running"].includes(this.#data.status); }
  get isStopping() { return "stopping" in this.#data; }
  get isFollowed() { return this.isAnswering || this.#data.status === "loading"; }

  // This is also a probe: whatever the state of the answer, the server replies at once.
  follow() {
    if (this.isStopping) this.#connection.send({ type: "answer.stop", answer: this.id });
    const positions = { position: this.#text.position, reasoning_position: this.#reasoning?.position ?? 0 };
    const frame = { type: "answer.follow", answer: this.id, ...positions, edition: this.#edition, format: "html" };
    this.#connection.request(this.#share === null ? frame : { ...frame, share: this.#share });
  }

  // Each `follow` sends the stop again, because it may be lost with a connection. The first one goes with a `follow`
  // too, whose missing reply exposes a dead socket.
  stop() {
    this.#data.stopping = "";
    this.#say();
    this.follow();
  }

  queued({ ahead }) {
    this.#showNumber("ahead", ahead > 0 ? formatNumber(ahead) : null);
    this.#setStatus("queued");
  }

  started({ model }) {
    this.#showModel(model);
    this.#setStatus("running");
  }

  activity({ activity, retry_after }) {
    if (!ACTIVITIES.includes(activity)) return;
    this.#retryAt = retry_after === null ? null : Date.now() + retry_after * 1_000;
    this.#setStatus("running");
    if (this.#share === null) this.#setActivity(activity);
  }

  reasoning(event) {
    this.#setStatus("running");
    if (this.#text.isEmpty) this.#setActivity("thinking");
    if (this.#reasoning?.add(event)) this.#showReasoning();
  }

  text(event) {
    const { edition = 0 } = event;
    this.#setStatus("running");
    if (edition !== this.#edition) this.#text.clear(); // it was reasoning, and is sent again as reasoning
    this.#edition = edition;
    this.#text.add(event);
    if (this.#text.isEmpty) return;
    this.#setActivity("");
    if (this.#thoughtAt !== null) return;
    this.#thoughtAt = Date.now();
    this.#showReasoning();
  }

  finished(event) {
    const { length, reasoning_length = 0, edition = 0 } = event;
    const isWhole = edition === this.#edition && length === this.#text.position && this.#text.end(event);
    if (!(isWhole && reasoning_length === (this.#reasoning?.position ?? reasoning_length)) && !this.#hasRestarted) {
      this.#hasRestarted = true;
      this.#edition = edition;
      for (const part of [this.#text, this.#reasoning]) part?.restart();
      return this.follow();
    }
    this.#finish(event);
  }

  refused(error) {
    this.#finish({ status: "failed", error, seconds: null });
  }

  // The answer continues on the server, but this page may no longer read it.
  makeUnavailable() {
    if (this.isFollowed) this.#setStatus("unavailable");
  }

  #finish(event) {
    const { status, model, sources = [], finish_reason, error, seconds } = event;
    this.end = event;
    this.#thoughtAt ??= Date.now();
    this.#view = null; // if it could not be loaded, this is another try
    this.#showReasoning();
    this.#data.finishReason = finish_reason ?? "";
    this.#data.errorCode = error?.code ?? "";
    this.#part("error").textContent = error?.message ?? "";
    this.#showModel(model);
    this.#setStatus(status);
    this.#showNumber("seconds", seconds === null ? null : formatNumber(seconds, 1));
    if (sources.length > 0) this.#showSources(sources);
  }

  #setStatus(status) {
    const { status: before } = this.#data;
    if (status === before && this.#ticker !== null) return;
    this.#data.status = status;
    if (!this.isAnswering) this.#data.activity = "";
    this.#part("text").setAttribute("aria-busy", this.isAnswering);
    if (this.isAnswering) this.#tick();
    else clearInterval(this.#ticker);
    this.#ticker = this.isAnswering ? (this.#ticker ?? setInterval(() => this.#tick(), TICK_MILLISECONDS)) : null;
    if (!this.isFollowed) delete this.#data.stopping;
    if (status !== before) this.#announce();
  }

  #setActivity(activity) {
    if (activity === this.#data.activity) return;
    if (activity === "thinking") this.#thinkingAt ??= Date.now();
    this.#data.activity = activity;
    this.#tick();
    this.#announce();
  }

  // Shows the words about its state, and returns them.
  #say() {
    const { status, activity, finishReason } = this.#data;
    let words = [status, !this.#text.isEmpty && "kept"];
    if (this.isAnswering) words = [this.isStopping ? "stopping" : activity || status];
    else if (status === "complete") words = [finishReason];
    for (const message of this.#messages) message.hidden = !words.includes(message.dataset.when);
    return this.#messages.filter((message) => !message.hidden).map(({ textContent }) => textContent.trim()).join(" ");
  }

  // Tells screen readers that something begins or ends, and neither text nor counters.
  #announce() {
    const words = this.#say();
    const { status } = this.#data;
    const isNext = status === "queued" && this.#part("ahead").hidden;
    if (!this.article.isConnected || isNext || ["loading", "unavailable"].includes(status)) return;
    byId("announcement").textContent = words || byId("announcement").dataset.complete;
  }

  // The seconds count from the question, as the server's do, but those of thinking from its beginning.
  #tick() {
    const { activity } = this.#data;
    const since = activity === "thinking" ? this.#thinkingAt ?? this.#askedAt : this.#askedAt;
    this.#showNumber("seconds", formatNumber(Math.max(0, Math.floor((Date.now() - since) / 1_000))));
    if (activity !== "retrying") return;
    const left = Math.ceil((this.#retryAt - Date.now()) / 1_000);
    if (left > 0) this.#showNumber("retry", formatNumber(left));
    else this.#setActivity(""); // the model is being asked again
  }

  #part(name) {
    return (this.#parts[name] ??= this.article.querySelector(`.${name}`));
  }

  #showModel(model) {
    if (model && this.#part("model")) this.#part("model").textContent = model;
  }

  // Shows a number with the words around it; null hides them. A shared page does not have all of them.
  #showNumber(name, value) {
    const part = this.#part(name);
    if (!part) return;
    part.hidden = value === null;
    part.querySelector(".number").textContent = value ?? "";
  }

  // -- What is needed rarely is loaded when it is needed. If it cannot be loaded, a reload shows the same.

  async #showReasoning() {
    if (!this.#reasoning?.position && this.#part("reasoning")?.hidden !== false) return; // there is none
    const { showReasoning } = await (this.#view ??= import("./reasoning.js").catch(() => ({})));
    const state = { beganAt: this.#thinkingAt, endedAt: this.#thoughtAt, isWhole: this.end !== null };
    showReasoning?.(this.#part("reasoning"), this.#reasoning.source, state);
  }

  async #showSources(sources) {
    const { showSources } = await import("./sources.js").catch(() => ({}));
    showSources?.(this.#part("sources"), sources);
  }
}
