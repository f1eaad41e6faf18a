"""The text of one answer as HTML, for all who follow it formatted in this process."""

import logging
import math
import time
from collections.abc import Callable, Iterator
from uuid import UUID

from answers.formatting import Growing, prefix_of, unformatted

log = logging.getLogger(__name__)


class Rendering:
    """One edition of one answer. Feed it text, then let `Renderings` call `step`.

    `blocks` are the HTML of the first `length` code points of `text`. They are replaced, never changed in
    place, so a reader that is slow keeps what belongs together.
    """

    def __init__(self, answer: UUID, edition: int) -> None:
        self.answer, self.edition = answer, edition
        self.text = ""
        self.blocks: list[str] = []
        self.length = 0
        self.is_shown = False  # whether anything was rendered
        self.is_ending = self.is_final = False
        self.readers: set[Callable[[], None]] = set()  # called when there are new blocks
        self.due, self.rendered_at, self.worked = math.inf, 0.0, 0.0  # for `Renderings`
        self._growing = Growing(prefix_of(answer))
        self._given = 0  # how much of `text` it was fed
        self._steps: Iterator[None] | None = None  # of the current render
        self._has_failed = False

    @property
    def is_started(self) -> bool:
        """Whether it is being rendered."""
        return self._steps is not None

    @property
    def is_due(self) -> bool:
        """Whether there is something to render."""
        return not self.is_final and (self.is_ending or self.length < len(self.text))

    def feed(self, position: int, text: str) -> None:
        """Add what is new of this text, which begins at `position`. There must be no gap before it."""
        have = len(self.text)
        if position <= have < position + len(text):
            self.text += text[have - position :]

    def end(self) -> None:
        """The text is complete: from here on, render all of it as a reload does."""
        if not self.is_ending:
            self.is_ending = True
            if self._steps is not None:  # of a part of the text; do not wait for it
                self._steps, self._given, self._growing = None, 0, Growing(prefix_of(self.answer))

    def step(self, until: float) -> bool:
        """Render until this time (`time.monotonic`), or a little longer. Returns whether `blocks` are new.

        Nothing that the formatting raises gets out of here: it must not damage an answer.
        """
        try:
            if self._steps is None:
                self._steps = self._begin()
            for _ in self._steps:
                if time.monotonic() >= until:
                    return False
            if not self._has_failed:
                self.blocks = self._growing.blocks
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # a panic in Rust is no Exception
            self._fail()
        self._steps = None
        self.length, self.is_shown, self.is_final = self._given, True, self.is_ending
        return True

    def _begin(self) -> Iterator[None]:
        new, self._given = self.text[self._given :], len(self.text)
        if self._has_failed:
            self.blocks = unformatted(self.text)
            return iter(())
        self._growing.feed(new)
        return self._growing.finish() if self.is_ending else self._growing.render()

    def _fail(self) -> None:
        """From here on, all text is one block without formatting."""
        log.exception("answer %s cannot be formatted, and is sent as it is", self.answer)
        self._has_failed = True
        self.blocks = unformatted(self.text[: self._given])
