"""What happens between a prompt and the end of its answer: attempts, retries, and what becomes of errors."""

import json
import logging
import time
from collections.abc import Iterator
from typing import Any

from completions.delta import Delta
from completions.draft import Draft
from completions.errors import (
    DETAIL_CHARS,
    QUESTION_TOO_LONG,
    CompletionError,
    InternalError,
    TooLarge,
    api_error,
    pause_seconds,
    refused_field,
)
from completions.pieces import NOTHING, Piece
from completions.replies import read_reply
from completions.request import Dialects, Endpoint, Prompt, request_body
from completions.transport import Reply, Transport
from completions.wire import Deadlines, Pace, Stopped, Wire

RETRIES = 2
TAIL_SECONDS = 2  # after the finish reason, only the usage and [DONE] follow
DRAIN_SECONDS = 0.02  # after [DONE], only the end of the last chunk follows, mostly in the same packet
ERROR_BODY_SECONDS = 2
ERROR_BODY_BYTES = 65_536
REQUEST_ID_HEADERS = ("x-request-id", "request-id", "apim-request-id")  # OpenAI, Anthropic, Azure
REQUEST_ID_CHARS = 100

logger = logging.getLogger("completions")


class Call:
    """Asks one question, in as many attempts as it takes.

    Separate from the completion because the generator refers to the call. If it referred to the completion,
    the two would form a cycle, and the connection of a dropped completion would stay open until the garbage
    collector runs.
    """

    def __init__(
        self,
        prompt: Prompt,
        *,
        endpoint: Endpoint,
        transport: Transport,
        dialects: Dialects,
        pace: Pace,
    ) -> None:
        self._prompt = prompt
        self._endpoint = endpoint
        self._transport = transport
        self._dialects = dialects
        self._model = prompt.model or endpoint.model
        self._dialect = dialects.of(self._model)
        self._deadlines = Deadlines(endpoint, pace)
        self.wire = Wire(self._deadlines)
        self.draft = self._new_draft()
        self.record = CallRecord()
        self.ended = False  # completed or failed, as opposed to stopped

    @property
    def sent_turns(self) -> int:
        return len(self._prompt.earlier)

    def run(self) -> Iterator[Piece]:
        outcome = "abandoned"  # stays if the iterator is dropped
        self.record = CallRecord()  # the time counts from here: the call may be much older
        self._deadlines.start()
        try:
            yield from self._with_retries()
            self.ended, outcome = True, "complete"
        except Stopped:
            outcome = "stopped"
        except Exception as error:
            if self.wire.stopped:  # the error is a consequence of the stop
                outcome = "stopped"
                return
            self.ended = True
            failure = self._as_completion_error(error)
            outcome = failure.code
            if failure is error:
                raise
            raise failure from error
        finally:
            self.wire.release()
            logger.info("%s", self.record.summary(outcome, self.draft.finish_reason, self.draft.chars))

    def _with_retries(self) -> Iterator[Piece]:
        attempt = 1
        while True:
            try:
                yield from self._attempt()
                return
            except CompletionError as error:
                if self.draft.chars:
                    raise
                if error.message == QUESTION_TOO_LONG and self._prompt.earlier:
                    self._prompt = self._prompt.with_fewer_turns()
                    continue
                if not error.retryable or attempt > RETRIES:
                    raise
                pause = pause_seconds(error, attempt)
                if not self._deadlines.allow_pause(pause):
                    raise
            self.wire.sleep(pause)
            attempt += 1

    def _attempt(self) -> Iterator[Piece]:
        self.draft = draft = self._new_draft()
        reply = self._send()
        try:
            yield from self._read(reply)
        finally:
            reply.close()
            self.wire.release()
        self._dialects.unmarked.learn(self._model, draft.found_unmarked)

    def _new_draft(self) -> Draft:
        """Some models leave out the tag before their reasoning. How their last answer began is remembered."""
        endpoint = self._endpoint
        unmarked = self._model in self._dialects.unmarked
        return Draft(endpoint.answer_bytes, reasoning_limit=endpoint.reasoning_bytes, unmarked=unmarked)

    def _send(self) -> Reply:
        """Send the prompt until the API accepts it, each time without the field that it has refused."""
        while True:
            body = request_body(self._endpoint, self._prompt, self._dialect)
            reply = self._post(body)
            if 200 <= reply.status < 300:
                self._dialects.learn(self._model, self._dialect)  # only now is it known to work
                return reply
            error_body = self._read_error(reply)
            field = refused_field(error_body, body) if reply.status in (400, 422) else None
            if field is None:
                raise api_error(error_body, status=reply.status, headers=reply.headers)
            self._dialect = self._dialect.without(field)

    def _post(self, body: dict[str, Any]) -> Reply:
        self._deadlines.start_attempt()
        self.record.request_sent()
        reply = self._transport.post(body, self.wire)
        ids = (reply.headers.get(name) for name in REQUEST_ID_HEADERS)
        self.record.head_received(reply.status, next(filter(None, ids), None))
        return reply

    def _read_error(self, reply: Reply) -> Any:
        """Return the body of an error, parsed if it is JSON."""
        try:
            text = reply.text(limit=ERROR_BODY_BYTES, seconds=ERROR_BODY_SECONDS)
        finally:
            reply.close()
            self.wire.release()
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text

    def _read(self, reply: Reply) -> Iterator[Piece]:
        draft = self.draft
        has_tail = False
        try:
            for delta in read_reply(reply.lines(), reply.rest, limit=self._endpoint.line_bytes):
                if isinstance(delta, str):
                    self._deadlines.has_output = True
                    piece, finished = draft.add_text(delta), False
                else:
                    piece, finished = self._add(delta, reply), draft.finished
                if piece.text:
                    self.record.text_received()
                if piece != NOTHING:
                    yield piece
                if draft.full:
                    raise TooLarge
                if finished != has_tail:  # a finish reason may prove to be none
                    has_tail = finished
                    self._deadlines.limit_tail(TAIL_SECONDS if has_tail else 0)
            draft.arrived_whole = reply.has_own_end
        except (CompletionError, Stopped) as error:
            if not draft.finished or isinstance(error, TooLarge):
                raise  # otherwise the answer is complete, and only the tail is lost
        if draft.done:
            reply.drain(DRAIN_SECONDS)
        piece = draft.flush()
        if piece.text:
            self.record.text_received()
        if piece != NOTHING:
            yield piece
        draft.raise_if_failed()

    def _add(self, delta: Delta, reply: Reply) -> Piece:
        if delta.error is not None:
            raise api_error(delta.error, headers=reply.headers)
        if delta.has_output:
            self._deadlines.has_output = True
        return self.draft.add(delta)

    def _as_completion_error(self, error: Exception) -> CompletionError:
        """Return the error with the request id in its detail, and without the API key."""
        if not isinstance(error, CompletionError):
            logger.exception("unexpected error while reading an answer")
            error = InternalError(detail=f"{type(error).__name__}: {error}")
        if self.record.request_id:
            error.detail = f"request {self.record.request_id}: {error.detail}"
        if key := self._endpoint.api_key.strip():
            error.detail = error.detail.replace(key, "[API key]")  # some servers repeat it
        error.detail = error.detail[:DETAIL_CHARS]
        return error


class CallRecord:
    """What the log says about one call: figures, never its text and never the key."""

    def __init__(self) -> None:
        self.attempts = 0
        self.status: int | None = None
        self.request_id: str | None = None
        self._started = time.monotonic()
        self._head_seconds: float | None = None
        self._first_text_seconds: float | None = None

    def request_sent(self) -> None:
        self.attempts += 1

    def head_received(self, status: int, request_id: str | None) -> None:
        self.status = status
        self.request_id = request_id[:REQUEST_ID_CHARS] if request_id else None
        self._head_seconds = self._seconds()

    def text_received(self) -> None:
        if self._first_text_seconds is None:
            self._first_text_seconds = self._seconds()

    def summary(self, outcome: str, finish_reason: str | None, chars: int) -> str:
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
        return " ".join(
            [outcome, *(f"{name}={value!r}" for name, value in fields.items() if value is not None)]
        )

    def _seconds(self) -> float:
        return round(time.monotonic() - self._started, 3)
