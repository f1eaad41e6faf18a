"""System checks of the settings of the API and its models."""

import difflib
import re
from collections.abc import Iterator

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from answers.engine.model_options import EFFORTS, ModelOption, configured
from answers.engine.provider import api_of, host
from answers.models import MODEL_CHARS
from completions.request import OPENROUTER_HOST


def check_api() -> Iterator[CheckMessage]:
    is_read = not {"ASKME_MODEL", "ASKME_MODELS"} & settings.ENVIRONMENT_PROBLEMS.keys()
    if is_read and not (settings.ASKME_DEMO or settings.ASKME_MODEL or settings.ASKME_MODELS):
        # There is no default: it would soon be outdated, and a server's list shows neither quality nor price.
        name = "OPENAI_BASE_URL" if settings.OPENAI_BASE_URL else "OPENAI_API_KEY"
        yield Error(
            f"{name} is set, but ASKME_MODEL is not.",
            hint=f"Set ASKME_MODEL to the name of a model that {host()} serves. "
            "To list its models, run manage.py check_api.",
            id="askme.E005",
        )
    if re.search(r"[^!-~]", settings.OPENAI_API_KEY):
        yield Error(
            "OPENAI_API_KEY contains a space or another character that is not allowed in a header.",
            hint="Write the key again, without quotes or line breaks.",
            id="askme.E006",
        )


def check_models() -> Iterator[CheckMessage]:
    offered = settings.ASKME_MODELS
    name = "ASKME_MODELS" if offered else "ASKME_MODEL"
    for word in [settings.ASKME_MODEL, *(word for one in offered for word in (one.key, one.label))]:
        if len(word) > MODEL_CHARS:
            yield Error(
                f"{name} contains a name or label of {len(word)} characters.",
                hint=f"Use names and labels of at most {MODEL_CHARS} characters.",
                id="askme.E015",
            )
    if offered and settings.ASKME_MODEL:
        yield Warning(
            "ASKME_MODEL has no effect if ASKME_MODELS is set.",
            hint="The first of ASKME_MODELS is the default. Remove ASKME_MODEL.",
            id="askme.W003",
        )
    for option in configured():
        yield from _option(option, f"{name}: {option.label}" if option.label else name)


def _option(option: ModelOption, name: str) -> Iterator[CheckMessage]:
    api = api_of(option)
    # Of the servers with chat completions, only OpenRouter offers web search with them.
    searches = api == "responses" or (api == "chat" and host() == OPENROUTER_HOST)
    if option.web_search and not searches and not settings.ASKME_DEMO:
        yield Warning(
            f"{name} has web search, but {host()} does not offer it with the API “{api}”.",
            hint="Use the API “responses” (ASKME_API) if the server has it, or remove the web search.",
            id="askme.W007",
        )
    if option.effort and api == "completions":
        yield Warning(
            f"{name} has an effort, but the API “completions” does not support it.",
            hint="Use the API “chat” or “responses” (ASKME_API), or remove the effort.",
            id="askme.W007",
        )
    if option.effort and option.effort not in EFFORTS:
        near = difflib.get_close_matches(option.effort, EFFORTS, n=1)
        yield Warning(
            f"{name} has the effort “{option.effort}”, which is not one of {', '.join(EFFORTS)}.",
            hint=f"Did you mean {near[0]}?" if near else "If the model accepts it, ignore this warning.",
            id="askme.W008",
        )


def check_effects() -> Iterator[CheckMessage]:
    """Settings that have no effect."""
    for name in ("ASKME_MODEL", "ASKME_MODELS"):
        if settings.ASKME_DEMO and getattr(settings, name):
            yield Warning(
                f"{name} is set, but the demo model answers.",
                hint="Set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own.",
                id="askme.W004",
            )
    apis = {api_of(option) for option in configured()}
    if settings.ASKME_PROMPT_TEMPLATE and "completions" not in apis:
        yield Warning(
            "ASKME_PROMPT_TEMPLATE has no effect, because no model uses the API “completions”.",
            hint="Use ASKME_SYSTEM_PROMPT instead.",
            id="askme.W005",
        )
    if settings.ASKME_SYSTEM_PROMPT and apis == {"completions"}:
        yield Warning(
            "ASKME_SYSTEM_PROMPT has no effect with the API “completions”.",
            hint="Use ASKME_PROMPT_TEMPLATE instead.",
            id="askme.W005",
        )
    if settings.ASKME_DEMO and settings.ASKME_API == "responses":
        yield Warning(
            "ASKME_API is “responses”, but the demo model answers, which supports only “chat”.",
            hint="Set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own.",
            id="askme.W004",
        )
