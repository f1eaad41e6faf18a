"""What happens between a prompt and the end of its answer: attempts, retries and errors."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from completions.api_errors import api_error
from completions.call_record import CallRecord
from completions.delta import Delta
from completions.dialects import Dialects, sent_limit
from completions.draft import Draft
from completions.error_bodies import parse_body
from completions.errors import (
    DETAIL_CHARS,
    QUESTION_TOO_LONG,
    BadResponse,
    CompletionError,
    InternalError,
    NotConfigured,
    TooLarge,
    pause_seconds,
)
from completions.pieces import NOTHING, PARAGRAPH, Activity, Piece
from completions.refusals import REFUSED_STATUSES, limit_is_too_large, refused_field
from completions.replies import read_reply
from completions.request import Endpoint, Prompt, Request, make_request
from completions.transport import Reply, Transport
from completions.wire import Deadlines, Pace, Stopped, Wire

RETRIES = 2
SHOWN_PAUSE_SECONDS = 0.2  # people do not notice shorter pauses
TAIL_SECONDS = 2  # after the finish reason, only the usage and [DONE] follow
DRAIN_SECONDS = 0.02  # after [DONE], only the end of the last chunk follows, mostly in the same packet
ERROR_BODY_SECONDS = 2
ERROR_BODY_BYTES = 65_536

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
        self.prompt = prompt
        self._endpoint = endpoint
        self._transport = transport
        self._dialects = dialects
        self._api = endpoint.api_of(prompt)
        self._model = endpoint.model_of(prompt)
        self.dialect = dialects.of(self._api, self._model)
        self._deadlines = Deadlines(endpoint, pace)
        self.wire = Wire(self._deadlines)
        self._reasoning_room = endpoint.reasoning_bytes  # for all attempts together
        self.draft = self._new_draft()
        self.record = CallRecord()
        self.ended = False  # completed or failed, as opposed to stopped

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
            self.record.log(outcome, self.draft)

    def _with_retries(self) -> Iterator[Piece]:
        if not self._model:
            raise NotConfigured(detail="No model is configured.", remedy="choose_model")
        attempt = 1
        while True:
            try:
                yield from self._attempt()
                return
            except CompletionError as error:
                if self.draft.chars:
                    raise
                if error.message == QUESTION_TOO_LONG and self.prompt.earlier:
                    self.prompt = self.prompt.with_fewer_turns()
                    continue
                if not error.retryable or attempt > RETRIES:
                    raise
                pause = pause_seconds(error, attempt)
                if not self._deadlines.allow_pause(pause):
                    raise
                self.record.log(f"retrying in {pause:.1f} s after {error.code}", self.draft)
            self.wire.request_sent = False
            if pause >= SHOWN_PAUSE_SECONDS:
                yield Piece(activity=Activity("retrying", pause))
            self.wire.sleep(pause)
            attempt += 1

    def _attempt(self) -> Iterator[Piece]:
        if 0 < self._reasoning_room < self._endpoint.reasoning_bytes:
            self._reasoning_room -= len(PARAGRAPH)
            yield Piece(reasoning=PARAGRAPH)  # the last attempt reasoned, and this one reasons again
        self.draft = draft = self._new_draft()
        reply = self._send()
        try:
            yield from self._read(reply)
        finally:
            self._reasoning_room -= draft.reasoning_bytes
            reply.close()
            self.wire.release()
        self._dialects.unmarked.learn(self._model, draft.found_unmarked)

    def _new_draft(self) -> Draft:
        """Some models leave out the tag before their reasoning, so the start of their last answer matters."""
        endpoint, unmarked = self._endpoint, self._model in self._dialects.unmarked
        return Draft(endpoint.answer_bytes, reasoning_limit=max(0, self._reasoning_room), unmarked=unmarked)

    def _send(self) -> Reply:
        """Send the prompt until the API accepts it, each time without the fields that it has refused."""
        while True:
            request = make_request(self._endpoint, self.prompt, self.dialect)
            reply = self._post(request)
            if 200 <= reply.status < 300:
                self._dialects.learn(self._api, self._model, self.dialect)  # only now is it known to work
                self.draft.max_tokens = sent_limit(request.body)
                return reply
            self.wire.request_sent = False  # the API has refused it
            error_body = self._read_error(reply)
            if not self._adapt(request, error_body, reply.status):
                raise self._api_error(error_body, reply)

    def _adapt(self, request: Request, error_body: Any, status: int) -> bool:
        """Change the request as the refusal demands. Return False if that is not possible."""
        if status not in REFUSED_STATUSES:
            return False
        if limit_is_too_large(error_body, request.body, self._echoes()):
            # The model's own limit, or the space that the question leaves in its context, is smaller than our
            # limit. So even without our limit, the answer is no longer than the operator allows. The next
            # question may leave more space, so this is not remembered. If the API refuses again, the question
            # itself is too long.
            self._endpoint = replace(self._endpoint, max_tokens=0)
            self.prompt = replace(self.prompt, max_tokens=0)
            return True
        field = refused_field(error_body, request.body, self._echoes())
        if field is None:
            return False
        self.dialect = self.dialect.without(field)
        return True

    def _api_error(self, body: Any, reply: Reply) -> CompletionError:
        return api_error(
            body, status=reply.status, headers=reply.headers, api=self._api, echoes=self._echoes()
        )

    def _echoes(self) -> list[str]:
        """The texts of the request that an error may repeat."""
        return [*self.prompt.texts, self._endpoint.system_prompt]

    def _post(self, request: Request) -> Reply:
        self._deadlines.start_attempt()
        self.record.request_sent()
        self.wire.request_sent = False
        reply = self._transport.post(request, self.wire)
        self.record.head_received(reply.status, reply.headers)
        return reply

    def _read_error(self, reply: Reply) -> Any:
        """Return the body of an error, parsed if it is JSON."""
        try:
            text = reply.text(limit=ERROR_BODY_BYTES, seconds=ERROR_BODY_SECONDS)
        finally:
            reply.close()
            self.wire.release()
        return parse_body(text)

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
                if finished != has_tail:  # more text may follow a finish reason
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
            raise self._api_error(delta.error, reply)
        if delta.has_output:
            self._deadlines.has_output = True
        return self.draft.add(delta)

    def _as_completion_error(self, error: Exception) -> CompletionError:
        """Return the error with the request id in its detail, and without the API key."""
        if not isinstance(error, CompletionError):
            logger.exception("unexpected error while reading an answer")
            error = InternalError(detail=f"{type(error).__name__}: {error}")
        if isinstance(error, BadResponse) and self.record.is_html and not self.draft.chars:
            error = NotConfigured(detail=f"the content type is HTML: {error.detail}", remedy="check_address")
        if self.record.request_id:
            error.detail = f"request {self.record.request_id}: {error.detail}"
        error.detail = self._endpoint.without_secrets(error.detail)[:DETAIL_CHARS]
        return error
