"""Looking up the API's host name: name servers that do not reply hold neither a stop nor a deadline."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from completions import Client, Endpoint, Prompt
from completions.errors import ConnectionFailed
from completions.resolver import LOOKUPS, Lookup
from tests.completions.test_stop import stop
from tests.support.completion_reader import Reader, failure_of
from tests.support.services import wait_for


class NameServers:
    """Real lookups, except those that hang until `reply`, as if the name servers had gone."""

    def __init__(self, getaddrinfo) -> None:
        self._getaddrinfo = getaddrinfo
        self._replies = threading.Event()
        self.asked = 0

    def reply(self) -> None:
        self._replies.set()

    def getaddrinfo(self, host, port, family=0, type=0, proto=0, flags=0):
        if flags & socket.AI_NUMERICHOST:
            return self._getaddrinfo(host, port, family, type, proto, flags)
        self.asked += 1
        self._replies.wait(30)
        if host == "nowhere.test":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return self._getaddrinfo("127.0.0.1", port, family, type, proto, flags)


@pytest.fixture
def name_servers(monkeypatch) -> Iterator[NameServers]:
    servers = NameServers(socket.getaddrinfo)
    monkeypatch.setattr("socket.getaddrinfo", servers.getaddrinfo)
    yield servers
    servers.reply()
    wait_for(lambda: not lookups(), 5, "all lookups have ended")


def lookups() -> int:
    return sum(thread.name == "resolver" for thread in threading.enumerate())


def client(host: str, port: int = 9, **fields) -> Client:
    return Client(Endpoint(base_url=f"http://{host}:{port}/v1", model="test", **fields), connections=100)


def test_a_stop_while_the_name_servers_do_not_reply(name_servers):
    reader = Reader(client("stopped.test").ask(Prompt("Why?")))
    wait_for(lambda: name_servers.asked, 5, "the name is looked up")
    stop(reader)


def test_the_deadline_for_connecting_includes_the_lookup(name_servers):
    began = time.monotonic()
    error = failure_of(client("late.test", connect_seconds=0.2))
    assert isinstance(error, ConnectionFailed)
    assert "cannot be reached" in error.message
    assert time.monotonic() - began < 10  # three attempts, with a pause between them


def test_many_questions_during_an_outage_of_the_name_servers_leave_few_threads(name_servers, monkeypatch):
    monkeypatch.setattr("completions.resolver.FRESH_SECONDS", 0)  # each finds that the last lookup is old
    waiting, wait = set(), Lookup.wait

    def noted(lookup, seconds):
        waiting.add(threading.get_ident())
        return wait(lookup, seconds)

    monkeypatch.setattr(Lookup, "wait", noted)
    one = client("hangs.test")
    readers = [Reader(one.ask(Prompt("Why?"))) for _ in range(LOOKUPS * 5)]
    wait_for(lambda: len(waiting) == len(readers), 20, "all wait for a lookup")
    assert lookups() == LOOKUPS
    for reader in readers:
        stop(reader)
    assert lookups() == LOOKUPS


def test_questions_share_a_lookup_and_are_answered_when_it_ends(name_servers, api_server):
    one = client("shared.test", api_server.port)
    readers = [Reader(one.ask(Prompt("Why?"))) for _ in range(5)]
    wait_for(lambda: name_servers.asked, 5, "the name is looked up")
    name_servers.reply()
    for reader in readers:
        assert reader.ended().error is None
        assert reader.texts
    assert name_servers.asked <= LOOKUPS


def test_a_name_that_does_not_exist_fails_as_before(name_servers):
    name_servers.reply()
    error = failure_of(client("nowhere.test"))
    assert isinstance(error, ConnectionFailed)
    assert "not known" in error.detail


def test_a_lookup_for_which_there_is_no_thread_fails_and_the_next_one_works(api_server, monkeypatch):
    def start(thread):
        raise RuntimeError("can't start new thread")

    call = client("localhost", api_server.port)
    with monkeypatch.context() as full:
        full.setattr("threading.Thread.start", start)
        with pytest.raises(ConnectionFailed):
            list(call.ask(Prompt("Why?")))
    assert list(call.ask(Prompt("Why?")))
