"""When which answer is rendered: at a pace that costs other work of the process nearly nothing.

All rendering of a process happens here, on its event loop: a millisecond of work, then a rest. A thread would
not help: with a long switch interval, Python code in another thread keeps the loop waiting.
"""

import asyncio
import heapq
import math
import time
from collections.abc import Callable
from itertools import count
from uuid import UUID

from answers.live.rendering import Rendering

SLICE_SECONDS = 0.001  # then the loop does other work
TURN_SECONDS = 0.02  # of work; a render that takes longer lets the others go first, as hostile text does
REST = 5  # times as long as it worked, so that rendering takes at most a sixth of a core
END_REST = 1  # at the end of an answer, which its reader waits for
INTERVAL_SECONDS = 0.06  # at least, between two renders of one answer
END_SECONDS = 1.0  # the end of an answer comes before others that have waited for less than this
TICK_SECONDS = 0.01  # answers become due together, since each wakeup of the loop costs something
FIRST = -math.inf  # the first text of an answer does not wait, not even for a rest


class Renderings:
    """The renderings of a process. Each lives as long as somebody follows it."""

    def __init__(self) -> None:
        self._latest: dict[UUID, Rendering] = {}  # of each answer: the one that new followers join
        self._queue: list[tuple[float, int, Rendering]] = []  # a heap, by the time for which each is due
        self._numbers = count()
        self._rest_until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._is_working = False
        self._loop = asyncio.get_running_loop()

    def latest(self, answer: UUID) -> Rendering | None:
        return self._latest.get(answer)

    def join(self, answer: UUID, edition: int, reader: Callable[[], None]) -> Rendering:
        """Follow this edition of the text. `reader` is called when there are new blocks, until `leave`."""
        rendering = self._latest.get(answer)
        if rendering is None or rendering.edition != edition:
            rendering = self._latest[answer] = Rendering(answer, edition)
        rendering.readers.add(reader)
        return rendering

    def leave(self, rendering: Rendering, reader: Callable[[], None]) -> None:
        rendering.readers.discard(reader)
        if not rendering.readers:
            self.retire(rendering)
            rendering.due = math.inf

    def retire(self, rendering: Rendering) -> None:
        """Nobody joins it any more."""
        if self._latest.get(rendering.answer) is rendering:
            del self._latest[rendering.answer]

    def want(self, rendering: Rendering, *, soon: bool = False) -> None:
        """Render it when it is due, or `soon`, because something else waits for it."""
        if rendering.is_started or not rendering.is_due:
            return
        now = time.monotonic()
        if not rendering.is_shown:
            due = FIRST
        elif rendering.is_ending:
            due = now - END_SECONDS
        elif soon:
            due = now
        else:
            due = max(now, rendering.rendered_at + INTERVAL_SECONDS)
            due = math.ceil(due / TICK_SECONDS) * TICK_SECONDS
        self._enqueue(rendering, due)

    def _enqueue(self, rendering: Rendering, due: float) -> None:
        if due < rendering.due:  # an earlier entry becomes invalid
            rendering.due = due
            heapq.heappush(self._queue, (due, next(self._numbers), rendering))
            self._set_timer()

    def _set_timer(self) -> None:
        """For the next slice."""
        while self._queue and self._queue[0][2].due != self._queue[0][0]:
            heapq.heappop(self._queue)
        if not self._queue or self._is_working:
            return
        now, due = time.monotonic(), self._queue[0][0]
        at = now if due == FIRST else max(now, due, self._rest_until)
        if self._timer is not None:
            if self._timer_at <= at:
                return
            self._timer.cancel()
        self._timer, self._timer_at = self._loop.call_later(at - now, self._slice), at

    def _slice(self) -> None:
        self._timer, self._is_working = None, True
        start = now = time.monotonic()
        rest = 0.0
        is_resting = start < self._rest_until
        while self._queue and now < start + SLICE_SECONDS:
            due, _, rendering = self._queue[0]
            if due > now or (is_resting and due != FIRST):
                break
            heapq.heappop(self._queue)
            if rendering.due == due:
                rendering.due = math.inf
                rest += self._step(rendering, start if due == FIRST else due, start + SLICE_SECONDS)
            now = time.monotonic()
        self._rest_until = max(self._rest_until, now) + rest
        self._is_working = False
        self._set_timer()

    def _step(self, rendering: Rendering, due: float, until: float) -> float:
        """Returns how long to rest afterwards, in seconds."""
        start = time.monotonic()
        before = time.thread_time()  # on a busy machine, the time that others took counts for nothing
        rest = END_REST if rendering.is_ending else REST
        is_done = rendering.step(until)
        worked = time.thread_time() - before
        if is_done:
            rendering.rendered_at, rendering.worked = start, 0.0
            for reader in list(rendering.readers):
                reader()
            self.want(rendering)  # there may be more text by now
            return rest * (time.thread_time() - before)
        rendering.worked += worked
        self._enqueue(rendering, due if rendering.worked < TURN_SECONDS else start + rest * worked)
        return rest * worked

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
