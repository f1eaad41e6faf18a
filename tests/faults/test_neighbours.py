"""One bad client or one silent API costs everybody else at most a second, and little memory."""

import threading
import time
import uuid
from contextlib import contextmanager, suppress

import psutil
import pytest
from websockets.exceptions import ConnectionClosed

from tests.support.api_server import answer, stall
from tests.support.measurements import within
from tests.support.neighbour import Neighbour
from tests.support.raw_page import RawPage

pytestmark = pytest.mark.measures

GROWTH_BYTES = 64 * 2**20
STOP_SECONDS = 1
LONG_ANSWER = ["0123456789" * 950] * 100  # 950 KB


@pytest.fixture
def raw():
    """Make pages of a person that read only when a test calls `read`."""
    pages = []

    def make(person):
        pages.append(RawPage(person.url, person.http.cookies.get_dict()))
        return pages[-1]

    yield make
    for page in pages:
        page.close()


@pytest.fixture
def site(make_site, api_server):
    api_server.when("neighbour", answer(["Here. "]))
    api_server.when("silent", stall(head=False))
    api_server.when("long", answer(LONG_ANSWER))
    return make_site(api_server, ASKME_RUNNING_PER_USER="0").start()


@pytest.fixture
def neighbour(site, meet):
    return Neighbour(meet(site.url).connect())


