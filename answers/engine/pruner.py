"""The hourly prune, and the figures, in a thread of its own with its own connection: nobody waits for it.

Every process has this thread. Every minute, it adds the answers that have ended to the figures
(answers/engine/usage.py), and asks whether it is its turn to prune. A row in the database decides, so that
one of them prunes (answers/models/prune_run.py).
"""

import logging
import threading
import time
from collections.abc import Callable
from functools import partial

from django.db import DatabaseError, connection

from answers.engine.own_connection import use_own_connection
from answers.engine.pruning import prune
from answers.engine.usage import fold
from answers.models import PruneRun

log = logging.getLogger(__name__)

CHECK_SECONDS = 60.0  # budgets and the usage page read what is not in the figures yet, so that stays small
RENEW_SECONDS = 60.0  # while it takes long, so that no other process begins after an hour


class Closing(Exception):
    """The process ends. The next prune deletes what is left."""


class Pruner:
    def __init__(self) -> None:
        self._closing = threading.Event()
        self._next_renewal = 0.0
        self.pruned_at: float | None = None  # the Unix time of the site's last prune; 0: never; None: unknown
        self._thread = threading.Thread(target=self._run, name="pruner", daemon=True)
        self._thread.start()

    def close(self, seconds: float) -> None:
        """Wait for the transaction that is running."""
        self._closing.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        use_own_connection()
        while not self._closing.is_set():
            self._try("answers could not be added to the figures", partial(fold, self._wait))
            self._try("the hourly prune failed", self._prune_if_due)
            connection.close()  # a minute is too long to keep one that is not used
            self._closing.wait(CHECK_SECONDS)

    def _try(self, failure: str, work: Callable[[], object]) -> None:
        try:
            work()
        except Closing:
            pass
        except DatabaseError as error:
            log.warning("%s: %s", failure, error)
            connection.close()  # it may have failed
        except Exception:
            log.exception(failure)

    def _prune_if_due(self) -> None:
        if PruneRun.objects.claim():
            self._prune()
        ended_at = PruneRun.objects.last_end()
        self.pruned_at = ended_at.timestamp() if ended_at else 0.0

    def _prune(self) -> None:
        self._next_renewal = time.monotonic() + RENEW_SECONDS
        for name, number in prune(self._pause):
            log.info("pruned: %s: %s", name, f"{number:,}")

    def _wait(self, seconds: float) -> None:
        if self._closing.wait(seconds):
            raise Closing

    def _pause(self, seconds: float) -> None:
        self._wait(seconds)
        if time.monotonic() >= self._next_renewal:
            PruneRun.objects.renew()
            self._next_renewal = time.monotonic() + RENEW_SECONDS
