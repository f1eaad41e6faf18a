"""The worker: runs the answers of this process, from the queue through a thread to their end.

It starts a pool in which each running answer has a thread that reads its stream, and one thread for the
saver. Everything else here runs on the event loop.
"""

import asyncio
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from answers import protocol
from answers.engine.database_thread import DatabaseThread
from answers.engine.fair_queue import FairQueue
from answers.engine.hooks import Hooks, site_hooks
from answers.engine.lease import Lease
from answers.engine.outcome import INTERNAL, INTERRUPTED, STOPPED, Outcome
from answers.engine.provider import Provider
from answers.engine.relay import Relay
from answers.engine.running_answer import RunningAnswer
from answers.engine.saver import Saver
from answers.models import Answer
from completions import Completion, CompletionError

log = logging.getLogger(__name__)

SAVE_SECONDS = 5.0  # to save the last answers when the process ends
# How long each answer lets its text accumulate between two reads, by the number of running answers. Between
# two entries the pause grows linearly. People do not notice it, and a thread that wakes up for three tokens
# costs a third per token.
PACES = [(50, 0.0), (100, 0.06), (250, 0.06), (500, 0.15)]
PLACE_SECONDS = 0.5  # between two updates of the places in the queue


class Worker:
    def __init__(self, process: UUID, database: DatabaseThread) -> None:
        self.process = process
        self.answers: dict[UUID, RunningAnswer] = {}  # queued or running here, until their end is saved
        self.relay = Relay(self._end)
        self._queue: FairQueue[RunningAnswer] = FairQueue(settings.ASKME_RUNNING_PER_USER)
        self._threads = ThreadPoolExecutor(settings.ASKME_THREADS, thread_name_prefix="answer")
        self._busy = 0  # threads of the pool that run an answer
        self._closing = False
        self._provider: Provider | None = None
        self._place_timer: asyncio.TimerHandle | None = None
        self._database = database
        self._hook_calls: set[asyncio.Task[None]] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._lease = Lease(process)
        self._saver = Saver(
            self.answers,
            self._lease,
            call=self.relay.call,
            on_saved=self._saved,
            on_stop=self.stop,
            on_interrupted=self._interrupted_elsewhere,
        )
        self._saver_thread = threading.Thread(target=self._saver.run, name="saver", daemon=True)
        self._saver_thread.start()

    # -- Asking and stopping

    def ask(self, answer: RunningAnswer) -> int:
        """Run an answer whose row is saved. Returns how many are ahead of it in the queue."""
        self.answers[answer.id] = answer
        self._idle.clear()
        self._queue.put(answer)
        if self._closing:  # it arrived during shutdown, so nobody would run it
            self._abort(answer, INTERRUPTED)
            return 0
        self._start_queued()
        answer.ahead = 0 if answer.started_at else self._queue.ahead(answer)
        return answer.ahead

    def stop(self, id: UUID) -> bool:
        """End an answer at once and keep its text. Returns False if it does not run here."""
        answer = self.answers.get(id)
        if answer is None:
            return False
        self._abort(answer, STOPPED)
        return True

    def _abort(self, answer: RunningAnswer, outcome: Outcome) -> None:
        answer.finish_with(outcome)
        if answer.completion is not None:
            answer.completion.stop()
        if self._queue.remove(answer):
            self._update_places_soon()
        self.relay.signal(answer)

    # -- From the queue to a thread

    def _start_queued(self) -> None:
        while self._busy < settings.ASKME_THREADS and (answer := self._queue.get()):
            self._start(answer)
        self._update_places_soon()

    def _start(self, answer: RunningAnswer) -> None:
        self._busy += 1
        answer.started_at = timezone.now()
        try:
            if self._provider is None:
                self._provider = Provider(settings.ASKME_THREADS)
            client = self._provider.client
            client.pace(_pace(self._busy))
            answer.model = answer.prompt.model or client.endpoint.model
            answer.completion = client.ask(answer.prompt)
            self.relay.announce(protocol.started(answer.id, answer.shown_model))
            self._threads.submit(self._run, answer, answer.completion)
        except Exception:  # such as no port for the demo model, or no thread
            log.exception("answer %s could not be started", answer.id)
            self._abort(answer, INTERNAL)
            if answer.completion is None:
                self.relay.call(self._thread_returned, answer)
            # Otherwise it is in the pool. It is stopped, so the next free thread returns it at once.

    def _update_places_soon(self) -> None:
        if self._queue and self._place_timer is None:
            loop = asyncio.get_running_loop()
            self._place_timer = loop.call_later(PLACE_SECONDS, self._update_places)

    def _update_places(self) -> None:
        self._place_timer = None
        for ahead, answer in enumerate(self._queue):
            if ahead != answer.ahead:
                answer.ahead = ahead
                self.relay.announce(protocol.queued(answer.id, ahead))

    # -- In a thread of the pool

    def _run(self, answer: RunningAnswer, completion: Completion) -> None:
        """Whatever is raised, the answer ends, and its thread and its place are free again."""
        outcome = INTERNAL
        try:
            outcome = self._read(answer, completion)
        except Exception:
            log.exception("answer %s failed", answer.id)
        finally:
            answer.finish_with(outcome)
            try:
                self.relay.signal(answer)
            finally:
                self.relay.call(self._thread_returned, answer)

    def _read(self, answer: RunningAnswer, completion: Completion) -> Outcome:
        try:
            for text in completion:
                answer.incoming.append(text)
                self.relay.signal(answer)
        except CompletionError as error:
            return Outcome.of_error(error, completion)
        return Outcome.of(completion)

    # -- At the end

    def _thread_returned(self, answer: RunningAnswer) -> None:
        self._busy -= 1
        if self._provider is not None:
            self._provider.client.pace(_pace(self._busy))
        self._queue.done(answer)
        self._start_queued()

    def _end(self, answer: RunningAnswer) -> None:
        """Called when its last text is collected. Its end is saved first, then announced."""
        answer.seconds = time.monotonic() - answer.accepted
        answer.ended = True
        self._saver.save_now()

    def _saved(self, answer: RunningAnswer, ours: bool) -> None:
        """Called when its end is saved. If not `ours`, the row had already ended elsewhere."""
        self.answers.pop(answer.id, None)
        if ours:
            row = Answer(id=answer.id, **answer.end_fields())
            self._announce_end(row, len(answer.text))
        if not self.answers:
            self._idle.set()

    def _interrupted_elsewhere(self, answer: Answer) -> None:
        """Called for an answer of another process, which is dead."""
        self._announce_end(answer, len(answer.text))

    def _announce_end(self, row: Answer, length: int) -> None:
        self.relay.announce(protocol.finished(row, length))
        if type(site_hooks()).answer_finished is not Hooks.answer_finished:
            task = asyncio.get_running_loop().create_task(self._call_hook(row.pk))
            self._hook_calls.add(task)  # keep a reference, or it might be collected
            task.add_done_callback(self._hook_calls.discard)

    async def _call_hook(self, id: UUID) -> None:
        try:
            await self._database.run(lambda: site_hooks().answer_finished(Answer.objects.get(pk=id)))
        except Answer.DoesNotExist:
            pass  # deleted meanwhile
        except Exception:
            log.exception("the hook answer_finished failed for answer %s", id)

    async def close(self, drain_seconds: float) -> None:
        """Let running answers finish for `drain_seconds`. Then interrupt and save the rest."""
        self._lease.draining = True
        if self.answers and drain_seconds:
            log.info("draining: %d answers have up to %g s to finish", len(self.answers), drain_seconds)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), drain_seconds)
        self._closing = True
        for answer in list(self.answers.values()):
            self._abort(answer, INTERRUPTED)
        try:
            await asyncio.wait_for(self._idle.wait(), SAVE_SECONDS)
        except TimeoutError:
            log.error("%d answers could not be saved before the process ended", len(self.answers))
        await self.relay.close()
        if self._hook_calls:
            await asyncio.wait(self._hook_calls, timeout=SAVE_SECONDS)
        self._saver.close()
        await asyncio.get_running_loop().run_in_executor(None, self._saver_thread.join, SAVE_SECONDS)
        self._threads.shutdown(wait=False)
        if self._provider is not None:
            self._provider.close()


def _pace(running: int) -> float:
    """Seconds between two reads of an answer while this many are running."""
    for (few, short), (many, long) in pairwise(PACES):
        if running < many:
            return short + (long - short) * max(0, running - few) / (many - few)
    return long
