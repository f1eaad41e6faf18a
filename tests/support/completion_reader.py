"""Ways to read a completion: in a thread of its own, or for the error that it ends with."""

import threading
import time

import pytest

from completions import Client, Completion, CompletionError, Prompt


class Reader(threading.Thread):
    """Reads a completion in a thread of its own, as the worker does."""

    def __init__(self, completion: Completion) -> None:
        super().__init__(daemon=True)
        self.completion = completion
        self.texts: list[str] = []
        self.first = threading.Event()
        self.ended_at = 0.0
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            for text in self.completion:
                self.texts.append(text)
                self.first.set()
        except BaseException as error:
            self.error = error
        self.ended_at = time.monotonic()

    def ended(self) -> "Reader":
        self.join(10)
        assert not self.is_alive()
        return self


def failure_of(client: Client) -> CompletionError:
    with pytest.raises(CompletionError) as caught:
        list(client.ask(Prompt("Why?")))
    return caught.value
