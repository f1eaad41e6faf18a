"""System checks: an invalid setting is an error, with an id and a hint that says how to fix it."""

import difflib
import io
import os
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.management import CommandError, call_command

from answers.models import MODEL_CHARS

POSITIVE = ["ASKME_MAX_TOKENS", "ASKME_THREADS", "ASKME_FRAME_BYTES"]
NON_NEGATIVE = [  # 0 disables the limit
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
    "ASKME_SITE_QUESTIONS_PER_DAY",
    "ASKME_ADDRESS_QUESTIONS_PER_MINUTE",
    "ASKME_ADDRESS_QUESTIONS_PER_DAY",
    "ASKME_QUEUE",
    "ASKME_PROXIES",
    "ASKME_GUEST_DAYS",
    "ASKME_SWITCH_SECONDS",
]

MAX_CONTEXT_TOKENS = 10_000_000

# Providers where anybody can have an account, however the application is configured there.
PUBLIC_PROVIDERS = ("accounts.google.com", "login.microsoftonline.com", "gitlab.com", "appleid.apple.com")


def check_before_start() -> None:
    """Run the system checks, which ASGI servers do not. Raises SystemExit with the errors and hints."""
    if settings.ASKME_CHECK_AT_START:
        try:
            call_command("check", stdout=io.StringIO())  # discards the “no issues” line
        except CommandError as error:
            raise SystemExit(str(error)) from None


@register()
def check_settings(**kwargs: Any) -> list[CheckMessage]:
    return [*_unreadable(), *_numbers(), *_api(), *_models(), *_processes(), *_accounts(), *_unknown()]


def _unreadable() -> Iterator[CheckMessage]:
    for name, problem in settings.ENVIRONMENT_PROBLEMS.items():
        yield Error(problem, hint=f"Correct {name}, or remove it to use the default.", id="askme.E001")


def _numbers() -> Iterator[CheckMessage]:
    for name in POSITIVE + NON_NEGATIVE:
        value, least = getattr(settings, name), 1 if name in POSITIVE else 0
        if not least <= value < float("inf"):
            yield Error(
                f"{name} is {value}.", hint=f"Set it to a number of at least {least}.", id="askme.E002"
            )


def _api() -> Iterator[CheckMessage]:
    if settings.ASKME_API not in ("chat", "completions"):
        yield Error(
            f"ASKME_API is {settings.ASKME_API!r}.",
            hint="Use “chat” for chat completions or “completions” for legacy completions.",
            id="askme.E003",
        )
    if url := settings.OPENAI_BASE_URL:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            yield Error(
                "OPENAI_BASE_URL is not an HTTP URL.",
                hint="Set it to a URL with a path, such as https://api.openai.com/v1.",
                id="askme.E004",
            )
        elif not (settings.ASKME_MODEL or settings.ASKME_MODELS) and parts.hostname != "api.openai.com":
            yield Error(
                "OPENAI_BASE_URL is set, but ASKME_MODEL is not.",
                hint=f"Set ASKME_MODEL to the name of a model that {parts.hostname} serves.",
                id="askme.E005",
            )
    if re.search(r"[^!-~]", settings.OPENAI_API_KEY):
        yield Error(
            "OPENAI_API_KEY contains a space or another character that is not allowed in a header.",
            hint="Copy the key again, without quotes or line breaks.",
            id="askme.E006",
        )
    template = settings.ASKME_PROMPT_TEMPLATE
    if template and "{question}" not in template:
        yield Error(
            "ASKME_PROMPT_TEMPLATE does not contain {question}.",
            hint="Put {question} where the question belongs, and use \\n for a new line.",
            id="askme.E007",
        )
    if settings.ASKME_CA_BUNDLE and not os.path.exists(settings.ASKME_CA_BUNDLE):
        yield Error(
            "ASKME_CA_BUNDLE names a file that does not exist.",
            hint="Set it to the path of a file of certificates in PEM format.",
            id="askme.E008",
        )


