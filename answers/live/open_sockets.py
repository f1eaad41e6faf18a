"""The open sockets of a process: how many one network address may have, and their end at shutdown."""

from collections import Counter
from typing import TYPE_CHECKING

from django.conf import settings

from answers.asking.address import NO_ADDRESS
from answers.engine.runtime import current_runtime

if TYPE_CHECKING:
    from answers.live.consumer import AnswerConsumer

RESTARTING = 4012  # 1012, "Service Restart", moved to the private range, since Autobahn does not send 1012
TOO_MANY_SOCKETS = 4430  # beside 4429, too many frames


class OpenSockets:
    def __init__(self) -> None:
        self.consumers: set[AnswerConsumer] = set()
        self.are_closing = False
        self._numbers: Counter[str] = Counter()  # by address

    def add(self, consumer: "AnswerConsumer") -> int | None:
        """Returns the code to close it with if it must not stay open."""
        self.consumers.add(consumer)
        address = consumer.requester.address
        self._numbers[address] += 1
        if self.are_closing:  # a proxy reused an open connection for this socket
            return RESTARTING
        most = settings.ASKME_SOCKETS_PER_ADDRESS
        if most and address != NO_ADDRESS and self._numbers[address] > most:
            return TOO_MANY_SOCKETS
        return None

    def discard(self, consumer: "AnswerConsumer") -> None:
        if consumer in self.consumers:
            self.consumers.remove(consumer)
            address = consumer.requester.address
            self._numbers[address] -= 1
            if not self._numbers[address]:
                del self._numbers[address]


async def close_sockets() -> None:
    """Close all sockets at shutdown, with a code that makes pages connect to another process."""
    sockets = current_runtime().part(OpenSockets)
    sockets.are_closing = True
    for consumer in list(sockets.consumers):
        await consumer.close(RESTARTING)
