"""What goes out: the question, the API that answers it, and the JSON body made from both. No network."""

from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

from completions.thinking import UnmarkedModels

DEFAULT_PROMPT_TEMPLATE = "Answer the following question.\nQuestion: {question}\nAnswer:"

PLACEHOLDER = "{question}"
PATHS = {"chat": "/chat/completions", "completions": "/completions", "responses": "/responses"}
REMEMBERED_MODELS = 100  # dialects kept; a site that offers more models learns some of them again


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question and its answer."""

    question: str
    answer: str

    @property
    def chars(self) -> int:
        return len(self.question) + len(self.answer)


@dataclass(frozen=True, slots=True)
class Prompt:
    question: str
    earlier: tuple[Turn, ...] = ()  # oldest first
    model: str = ""  # empty: the endpoint's model
    api: str = ""  # empty: the endpoint's
    effort: str = ""  # how long the model reasons, such as "low"; empty: not sent
    web_search: bool = False
    safety_identifier: str = ""  # of the person, in a form that tells nobody who it is; empty: not sent
    cache_key: str = ""  # the same for all questions of a thread; empty: not sent

    @property
    def chars(self) -> int:
        """The length of the question and of all earlier turns."""
        return len(self.question) + sum(turn.chars for turn in self.earlier)

    def with_fewer_turns(self) -> Self:
        """The same question with only the newer half of the earlier turns."""
        return replace(self, earlier=self.earlier[(len(self.earlier) + 1) // 2 :])


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """The API: its address, what we ask of it, and the limits. Limits are seconds or bytes; 0 means none."""

    base_url: str
    model: str
    api_key: str = ""
    api: str = "chat"  # or "completions", the legacy API that continues a prompt
    max_tokens: int = 1024
    temperature: float | None = None
    system_prompt: str = ""
    prompt_template: str = DEFAULT_PROMPT_TEMPLATE  # for api "completions"
    ca_bundle: str = ""  # a file or folder of certificates to trust instead of the public ones
    connect_seconds: float = 5
    first_text_seconds: float = 60
    silence_seconds: float = 30
    answer_seconds: float = 300
    answer_bytes: int = 1_000_000
    line_bytes: int = 2_000_000
    reasoning_bytes: int = 200_000  # kept of an answer's reasoning; here 0 keeps none of it

    @property
    def url(self) -> str:
        """The full address. A query in `base_url` (Azure's `api-version`) stays behind the path."""
        parts = urlsplit(self.base_url)
        return urlunsplit(parts._replace(path=parts.path.rstrip("/") + PATHS[self.api]))


@dataclass(frozen=True, slots=True)
class Dialect:
    """The optional fields that a model accepts. A value, so that threads can replace it without a lock.

    Servers differ: OpenAI's newer models refuse `max_tokens` and `temperature`, and some other servers refuse
    `stream_options`.
    """

    limit_field: str = "max_tokens"  # or "max_completion_tokens"; "" if the model accepts neither
    temperature: bool = True
    stream_options: bool = True

    def without(self, field: str) -> Self:
        """The dialect to try after the server has refused `field`."""
        if field == "max_tokens":
            return replace(self, limit_field="max_completion_tokens")
        if field == "max_completion_tokens":
            return replace(self, limit_field="")
        if field == "temperature":
            return replace(self, temperature=False)
        return replace(self, stream_options=False)


class Dialects:
    """The dialect of each model, learned from the API's refusals: one server may serve different models."""

    def __init__(self) -> None:
        self._learned: dict[str, Dialect] = {}
        self.unmarked = UnmarkedModels()

    def of(self, model: str) -> Dialect:
        return self._learned.get(model, Dialect())

    def learn(self, model: str, dialect: Dialect) -> None:
        if dialect == self.of(model):
            return
        if len(self._learned) >= REMEMBERED_MODELS:
            self._learned.clear()
        self._learned[model] = dialect


def request_body(endpoint: Endpoint, prompt: Prompt, dialect: Dialect) -> dict[str, Any]:
    body: dict[str, Any] = {"model": prompt.model or endpoint.model, "stream": True}
    if endpoint.api == "chat":
        system = [_message("system", endpoint.system_prompt)] if endpoint.system_prompt else []
        earlier = [message for turn in prompt.earlier for message in _messages(turn)]
        body["messages"] = [*system, *earlier, _message("user", prompt.question)]
    elif endpoint.api == "responses":
        earlier = [message for turn in prompt.earlier for message in _messages(turn)]
        body["input"] = [*earlier, _message("user", prompt.question)]
        return body | {"store": False}
    else:
        body["prompt"] = fill_template(endpoint.prompt_template, prompt)
    if endpoint.max_tokens and dialect.limit_field:
        body[dialect.limit_field] = endpoint.max_tokens
    if endpoint.temperature is not None and dialect.temperature:
        body["temperature"] = endpoint.temperature
    if dialect.stream_options:
        body["stream_options"] = {"include_usage": True}
    return body


def fill_template(template: str, prompt: Prompt) -> str:
    """Return the template with the question, preceded by the earlier turns in the same form.

    The part that repeats for each turn starts at the line of the first {question}. If nothing stands before
    {question} on that line, it starts at the last nonblank line above. Everything before that part appears
    once. With the default template, the instruction appears once, and "Question: ...\\nAnswer: ...\\n\\n"
    appears for each turn.
    """
    # str.replace, not str.format: braces in a question or a template are ordinary text.
    if not prompt.earlier:
        return template.replace(PLACEHOLDER, prompt.question)
    before, _, _ = template.partition(PLACEHOLDER)
    start = before.rstrip().rfind("\n") + 1
    form = template[start:]
    space = "" if form[-1:].isspace() else " "
    turns = (
        f"{form.replace(PLACEHOLDER, turn.question)}{space}{turn.answer.strip()}\n\n"
        for turn in prompt.earlier
    )
    return "".join([template[:start], *turns, form.replace(PLACEHOLDER, prompt.question)])


def _messages(turn: Turn) -> list[dict[str, str]]:
    return [_message("user", turn.question), _message("assistant", turn.answer)]


def _message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}
