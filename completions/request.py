"""What goes out: the question, the API that answers it, and the JSON body made from both. No network."""

from base64 import b64encode
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self
from urllib.parse import unquote, urlsplit, urlunsplit

from completions.dialects import LIMIT_FIELDS, Dialect

DEFAULT_PROMPT_TEMPLATE = "Answer the following question.\nQuestion: {question}\nAnswer:"

PLACEHOLDER = "{question}"
PATHS = {"chat": "/chat/completions", "completions": "/completions", "responses": "/responses"}
OPENROUTER_HOST = "openrouter.ai"
PERPLEXITY_HOST = "api.perplexity.ai"  # takes the person's identifier in a header


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
    effort: str = ""  # how much the model reasons, such as "low"; empty: not sent
    web_search: bool = False
    safety_identifier: str = ""  # a pseudonym of the person; empty: not sent
    max_tokens: int = 0  # reasoning included; 0: the endpoint's
    cache_key: str = ""  # the same for all questions of a thread; empty: not sent

    @property
    def chars(self) -> int:
        """The length of the question and of all earlier turns."""
        return sum(map(len, self.texts))

    @property
    def texts(self) -> list[str]:
        turns = [text for turn in self.earlier for text in (turn.question, turn.answer)]
        return [*turns, self.question]

    def with_fewer_turns(self) -> Self:
        """The same question with only the newer half of the earlier turns."""
        return replace(self, earlier=self.earlier[(len(self.earlier) + 1) // 2 :])


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """The API: its address, what we ask of it, and the limits. Limits are seconds or bytes; 0 means none."""

    base_url: str
    model: str
    api_key: str = ""
    api: str = "chat"  # or "responses", or "completions", the legacy API that continues a prompt
    max_tokens: int = 0  # reasoning included
    temperature: float | None = None
    system_prompt: str = ""
    prompt_template: str = DEFAULT_PROMPT_TEMPLATE  # for api "completions"
    proxy: str = ""  # the URL of an HTTP proxy, which may contain user:password; empty: none
    ca_bundle: str = ""  # a file or folder of certificates to trust instead of the public ones
    connect_seconds: float = 5
    first_text_seconds: float = 60
    silence_seconds: float = 30
    answer_seconds: float = 300
    answer_bytes: int = 1_000_000
    line_bytes: int = 2_000_000
    reasoning_bytes: int = 200_000  # how much of an answer's reasoning is kept; here, 0 means none

    def api_of(self, prompt: Prompt) -> str:
        return prompt.api or self.api

    def model_of(self, prompt: Prompt) -> str:
        return prompt.model or self.model

    def url(self, path: str) -> str:
        """The full address. A query in `base_url` (Azure's `api-version`) stays after the path.

        Raises ValueError if `base_url` is invalid.
        """
        parts = urlsplit(self.base_url)
        return urlunsplit(parts._replace(path=parts.path.rstrip("/") + path))

    @property
    def host(self) -> str:
        """Empty if the address is invalid. Sending to it then raises an error."""
        try:
            return urlsplit(self.base_url).hostname or ""
        except ValueError:
            return ""

    def without_secrets(self, text: str) -> str:
        """Replace the key and the proxy's password: servers and exceptions may repeat them."""
        if key := self.api_key.strip():
            text = text.replace(key, "[API key]")
        text = _without_password(text, self.base_url, "[password]")
        return _without_password(text, self.proxy, "[proxy password]")


def _without_password(text: str, url: str, instead: str) -> str:
    """The text without the user and password of this URL, in every form in which they are written."""
    userinfo, at, _ = url.partition("://")[2].partition("/")[0].rpartition("@")
    if not at:
        return text
    user_and_password = unquote(userinfo)
    encoded = b64encode(user_and_password.encode()).decode()
    passwords = {one.partition(":")[2] for one in (userinfo, user_and_password)}
    for secret in (userinfo, user_and_password, encoded, *passwords):
        text = text.replace(secret, instead) if secret else text
    return text


class Request(NamedTuple):
    path: str  # below the endpoint's address
    body: dict[str, Any]
    headers: dict[str, str]  # in addition to those of all requests


def make_request(endpoint: Endpoint, prompt: Prompt, dialect: Dialect) -> Request:
    api = endpoint.api_of(prompt)
    body = {"model": endpoint.model_of(prompt), "stream": True, **_BODIES[api](endpoint, prompt)}
    if endpoint.temperature is not None:
        body["temperature"] = endpoint.temperature
    if max_tokens := prompt.max_tokens or endpoint.max_tokens:
        body[dialect.limit_field or LIMIT_FIELDS[api]] = max_tokens
    headers = {}
    if prompt.safety_identifier and endpoint.host == PERPLEXITY_HOST:
        headers["Perplexity-Safety-Identifier"] = prompt.safety_identifier
        body.pop("safety_identifier", None)
    return Request(PATHS[api], dialect.without_refused(body), headers)


def _chat_body(endpoint: Endpoint, prompt: Prompt) -> dict[str, Any]:
    system = [_message("system", endpoint.system_prompt)] if endpoint.system_prompt else []
    body: dict[str, Any] = {
        "messages": [*system, *_conversation(prompt)],
        "stream_options": {"include_usage": True},
    }
    if prompt.effort:
        body["reasoning_effort"] = prompt.effort
    if prompt.web_search and endpoint.host == OPENROUTER_HOST:  # no other server searches with this API
        body["tools"] = [{"type": "openrouter:web_search"}]
    return body | _identifiers(prompt)


def _completions_body(endpoint: Endpoint, prompt: Prompt) -> dict[str, Any]:
    text = fill_template(endpoint.prompt_template, prompt)
    return {"prompt": text, "stream_options": {"include_usage": True}}


def _responses_body(endpoint: Endpoint, prompt: Prompt) -> dict[str, Any]:
    # llama.cpp refuses answers of earlier turns without this type.
    items = [{"type": "message", **message} for message in _conversation(prompt)]
    # Without `store`, OpenAI and others keep questions and answers for 30 days. So the field is always sent,
    # even if a server refuses it.
    body: dict[str, Any] = {"input": items, "store": False}
    if endpoint.system_prompt:
        body["instructions"] = endpoint.system_prompt
    # Without a summary, nothing arrives while the model reasons. Models that do not reason refuse the field,
    # and OpenAI sends summaries only to verified organizations. In both cases, it is left out.
    body["reasoning"] = {"summary": "auto"}
    if prompt.effort:
        body["reasoning"]["effort"] = prompt.effort
    if prompt.web_search:
        body["tools"] = [{"type": "web_search"}]
    return body | _identifiers(prompt)


_BODIES = {"chat": _chat_body, "completions": _completions_body, "responses": _responses_body}


def _identifiers(prompt: Prompt) -> dict[str, str]:
    fields = {"safety_identifier": prompt.safety_identifier, "prompt_cache_key": prompt.cache_key}
    return {name: value for name, value in fields.items() if value}


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


def _conversation(prompt: Prompt) -> list[dict[str, str]]:
    earlier = [
        message
        for turn in prompt.earlier
        for message in (_message("user", turn.question), _message("assistant", turn.answer))
    ]
    return [*earlier, _message("user", prompt.question)]


def _message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}
