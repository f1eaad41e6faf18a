"""The database thread."""

import asyncio
import threading

import pytest
from django.db import OperationalError

from answers.engine import database_thread
from answers.engine.runtime import close_runtime, run_in_database_thread

pytestmark = pytest.mark.django_db(transaction=True)


async def test_calls_to_a_silent_database_time_out(monkeypatch):
    monkeypatch.setattr(database_thread, "TIMEOUT_SECONDS", 0.1)
    says = threading.Event()
    look_up = run_in_database_thread(lambda: says.wait(20))
    asked = [asyncio.create_task(look_up()) for _ in range(5)]
    try:
        async with asyncio.timeout(5):
            for one in asked:
                with pytest.raises(OperationalError):
                    await one
    finally:
        says.set()
    monkeypatch.undo()
    assert await look_up()
    await close_runtime()
