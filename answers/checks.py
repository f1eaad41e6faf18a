"""System checks: a setting that cannot work is an error with an id and what to write, before the start."""

import difflib
import os
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from answers.models import MODEL_CHARS

POSITIVE = ["ASKME_MAX_TOKENS", "ASKME_THREADS", "ASKME_FRAME_BYTES"]
FROM_ZERO = [  # 0 switches the limit off
    "ASKME_CONTEXT_TOKENS",
    "ASKME_CONNECT_SECONDS",
    "ASKME_FIRST_TEXT_SECONDS",
    "ASKME_SILENCE_SECONDS",
    "ASKME_ANSWER_SECONDS",
    "ASKME_DRAIN_SECONDS",
    "ASKME_QUESTION_CHARS",
    "ASKME_ANSWER_BYTES",
    "ASKME_LINE_BYTES",
    "ASKME_RUNNING_PER_USER",
    "ASKME_QUESTIONS_PER_MINUTE",
    "ASKME_QUESTIONS_PER_DAY",
    "ASKME_QUEUE",
    "ASKME_PROXIES",
]

MOST_CONTEXT_TOKENS = 10_000_000

# Providers where everybody can have an account, whatever the application asks for.
EVERYBODYS = ("accounts.google.com", "login.microsoftonline.com", "gitlab.com", "appleid.apple.com")


@register()
def check_settings(**kwargs: Any) -> list[CheckMessage]:
    return [*_unread(), *_numbers(), *_api(), *_models(), *_processes(), *_accounts(), *_unknown()]


def _unread() -> Iterator[CheckMessage]:
    for name, problem in settings.ENVIRONMENT_PROBLEMS.items():
        yield Error(problem, hint=f"Correct {name}, or take it out for the default.", id="askme.E001")


def _numbers() -> Iterator[CheckMessage]:
    for name in POSITIVE + FROM_ZERO:
        value, least = getattr(settings, name), 1 if name in POSITIVE else 0
        if not least <= value < float("inf"):
            yield Error(f"{name} is {value}.", hint=f"Write a number from {least} on.", id="askme.E002")


def _api() -> Iterator[CheckMessage]:
    if settings.ASKME_API not in ("chat", "completions"):
        yield Error(
            f"ASKME_API is {settings.ASKME_API!r}.",
            hint="Write “chat” for chat completions or “completions” for legacy completions.",
            id="askme.E003",
        )
    if url := settings.OPENAI_BASE_URL:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            yield Error(
                "OPENAI_BASE_URL is not the address of an HTTP server.",
                hint="Write it with its path, such as https://api.openai.com/v1.",
                id="askme.E004",
            )
        elif not (settings.ASKME_MODEL or settings.ASKME_MODELS) and parts.hostname != "api.openai.com":
            yield Error(
                "OPENAI_BASE_URL is set, but ASKME_MODEL is not.",
                hint=f"Write the name of a model that {parts.hostname} serves.",
                id="askme.E005",
            )
    if re.search(r"[^!-~]", settings.OPENAI_API_KEY):
        yield Error(
            "OPENAI_API_KEY holds a space or another character that no header can carry.",
            hint="Copy the key again, without quotes or line breaks.",
            id="askme.E006",
        )
    template = settings.ASKME_PROMPT_TEMPLATE
    if template and "{question}" not in template:
        yield Error(
            "ASKME_PROMPT_TEMPLATE has no place for the question.",
            hint="Write {question} where it belongs, and \\n for a new line.",
            id="askme.E007",
        )
    if settings.ASKME_CA_BUNDLE and not os.path.exists(settings.ASKME_CA_BUNDLE):
        yield Error(
            "ASKME_CA_BUNDLE names a file that is not there.",
            hint="Write the path of a file of certificates in PEM form.",
            id="askme.E008",
        )


