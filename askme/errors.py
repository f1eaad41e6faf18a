"""Pages for errors. If the database fails, that is 503: nothing is wrong with the page, and it may soon work.

The database is away, another session held a lock for too long, or all connections of the pool are in use.
"""

import logging
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views import defaults

OUTAGES = (OperationalError, InterfaceError)
RETRY_SECONDS = 30  # until it is worth trying again


def server_error(request: HttpRequest) -> HttpResponse:
    """Called while the exception is handled, wherever it was raised: in a view or in a middleware."""
    if not isinstance(sys.exception(), OUTAGES):
        return defaults.server_error(request)
    page = render_to_string("503.html")  # without the request, since looking up its user needs the database
    return HttpResponse(page, status=503, headers={"Retry-After": str(RETRY_SECONDS)})


class OutagesInOneLine(logging.Filter):
    """An outage is an error, but not ours: Django would log a traceback for each page."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if record.name == "django.request" and isinstance(error, OUTAGES):
            record.msg, record.args = f"{record.getMessage()} ({' '.join(str(error).split())})", None
            record.exc_info = record.exc_text = None
        return True
