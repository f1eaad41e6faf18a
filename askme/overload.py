"""Keeps slow pages from taking the process down, and tells people when a page takes too long.

Requests share a small pool of database connections (askme/settings/framework.py). A search through millions
of answers can hold one for minutes, and a person with ten tabs could hold them all. So only a few requests of
one session and of the admin run at a time, and a statement that takes too long is cancelled. Websockets and
the health check use none of these connections.
"""

import logging
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views import defaults

# Of the ten connections in the pool, so that there is always one for somebody else.
BROWSER_REQUESTS = 3
ADMIN_REQUESTS = 4
WAIT_SECONDS = 10.0  # for a turn
RETRY_SECONDS = 30
SQLITE_STEPS = 100_000  # a few milliseconds

UNAVAILABLE = (OperationalError, InterfaceError)

log = logging.getLogger("answers.overload")


class NoTurn(Exception):
    def __str__(self) -> str:
        return "other requests of the same browser, or of the admin, ran for too long"


class PageTurns:
    """How many requests of each kind run, such as those of one session."""

    def __init__(self) -> None:
        self._running: Counter[str] = Counter()
        self._changed = threading.Condition()

    @contextmanager
    def one_of(self, kind: str, most: int) -> Iterator[None]:
        """Wait until fewer than `most` of this kind run. Raises `NoTurn` if that takes too long."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._running[kind] < most, WAIT_SECONDS):
                raise NoTurn
            self._running[kind] += 1
        try:
            yield
        finally:
            with self._changed:
                self._running[kind] -= 1
                if not self._running[kind]:
                    del self._running[kind]
                self._changed.notify_all()


class OverloadMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.turns = PageTurns()
        if connection.vendor == "postgresql":
            limit_statements(connection.settings_dict["OPTIONS"])

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with ExitStack() as turns:
            try:
                for name in (settings.SESSION_COOKIE_NAME, settings.GUEST_COOKIE_NAME):
                    # With its name, or a browser could send "admin" and take the turns of the admin.
                    if value := request.COOKIES.get(name):
                        turns.enter_context(self.turns.one_of(f"{name}={value}", BROWSER_REQUESTS))
                if request.path_info.startswith("/admin/"):
                    turns.enter_context(self.turns.one_of("admin", ADMIN_REQUESTS))
            except NoTurn as error:
                return unavailable(request, error)
            if connection.vendor == "sqlite":
                turns.enter_context(limited_statements())
            return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return unavailable(request, exception) if isinstance(exception, UNAVAILABLE) else None


def limit_statements(options: dict[str, Any]) -> None:
    """Have PostgreSQL cancel what takes too long, in all connections that are opened from now on.

    It is not in the settings, since commands such as `migrate` may take as long as they need.
    """
    before = options.get("options", "")
    if settings.ASKME_STATEMENT_SECONDS and "statement_timeout" not in before:
        options["options"] = f"{before} -c statement_timeout={settings.ASKME_STATEMENT_SECONDS:g}s"


@contextmanager
def limited_statements() -> Iterator[None]:
    """The same for SQLite, which asks a function now and then whether to continue."""

    def limit(execute: Callable[..., Any], *arguments: Any) -> Any:
        end = time.monotonic() + (settings.ASKME_STATEMENT_SECONDS or float("inf"))
        connection.connection.set_progress_handler(lambda: time.monotonic() > end, SQLITE_STEPS)
        return execute(*arguments)

    with connection.execute_wrapper(limit):
        try:
            yield
        finally:
            if connection.connection is not None:
                connection.connection.set_progress_handler(None, 0)


def server_error(request: HttpRequest) -> HttpResponse:
    """The page for an exception of a middleware, such as one that looks up the user."""
    exception = sys.exc_info()[1]
    if isinstance(exception, UNAVAILABLE):
        return unavailable(request, exception)
    return defaults.server_error(request)


def unavailable(request: HttpRequest, reason: Exception) -> HttpResponse:
    """A page that needs no database, and so does not show who is logged in."""
    log.error("%s %s was not served: %s", request.method, request.path, reason)
    if _was_cancelled(reason):
        problem = _("This page took too long to load. Please try again later, or narrow your search.")
    else:
        problem = _("The site is busy or cannot reach its database. Please try again in a minute.")
    page = render_to_string("503.html", {"problem": problem, "status_url": settings.ASKME_STATUS_URL})
    return HttpResponse(page, status=503, headers={"Retry-After": str(RETRY_SECONDS)})


def _was_cancelled(reason: Exception) -> bool:
    """By the time limit of statements: PostgreSQL's 57014, or SQLite's message."""
    return getattr(reason.__cause__, "sqlstate", None) == "57014" or str(reason) == "interrupted"


class OutagesInOneLine(logging.Filter):
    """An outage is not a bug in our code, but Django would log a traceback for each page."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if record.name == "django.request" and isinstance(error, UNAVAILABLE):
            record.msg, record.args = f"{record.getMessage()} ({' '.join(str(error).split())})", None
            record.exc_info = record.exc_text = None
        return True
