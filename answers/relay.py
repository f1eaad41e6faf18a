"""From the threads to the event loop to the channel layer: the seam, and nothing else.

A thread leaves its text with its answer and wakes the loop; one drain on the loop sends all that came
meanwhile, one group for each answer. What comes after a pause is sent at once; while more keeps coming, a
round of groups goes out every few milliseconds, and grows by itself.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from uuid import UUID

from channels.layers import get_channel_layer

from answers.events import Event
from answers.running import RunningAnswer

log = logging.getLogger(__name__)

ROUND_SECONDS = 0.004  # nobody sees it, and a wake-up of the loop for each token costs 20 microseconds of it


def group_name(answer: UUID | str) -> str:
    return f"answer.{answer}"


class Relay:
    """One for each event loop. `on_end` is called on the loop when an answer has its last text."""

    def __init__(self, on_end: Callable[[RunningAnswer], None]) -> None:
        self.layer = get_channel_layer()
        self._loop = asyncio.get_running_loop()
        self._on_end = on_end
        self._pending: deque[RunningAnswer | Event] = deque()
        self._woken = False
        self._drain_task: asyncio.Task[None] | None = None

    def wake(self, answer: RunningAnswer) -> None:
        """Something new is with `answer`. From any thread."""
        # The loop clears these flags before it looks, so what came after it looked sets them again.
        if answer.woken:
            return
        answer.woken = True
        self._pending.append(answer)
        if not self._woken:
            self._woken = True
            self.call(self._start_drain)

    def announce(self, event: Event) -> None:
        """Send an event to the followers of its answer, in order with the text. On the loop only."""
        self._pending.append(event)
        self._start_drain()

    def call(self, function: Callable[..., None], *args: object) -> None:
        """Run `function` on the loop, from any thread; a loop that has closed takes nothing any more."""
        try:
            self._loop.call_soon_threadsafe(function, *args)
        except RuntimeError:
            if not self._loop.is_closed():
                raise

    def _start_drain(self) -> None:
        if self._drain_task is None or self._drain_task.done():
            self._drain_task = self._loop.create_task(self._drain())

    async def _drain(self) -> None:
        self._woken = True  # while this runs, threads need not wake anybody
        while self._pending:
            sent_text = False
            for _ in range(len(self._pending)):
                sent_text |= await self._send(self._pending.popleft())
            # Followers send what they have before the next round; meanwhile groups grow, and no thread
            # needs to wake the loop. An event alone does not hold back the first text.
            await asyncio.sleep(ROUND_SECONDS if sent_text else 0)
            if not self._pending:
                self._woken = False  # before the last look, as above

    async def _send(self, item: RunningAnswer | Event) -> bool:
        """Returns whether there was text."""
        outcome, new = None, ""
        try:
            if isinstance(item, RunningAnswer):
                item.woken = False
                outcome = item.outcome  # before the text: what the thread added came before its outcome
                new = item.collect()
                if new:
                    await self.layer.group_send(group_name(item.id), item.group(new))
            else:
                await self.layer.group_send(group_name(item["answer"]), item)
        except Exception:
            # A layer may lose a message; it must not take the answer's end with it.
            log.exception("the channel layer failed")
        if isinstance(item, RunningAnswer) and outcome is not None and not item.ended:
            try:
                self._on_end(item)
            except Exception:
                log.exception("the end of answer %s failed", item.id)  # and not that of all others with it
        return bool(new)

    async def close(self) -> None:
        """Send what is pending."""
        if self._drain_task is not None:
            await self._drain_task
