"""What the log tells of one call to the API: numbers, never its text and never the key."""

import time

SHOWN_ID_CHARS = 100


class Record:
    def __init__(self) -> None:
        self.attempts = 0
        self.status: int | None = None
        self.request_id: str | None = None
        self._started = time.monotonic()
        self._head: float | None = None
        self._first_text: float | None = None

    def sent(self) -> None:
        self.attempts += 1

    def head(self, status: int, request_id: str | None) -> None:
        self.status = status
        self.request_id = request_id[:SHOWN_ID_CHARS] if request_id else None
        self._head = self._seconds()

    def text(self) -> None:
        if self._first_text is None:
            self._first_text = self._seconds()

    def line(self, outcome: str, finish_reason: str | None, chars: int) -> str:
        fields = {
            "status": self.status,
            "request_id": self.request_id,
            "attempts": self.attempts,
            "head_seconds": self._head,
            "first_text_seconds": self._first_text,
            "seconds": self._seconds(),
            "finish_reason": finish_reason,
            "chars": chars,
        }
        return " ".join(
            [outcome, *(f"{name}={value!r}" for name, value in fields.items() if value is not None)]
        )

    def _seconds(self) -> float:
        return round(time.monotonic() - self._started, 3)
