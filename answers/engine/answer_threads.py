"""The threads of the pool that run answers. They are started beside the event loop."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

log = logging.getLogger(__name__)


class AnswerThreads:
    def __init__(self, number: int) -> None:
        self.pool = ThreadPoolExecutor(number, thread_name_prefix="answer")
        # Whoever starts a thread waits until it runs: a millisecond or more if the core is busy. The event
        # loop would stand still meanwhile.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="starter")

    def submit(self, run: Callable[[], None], *, on_failure: Callable[[], None]) -> None:
        """Call `run` in a thread of its own.

        If no thread can be started, this calls `on_failure` in another one. `run` is called all the same, as
        soon as a thread is free.
        """
        self._starter.submit(self._submit, run, on_failure)

    def _submit(self, run: Callable[[], None], on_failure: Callable[[], None]) -> None:
        try:
            self.pool.submit(run)
        except Exception:
            log.exception("there is no thread for an answer")
            on_failure()

    def close(self) -> None:
        """Does not wait."""
        self._starter.shutdown(wait=False)
        self.pool.shutdown(wait=False)
