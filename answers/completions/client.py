"""A prompt in, an iterator of text out: `for text in client.ask(prompt)`.

How often it is tried, with which fields, and what becomes of errors is decided here. Knows nothing of Django,
people or threads: any number of threads may share a client, each with its own completion.
"""

import json
import logging
from collections.abc import Iterator
from typing import Any, Self

from answers.completions.deltas import Usage
from answers.completions.draft import Draft
from answers.completions.endpoint import Dialects, Endpoint, request_body
from answers.completions.errors import DETAIL_CHARS, CompletionError, InternalError, TooLarge
from answers.completions.failures import TOO_LONG, api_failure, pause_seconds, refused_field
from answers.completions.prompt import Prompt
from answers.completions.record import Record
from answers.completions.replies import read_reply
from answers.completions.transport import Reply, Transport
from answers.completions.wire import Clock, Pace, Stopped, Wire

RETRIES = 2
TAIL_SECONDS = 2  # after the finish reason only the usage and [DONE] are to come
DRAIN_SECONDS = 0.02  # after [DONE] only the last chunk's end is to come, mostly in the same packet
ERROR_BODY_SECONDS = 2
ERROR_BODY_BYTES = 65_536
REQUEST_ID_HEADERS = ("x-request-id", "request-id", "apim-request-id")  # OpenAI, Anthropic, Azure

logger = logging.getLogger("answers.completions")


class Client:
    """One API and one pool of connections, shared by all threads."""

    def __init__(self, endpoint: Endpoint, *, connections: int) -> None:
        self.endpoint = endpoint
        self.transport = Transport(endpoint, connections)
        self.shared_pace = Pace()
        self.dialects = Dialects()

    def pace(self, seconds: float) -> None:
        """From now on let so much time pass between two reads of an answer.

        More text then comes with each read: to wake a thread costs far more than to read what is there.
        """
        self.shared_pace.seconds = seconds

    def ask(self, prompt: Prompt) -> "Completion":
        """Nothing is sent before the first `next()`."""
        return Completion(self, prompt)

    def close(self) -> None:
        self.transport.close()


class Completion:
    """One answer, as it comes: each item is a piece of text, never empty.

    Iterate in one thread; `stop` may be called from any. The iteration ends with the answer or, `stopped`,
    by a stop; all else raises a CompletionError. The other properties are known at the end. An iterator
    that is dropped in the midst closes its connection.
    """

    def __init__(self, client: Client, prompt: Prompt) -> None:
        self._call = _Call(client, prompt)
        self._texts = self._call.run()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        return next(self._texts)

    def stop(self) -> None:
        """Cut the connection and end the iteration; only text that has been read already still comes.

        From any thread, in any phase, any number of times; returns at once.
        """
        self._call.wire.stop()

    @property
    def stopped(self) -> bool:
        """Stopped before its end: not if the answer had come to an end of its own, good or bad."""
        return self._call.wire.stopped and not self._call.over

    @property
    def finish_reason(self) -> str | None:
        return self._call.draft.finish_reason

    @property
    def usage(self) -> Usage | None:
        return self._call.draft.usage

    @property
    def model(self) -> str | None:
        """What the API calls it, often more exact than what we asked for."""
        return self._call.draft.model

    @property
    def request_id(self) -> str | None:
        return self._call.record.request_id