@contextmanager
def bounded_memory(site):
    """Check that the server's memory never grows beyond the limit inside the block."""
    [process] = site.processes
    memory = psutil.Process(process.pid)
    before, over = memory.memory_info().rss, threading.Event()
    most = before

    def watch():
        nonlocal most
        while not over.wait(0.02):
            most = max(most, memory.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
    assert most - before < GROWTH_BYTES, f"it grew by {(most - before) / 2**20:.0f} MB"


@contextmanager
def meanwhile(do, *arguments):
    """Do something again and again in a thread while the block runs."""
    over = threading.Event()
    failures = []

    def run():
        try:
            while not over.is_set():
                do(*arguments)
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(20)
    assert failures == []


def finished_long_answer(person) -> str:
    socket = person.connect()
    id = socket.ask("A long question")
    assert socket.finish(id)["length"] == 950_000
    return id


def test_forty_silent_apis_do_not_delay_others(site, meet, neighbour):
    number = len(site.api.requests)
    with bounded_memory(site):
        sockets = [meet(site.url).connect() for _ in range(40)]
        ids = [socket.ask("A silent question") for socket in sockets]
        site.api.wait_for_requests(number + 40)
        neighbour.must_not_notice()
        for socket, id in zip(sockets, ids, strict=True):
            socket.stop(id)
            assert socket.finish(id)["status"] == "stopped"


def test_a_page_that_never_reads_does_not_delay_others(site, meet, raw, neighbour):
    person = meet(site.url)
    id = finished_long_answer(person)
    with bounded_memory(site):
        page = raw(person)
        for _ in range(50):
            page.say("answer.follow", answer=id, position=0)
            time.sleep(0.02)
        neighbour.must_not_notice()
        # When it reads again, it gets the whole text in order.
        page.ping()
        while not page.pongs:
            assert page.read()
        page.read_until("answer.finished")
    shown = 0
    for event in page.events:
        if event["type"] == "answer.text":
            assert event["position"] in (shown, 0)  # 0: a later follow starts over
            shown = event["position"]
            assert event["text"] == "".join(LONG_ANSWER)[shown : shown + len(event["text"])]
            shown += len(event["text"])
        elif event["type"] == "answer.finished":
            assert shown == event["length"] == 950_000
    assert page.events[-1]["type"] == "answer.finished"


def test_a_page_that_does_not_read_can_stop_an_answer(site, meet, raw):
    """As on a slow network, which has not taken yet what was sent before."""
    person = meet(site.url)
    long, running = finished_long_answer(person), str(uuid.uuid4())
    page, number = raw(person), len(site.api.requests)
    page.say("question.ask", answer=running, question="A silent question")
    site.api.wait_for_requests(number + 1)
    for _ in range(20):
        page.say("answer.follow", answer=long, position=0)
        time.sleep(0.02)
    with within(STOP_SECONDS):
        page.say("answer.stop", answer=running)
        assert site.api.requests[-1].closed.wait(20)


def test_under_uvicorn_a_page_that_never_reads_costs_nobody_else(make_site, api_server, meet, raw):
    """Its own flow control does what ours does for Daphne."""
    api_server.when("neighbour", answer(["Here. "]))
    api_server.when("long", answer(LONG_ANSWER))
    site = make_site(api_server, ASKME_RUNNING_PER_USER="0").start(server="uvicorn")
    person = meet(site.url)
    id = finished_long_answer(person)
    neighbour = Neighbour(meet(site.url).connect())
    with bounded_memory(site):
        page = raw(person)
        for _ in range(50):
            page.say("answer.follow", answer=id, position=0)
            time.sleep(0.02)
        neighbour.must_not_notice()


def test_two_hundred_sockets_that_never_read_do_not_delay_others(site, meet, raw, neighbour):
    person = meet(site.url)
    id = finished_long_answer(person)
    with bounded_memory(site):
        pages = [raw(person) for _ in range(200)]
        for page in pages:
            page.say("answer.follow", answer=id, position=0)
        neighbour.must_not_notice()


def test_a_page_that_never_reads_does_not_keep_other_sockets_open_at_sigterm(site, meet, raw):
    person = meet(site.url)
    id = finished_long_answer(person)
    page, other = raw(person), meet(site.url).connect()
    for _ in range(50):
        page.say("answer.follow", answer=id, position=0)
        time.sleep(0.02)
    [process] = site.processes
    process.terminate()
    with pytest.raises(ConnectionClosed) as closed:
        other.read()
    assert closed.value.rcvd.code == 4012
    process.wait(10)


def test_a_page_that_reads_slowly_gets_all_text_and_its_pongs(site, meet, raw):
    person = meet(site.url)
    id = finished_long_answer(person)
    page = raw(person)
    page.say("answer.follow", answer=id, position=0)
    page.ping()
    while not any(event["type"] == "answer.finished" for event in page.events):
        assert page.read(8192)
        time.sleep(0.02)
    assert "".join(e["text"] for e in page.events if e["type"] == "answer.text") == "".join(LONG_ANSWER)
    assert page.pongs == 1


def test_twenty_pages_on_a_long_answer_do_not_delay_others(site, meet, neighbour):
    person = meet(site.url)
    id = finished_long_answer(person)
    with bounded_memory(site):
        pages = [person.connect() for _ in range(20)]
        for page in pages:
            page.follow(id)
        neighbour.must_not_notice(1)
        for page in pages:
            page.finish(id)
            assert page.texts[id] == "".join(LONG_ANSWER)


FLOODS = [(0, 0.001), (60_000, 0.001), (60_000, 0)]


@pytest.mark.parametrize(("padding", "pause"), FLOODS, ids=["small frames", "60 KB", "60 KB without pause"])
def test_a_flood_of_frames_does_not_delay_others(site, meet, raw, neighbour, padding, pause):
    """The page also ignores the close and reconnects at once."""
    person = meet(site.url)
    floods = []

    def flood():
        page, sent = raw(person), 0
        with suppress(OSError):
            while sent < 10_000:
                page.say("answer.follow", answer=str(uuid.uuid4()), position=0, padding="x" * padding)
                sent += 1
                time.sleep(pause)
        floods.append(sent)
        page.close()

    with bounded_memory(site), meanwhile(flood):
        neighbour.must_not_notice()
    assert len(floods) > 1
    assert max(floods) < 10_000


def test_a_flooding_page_is_closed_with_its_own_code(site, meet, raw):
    page = raw(meet(site.url))
    for _ in range(100):
        page.say("answer.follow", answer=str(uuid.uuid4()), position=0)
    while page.read():
        pass
    page.close()
    assert page.close_code == 4429
    assert len(page.events) >= 60


def test_fifty_sockets_that_follow_live_do_not_delay_others(site, meet, raw, neighbour):
    person = meet(site.url)
    site.api.when("slow", answer([f"{number} " for number in range(100)], delay=0.05))
    with bounded_memory(site):
        pages = [raw(person) for _ in range(50)]
        first = person.connect()
        id = first.ask("A slow question")
        first.read_text(id, "0 ")
        for page in pages:
            page.say("answer.follow", answer=id, position=0)
        neighbour.must_not_notice()
        for page in [*pages, first]:
            page.read_until("answer.finished")
