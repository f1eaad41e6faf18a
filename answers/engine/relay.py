"""The relay: passes text and reasoning from threads to the event loop and on to the channel layer.

A thread adds its text to its answer and signals the loop. One task on the loop then sends everything that has
arrived, as one batch per answer. Text that arrives after a pause is sent at once. While more keeps coming, a
round of batches is sent every few milliseconds, and the batches grow with the load.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from contextvars import Context
from uuid import UUID

from channels.layers import get_channel_layer

from answers.engine.histogram import DELAY_SECONDS, Histogram
from answers.engine.running_answer import RunningAnswer
from answers.protocol import Event

log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.01  # without a batch: what comes next has not come closely after anything
ROUND_SECONDS = 0.004  # not noticeable; waking the loop for every token would cost 20 microseconds each


def group_name(answer: UUID | str) -> str:
    return f"answer.{answer}"


class Relay:
    """One per event loop. `on_end` is called on the loop once an answer has its last text."""

    def __init__(self, on_end: Callable[[RunningAnswer], None]) -> None:
        self.layer = get_channel_layer()
        self._loop = asyncio.get_running_loop()
        self._on_end = on_end
        self._pending: deque[RunningAnswer | Event] = deque()
        self._signalled = False
        self._drain_task: asyncio.Task[None] | None = None
        self._sent_at = 0.0  # when the last round with batches began
        self.batches = 0  # of text or reasoning, since the start
        self.round_seconds = Histogram(*DELAY_SECONDS)

    def signal(self, answer: RunningAnswer) -> None:
        """Report that `answer` has something new. May be called from any thread."""
        # The loop clears these flags before it reads, so anything added later sets them again.
        if answer.signalled:
            return
        answer.signalled = True
        self._pending.append(answer)
        if not self._signalled:
            self._signalled = True
            self.call(self._start_drain)

    def announce(self, event: Event) -> None:
        """Send an event to the followers of its answer, in order with the text. Call it on the loop."""
        self._pending.append(event)
        self._start_drain()

    def call(self, function: Callable[..., None], *args: object) -> None:
        """Run `function` on the loop, from any thread. Does nothing if the loop is closed."""
        try:
            self._loop.call_soon_threadsafe(function, *args)
        except RuntimeError:
            if not self._loop.is_closed():
                raise

    def _start_drain(self) -> None:
        if self._drain_task is None or self._drain_task.done():
            self._drain_task = self._loop.create_task(self._drain(), context=Context())

    async def _drain(self) -> None:
        self._signalled = True  # while this runs, threads need not signal the loop
        while self._pending:
            sent_batch, begin = False, time.monotonic()
            is_first = begin - self._sent_at > PAUSE_SECONDS
            for _ in range(len(self._pending)):
                sent_batch |= await self._send(self._pending.popleft())
            if sent_batch:
                self._sent_at = begin
            # Followers send what they have before the next round. Meanwhile batches grow, and no thread needs
            # to signal the loop. After a round without batches, a pause would only delay the first text. And
            # after a pause, as between the tokens of a lone answer, nothing follows so soon.
            await asyncio.sleep(ROUND_SECONDS if sent_batch and not is_first else 0)
            self.round_seconds.observe(time.monotonic() - begin)
            if not self._pending:
                self._signalled = False  # before the last check, as above

    async def _send(self, item: RunningAnswer | Event) -> bool:
        """Return whether there was text or reasoning."""
        outcome, sent_batch = None, False
        try:
            if isinstance(item, RunningAnswer):
                item.signalled = False
                outcome = item.outcome  # before the text: the thread adds its text first
                events = item.collect()
                sent_batch = bool(events)
                self.batches += len(events)
                for event in events:
                    await self.layer.group_send(group_name(item.id), event)
            else:
                await self.layer.group_send(group_name(item["answer"]), item)
        except Exception:
            # A channel layer may lose a message, but the answer must still end.
            log.exception("the channel layer failed")
        if isinstance(item, RunningAnswer) and outcome is not None and not item.ended:
            try:
                self._on_end(item)
            except Exception:
                log.exception("the end of answer %s failed", item.id)  # the other answers must still end
        return sent_batch

    async def close(self) -> None:
        """Send what is pending."""
        if self._drain_task is not None:
            await self._drain_task
