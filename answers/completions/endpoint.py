"""The API that answers: where it is, what we ask of it and its limits, as a value; and the request as JSON.

Servers differ in the fields that they take (OpenAI's newer models refuse `max_tokens` and `temperature`, some
others refuse `stream_options`): `Dialect` is what one endpoint has been found to take.
"""

from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

DEFAULT_PROMPT_TEMPLATE = "Answer the following question.\nQuestion: {question}\nAnswer:"

PATHS = {"chat": "/chat/completions", "completions": "/completions"}


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
    """The fields that a server takes. A value, so that threads can swap it without a lock."""

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


def request_body(endpoint: Endpoint, question: str, dialect: Dialect) -> dict[str, Any]:
    body: dict[str, Any] = {"model": endpoint.model, "stream": True}
    if endpoint.api == "chat":
        system = [{"role": "system", "content": endpoint.system_prompt}] if endpoint.system_prompt else []
        body["messages"] = [*system, {"role": "user", "content": question}]
    else:
        # replace, not format: braces in a question or a template are only text
        body["prompt"] = endpoint.prompt_template.replace("{question}", question)
    if endpoint.max_tokens and dialect.limit_field:
        body[dialect.limit_field] = endpoint.max_tokens
    if endpoint.temperature is not None and dialect.temperature:
        body["temperature"] = endpoint.temperature
    if dialect.stream_options:
        body["stream_options"] = {"include_usage": True}
    return body
