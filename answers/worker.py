"""The worker: the answers that this process runs, from the queue through a thread to their end.

It is the only place that starts threads: a pool in which each running answer reads its stream, and one
for the journal. Everything else here happens on the event loop; there is one worker for each loop, which
in production is one for each process.
"""

import asyncio
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from uuid import UUID
from weakref import WeakKeyDictionary

from django.conf import settings
from django.utils import timezone

from answers import events
from answers.completions import Client, Completion, CompletionError
from answers.fair_queue import FairQueue
from answers.journal import Journal
from answers.models import Answer
from answers.outcome import INTERNAL, INTERRUPTED, STOPPED, Outcome
from answers.relay import Relay
from answers.running import RunningAnswer
from answers.upstream import open_client

log = logging.getLogger(__name__)

SAVE_SECONDS = 5.0  # for the store to take the last answers of a process that ends
# How long each answer lets its text gather between two reads, by how many run: from the left number of
# answers to the next, seconds rise evenly. A person sees no difference, and a thread that wakes for three
# tokens costs a third for each.
PACES = [(50, 0.0), (100, 0.06), (250, 0.06), (500, 0.15)]
AHEAD_SECONDS = 0.5  # how often people who wait are told of their place, at most
_workers: WeakKeyDictionary[asyncio.AbstractEventLoop, "Worker"] = WeakKeyDictionary()


def current_worker() -> "Worker":
    """The running loop's worker, made at the first call."""
    loop = asyncio.get_running_loop()
    if loop not in _workers:
        _workers[loop] = Worker()
    return _workers[loop]


async def close_workers(drain_seconds: float = 0) -> None:
    """End the running loop's worker, if there is one; see `Worker.close`."""
    worker = _workers.get(asyncio.get_running_loop())
    if worker is not None:
        await worker.close(drain_seconds)
        del _workers[asyncio.get_running_loop()]


class Worker:
    def __init__(self) -> None:
        self.answers: dict[UUID, RunningAnswer] = {}  # queued or running here, until their end is saved
        self.relay = Relay(self._end)
        self._queue: FairQueue[RunningAnswer] = FairQueue(settings.ASKME_RUNNING_PER_USER)
        self._threads = ThreadPoolExecutor(settings.ASKME_THREADS, thread_name_prefix="answer")
        self._busy = 0  # threads of the pool that run an answer
        self._closing = False
        self._client: Client | None = None
        self._telling_places: asyncio.TimerHandle | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._journal = Journal(
            self.answers,
            call=self.relay.call,
            on_saved=self._saved,
            on_stop=self.stop,
            on_swept=self._swept,
        )
        self._journal_thread = threading.Thread(target=self._journal.run, name="journal", daemon=True)
        self._journal_thread.start()

    # -- What the web side asks for

    def ask(self, answer: RunningAnswer) -> int:
        """Take on an answer whose row is saved. Returns how many wait before it."""
        self.answers[answer.id] = answer
        self._idle.clear()
        self._queue.put(answer)
        if self._closing:  # it came while the sockets were being closed: nobody would run it
            self._cut(answer, INTERRUPTED)
            return 0
        self._start_waiting()
        answer.ahead = 0 if answer.started_at else self._queue.ahead(answer)
        return answer.ahead

    def stop(self, id: UUID) -> bool:
        """End an answer at once and keep its text. False: it does not run here."""
        answer = self.answers.get(id)
        if answer is None:
            return False
        self._cut(answer, STOPPED)
        return True

    def _cut(self, answer: RunningAnswer, outcome: Outcome) -> None:
        answer.conclude(outcome)
        if answer.completion is not None:
            answer.completion.stop()
        if self._queue.remove(answer):
            self._tell_places_soon()
        self.relay.wake(answer)

    # -- From the queue to a thread

    def _start_waiting(self) -> None:
        while self._busy < settings.ASKME_THREADS and (answer := self._queue.get()):
            self._start(answer)
        self._tell_places_soon()

    def _start(self, answer: RunningAnswer) -> None:
        self._busy += 1
        answer.started_at = timezone.now()
        try:
            if self._client is None:
                self._client = open_client(settings.ASKME_THREADS)
            self._client.pace(_pace(self._busy))
            answer.model = answer.prompt.model or self._client.endpoint.model
            answer.completion = self._client.ask(answer.prompt)
            self.relay.announce(events.started(answer.id, answer.shown_model))
            self._threads.submit(self._run, answer, answer.completion)
        except Exception:  # the demo model has no port, or the system no thread for us
            log.exception("answer %s could not be started", answer.id)
            self._cut(answer, INTERNAL)
            if answer.completion is None:
                self.relay.call(self._thread_returned, answer)
            # Else the pool has it and its next thread will return it, since it is stopped.

    def _tell_places_soon(self) -> None:
        if self._queue and self._telling_places is None:
            loop = asyncio.get_running_loop()
            self._telling_places = loop.call_later(AHEAD_SECONDS, self._tell_places)

    def _tell_places(self) -> None:
        self._telling_places = None
        for ahead, answer in enumerate(self._queue):
            if ahead != answer.ahead:
                answer.ahead = ahead
                self.relay.announce(events.queued(answer.id, ahead))

    # -- In a thread of the pool

    def _run(self, answer: RunningAnswer, completion: Completion) -> None:
        try:
            for text in completion:
                answer.incoming.append(text)
                self.relay.wake(answer)
            outcome = Outcome.of(completion)
        except CompletionError as error:
            outcome = Outcome.of_error(error, completion)
        except Exception:
            log.exception("answer %s failed", answer.id)
            outcome = INTERNAL
        answer.conclude(outcome)
        self.relay.wake(answer)
        self.relay.call(self._thread_returned, answer)

    # -- At the end

    def _thread_returned(self, answer: RunningAnswer) -> None:
        self._busy -= 1
        if self._client is not None:
            self._client.pace(_pace(self._busy))
        self._queue.done(answer)
        self._start_waiting()

    def _end(self, answer: RunningAnswer) -> None:
        """Its last text is collected: have the end saved first, then told."""
        answer.seconds = time.monotonic() - answer.accepted
        answer.ended = True
        self._journal.wake()

    def _saved(self, answer: RunningAnswer, ours: bool) -> None:
        """The journal has saved its end; `ours` is False if somebody else had ended the row before."""
        self.answers.pop(answer.id, None)
        if ours:
            row = Answer(id=answer.id, **answer.end_fields())
            self.relay.announce(events.finished(row, len(answer.text)))
        if not self.answers:
            self._idle.set()

    def _swept(self, answer: Answer) -> None:
        """Another process had died with this one."""
        self.relay.announce(events.finished(answer, len(answer.text)))

    async def close(self, drain_seconds: float) -> None:
        """Give what runs so long to come to its end; then interrupt the rest, and save it."""
        if self.answers and drain_seconds:
            log.info("%d answers are being finished, for up to %g s", len(self.answers), drain_seconds)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), drain_seconds)
        self._closing = True
        for answer in list(self.answers.values()):
            self._cut(answer, INTERRUPTED)
        try:
            await asyncio.wait_for(self._idle.wait(), SAVE_SECONDS)
        except TimeoutError:
            log.error("%d answers could not be saved before the end", len(self.answers))
        await self.relay.close()
        self._journal.close()
        self._threads.shutdown(wait=False)
        if self._client is not None:
            self._client.close()


def _pace(running: int) -> float:
    """Seconds between two reads of an answer, while so many run."""
    for (few, short), (many, long) in pairwise(PACES):
        if running < many:
            return short + (long - short) * max(0, running - few) / (many - few)
    return long
