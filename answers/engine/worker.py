"""The worker: claims waiting questions, and runs each answer in a thread to its end.

It starts a pool in which each running answer has a thread that reads its stream, and one thread for the
saver. Everything else here runs on the event loop.
"""

import asyncio
import logging
import threading
import time
from contextlib import suppress
from functools import partial
from uuid import UUID

from django.conf import settings

from answers import protocol
from answers.engine.answer_log import about, log_end
from answers.engine.answer_threads import AnswerThreads
from answers.engine.claims import Claims
from answers.engine.counts import Counts
from answers.engine.database_thread import DatabaseThread
from answers.engine.end_hook import EndHook
from answers.engine.lease import Lease
from answers.engine.outcome import INTERNAL, INTERRUPTED, STOPPED, Outcome
from answers.engine.pace import Pace
from answers.engine.places import Places
from answers.engine.provider import Provider
from answers.engine.queue_length import QueueLength
from answers.engine.relay import Relay
from answers.engine.running_answer import RunningAnswer
from answers.engine.saver import Saver
from answers.models import Answer
from completions import Completion, CompletionError

log = logging.getLogger(__name__)

SAVE_SECONDS = 5.0  # to save the last answers when the process ends


class Worker:
    def __init__(self, process: UUID, database: DatabaseThread) -> None:
        self.process = process
        self.answers: dict[UUID, RunningAnswer] = {}  # running here, until their end is saved
        self.relay = Relay(self._end)
        self.counts = Counts()
        self._threads = AnswerThreads(settings.ASKME_THREADS)
        self.busy = 0  # threads of the pool that run an answer
        self.pace = Pace(self._apply_pace)
        self.is_server = False
        self._provider: Provider | None = None
        self._end_hook = EndHook(database)
        self._idle = asyncio.Event()
        self._idle.set()
        self.lease = Lease(process)
        self._claims = Claims(self.lease, room=lambda: self.room, start=self._start)
        self.places = Places(self._claims.database, self.relay.announce)
        self.queue_length = QueueLength(self._claims.database)
        self.saver = Saver(
            self.answers,
            self.lease,
            call=self.relay.call,
            on_saved=self._saved,
            on_stop=self.stop,
            on_interrupted=self.ended_elsewhere,  # its process is dead, or it waited too long
        )
        self._saver_thread = threading.Thread(target=self.saver.run, name="saver", daemon=True)
        self._saver_thread.start()

    # -- From the queue to a thread

    def serve(self) -> None:
        """Run everybody's questions, not only those that were asked in this process."""
        self.is_server, self._claims.only_own = True, False
        self.wake()

    @property
    def room(self) -> int:
        """How many more answers may run here: 0 once the process shuts down."""
        return 0 if self.lease.draining else settings.ASKME_THREADS - self.busy

    def wake(self) -> None:
        """Claim questions, because there is a new one or a free thread."""
        self._claims.wake()

    def _start(self, answer: RunningAnswer) -> None:
        self.answers[answer.id] = answer
        self._idle.clear()
        if answer.outcome is not None:
            self.relay.signal(answer)
            return
        self._count(1)
        try:
            if self._provider is None:
                self._provider = Provider(settings.ASKME_THREADS)
            answer.completion = self._provider.client.ask(answer.prompt)
            answer.log_start()
            self.relay.announce(protocol.started(answer.id, answer.shown_model))
            run = partial(self._run, answer, answer.completion)
            # Without a thread it is stopped, so that the next free thread returns it at once.
            self._threads.submit(run, on_failure=partial(self.relay.call, self._abort, answer, INTERNAL))
        except Exception:  # such as no port for the demo model
            log.exception("answer %s could not be started", answer.id)
            self._abort(answer, INTERNAL)
            self.relay.call(self._thread_returned, answer)

    # -- Stopping

    def stop(self, id: UUID) -> bool:
        """End an answer at once and keep its text. Returns False if it does not run here."""
        if (answer := self.answers.get(id)) is None:
            return False
        self._abort(answer, STOPPED)
        return True

    def _abort(self, answer: RunningAnswer, outcome: Outcome) -> None:
        answer.finish_with(outcome)
        if answer.completion is not None:
            answer.completion.stop()
        self.relay.signal(answer)

    # -- In a thread of the pool

    def _run(self, answer: RunningAnswer, completion: Completion) -> None:
        """Whatever is raised, the answer ends, and its thread is free again."""
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
            with about(answer.id):
                for piece in completion.pieces():
                    answer.incoming.append(piece)
                    self.relay.signal(answer)
        except CompletionError as error:
            return Outcome.of_error(error)
        return Outcome.of(completion)

    # -- At the end

    def _thread_returned(self, answer: RunningAnswer) -> None:
        self._count(-1)
        self.wake()

    def _count(self, change: int) -> None:
        self.busy += change
        self.pace.count(self.busy)

    def _apply_pace(self, seconds: float) -> None:
        if self._provider is not None:
            self._provider.client.pace(seconds)

    def _end(self, answer: RunningAnswer) -> None:
        """Called when its last text is collected. Its end is saved first, then announced."""
        answer.end()
        self.saver.save_now()

    def _saved(self, answer: RunningAnswer, ours: bool) -> None:
        """Called when its end is saved. If not `ours`, the row had already ended elsewhere."""
        self.answers.pop(answer.id, None)
        if ours:
            fields = answer.content.fields() | answer.end_fields
            self._announce_end(Answer(id=answer.id, model_label=answer.model_label, **fields))
        if not self.answers:
            self._idle.set()
        self.wake()  # the person may run another one
        if ours:
            self.counts.end(answer)

    def ended_elsewhere(self, row: Answer) -> None:
        """Called when an answer has ended that does not run here, and its end is saved."""
        self._announce_end(row)
        self.counts.end_elsewhere(row)

    def _announce_end(self, row: Answer) -> None:
        """Notify the followers, and call the site's hook."""
        log_end(row)
        self.relay.announce(protocol.finished(row, len(row.text), len(row.reasoning)))
        self._end_hook.call(row.pk)

    async def close(self, drain_seconds: float) -> None:
        """Let running answers finish for `drain_seconds`. Then interrupt and save the rest."""
        self.lease.draining = True  # from here on, others claim what waits
        self.lease.lag.stop()
        end = time.monotonic() + drain_seconds
        await self._claims.stop(max(drain_seconds, SAVE_SECONDS))
        if self.answers and drain_seconds:
            log.info("draining: %d answers have up to %g s to finish", len(self.answers), drain_seconds)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), max(0.0, end - time.monotonic()))
        for answer in list(self.answers.values()):
            self._abort(answer, INTERRUPTED)
        try:
            await asyncio.wait_for(self._idle.wait(), SAVE_SECONDS)
        except TimeoutError:
            log.error("%d answers could not be saved before the process ended", len(self.answers))
        self.pace.close()
        await self.relay.close()
        await self._end_hook.close(SAVE_SECONDS)
        self.saver.close()
        await asyncio.get_running_loop().run_in_executor(None, self._saver_thread.join, SAVE_SECONDS)
        self._threads.close()
        self.places.close()
        self.queue_length.close()
        self._claims.close()
        if self._provider is not None:
            self._provider.close()
