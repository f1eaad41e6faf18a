"""A frame goes to the socket at once, and Twisted sends what the socket does not take."""

import pytest
from twisted.internet.error import ConnectionLost

from answers.live.direct_writer import DirectWriter
from tests.live.test_backpressure import Transport


@pytest.fixture
def transport():
    return Transport()


@pytest.fixture
async def write(transport):
    """Writes as Daphne does, to a socket that has sent everything before."""
    writer = DirectWriter(transport)

    async def write(text: str) -> None:
        async def writing():
            transport.write(text.encode())

        await writer.write(writing())

    await write("handshake ")
    transport.peer_reads(100)
    return write


async def test_a_frame_is_sent_at_once_without_the_reactor(transport, write):
    await write("frame")
    assert transport.sent == b"handshake frame"
    assert not transport.reactor.writing


async def test_what_the_socket_does_not_take_is_sent_later_and_before_what_follows(transport, write):
    transport.peer_reads(0)
    transport.capacity = 3
    await write("first ")
    assert transport.sent == b"handshake fir"
    assert transport.reactor.writing
    transport.capacity = 3
    await write("second ")
    assert transport.sent == b"handshake fir"
    transport.peer_reads(100)
    await write("third")
    assert transport.sent == b"handshake first second third"
    assert not transport.reactor.writing


async def test_twisted_finds_the_failure_of_a_write_again(transport, write, monkeypatch):
    monkeypatch.setattr(transport, "writeSomeData", lambda data: ConnectionLost())
    await write("frame")
    assert transport.reactor.writing
    assert isinstance(transport.doWrite(), ConnectionLost)


async def test_a_close_after_a_frame_ends_the_connection(transport, write):
    await write("frame")
    transport.loseConnection()
    assert transport.reactor.writing  # Twisted closes a connection when there is nothing left to write
    assert transport.doWrite() is not None