def _models() -> Iterator[CheckMessage]:
    if settings.ASKME_CONTEXT_TOKENS > MOST_CONTEXT_TOKENS:
        yield Error(
            f"ASKME_CONTEXT_TOKENS is {settings.ASKME_CONTEXT_TOKENS}.",
            hint=f"Write at most {MOST_CONTEXT_TOKENS}: no model reads more at once.",
            id="askme.E016",
        )
    offered = settings.ASKME_MODELS
    for word in [*offered, *offered.values()]:
        if len(word) > MODEL_CHARS:
            yield Error(
                f"ASKME_MODELS has a name of {len(word)} characters.",
                hint=f"Write names and labels of at most {MODEL_CHARS}.",
                id="askme.E015",
            )
    if offered and settings.ASKME_MODEL:
        yield Warning(
            "ASKME_MODEL has no effect beside ASKME_MODELS.",
            hint="The first of ASKME_MODELS is what is asked where nobody has chosen; take ASKME_MODEL out.",
            id="askme.W003",
        )


def _processes() -> Iterator[CheckMessage]:
    """Several processes need what each would otherwise make for itself."""
    if settings.REDIS_URL and not re.match(r"(rediss?|unix)://", settings.REDIS_URL):
        yield Error(
            "REDIS_URL is not the address of a Redis server.",
            hint="Write it like redis://localhost:6379/0.",
            id="askme.E009",
        )
    if settings.REDIS_URL and settings.SECRET_KEY_IS_EMBEDDED:
        yield Error(
            "REDIS_URL is set, but SECRET_KEY is not: each process would make its own, and sessions break.",
            hint="Write the same long random SECRET_KEY for all processes.",
            id="askme.E010",
        )


def _accounts() -> Iterator[CheckMessage]:
    if settings.ASKME_SIGNUP not in ("open", "invited", "closed"):
        yield Error(
            f"ASKME_SIGNUP is {settings.ASKME_SIGNUP!r}.",
            hint="Write “open”, “invited” or “closed”.",
            id="askme.E011",
        )
    if settings.ASKME_VERIFY_EMAIL and not settings.EMAIL_URL:
        yield Error(
            "ASKME_VERIFY_EMAIL is true, but EMAIL_URL is not set: nobody would get the code.",
            hint="Write the address of your mail server, or leave ASKME_VERIFY_EMAIL out.",
            id="askme.E012",
        )
    yield from _single_sign_on()


def _single_sign_on() -> Iterator[CheckMessage]:
    names = ("ASKME_OIDC_ISSUER", "ASKME_OIDC_CLIENT_ID", "ASKME_OIDC_CLIENT_SECRET")
    missing = [name for name in names if not getattr(settings, name)]
    if 0 < len(missing) < len(names):
        yield Error(
            f"Single sign-on lacks {' and '.join(missing)}.",
            hint="Write all three, as the provider shows them, or none.",
            id="askme.E013",
        )
    if issuer := settings.ASKME_OIDC_ISSUER:
        parts = urlsplit(issuer)
        is_here = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if not parts.hostname or (parts.scheme != "https" and not (parts.scheme == "http" and is_here)):
            yield Error(
                "ASKME_OIDC_ISSUER is not an https address.",
                hint="Write the provider's issuer, such as https://login.example.org/realms/team.",
                id="askme.E014",
            )
        if parts.hostname in EVERYBODYS and not settings.ASKME_OIDC_DOMAINS:
            yield Warning(
                f"Anybody can get an account at {parts.hostname}, and so at this site.",
                hint="Write your own domains into ASKME_OIDC_DOMAINS, such as example.org.",
                id="askme.W002",
            )


def _unknown() -> Iterator[CheckMessage]:
    known = settings.ENVIRONMENT_NAMES
    for name in os.environ:
        if name.startswith("ASKME_") and name.removesuffix("_FILE") not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]}?" if near else "See .env.example for all settings."
            yield Warning(f"There is no setting {name}; it has no effect.", hint=hint, id="askme.W001")
