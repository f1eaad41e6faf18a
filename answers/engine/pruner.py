"""The hourly prune, in a thread of its own with its own connection, so that nobody waits for it.

Every process has this thread, and asks every few minutes whether it is its turn. A row in the database
decides, so that one of them prunes (answers/models/prune_run.py).
"""

import logging
import threading
import time

from django.db import DatabaseError, connection

from answers.engine.own_connection import use_own_connection
from answers.engine.pruning import prune
from answers.models import PruneRun

log = logging.getLogger(__name__)

CHECK_SECONDS = 300.0
RENEW_SECONDS = 60.0  # while it takes long, so that no other process begins after an hour


class Closing(Exception):
    """The process ends. The next prune deletes what is left."""


class Pruner:
    def __init__(self) -> None:
        self._closing = threading.Event()
        self._next_renewal = 0.0
        self._thread = threading.Thread(target=self._run, name="pruner", daemon=True)
        self._thread.start()

    def close(self, seconds: float) -> None:
        """Wait for the transaction that is running."""
        self._closing.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        use_own_connection()
        while not self._closing.is_set():
            try:
                if PruneRun.objects.claim():
                    self._prune()
            except Closing:
                pass
            except DatabaseError as error:
                log.warning("the hourly prune failed: %s", error)
            except Exception:
                log.exception("the hourly prune failed")
            finally:
                connection.close()  # an hour is too long to keep one
            self._closing.wait(CHECK_SECONDS)

    def _prune(self) -> None:
        self._next_renewal = time.monotonic() + RENEW_SECONDS
        for name, number in prune(self._pause):
            log.info("pruned: %s: %s", name, f"{number:,}")

    def _pause(self, seconds: float) -> None:
        if self._closing.wait(seconds):
            raise Closing
        if time.monotonic() >= self._next_renewal:
            PruneRun.objects.renew()
            self._next_renewal = time.monotonic() + RENEW_SECONDS
