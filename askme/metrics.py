"""`/metrics` for Prometheus, before Django: no session, no database pool, no check of the host's name.

Each process reports about itself, so each is scraped by itself, and not through the proxy. Without
`ASKME_METRICS_TOKEN`, the page does not exist.
"""

import hmac
from collections.abc import Iterator
from typing import Any

import django
from django.conf import settings
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from answers.engine.runtime import started_runtime
from answers.live.metrics import AnswersCollector, waiting_questions
from askme import __version__
from askme.before_django import PLAIN, READING, Headers, path_of, reply

PATH = "/metrics"


class Metrics:
    """Wraps the ASGI application that answers everything else."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self._process = CollectorRegistry()  # what Python and the system know of the process
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._process)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if path_of(scope) == PATH:
            found = await self._respond(scope["method"], dict(scope["headers"]))
            await reply(scope, send, *found)
        else:
            await self.application(scope, receive, send)

    async def _respond(self, method: str, headers: dict[bytes, bytes]) -> tuple[int, Headers, bytes]:
        token: str = settings.ASKME_METRICS_TOKEN
        if not token:
            return 404, [PLAIN], b"not found\n"
        # In constant time, so that nobody can guess it letter by letter.
        if not hmac.compare_digest(headers.get(b"authorization", b""), b"Bearer " + token.encode()):
            return 401, [PLAIN, (b"www-authenticate", b"Bearer")], b"the token is missing or wrong\n"
        if method not in READING:
            return 405, [PLAIN, (b"allow", b"GET, HEAD")], b"use GET\n"
        if (runtime := started_runtime()) is None:  # it has just ended its answers
            return 503, [PLAIN], b"this process runs no answers\n"
        encode, content_type = choose_encoder(headers.get(b"accept", b"").decode("latin-1"))
        answers = AnswersCollector(runtime, await waiting_questions(runtime))
        found = [(b"content-type", content_type.encode()), (b"cache-control", b"no-store")]
        return 200, found, encode(_Everything(answers, self._process))


class _Everything(Collector):
    def __init__(self, *parts: Collector) -> None:
        self._parts = parts

    def collect(self) -> Iterator[Metric]:
        text = "The versions that this process runs."
        build = GaugeMetricFamily("askme_build_info", text, labels=["version", "django_version"])
        build.add_metric([__version__, django.__version__], 1)
        yield build
        for part in self._parts:
            yield from part.collect()
