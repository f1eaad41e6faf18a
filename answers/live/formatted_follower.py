"""A follower for a page that shows the text as HTML.

It takes the text out of a follower's events and feeds it to the answer's rendering, which all followers in
this process share. When that has new blocks, the page gets their changes, with the text that it lacks. All
other events keep their place: what came after some text is sent after its blocks.
"""

from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

from channels.exceptions import ChannelFull

from answers import protocol
from answers.engine.runtime import current_runtime
from answers.engine.worker import Worker
from answers.live.follower import Follower
from answers.live.formatted_page import FormattedPage
from answers.live.progress import Progress
from answers.live.rendering import Rendering
from answers.live.renderings import Renderings
from answers.protocol import Event


class FormattedFollower(Follower):
    def __init__(self, worker: Worker, progress: Progress, notified: Event | None = None) -> None:
        """`progress` is where the page is. From here on, it is where the rendering is."""
        super().__init__(worker, progress, notified)
        self._page = FormattedPage(self.answer, progress.position, progress.edition)
        self._renderings = current_runtime().part(Renderings)
        self._rendering: Rendering | None = None  # before the first text
        self._held: deque[Event] = deque()  # events after text that is not rendered yet
        self._is_notified = self._has_end = False
        progress.position = 0

    async def open(self) -> None:
        latest = self._renderings.latest(self.answer)
        if latest is not None and latest.edition >= self.progress.edition:
            self.progress.edition = latest.edition
            self._skip_known(self._join(latest.edition))
        await super().open()

    async def close(self) -> None:
        self._leave()
        await super().close()

    def _join(self, edition: int) -> Rendering:
        self._leave()
        self._rendering = self._renderings.join(self.answer, edition, self._notify)
        return self._rendering

    def _leave(self) -> None:
        if self._rendering is not None:
            self._renderings.leave(self._rendering, self._notify)

    def _notify(self) -> None:
        if not self._is_notified:
            with suppress(ChannelFull):  # the reader is stuck; whatever it reads next brings the blocks
                self._layer.put(self._channel, {"type": "rendered"})
                self._is_notified = True

    async def _events(self, message: Event) -> AsyncIterator[Event]:
        if message["type"] == "rendered":
            self._is_notified = False
        elif self._has_end and not self._is_revoked:
            if message["type"] == "check":
                self._check_later()
        else:
            async for event in super()._events(message):
                if event["type"] == "error":  # the answer may not be read any more
                    yield event
                    return
                self._held.append(event)
                for shown in self._shown():
                    yield shown
        if not self._is_revoked:
            for shown in self._shown():
                yield shown

    def _end(self, event: Event) -> Event:
        """It is held back until everything is rendered."""
        event = super()._end(event)
        self._ended, self._has_end = False, True
        return event

    def _shown(self) -> Iterator[Event]:
        """What the page can get now, in order."""
        if self._rendering is not None and self._may_show(self._rendering):
            yield from self._page.events(self._rendering)
        while self._held:
            event = self._held[0]
            if event["type"] == "answer.text":
                self._feed(event)
            elif event["type"] == "answer.finished":
                if (last := self._last_events(event)) is None:
                    return
                self._ended = True
                yield from last
            elif self._is_pending():
                return
            else:
                yield event
            self._held.popleft()

    def _may_show(self, rendering: Rendering) -> bool:
        """Another follower may have fed text before which this one still has other events."""
        has_blocks = rendering.is_shown or not rendering.text
        return has_blocks and (rendering.length <= self.progress.position or bool(self._held))

    def _feed(self, event: Event) -> None:
        edition, rendering = event.get("edition", 0), self._rendering
        if rendering is None or rendering.edition != edition:
            rendering = self._join(edition)
        rendering.feed(event["position"], event["text"])
        self._skip_known(rendering)
        self._renderings.want(rendering)

    def _skip_known(self, rendering: Rendering) -> None:
        """What another follower has fed need not be read again."""
        if self.progress.edition == rendering.edition:
            self.progress.position = max(self.progress.position, len(rendering.text))

    def _is_pending(self) -> bool:
        """Whether some text is not rendered yet, which then happens soon."""
        rendering = self._rendering
        if rendering is None or rendering.length == len(rendering.text):
            return False
        self._renderings.want(rendering, soon=True)
        return True

    def _last_events(self, finished: Event) -> Iterator[Event] | None:
        """The end of the answer, after what is missing before it. None until everything is rendered."""
        rendering = self._rendering
        if rendering is None:
            return iter([protocol.with_html(finished, [], [], is_end=True)])
        if (rendering.edition, len(rendering.text)) != (finished["edition"], finished["length"]):
            # Its process was killed, and what it had not saved is lost. The page will read all again.
            self._renderings.retire(rendering)
            return iter([finished])
        rendering.end()
        self._renderings.want(rendering)
        return self._page.end(rendering, finished) if rendering.is_final else None
