"""Connections to PostgreSQL that give up on a server which no longer replies.

A server that is frozen, not stopped, still acknowledges what it is sent, so neither TCP nor a timeout of its
own ends the wait. While a request is handled, each statement has a deadline here. Commands, such as a
migration, and the saver may wait as long as they like.
"""

import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import psycopg
from django.conf import settings
from django.http import HttpRequest, HttpResponse

SERVER_SECONDS = 2.0  # for the server to report that it has cancelled a statement that takes too long
WAKE_SECONDS = 0.1  # between two looks for Ctrl-C, as in psycopg

_seconds: ContextVar[float | None] = ContextVar("statement_seconds", default=None)


class StatementDeadlineMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        seconds = settings.ASKME_STATEMENT_SECONDS
        token = _seconds.set(seconds + SERVER_SECONDS if seconds else None)
        try:
            return self.get_response(request)
        finally:
            _seconds.reset(token)


class Connection(psycopg.Connection[Any]):
    def wait(self, gen: Any, interval: float = WAKE_SECONDS, timeout: float | None = None) -> Any:
        """Psycopg waits for each reply of the server here."""
        seconds = _seconds.get() if timeout is None else timeout
        began = time.monotonic()
        try:
            return super().wait(gen, interval, seconds)
        except psycopg.OperationalError:
            if timeout is None and seconds is not None and time.monotonic() - began >= seconds:
                self.close()  # in the middle of a statement; the rollback that follows must not wait too
            raise
