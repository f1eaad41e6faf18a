"""The URLs of the servers that the site uses: database, Redis and mail. Nothing connects to them here."""

import os
import re
from typing import Any
from urllib.parse import parse_qs

import environ
from psycopg.pq import Conninfo
from redis.asyncio import ConnectionPool

from askme.values import BadValue, split

ESCAPES = "Write @ : / ? # in a password as %40 %3A %2F %3F %23."
# Without one of these, libpq falls back to an unencrypted connection, or fails at the first query.
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
# These are in the URL itself, or `askme.settings` sets them.
RESERVED = {"user", "password", "host", "port", "dbname", "options", "connect_timeout", "tcp_user_timeout"}

# Without a database every query fails. That is better than to use another one than the operator meant.
NO_DATABASE = {"ENGINE": "django.db.backends.dummy"}


def database(text: str) -> str:
    if text.startswith("sqlite:"):
        return _sqlite(text)
    hint = (
        f"Set it to a URL such as postgres://user:password@localhost:5432/askme or sqlite:////path. {ESCAPES}"
    )
    schemes = ("postgres", "postgresql", "sqlite")
    # libpq takes several hosts, of which urlsplit would take all but the first for a port.
    parts = split(re.sub(r",[^/?@]*", "", text), schemes, hint)
    if not parts.path.strip("/") or parts.fragment:
        raise BadValue(" does not name a database", hint)
    _check_options(parse_qs(text.partition("?")[2], keep_blank_values=True))
    return text


def database_config(url: str, password: str) -> dict[str, Any]:
    """Django's settings of a database that `database` has accepted; an empty URL is no database.

    The password is PostgreSQL's, for a URL without one.
    """
    config: dict[str, Any] = environ.Env.db_url_config(url) if url else NO_DATABASE
    if "postgres" in config["ENGINE"] and not config["PASSWORD"]:
        return config | {"PASSWORD": password}
    return config


def _sqlite(text: str) -> str:
    path = text.removeprefix("sqlite:///")
    hint = (
        "Set it to sqlite:/// and the path of a file in a folder that exists: sqlite:////srv/askme.sqlite3."
    )
    if path in (text, "", ":memory:") or "?" in path:
        # A database in memory would belong to one thread only, and options would have no effect.
        raise BadValue(" is not the URL of an SQLite file", hint)
    if not os.path.isdir(os.path.dirname(os.path.abspath(database_config(text, "")["NAME"]))):
        raise BadValue(" names a file in a folder that does not exist", hint)
    return text


def _check_options(options: dict[str, list[str]]) -> None:
    known = {option.keyword.decode() for option in Conninfo.get_defaults()} - RESERVED
    for name, [value, *_] in options.items():
        if name not in known:
            hint = "Use only options of libpq that askme does not set itself, such as sslmode=require."
            raise BadValue(f" has an option {name[:40]!r} that cannot be set here", hint)
        if name == "sslmode" and value not in SSL_MODES:
            raise BadValue(f" has sslmode={value[:40]!r}", f"Use one of {', '.join(SSL_MODES)}.")


def redis(text: str) -> str:
    hint = f"Set it to a URL such as redis://localhost:6379/0. {ESCAPES}"
    parts = split(text, ("redis", "rediss", "unix"), hint)
    number = parts.path.strip("/")
    if parts.scheme == "unix":
        is_good = bool(parts.path)
    else:  # redis-py ignores a database that is no number
        is_good = bool(parts.hostname) and (not number or number.isdecimal()) and not parts.fragment
    if not is_good:
        raise BadValue(" does not name a Redis server, or its database is not a number", hint)
    try:
        ConnectionPool.from_url(text).make_connection()  # type: ignore[no-untyped-call]
    except (ValueError, TypeError):
        raise BadValue(" has an option that Redis does not know", hint) from None
    return text


MAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}


def mail(text: str) -> str:
    hint = f"Set it to a URL such as smtp+tls://user:password@mail.example:587. {ESCAPES}"
    parts = split(text, (*MAIL_PORTS, "filemail", "consolemail"), hint)
    if parts.scheme in MAIL_PORTS and not parts.hostname:
        raise BadValue(" does not name a mail server", hint)
    if parts.scheme == "filemail" and not parts.path.strip("/"):
        raise BadValue(
            " does not name a folder", "Set it to filemail:/// and a path: filemail:////srv/mails."
        )
    if parts.query or parts.fragment:
        raise BadValue(" has options, which askme does not read", hint)
    return text


def mail_config(url: str) -> dict[str, Any]:
    """Django's EMAIL_* settings for a URL that `mail` has accepted."""
    config: dict[str, Any] = environ.Env.email_url_config(url)
    port = config["EMAIL_PORT"] or MAIL_PORTS.get(url.partition(":")[0])
    return config | {"EMAIL_PORT": port, "EMAIL_TIMEOUT": 10}  # seconds
