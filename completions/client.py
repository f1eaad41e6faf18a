"""The public face of the package: `for text in client.ask(prompt)`."""

from collections.abc import Iterator
from typing import Self

from completions.call import Call
from completions.dialects import Dialects
from completions.listed_models import ListedModel, list_models
from completions.pieces import Piece, Source, Usage
from completions.request import Endpoint, Prompt
from completions.transport import Transport
from completions.wire import Pace


class Client:
    """One API and one pool of connections. Threads may share it; each needs a completion of its own."""

    def __init__(self, endpoint: Endpoint, *, connections: int) -> None:
        self.endpoint = endpoint
        self.transport = Transport(endpoint, connections)
        self.dialects = Dialects()
        self._pace = Pace()

    def pace(self, seconds: float) -> None:
        """From now on, let this much time pass between two reads of an answer.

        Each read then returns more text. Waking a thread costs far more than reading what has arrived.
        """
        self._pace.seconds = seconds

    def ask(self, prompt: Prompt) -> "Completion":
        """Nothing is sent before the first `next()`."""
        call = Call(
            prompt,
            endpoint=self.endpoint,
            transport=self.transport,
            dialects=self.dialects,
            pace=self._pace,
        )
        return Completion(call)

    def models(self) -> list[ListedModel]:
        """Return the models that the server lists. Takes at most about 10 s. Raises CompletionError."""
        return list_models(self.endpoint, self.transport)

    def close(self) -> None:
        self.transport.close()


class Completion:
    """One answer as it arrives. Each item is nonempty text; `pieces` also yields the reasoning.

    Iterate in one thread; `stop` may be called from any thread. The iteration ends when the answer is
    complete or, with `stopped` set, after a stop. Otherwise it raises a CompletionError. The other properties
    are known at the end. An iterator that is dropped before its end closes its connection.
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        self._pieces = call.run()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        while True:
            if text := next(self._pieces).text:
                return text

    def pieces(self) -> Iterator[Piece]:
        """Iterate over text, reasoning and activities, instead of text alone."""
        return self._pieces

    def stop(self) -> None:
        """Cut the connection and end the iteration. Only text that has already been read still follows.

        May be called from any thread, in any phase, any number of times. Returns at once.
        """
        self._call.wire.stop()

    @property
    def stopped(self) -> bool:
        """Whether a stop ended the answer. False if it had already completed or failed."""
        return self._call.wire.stopped and not self._call.ended

    @property
    def may_be_generating(self) -> bool:
        """Whether the API has the prompt and has not refused it. It may bill it, also after a stop."""
        return self._call.wire.request_sent

    @property
    def finish_reason(self) -> str | None:
        return self._call.draft.finish_reason

    @property
    def usage(self) -> Usage | None:
        return self._call.draft.usage

    @property
    def model(self) -> str | None:
        """The API's own name for the model, often more exact than the one in the request."""
        return self._call.draft.model

    @property
    def sources(self) -> list[Source]:
        """The pages that the answer cites, in the order in which they first appear."""
        return self._call.draft.sources

    @property
    def response_id(self) -> str | None:
        """The API's id for the answer."""
        return self._call.draft.response_id

    @property
    def request_id(self) -> str | None:
        """The id of the last HTTP request, from the API's header."""
        return self._call.record.request_id

    @property
    def requests(self) -> int:
        """How many HTTP requests were sent: more than one if the first was refused or failed."""
        return self._call.record.attempts

    @property
    def connects(self) -> int:
        """How many connections were opened for them, or tried. The pool may have had one already."""
        return self._call.wire.connects

    @property
    def sent_turns(self) -> int:
        """How many earlier turns were sent: fewer than in the prompt if they were too long for the model."""
        return len(self._call.prompt.earlier)

    @property
    def refused_fields(self) -> frozenset[str]:
        """The optional fields that the model does not accept, such as "reasoning.summary"."""
        return self._call.dialect.refused
