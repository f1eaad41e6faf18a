"""The provider: the API that answers, as the settings describe it."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from answers.engine import demo
from answers.engine.model_options import ModelOption, default_option
from completions import DEFAULT_PROMPT_TEMPLATE, Client, Endpoint, Prompt, environment_proxy

OPENAI_URL = "https://api.openai.com/v1"
OPENAI_HOST = "api.openai.com"
# Models that continue a prompt do not reason, and often do not stop by themselves. Models that reason may use
# thousands of tokens before their answer begins.
DEFAULT_MAX_TOKENS = {"completions": 1_024, "chat": 8_192, "responses": 8_192}


class Provider:
    """A client for the configured API. If there is none, it starts the demo model in this process."""

    def __init__(self, connections: int) -> None:
        self._demo = demo.Server() if settings.ASKME_DEMO else None
        base_url = self._demo.base_url if self._demo else settings.OPENAI_BASE_URL or OPENAI_URL
        self.client = Client(_endpoint(base_url), connections=connections)

    def close(self) -> None:
        self.client.close()
        if self._demo:
            self._demo.close()


def host() -> str:
    """Whose API it is; empty if the address is invalid. Each question then fails and says so."""
    try:
        return urlsplit(settings.OPENAI_BASE_URL or OPENAI_URL).hostname or ""
    except ValueError:
        return ""


def is_openai() -> bool:
    """Whether the API is OpenAI's own."""
    # OpenAI's regions have hosts of their own, such as eu.api.openai.com.
    return not settings.ASKME_DEMO and f".{host()}".endswith(f".{OPENAI_HOST}")


def sends_identifiers() -> bool:
    """Whether questions are sent with pseudonyms of the person and the thread."""
    on = settings.ASKME_IDENTIFIERS
    return is_openai() if on is None else bool(on)


def default_api() -> str:
    """The API of models whose option does not name one."""
    return api_of(ModelOption(name=""))


def api_of(option: ModelOption) -> str:
    api = option.api or settings.ASKME_API or ("responses" if is_openai() else "chat")
    if settings.ASKME_DEMO and api == "responses":
        return "chat"  # the demo model does not have the Responses API
    return api


def max_tokens(api: str) -> int:
    """The maximum number of tokens in an answer, reasoning included."""
    return settings.ASKME_MAX_TOKENS or DEFAULT_MAX_TOKENS[api]


def prompt_for(option: ModelOption, question: str, **fields: Any) -> Prompt:
    """The question as this model gets it. `fields` are the other fields of the prompt."""
    api = api_of(option)
    return Prompt(
        question,
        model=option.name,
        api=api,
        effort=option.effort,
        web_search=option.web_search,
        max_tokens=max_tokens(api),
        **fields,
    )


def _proxy(base_url: str) -> str:
    proxy: str = settings.ASKME_API_PROXY
    return environment_proxy(base_url) if proxy == "environment" else proxy


def _endpoint(base_url: str) -> Endpoint:
    return Endpoint(
        base_url=base_url,
        api_key=settings.OPENAI_API_KEY,
        ca_bundle=settings.ASKME_CA_BUNDLE,
        api=default_api(),
        model=default_option().name,
        max_tokens=max_tokens(default_api()),
        temperature=settings.ASKME_TEMPERATURE,
        system_prompt=settings.ASKME_SYSTEM_PROMPT,
        prompt_template=settings.ASKME_PROMPT_TEMPLATE or DEFAULT_PROMPT_TEMPLATE,
        connect_seconds=settings.ASKME_CONNECT_SECONDS,
        first_text_seconds=settings.ASKME_FIRST_TEXT_SECONDS,
        silence_seconds=settings.ASKME_SILENCE_SECONDS,
        answer_seconds=settings.ASKME_ANSWER_SECONDS,
        answer_bytes=settings.ASKME_ANSWER_BYTES,
        line_bytes=settings.ASKME_LINE_BYTES,
        reasoning_bytes=settings.ASKME_REASONING_BYTES,
        proxy=_proxy(base_url),
    )