def _models() -> Iterator[CheckMessage]:
    if settings.ASKME_CONTEXT_TOKENS > MAX_CONTEXT_TOKENS:
        yield Error(
            f"ASKME_CONTEXT_TOKENS is {settings.ASKME_CONTEXT_TOKENS}.",
            hint=f"Set it to at most {MAX_CONTEXT_TOKENS}. No model reads more at once.",
            id="askme.E016",
        )
    offered = settings.ASKME_MODELS
    for word in [*offered, *offered.values()]:
        if len(word) > MODEL_CHARS:
            yield Error(
                f"ASKME_MODELS contains a name or label of {len(word)} characters.",
                hint=f"Use names and labels of at most {MODEL_CHARS} characters.",
                id="askme.E015",
            )
    if offered and settings.ASKME_MODEL:
        yield Warning(
            "ASKME_MODEL has no effect if ASKME_MODELS is set.",
            hint="The first of ASKME_MODELS is the default. Remove ASKME_MODEL.",
            id="askme.W003",
        )


def _processes() -> Iterator[CheckMessage]:
    """Several processes must share what each would otherwise create for itself."""
    if settings.REDIS_URL and not re.match(r"(rediss?|unix)://", settings.REDIS_URL):
        yield Error(
            "REDIS_URL is not the URL of a Redis server.",
            hint="Set it to a URL such as redis://localhost:6379/0.",
            id="askme.E009",
        )
    if settings.REDIS_URL and settings.SECRET_KEY_IS_EMBEDDED:
        yield Error(
            "REDIS_URL is set, but SECRET_KEY is not: if each process makes its own, sessions break.",
            hint="Set SECRET_KEY to the same long random value for all processes.",
            id="askme.E010",
        )


def _accounts() -> Iterator[CheckMessage]:
    if settings.ASKME_SIGNUP not in ("open", "invited", "closed"):
        yield Error(
            f"ASKME_SIGNUP is {settings.ASKME_SIGNUP!r}.",
            hint="Use “open”, “invited” or “closed”.",
            id="askme.E011",
        )
    if settings.ASKME_VERIFY_EMAIL and not settings.EMAIL_URL:
        yield Error(
            "ASKME_VERIFY_EMAIL is true, but EMAIL_URL is not set. Nobody would receive the code.",
            hint="Set EMAIL_URL to the URL of your mail server, or remove ASKME_VERIFY_EMAIL.",
            id="askme.E012",
        )
    yield from _single_sign_on()


def _single_sign_on() -> Iterator[CheckMessage]:
    names = ("ASKME_OIDC_ISSUER", "ASKME_OIDC_CLIENT_ID", "ASKME_OIDC_CLIENT_SECRET")
    missing = [name for name in names if not getattr(settings, name)]
    if 0 < len(missing) < len(names):
        yield Error(
            f"Single sign-on also needs {' and '.join(missing)}.",
            hint="Set all three, as shown by the provider, or none.",
            id="askme.E013",
        )
    if issuer := settings.ASKME_OIDC_ISSUER:
        parts = urlsplit(issuer)
        is_here = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if not parts.hostname or (parts.scheme != "https" and not (parts.scheme == "http" and is_here)):
            yield Error(
                "ASKME_OIDC_ISSUER is not an HTTPS URL.",
                hint="Set it to the provider's issuer, such as https://login.example.org/realms/team.",
                id="askme.E014",
            )
        if parts.hostname in PUBLIC_PROVIDERS and not settings.ASKME_OIDC_DOMAINS:
            yield Warning(
                f"Anybody can get an account at {parts.hostname}, and could then log in to this site.",
                hint="Set ASKME_OIDC_DOMAINS to your own domains, such as example.org.",
                id="askme.W002",
            )


def _unknown() -> Iterator[CheckMessage]:
    known = settings.ENVIRONMENT_NAMES
    for name in os.environ:
        if name.startswith("ASKME_") and name.removesuffix("_FILE") not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]}?" if near else "See .env.example for all settings."
            yield Warning(f"There is no setting {name}, so it has no effect.", hint=hint, id="askme.W001")
