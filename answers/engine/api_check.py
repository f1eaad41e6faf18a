"""Finds out what works with the configured API. `manage.py check_api` prints the findings."""

import difflib
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from django.conf import settings

from answers.engine.model_names import NOTICE, find
from answers.engine.model_options import ModelOption
from answers.engine.provider import prompt_for, sends_identifiers
from answers.engine.remedies import remedy_sentence
from completions import Client, Completion, CompletionError, ListedModel
from completions.errors import BadRequest, BadResponse

QUESTION = "Weekdays?"  # one word costs little, and the answer has enough words to see whether it is streamed
NOBODY = "0" * 32  # in place of the pseudonyms
SHOWN_MODELS = 500  # more than any provider lists of its own models
SHOWN_CHARS = 60
API_NAMES = {"responses": "Responses", "chat": "chat completions", "completions": "legacy completions"}
HELD_BACK_SECONDS = 0.5  # text that comes all at once after such a pause was probably held back


class Finding(NamedTuple):
    level: Literal["good", "note", "bad"]
    subject: str
    text: str


class ApiCheck:
    """One check. Iterate over `server`, then over `model` for each model."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._address = client.endpoint.without_secrets(client.endpoint.base_url)
        self._listed: list[ListedModel] | None = None
        self._completion: Completion | None = None
        self.is_reachable = True
        self.answered = 0  # models
        self._has_shown_list = False

    def stop(self) -> None:
        """May be called from any thread."""
        if self._completion is not None:
            self._completion.stop()

    def server(self) -> Iterator[Finding]:
        endpoint = self._client.endpoint
        if settings.ASKME_DEMO:
            yield Finding("good", "address", "the demo model runs in this process")
            return
        if endpoint.proxy:
            yield Finding("good", "proxy", endpoint.proxy.rstrip("/").rpartition("@")[2].rpartition("/")[2])
        began = time.monotonic()
        try:
            self._listed = self._client.models()
        except CompletionError as error:
            yield from self._without_list(error)
            return
        seconds = time.monotonic() - began
        yield Finding("good", "address", f"{self._address} replied in {seconds:.2f} s")
        key = "accepted" if endpoint.api_key.strip() else "not set, and not needed"
        yield Finding("good", "key", f"{key} for the list of models")

    def _without_list(self, error: CompletionError) -> Iterator[Finding]:
        """A server need not list its models, so only errors that questions would have too are bad."""
        replied = error.detail.startswith("HTTP ") or isinstance(error, BadResponse | BadRequest)
        if not replied:
            self.is_reachable = not error.remedy  # without a remedy, the error may be temporary
            yield from _failure("address", error)
            return
        yield Finding("good", "address", f"{self._address} replied")
        if error.remedy == "check_key":
            yield from _failure("key", error)
        else:
            yield Finding("note", "models", f"the server does not list its models ({_line(error.detail)})")
            if not self._client.endpoint.api_key.strip():
                yield Finding("note", "key", "none is set (OPENAI_API_KEY)")

    def model_names(self) -> Iterator[Finding]:
        """For an operator who has not chosen a model yet."""
        yield Finding("bad", "model", "none is configured. Set ASKME_MODEL to one that the server has.")
        yield from self._offered()

    def _offered(self) -> Iterator[Finding]:
        """The models to choose from, the first time."""
        names = [] if self._has_shown_list else sorted(one.id for one in self._listed or [])
        self._has_shown_list = True
        for name in names[:SHOWN_MODELS]:
            yield Finding("note", "models", f"the server offers {_line(name)}")
        if len(names) > SHOWN_MODELS:
            yield Finding("note", "models", f"and {len(names) - SHOWN_MODELS} more")

    def model(self, option: ModelOption) -> Iterator[Finding]:
        """Ask one question. Yields what is known before the answer first."""
        yield from self._listing(option.name)
        pseudonym = NOBODY if sends_identifiers() else ""
        prompt = prompt_for(option, QUESTION, safety_identifier=pseudonym, cache_key=pseudonym)
        yield Finding("good", "API", API_NAMES[prompt.api])
        answer = _Answer(self._client.ask(prompt))
        self._completion = answer.completion
        try:
            yield from answer.read()
        except CompletionError as error:
            yield from _failure("answer", error)
        else:
            self.answered += 1
            yield from answer.findings(option)
        yield from answer.request()

    def _listing(self, name: str) -> Iterator[Finding]:
        if not self._listed:
            return
        found = find(name, self._listed)
        if found is None:
            near = difflib.get_close_matches(name, [one.id for one in self._listed], n=1)
            hint = f" Did you mean {_line(near[0])}?" if near else ""
            yield Finding("note", "model", f"the server does not list it.{hint}")
            yield from self._offered()
        elif found.shutdown_date is None:
            yield Finding("good", "model", "listed by the server")
        else:
            is_near = found.shutdown_date - datetime.now(UTC).date() <= NOTICE
            text = f"listed by the server, and will be shut down on {found.shutdown_date}"
            yield Finding("note" if is_near else "good", "model", text)


class _Answer:
    """One answer, and when its parts arrived."""

    def __init__(self, completion: Completion) -> None:
        self.completion = completion
        self._began = time.monotonic()
        self._text = ""
        self._reasoning_chars = 0
        self._arrivals: list[float] = []  # of text, in seconds

    def read(self) -> Iterator[Finding]:
        """Raises CompletionError."""
        for piece in self.completion.pieces():
            if piece.restarts:
                self._text = ""
                self._arrivals.clear()
            if piece.text:
                self._text += piece.text
                self._arrivals.append(time.monotonic() - self._began)
            self._reasoning_chars += len(piece.reasoning)
            if piece.activity and piece.activity.name == "retrying":
                seconds = piece.activity.retry_after or 0
                yield Finding("note", "retry", f"an attempt failed; the next one starts in {seconds:.1f} s")

    def findings(self, option: ModelOption) -> Iterator[Finding]:
        text = _line(self._text, SHOWN_CHARS)
        cut = ", cut off at the length limit" if self.completion.finish_reason == "length" else ""
        yield Finding("note" if cut else "good", "answer", f"“{text}”{cut}")
        if (name := self.completion.model) and name != option.name:
            yield Finding("good", "served as", _line(name))
        yield self._streaming()
        yield self._usage()
        yield self._reasoning()
        if option.web_search:
            yield self._sources()
        first, whole = self._arrivals[0] if self._arrivals else 0, time.monotonic() - self._began
        yield Finding("good", "time", f"first text after {first:.2f} s, whole answer after {whole:.2f} s")

    def _streaming(self) -> Finding:
        number = len(self._arrivals)
        spread = self._arrivals[-1] - self._arrivals[0] if number else 0.0
        held_back = number > 1 and self._arrivals[0] > HELD_BACK_SECONDS and spread < self._arrivals[0] / 20
        if number > 1 and not held_back:
            return Finding("good", "streaming", f"the text arrived in {number} pieces over {spread:.2f} s")
        return Finding(
            "note",
            "streaming",
            "the text arrived all at once. Is there a proxy that buffers replies?",
        )

    def _sources(self) -> Finding:
        if number := len(self.completion.sources):
            return Finding("good", "sources", f"{number} cited")
        return Finding("note", "sources", "none; this question may not need a web search")

    def _usage(self) -> Finding:
        usage = self.completion.usage
        if usage is None:
            return Finding("note", "usage", "not reported, so the site cannot count tokens")
        parts = {
            "in": usage.prompt_tokens,
            "of them cached": usage.cached_tokens,
            "out": usage.completion_tokens,
            "of them reasoning": usage.reasoning_tokens,
        }
        tokens = ", ".join(f"{number} {name}" for name, number in parts.items() if number is not None)
        cost = f"; cost {usage.cost}" if usage.cost is not None else ""
        return Finding("good", "usage", f"tokens: {tokens}{cost}")

    def _reasoning(self) -> Finding:
        if self._reasoning_chars:
            return Finding(
                "good", "reasoning", f"{self._reasoning_chars} characters arrived before the answer"
            )
        usage = self.completion.usage
        if usage and usage.reasoning_tokens:
            return Finding("note", "reasoning", "the model reasoned, but the server does not show it")
        return Finding("good", "reasoning", "none was sent")

    def request(self) -> Iterator[Finding]:
        """What the API refused, and the id that helps when asking the provider."""
        if refused := sorted(self.completion.refused_fields):
            yield Finding("note", "fields", f"refused, so askme leaves them out: {', '.join(refused)}")
        elif self._arrivals:  # a refused key or address says nothing about fields
            yield Finding("good", "fields", "none were refused")
        if request_id := self.completion.request_id:
            yield Finding("good", "request id", _line(request_id))


def _failure(subject: str, error: CompletionError) -> Iterator[Finding]:
    yield Finding("bad", subject, f"failed. People see: “{error.message}”")
    yield Finding("bad", "details", _line(error.detail))
    if remedy := remedy_sentence(error.remedy):
        yield Finding("bad", "to do", remedy)


def _line(text: str, limit: int = 500) -> str:
    """One line without control characters, with which a server could change what the terminal shows."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def findings_of(check: ApiCheck, options: Iterable[ModelOption]) -> Iterator[tuple[str, Iterator[Finding]]]:
    """All findings, in parts that each have a title."""
    yield "Server", check.server()
    if not check.is_reachable:
        return
    named = [option for option in options if option.name]
    if not named:
        yield "Model", check.model_names()
    for option in named:
        yield (f"Model {option.key}" + (f" ({option.label})" if option.label else "")), check.model(option)