class _Call:
    """What a completion does, in as many attempts as it takes.

    Apart from it, for its generator holds the call, not the completion: a cycle would leave the connection
    of a completion that is dropped to the garbage collector.
    """

    def __init__(self, client: Client, prompt: Prompt) -> None:
        self._client = client
        self._prompt = prompt
        self._model = prompt.model or client.endpoint.model
        self._dialect = client.dialects.of(self._model)
        self._clock = Clock(client.endpoint, client.shared_pace)
        self.wire = Wire(self._clock)
        self.draft = Draft(client.endpoint.answer_bytes)
        self.record = Record()
        self.over = False  # ended, and not by a stop

    def run(self) -> Iterator[str]:
        outcome = "abandoned"  # what remains if the iterator is dropped
        self.record = Record()  # it may have been asked for long before: counted from here
        self._clock.start()
        try:
            yield from self._tries()
            self.over, outcome = True, "complete"
        except Stopped:
            outcome = "stopped"
        except Exception as error:
            if self.wire.stopped:  # whatever the cut has led to
                outcome = "stopped"
                return
            self.over = True
            failure = self._presentable(error)
            outcome = failure.code
            if failure is error:
                raise
            raise failure from error
        finally:
            self.wire.let_go()
            logger.info("%s", self.record.line(outcome, self.draft.finish_reason, self.draft.chars))

    def _tries(self) -> Iterator[str]:
        attempt = 1
        while True:
            try:
                yield from self._attempt()
                return
            except CompletionError as error:
                if self.draft.chars:
                    raise
                if error.message == TOO_LONG and self._prompt.earlier:
                    self._prompt = self._prompt.with_fewer_turns()
                    continue
                if not error.retryable or attempt > RETRIES:
                    raise
                pause = pause_seconds(error, attempt)
                if not self._clock.allows(pause):
                    raise
            self.wire.sleep(pause)
            attempt += 1

    def _attempt(self) -> Iterator[str]:
        self.draft = Draft(self._client.endpoint.answer_bytes)
        reply = self._accepted()
        try:
            yield from self._read(reply)
        finally:
            reply.close()
            self.wire.let_go()

    def _accepted(self) -> Reply:
        """Send the prompt, each time without what the API has refused by name, until it takes it."""
        while True:
            body = request_body(self._client.endpoint, self._prompt, self._dialect)
            reply = self._send(body)
            if 200 <= reply.status < 300:
                self._client.dialects.learn(self._model, self._dialect)  # only now: this is what it takes
                return reply
            said = self._said(reply)
            field = refused_field(said, body) if reply.status in (400, 422) else None
            if field is None:
                raise api_failure(said, status=reply.status, headers=reply.headers)
            self._dialect = self._dialect.without(field)

    def _send(self, body: dict[str, Any]) -> Reply:
        self._clock.next_attempt()
        self.record.sent()
        reply = self._client.transport.post(body, self.wire)
        ids = (reply.headers.get(name) for name in REQUEST_ID_HEADERS)
        self.record.head(reply.status, next(filter(None, ids), None))
        return reply

    def _said(self, reply: Reply) -> Any:
        """The body of an error: JSON if it can be."""
        try:
            text = reply.text(limit=ERROR_BODY_BYTES, seconds=ERROR_BODY_SECONDS)
        finally:
            reply.close()
            self.wire.let_go()
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text

    def _read(self, reply: Reply) -> Iterator[str]:
        draft = self.draft
        try:
            for delta in read_reply(reply.lines(), reply.rest, limit=self._client.endpoint.line_bytes):
                if delta.error is not None:
                    raise api_failure(delta.error, headers=reply.headers)
                if delta.text or delta.reasoning:
                    self._clock.spoken = True
                if text := draft.take(delta):
                    self.record.text()
                    yield text
                if draft.full:
                    raise TooLarge
                if delta.finish_reason is not None:
                    self._clock.hurry(TAIL_SECONDS)
        except (CompletionError, Stopped) as error:
            if draft.finish_reason is None or isinstance(error, TooLarge):
                raise  # else the answer is whole, and only the tail was lost
        if draft.done:
            reply.drain(DRAIN_SECONDS)
        if text := draft.last_words():
            self.record.text()
            yield text
        draft.check()

    def _presentable(self, error: Exception) -> CompletionError:
        if not isinstance(error, CompletionError):
            logger.exception("a fault of ours in the midst of an answer")
            error = InternalError(detail=f"{type(error).__name__}: {error}")
        if self.record.request_id:
            error.detail = f"request {self.record.request_id}: {error.detail}"
        if key := self._client.endpoint.api_key.strip():
            error.detail = error.detail.replace(key, "[API key]")  # some servers repeat it
        error.detail = error.detail[:DETAIL_CHARS]
        return error
