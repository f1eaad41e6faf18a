"""What is known about one call, apart from its answer."""

import logging
import time
from collections.abc import Mapping
from typing import Any

from completions.draft import Draft

# OpenAI, Anthropic, Azure, LiteLLM
REQUEST_ID_HEADERS = ("x-request-id", "request-id", "apim-request-id", "x-litellm-call-id")
REQUEST_ID_CHARS = 100

logger = logging.getLogger("completions")


class CallRecord:
    """What the log says about one call: figures, never its text and never the key."""

    def __init__(self) -> None:
        self.attempts = 0
        self.status: int | None = None
        self.request_id: str | None = None
        self.is_html = False  # an HTML page came instead of an answer
        self._started = time.monotonic()
        self._head_seconds: float | None = None
        self._first_text_seconds: float | None = None

    def request_sent(self) -> None:
        self.attempts += 1

    def head_received(self, status: int, headers: Mapping[str, str]) -> None:
        self.status = status
        request_id = next(filter(None, (headers.get(name) for name in REQUEST_ID_HEADERS)), None)
        self.request_id = request_id[:REQUEST_ID_CHARS] if request_id else None
        self.is_html = status < 300 and "html" in headers.get("content-type", "").lower()
        self._head_seconds = self._seconds()

    def text_received(self) -> None:
        if self._first_text_seconds is None:
            self._first_text_seconds = self._seconds()

    def log(self, outcome: str, draft: Draft) -> None:
        """One line for the call, or for an attempt that failed. Formatters may use `facts`."""
        facts = self.facts(draft.finish_reason, draft.chars)
        line = " ".join([outcome, *(f"{name}={value!r}" for name, value in facts.items())])
        logger.info("%s", line, extra={"facts": {"outcome": outcome, **facts}})

    def facts(self, finish_reason: str | None, chars: int) -> dict[str, Any]:
        fields = {
            "status": self.status,
            "request_id": self.request_id,
            "attempts": self.attempts,
            "head_seconds": self._head_seconds,
            "first_text_seconds": self._first_text_seconds,
            "seconds": self._seconds(),
            "finish_reason": finish_reason,
            "chars": chars,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def _seconds(self) -> float:
        return round(time.monotonic() - self._started, 3)
