"""The kinds of values that settings have. Each function returns the value that a text stands for.

If there is none, it raises BadValue.
"""

import math
import os
import re
import ssl
from collections.abc import Sequence
from email.utils import parseaddr
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from answers.engine.model_list import BadModels, parse_model, parse_models
from answers.engine.model_options import ModelOption

DAY = 86_400  # seconds
MILLION = 1_000_000
MAX_FRAME_BYTES = 1_048_576  # Daphne closes a socket that sends a longer message
MAX_BODY_BYTES = 100 * MILLION

MAX_SUGGESTIONS, SUGGESTION_CHARS = 8, 200  # they must leave room on a phone, and fit into an address

SHOWN_CHARS = 40  # of a wrong value, in the message
# Shorter keys can be guessed. Django's own keys have 50 characters, `openssl rand -hex 32` makes 64.
SECRET_KEY_CHARS = 32
TOKEN_CHARS = 16


class BadValue(Exception):
    """`problem` follows the name of the setting and begins with a space; `hint` says what to write."""

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(problem)
        self.problem, self.hint = problem, hint


def shown(text: str) -> str:
    return repr(text[:SHOWN_CHARS])


def whole_number(text: str, *, least: int, most: int) -> int:
    hint = f"Set it to a whole number from {least} to {most}."
    # Python's int() also takes underscores, spaces, and the digits of other scripts.
    if not re.fullmatch(r"[+-]?[0-9]{1,20}", text) or not least <= int(text) <= most:
        raise BadValue(f" is {shown(text)}", hint)
    return int(text)


def number(text: str, *, least: float, most: float) -> float:
    hint = f"Set it to a number from {least:g} to {most:g}."
    try:
        value = float(text)
    except ValueError:
        raise BadValue(f" is {shown(text)}", hint) from None
    if not math.isfinite(value) or not least <= value <= most:
        raise BadValue(f" is {shown(text)}", hint)
    return value


