"""Formatted answers over real websockets, beside pages that show plain text."""

import json
import threading

import pytest

from answers.formatting import formatted
from answers.live.consumer import MAX_FOLLOWED
from tests.support.api_server import stall
from tests.support.database import row
from tests.support.html_page import HtmlSocket
from tests.support.measurements import within
from tests.support.people import Socket
from tests.support.processes import runner

STOP_SECONDS = 1
MARKDOWN = (
    "# Why?\r\n\r\nBecause *light* is **scattered**:\r\n\r\n- by `air`\r\n- by 🎈\r\n\r\n"
    "```python\r\nprint('blue')\r\n```\r\n\r\n| a | b |\r\n|---|--:|\r\n| 1 | 2 |\r\n\r\nSo <b>it</b> is.\r\n"
)
# Many unlike openers in one paragraph, and tables: the parser and the writer have much to do.
TABLE = "|x" * 30 + "\n" + "|-" * 30 + "\n" + ("|`y`" * 30 + "\n") * 9
HOSTILE = ("*a **b `c [d](e " * 40 + "\n\n" + TABLE + "\n") * 500


def pieces(text, size=3):
    return [text[start : start + size] for start in range(0, len(text), size)]


class Paced:
    """Sends each piece once `release` is called."""

    def __init__(self, texts):
        self._texts, self._shown = texts, threading.Semaphore(0)

    def __call__(self, exchange):
        exchange.head()
        for text in self._texts:
            exchange.chunk(text)
            assert self._shown.acquire(timeout=20)
        exchange.finish()

    def release(self):
        self._shown.release()


def test_an_answer_is_the_same_streamed_and_after_a_reload(any_layer_site, meet):
    any_layer_site.api.answer(pieces(MARKDOWN))
    person = meet(any_layer_site.url)
    asking = HtmlSocket(person)
    id = asking.ask("Why?")
    end = asking.finish(id)
    assert end["length"] == len(MARKDOWN)  # with its line ends as they were
    assert row(any_layer_site, id).text == MARKDOWN
    reloaded = HtmlSocket(person)
    reloaded.follow(id)
    reloaded.finish(id)
    page, again = asking.pages[id], reloaded.pages[id]
    assert (page.text, page.blocks) == (again.text, again.blocks)
    assert page.blocks == formatted(MARKDOWN, f"a{id}-")
    plain = person.connect()
    plain.follow(id)
    plain.finish(id)
    assert plain.texts[id] == MARKDOWN


def test_each_update_shows_the_text_so_far(any_layer_site, meet):
    texts = [f"Paragraph {number}.\n\n" for number in range(12)]
    any_layer_site.api.behaviour = paced = Paced(texts)
    socket = HtmlSocket(meet(any_layer_site.url))
    id = socket.ask("Why?")
    for number, text in enumerate(texts):
        socket.read_text(id, text)
        assert len(socket.pages[id].blocks) == number + 1
        assert f"Paragraph {number}." in socket.pages[id].blocks[-1]
        paced.release()
    assert socket.finish(id)["html"] == []  # the end changes nothing


@pytest.mark.parametrize("with_html", [False, True])
def test_pages_that_show_plain_text_get_the_same_frames_as_ever(any_layer_site, meet, with_html):
    texts = ["One ", "*two* ", "é🎈\r\n", "three."]
    any_layer_site.api.behaviour = paced = Paced(texts)
    person = meet(any_layer_site.url)
    formatted_page = HtmlSocket(person)
    plain = person.connect()
    id = plain.ask("Why?")
    plain.read_until("answer.queued")
    if with_html:
        formatted_page.follow(id)
    frames = []
    read = plain._socket.recv
    plain._socket.recv = lambda *options: frames.append(read(*options)) or frames[-1]
    for text in texts:
        plain.read_text(id, text)
        paced.release()
    plain.finish(id)
    if with_html:
        formatted_page.finish(id)
    found = [frame for frame in frames if '"answer.text"' in frame]
    positions = [sum(map(len, texts[:number])) for number in range(len(texts))]
    assert found == [
        json.dumps(
            {"type": "answer.text", "answer": id, "position": position, "text": text}, ensure_ascii=False
        )
        for position, text in zip(positions, texts, strict=True)
    ]
    assert "html" not in frames[-1]
    assert "blocks" not in frames[-1]


