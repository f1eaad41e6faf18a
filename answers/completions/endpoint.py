"""The API that answers: where it is, what we ask of it and its limits, as a value; and the request as JSON.

Servers differ in the fields that they take (OpenAI's newer models refuse `max_tokens` and `temperature`, some
others refuse `stream_options`): `Dialect` is what a model of the endpoint has been found to take.
"""

from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

from answers.completions.prompt import Prompt, Turn, filled

DEFAULT_PROMPT_TEMPLATE = "Answer the following question.\nQuestion: {question}\nAnswer:"

PATHS = {"chat": "/chat/completions", "completions": "/completions"}
MODELS = 100  # whose dialects are remembered; a site that offers more learns some of them again


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Seconds and bytes are limits; 0 means no limit."""

    base_url: str
    model: str
    api_key: str = ""
    api: str = "chat"  # or "completions", the older API that continues a prompt
    max_tokens: int = 1024
    temperature: float | None = None
    system_prompt: str = ""
    prompt_template: str = DEFAULT_PROMPT_TEMPLATE  # for api "completions"
    ca_bundle: str = ""  # file or folder of certificates to trust instead of the public ones
    connect_seconds: float = 5
    first_text_seconds: float = 60
    silence_seconds: float = 30
    answer_seconds: float = 300
    answer_bytes: int = 1_000_000
    line_bytes: int = 2_000_000

    @property
    def url(self) -> str:
        """The full address; a query in `base_url` (Azure's `api-version`) stays where it belongs."""
        parts = urlsplit(self.base_url)
        return urlunsplit(parts._replace(path=parts.path.rstrip("/") + PATHS[self.api]))


@dataclass(frozen=True, slots=True)
class Dialect:
    """The fields that a model takes. A value, so that threads can swap it without a lock."""

    limit_field: str = "max_tokens"  # or "max_completion_tokens"; "" if it takes neither
    temperature: bool = True
    stream_options: bool = True

    def without(self, field: str) -> Self:
        """What to try after the server has refused `field`."""
        if field == "max_tokens":
            return replace(self, limit_field="max_completion_tokens")
        if field == "max_completion_tokens":
            return replace(self, limit_field="")
        if field == "temperature":
            return replace(self, temperature=False)
        return replace(self, stream_options=False)


class Dialects:
    """What each model takes, learnt from the API's refusals: one server may serve models that differ."""

    def __init__(self) -> None:
        self._learnt: dict[str, Dialect] = {}

    def of(self, model: str) -> Dialect:
        return self._learnt.get(model, Dialect())

    def learn(self, model: str, dialect: Dialect) -> None:
        if dialect == self.of(model):
            return
        if len(self._learnt) >= MODELS:
            self._learnt.clear()
        self._learnt[model] = dialect


def request_body(endpoint: Endpoint, prompt: Prompt, dialect: Dialect) -> dict[str, Any]:
    body: dict[str, Any] = {"model": prompt.model or endpoint.model, "stream": True}
    if endpoint.api == "chat":
        system = [_message("system", endpoint.system_prompt)] if endpoint.system_prompt else []
        earlier = [message for turn in prompt.earlier for message in _messages(turn)]
        body["messages"] = [*system, *earlier, _message("user", prompt.question)]
    else:
        body["prompt"] = filled(endpoint.prompt_template, prompt)
    if endpoint.max_tokens and dialect.limit_field:
        body[dialect.limit_field] = endpoint.max_tokens
    if endpoint.temperature is not None and dialect.temperature:
        body["temperature"] = endpoint.temperature
    if dialect.stream_options:
        body["stream_options"] = {"include_usage": True}
    return body


def _messages(turn: Turn) -> list[dict[str, str]]:
    return [_message("user", turn.question), _message("assistant", turn.answer)]


def _message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}