def currency(text: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", text):
        raise BadValue(f" is {shown(text)}", "Set it to a currency's three letters, such as USD or EUR.")
    return text


def boolean(text: str) -> bool:
    if text.lower() in ("true", "yes", "on", "1"):
        return True
    if text.lower() in ("false", "no", "off", "0"):
        return False
    raise BadValue(f" is {shown(text)}", "Write true or false.")


def choice(text: str, *, choices: Sequence[str]) -> str:
    if text not in choices:
        *others, last = (f"“{one}”" for one in choices)
        raise BadValue(f" is {shown(text)}", f"Use {', '.join(others)} or {last}.")
    return text


def secret_key(text: str) -> str:
    if len(text) < SECRET_KEY_CHARS or len(set(text)) < 5:
        problem = f" has fewer than {SECRET_KEY_CHARS} characters, or only a few different ones"
        raise BadValue(problem, "Write a long random value; openssl rand -hex 32 makes one.")
    return text


def token(text: str) -> str:
    """What a client sends in a header."""
    if not re.fullmatch(r"[!-~]+", text) or len(text) < TOKEN_CHARS or len(set(text)) < 5:
        hint = f"Write at least {TOKEN_CHARS} random letters and digits; openssl rand -hex 32 makes some."
        raise BadValue(" is easy to guess, or contains what a header cannot hold", hint)
    return text


def secret_keys(text: str) -> list[str]:
    return [secret_key(word.strip()) for word in text.split(",") if word.strip()]


def hosts(text: str) -> list[str]:
    hint = "Write host names without http:// and without a port, separated by commas: ask.example.org"
    pattern = r"\*|\.?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*|\[[0-9a-f:.]+\]"
    return _words(text, pattern, f"{hint}.")


def domains(text: str) -> list[str]:
    pattern = r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?"
    return _words(text, pattern, "Write domains without @, separated by commas: example.org, example.net.")


def _words(text: str, pattern: str, hint: str) -> list[str]:
    """An empty word is refused: a list of only empty words would turn the protection off."""
    words = [word.strip() for word in text.split(",")]
    for word in words:
        if not re.fullmatch(pattern, word, re.IGNORECASE):
            raise BadValue(f" contains {shown(word)}", hint)
    return words


def suggestions(text: str) -> list[str]:
    """`none` is an empty list, because an empty setting counts as not set."""
    found = [] if text == "none" else [" ".join(part.split()) for part in text.split("|")]
    hint = "Write questions with a | between them, or none."
    if len(found) > MAX_SUGGESTIONS:
        raise BadValue(f" contains {len(found)} questions", f"Write at most {MAX_SUGGESTIONS}.")
    for question in found:
        if not question:
            raise BadValue(" contains an empty question", hint)
        if len(question) > SUGGESTION_CHARS:
            raise BadValue(
                f" contains {shown(question)}, which is too long",
                f"Write at most {SUGGESTION_CHARS} characters for each question.",
            )
    return found


def models(text: str) -> list[ModelOption]:
    try:
        return parse_models(text)
    except BadModels as bad:
        raise BadValue(bad.problem, bad.hint) from None


def model(text: str) -> str:
    try:
        parse_model(text)
    except BadModels as bad:
        raise BadValue(bad.problem, bad.hint.replace("the models as TOML", "ASKME_MODELS as TOML")) from None
    return text


def sender(text: str) -> str:
    try:
        validate_email(parseaddr(text)[1])
    except ValidationError:
        hint = "Set it to an address such as ask@example.org, or Ask Me <ask@example.org>."
        raise BadValue(f" is {shown(text)}", hint) from None
    return text


def prompt_template(text: str) -> str:
    if "{question}" not in text:
        hint = "Put {question} where the question belongs, and use \\n for a new line."
        raise BadValue(" does not contain {question}", hint)
    return text.replace("\\n", "\n")


def certificates(text: str) -> str:
    """A file or a folder, as for `requests`."""
    try:
        if os.path.isdir(text):
            return text
        ssl.create_default_context(cafile=text)
    except OSError as error:  # or its subclass ssl.SSLError
        hint = "Set it to the path of a file with certificates in PEM format."
        raise BadValue(f" names a file without certificates ({error.strerror or error})", hint) from None
    return text


def http_url(text: str) -> str:
    return _http_url(text, "Set it to a URL with a path, such as https://api.openai.com/v1.")


def page_url(text: str) -> str:
    """The URL of a page that people see, so it must not contain a secret."""
    return _http_url(text, "Set it to the URL of a page, such as https://status.example.org.")


def page(text: str) -> str:
    """The URL of a page that people see, or a path on this site."""
    hint = "Set it to the URL of a page, such as https://example.org/privacy, or to a path such as /privacy/."
    # A browser takes // and /\\ for the beginning of a host.
    if text.startswith("/") and not re.match(r"/[/\\]", text) and not re.search(r"[\s\x00-\x1f]", text):
        return text
    return _http_url(text, hint)


def _http_url(text: str, hint: str) -> str:
    if not split(text, ("http", "https"), hint).hostname:
        raise BadValue(" is not an HTTP URL", hint)
    return text


def proxy(text: str) -> str:
    """The URL of an HTTP proxy, or the word `environment`."""
    if text == "environment":
        return text
    hint = "Set it to a URL such as http://proxy.example.org:3128, or to “environment”."
    parts = split(text, ("http",), hint)
    if not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise BadValue(" is not the URL of an HTTP proxy", hint)
    return text


def issuer(text: str) -> str:
    """Single sign-on needs TLS, or anybody between here and the provider could log in as anyone."""
    hint = "Set it to the provider's issuer, such as https://login.example.org/realms/team."
    parts = split(text, ("http", "https"), hint)
    is_here = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not parts.hostname or (parts.scheme == "http" and not is_here):
        raise BadValue(" is not an HTTPS URL", hint)
    return text.rstrip("/")


def split(text: str, schemes: Sequence[str], hint: str) -> SplitResult:
    """The parts of a URL with one of these schemes. The value is not shown: it may contain a password."""
    try:
        parts = urlsplit(text)
        is_good = parts.scheme in schemes and parts.port != 0 and not re.search(r"\s", text)
    except ValueError:  # a port that is no number, or a bad IPv6 address
        is_good = False
    if not is_good:
        *others, last = (f"{scheme}://" for scheme in schemes)
        known = f"{', '.join(others)} or {last}"
        raise BadValue(f" is not a URL with a valid host and port that begins with {known}", hint)
    return parts
