"""/metrics while a process shuts down: Prometheus keeps its connection, and may ask until the very end."""

import pytest

from answers.engine import queue_length
from answers.engine.runtime import close_runtime, started_runtime
from askme.metrics import Metrics

TOKEN = "a-token-for-tests"


async def scrape_here() -> tuple[int, str]:
    """Scrape the runtime of this event loop."""
    sent = []

    async def send(message):
        sent.append(message)

    headers = [(b"authorization", f"Bearer {TOKEN}".encode())]
    await Metrics(None)({"type": "http", "method": "GET", "path": "/metrics", "headers": headers}, None, send)
    return sent[0]["status"], sent[1]["body"].decode()


@pytest.mark.django_db(transaction=True)
async def test_a_process_that_shuts_down_reports_about_itself_and_starts_nothing_again(
    worker, settings, monkeypatch
):
    settings.ASKME_METRICS_TOKEN = TOKEN
    monkeypatch.setattr(queue_length, "PATIENCE_SECONDS", 20.0)  # on a slow machine
    status, text = await scrape_here()
    assert status == 200
    assert "askme_draining 0.0" in text
    assert "askme_num_requests_waiting " in text
    worker.lease.draining = True
    status, text = await scrape_here()
    assert status == 200
    assert "askme_draining 1.0" in text
    assert "askme_num_requests_waiting " not in text  # its database thread may have ended
    await close_runtime()
    status, text = await scrape_here()
    assert (status, text) == (503, "this process runs no answers\n")
    assert started_runtime() is None
