"""A peer that does not read: askme waits for a while, and keeps little data for it meanwhile."""

import asyncio
from types import SimpleNamespace

import pytest
from autobahn.exception import Disconnected
from twisted.internet.abstract import FileDescriptor

from answers.live import backpressure
from answers.live.backpressure import SocketProducer

KILOBYTE = 1024


class Reactor:
    """What Twisted's transport needs of a reactor: whether it watches for reading and for writing."""

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
    """Twisted's own buffer and producer rules, with a peer that reads when the test says so."""

    connected = 1

    def __init__(self) -> None:
        super().__init__(Reactor())
        self.sent, self.is_aborted = b"", False
        self.capacity = 0

    def writeSomeData(self, data):
        taken = bytes(data[: self.capacity])
        self.sent, self.capacity = self.sent + taken, self.capacity - len(taken)
        return len(taken)

    def peer_reads(self, number: int) -> None:
        self.capacity = number
        while self.capacity and self.reactor.writing:
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

    gate = SocketProducer(transport, asyncio.Queue().get, send, transport.write)
    gate.set_reading(True)
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


async def test_data_that_the_peer_reads_is_sent_at_once(transport, gate):
    for _ in range(1000):
        await gate.send(text(KILOBYTE))
        transport.peer_reads(KILOBYTE)
    assert len(transport.sent) == 1000 * KILOBYTE


async def test_sending_waits_until_the_peer_has_read_everything(transport, gate):
    await gate.send(text(100 * KILOBYTE))
    waiting = await begun(gate.send(text(1)))
    transport.peer_reads(99 * KILOBYTE)
    await asyncio.sleep(0)
    assert not waiting.done()
    transport.peer_reads(KILOBYTE)
    await asyncio.wait_for(waiting, 20)


async def test_frames_of_a_peer_that_does_not_read_are_read(transport, gate):
    """Otherwise Stop would wait until a slow network has taken all that was sent before."""
    await gate.send(text(100 * KILOBYTE))
    assert transport.reactor.reading


async def test_of_the_pings_of_a_peer_that_does_not_read_only_the_latest_is_answered(transport, gate):
    gate.answer_ping(b"first.")
    await gate.send(text(100 * KILOBYTE))
    for number in range(10_000):
        gate.answer_ping(b"%d." % number)
    transport.peer_reads(100 * KILOBYTE + len("first."))
    transport.peer_reads(100 * KILOBYTE)
    gate.answer_ping(b"last.")
    transport.peer_reads(100 * KILOBYTE)
    assert transport.sent.replace(b"x", b"") == b"first.9999.last."


async def test_a_busy_application_gets_no_more_frames(transport):
    frames = asyncio.Queue()
    frames.put_nowait("frame")
    gate = SocketProducer(transport, frames.get, None, None)
    assert await gate.receive() == "frame"
    assert not transport.reactor.reading
    waiting = await begun(gate.receive())
    assert transport.reactor.reading
    waiting.cancel()


async def test_a_peer_from_which_nothing_is_read_cannot_prove_that_it_is_there(transport, gate, monkeypatch):
    protocol, dropped = SimpleNamespace(autoPingPending=b"ping"), []

    def pong_is_missing() -> bool:
        backpressure._pong_is_missing(protocol, gate, lambda: dropped.append(1))
        return bool(dropped)

    gate.set_reading(False)
    monkeypatch.setattr(backpressure, "PONG_SECONDS", 0)  # however long it was
    assert not pong_is_missing()
    gate.set_reading(True)
    monkeypatch.setattr(backpressure, "PONG_SECONDS", 60)
    assert not pong_is_missing()  # it may have arrived, and will be read now
    monkeypatch.setattr(backpressure, "PONG_SECONDS", 0.05)
    await asyncio.sleep(0.1)
    protocol.autoPingPending = None  # it has answered a later one
    assert not pong_is_missing()
    protocol.autoPingPending = b"ping"
    assert pong_is_missing()


async def test_a_peer_that_does_not_read_for_long_is_cut_off(transport, gate, short_patience):
    await gate.send(text(100 * KILOBYTE))
    waiting = await begun(gate.send(text(1)))
    await asyncio.wait_for(waiting, 20)  # nobody waits forever
    assert transport.is_aborted


async def test_a_peer_that_reads_again_is_not_cut_off(transport, gate, short_patience):
    """Daphne writes pings while the transport is full, and the transport pauses the producer at each one."""
    await gate.send(text(100 * KILOBYTE))
    transport.write(b"ping")
    transport.write(b"ping")
    transport.peer_reads(101 * KILOBYTE)
    await asyncio.sleep(0.1)
    assert not transport.is_aborted


async def test_a_close_does_not_wait(transport, gate):
    """Otherwise a page that does not read would delay the shutdown of its process."""
    await gate.send(text(100 * KILOBYTE))
    await asyncio.wait_for(gate.send({"type": "websocket.close"}), 20)


async def test_a_message_to_a_closing_connection_is_dropped(transport):
    async def send(message):
        raise Disconnected

    await SocketProducer(transport, asyncio.Queue().get, send, None).send(text(1))


async def test_a_lost_connection_ends_the_wait(transport, gate):
    await gate.send(text(100 * KILOBYTE))
    waiting = await begun(gate.send(text(1)))
    transport.connectionLost(None)
    await asyncio.wait_for(waiting, 20)
