"""Who does not read: askme waits for them, for a while, and keeps little for them meanwhile."""

import asyncio

import pytest
from autobahn.exception import Disconnected
from twisted.internet.abstract import FileDescriptor

from askme import backpressure
from askme.backpressure import Gate

KILOBYTE = 1024


class Reactor:
    """What Twisted's transport asks of a reactor: which sides of it are watched."""

    def __init__(self) -> None:
        self.reading, self.writing = True, False

    def addReader(self, _):
        self.reading = True

    def removeReader(self, _):
        self.reading = False

    def addWriter(self, _):
        self.writing = True

    def removeWriter(self, _):
        self.writing = False


class Transport(FileDescriptor):
    """Twisted's own buffer and producer rules, over a peer that reads when the test says so."""

    connected = 1

    def __init__(self) -> None:
        super().__init__(Reactor())
        self.sent, self.is_aborted = b"", False
        self._room = 0

    def writeSomeData(self, data):
        taken = bytes(data[: self._room])
        self.sent, self._room = self.sent + taken, self._room - len(taken)
        return len(taken)

    def peer_reads(self, number: int) -> None:
        self._room = number
        while self._room and self.reactor.writing:
            self.doWrite()

    def abortConnection(self):
        self.is_aborted = True


@pytest.fixture
def transport():
    return Transport()


@pytest.fixture
async def gate(transport):
    async def send(message):
        transport.write(message.get("text", message["type"]).encode())

    gate = Gate(transport, asyncio.Queue().get, send)
    gate.listen(True)
    return gate


@pytest.fixture
def short_patience(monkeypatch):
    monkeypatch.setattr(backpressure, "STUCK_SECONDS", 0.05)


def text(size: int) -> dict[str, str]:
    return {"type": "websocket.send", "text": "x" * size}


async def begun(coroutine) -> asyncio.Task:
    task = asyncio.ensure_future(coroutine)
    await asyncio.sleep(0)
    return task


async def test_what_is_read_is_sent_at_once(transport, gate):
    for _ in range(1000):
        await gate.send(text(KILOBYTE))
        transport.peer_reads(KILOBYTE)
    assert len(transport.sent) == 1000 * KILOBYTE


async def test_sending_waits_until_all_is_read(transport, gate):
    await gate.send(text(100 * KILOBYTE))
    waiting = await begun(gate.send(text(1)))
    transport.peer_reads(99 * KILOBYTE)
    await asyncio.sleep(0)
    assert not waiting.done()
    transport.peer_reads(KILOBYTE)
    await asyncio.wait_for(waiting, 1)


async def test_who_does_not_read_is_not_listened_to(transport, gate):
    await gate.send(text(100 * KILOBYTE))
    assert not transport.reactor.reading
    transport.peer_reads(100 * KILOBYTE)
    assert transport.reactor.reading


async def test_an_application_that_is_busy_is_not_sent_more(transport):
    frames = asyncio.Queue()
    frames.put_nowait("frame")
    gate = Gate(transport, frames.get, None)
    assert await gate.receive() == "frame"
    assert not transport.reactor.reading
    waiting = await begun(gate.receive())
    assert transport.reactor.reading
    waiting.cancel()


async def test_who_does_not_read_for_long_is_cut_off(transport, gate, short_patience):
    await gate.send(text(100 * KILOBYTE))
    waiting = await begun(gate.send(text(1)))
    await asyncio.wait_for(waiting, 1)  # nobody waits for ever
    assert transport.is_aborted


async def test_who_reads_again_is_not_cut_off(transport, gate, short_patience):
    """Daphne's pings are written while the transport is full, and it says each time that it is."""
    await gate.send(text(100 * KILOBYTE))
    transport.write(b"ping")
    transport.write(b"ping")
    transport.peer_reads(101 * KILOBYTE)
    await asyncio.sleep(0.1)
    assert not transport.is_aborted


async def test_a_close_waits_for_nobody(transport, gate):
    """A page that does not read must not keep a process that ends from letting the others go."""
    await gate.send(text(100 * KILOBYTE))
    await asyncio.wait_for(gate.send({"type": "websocket.close"}), 1)


async def test_what_is_sent_to_a_connection_that_is_going_is_thrown_away(transport):
    async def send(message):
        raise Disconnected

    await Gate(transport, asyncio.Queue().get, send).send(text(1))


async def test_a_lost_connection_keeps_nobody_waiting(transport, gate):
    await gate.send(text(100 * KILOBYTE))
    waiting = await begun(gate.send(text(1)))
    transport.connectionLost(None)
    await asyncio.wait_for(waiting, 1)