def test_a_page_in_another_process_and_one_that_comes_back(make_site, api_server, meet, redis_url):
    texts = pieces(MARKDOWN, 10)
    site = make_site(api_server, REDIS_URL=redis_url).start(processes=2)
    api_server.behaviour = paced = Paced(texts)
    person = meet(site.urls[0])
    near, other, far = (HtmlSocket(person, url) for url in (*site.urls, site.urls[1]))
    id = near.ask("Why?")
    near.read_text(id, texts[0])
    other.follow(id)
    far.follow(id)
    for number, text in enumerate(texts):
        for socket in (near, other, far):  # so that both processes have it, whichever serves the page next
            if number or socket is not near:
                socket.read_text(id, text)
        if number % 5 == 2:  # its network fails, and the other process serves it from now on
            page, far = far.pages[id], HtmlSocket(person, site.urls[number % 2])
            far.pages[id] = page
            before = len(page.text), len(page.frames)
            far.follow(id)
            while len(page.frames) == before[1]:
                far.read()
            assert page.frames[-1]["position"] == before[0], "text that it has is not sent again"
        paced.release()
    far.finish(id)
    near.finish(id)
    assert near.pages[id].blocks == far.pages[id].blocks
    assert near.pages[id].text == MARKDOWN


def test_a_killed_process_leaves_what_a_reload_shows(make_site, api_server, meet, redis_url):
    site = make_site(api_server, REDIS_URL=redis_url).start(processes=2)
    api_server.behaviour = stall([MARKDOWN, "*And* more"])
    person = meet(site.urls[0])
    pages = [HtmlSocket(person, url) for url in site.urls]
    id = pages[0].ask("Why?")
    pages[0].read_text(id, "*And* more")
    pages[1].follow(id)
    pages[1].read_text(id, "*And* more")
    killed = runner(site, id)
    site.processes[killed].kill()
    far = pages[1 - killed]
    end = far.read_until("answer.finished", id)
    assert end["status"] == "interrupted"
    if end["length"] != len(far.texts[id]):  # the last second was not saved
        far.pages[id].text = ""
        far.follow(id)
        end = far.read_until("answer.finished", id)
    far.pages[id].require_whole(row(site, id).text)


@pytest.mark.measures
def test_stop_works_within_a_second_while_a_hostile_answer_is_rendered(site, meet):
    is_shown = threading.Event()

    def be_nasty(exchange):
        """All at once would take longer than a page waits, on a slow machine."""
        exchange.head()
        first, *rest = pieces(HOSTILE, 50_000)
        exchange.chunk(first)
        assert is_shown.wait(20)
        for text in rest:
            exchange.chunk(text)
        exchange.stall()

    site.api.behaviour = be_nasty
    assert len(HOSTILE) > 900_000
    person = meet(site.url)
    plain, page = person.connect(), HtmlSocket(person)
    id = page.ask("Be nasty")
    while len(page.pages[id].text) < 50_000:
        page.read()
    is_shown.set()
    plain.follow(id)
    while len(plain.texts[id]) < len(HOSTILE):
        plain.read()
    exchange = site.api.requests[-1]
    other, neighbour = meet(site.url).connect(), site.api
    neighbour.when("Nice?", stall(["Yes. "]))
    with within(STOP_SECONDS):
        other.read_text(other.ask("Nice?"), "Yes. ")
    with within(STOP_SECONDS):
        page.stop(id)
        assert exchange.closed.wait(20)
    assert plain.finish(id)["status"] == "stopped"  # the HTML of all that takes longer


def test_twenty_answers_are_followed_on_one_socket(site, meet):
    site.api.behaviour = stall(["*So* far. "])
    person = meet(site.url)
    page = HtmlSocket(person)
    ids = [page.ask(f"Question {number}") for number in range(MAX_FOLLOWED)]
    page.read_text(ids[0], "*So* far. ")
    page.follow(ids[0])  # again, which is no further one
    page.read_until("answer.text", ids[0])
    left = set(ids)
    assert page.read_until("error", page.ask("One more?"))["code"] == "too_many"
    site.api.release()
    while left:
        left.discard(page.read_until("answer.finished")["answer"])
    for id in ids:
        page.pages[id].require_whole("*So* far. ")
    assert "Traceback" not in site.log()


def test_a_stranger_with_the_link_sees_the_same_blocks(site, meet):
    from tests.pages.test_sharing import share

    site.api.behaviour = stall(["*So* far. "])
    alice = meet(site.url)
    own = HtmlSocket(alice)
    own.read_text(id := own.ask("Shared?"), "*So* far. ")
    token = share(alice, id)
    reader = Socket(site.url, {})
    reader.say("answer.follow", answer=id, position=0, share=token, format="html")
    first = reader.read_until("answer.text")
    site.api.release()
    end = reader.read_until("answer.finished")
    own.finish(id)
    reader.close()
    assert "".join(html for _, _, html in [*first["html"], *end["html"]]) == own.pages[id].html
    assert (end["usage"], end["model"], end["html_length"]) == (None, "", len(own.pages[id].html))
