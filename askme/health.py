"""The endpoint for container health checks."""

import logging

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from answers.engine.runtime import run_in_database_thread

log = logging.getLogger("answers.health")


@require_safe
async def healthz(request: HttpRequest) -> HttpResponse:
    """200 when this process responds and reaches its database, 503 if it does not reach it."""
    try:
        await ping()
    except DatabaseError as error:
        log.error("the database does not respond: %s", error)
        return HttpResponse("the database does not respond\n", content_type="text/plain", status=503)
    return HttpResponse("ok\n", content_type="text/plain")


@run_in_database_thread  # which accepts questions, and does not wait for slow pages
def ping() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
