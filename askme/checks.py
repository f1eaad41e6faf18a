"""System checks: an invalid setting is an error, with an id and a hint that says how to fix it."""

import difflib
import io
import logging
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.management import CommandError, call_command

from askme.api_checks import check_api, check_effects, check_models
from askme.values import MAX_BODY_BYTES, MAX_FRAME_BYTES

log = logging.getLogger("answers.checks")

# In JSON, one character may need 12 bytes (\ud83d\ude00), and in a form too (%F0%9F%98%80). The rest of a
# frame or a form is ids, a token and the name of a model.
BYTES_PER_CHAR, OTHER_BYTES = 12, 4_096

# Providers where anybody can have an account, however the application is configured there.
PUBLIC_PROVIDERS = ("accounts.google.com", "login.microsoftonline.com", "gitlab.com", "appleid.apple.com")


def check_before_start() -> None:
    """Run the system checks, which ASGI servers do not. Raises SystemExit with the errors and hints."""
    if not settings.ASKME_CHECK_AT_START:
        for problem in settings.ENVIRONMENT_PROBLEMS.values():
            log.error("%s The default is used. %s", problem.message, problem.hint)
        return
    is_json = settings.ASKME_LOG == "json"
    warnings = io.StringIO() if is_json else None  # None: standard error
    try:
        call_command("check", stdout=io.StringIO(), stderr=warnings)  # discards the “no issues” line
    except CommandError as error:
        if is_json:
            log.critical("%s", error)
            raise SystemExit(1) from None
        raise SystemExit(str(error)) from None
    if warnings is not None and (text := warnings.getvalue().strip()):
        log.warning("%s", text)


@register()
def check_settings(**kwargs: Any) -> list[CheckMessage]:
    found = [_unreadable(), _sizes(), _secret_key(), check_api(), check_models(), _processes(), _accounts()]
    found += [check_effects(), _hosts(), _unknown()]
    return [message for messages in found for message in messages]


def _unreadable() -> Iterator[CheckMessage]:
    for problem in settings.ENVIRONMENT_PROBLEMS.values():
        yield Error(problem.message, hint=problem.hint, id="askme.E001")


def _sizes() -> Iterator[CheckMessage]:
    """A question of the allowed length must fit into a frame, and into a form."""
    chars = settings.ASKME_QUESTION_CHARS  # 0: as long as a frame can be
    carriers = {"ASKME_FRAME_BYTES": MAX_FRAME_BYTES, "ASKME_BODY_BYTES": MAX_BODY_BYTES}
    for name, most in carriers.items():
        size, needed = getattr(settings, name), chars * BYTES_PER_CHAR + OTHER_BYTES
        if needed > size:
            fitting = max((size - OTHER_BYTES) // BYTES_PER_CHAR, 1)
            more = f"{name} to at least {needed}, or " if needed <= most else ""
            yield Error(
                f"{name} is {size}, but {chars} characters (ASKME_QUESTION_CHARS) can take {needed} bytes.",
                hint=f"Set {more}ASKME_QUESTION_CHARS to at most {fitting}.",
                id="askme.E002",
            )


def _secret_key() -> Iterator[CheckMessage]:
    if settings.SECRET_KEY in settings.SECRET_KEY_FALLBACKS:
        yield Error(
            "SECRET_KEY_FALLBACKS contains SECRET_KEY, so the key was not replaced.",
            hint="Write a new key into SECRET_KEY, and only earlier ones into SECRET_KEY_FALLBACKS.",
            id="askme.E017",
        )


def _processes() -> Iterator[CheckMessage]:
    """Several processes must share what each would otherwise create for itself."""
    if settings.REDIS_URL and settings.SECRET_KEY_IS_EMBEDDED:
        yield Error(
            "REDIS_URL is set, but SECRET_KEY is not: if each process makes its own, sessions break.",
            hint="Set SECRET_KEY to the same long random value for all processes.",
            id="askme.E010",
        )


def _hosts() -> Iterator[CheckMessage]:
    if "*" in settings.ALLOWED_HOSTS:
        yield Warning(
            "ALLOWED_HOSTS contains *, so links in emails lead to whatever host name a request has.",
            hint="Set it to the host names of the site, separated by commas.",
            id="askme.W006",
        )


def _accounts() -> Iterator[CheckMessage]:
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
    is_read = "ASKME_OIDC_ISSUER" not in settings.ENVIRONMENT_PROBLEMS
    if is_read and 0 < len(missing) < len(names):
        yield Error(
            f"Single sign-on also needs {' and '.join(missing)}.",
            hint="Set all three, as shown by the provider, or none.",
            id="askme.E013",
        )
    if issuer := settings.ASKME_OIDC_ISSUER:
        host = urlsplit(issuer).hostname
        if host in PUBLIC_PROVIDERS and not settings.ASKME_OIDC_DOMAINS:
            yield Warning(
                f"Anybody can get an account at {host}, and could then log in to this site.",
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
