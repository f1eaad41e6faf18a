"""A shared thread: read by anybody who has the link, live too, until it is revoked; and nothing else."""

import re
import uuid

import pytest
import requests
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.test import Client
from playwright.sync_api import expect

from answers import consumers
from answers.models import Answer, Share, Status, User
from answers.worker import close_workers
from askme.asgi import application
from tests.api_server import stall
from tests.browser import OpenTab, dictated
from tests.people import Person, Socket
from tests.sites import Site
from tests.test_history import make_answer


@pytest.fixture
def alice(db):
    return User.objects.create_user("alice-in-chains", email="alice@example.com")


@pytest.fixture
def alices(client, alice):
    """Alice's browser."""
    client.force_login(alice)
    return client


@pytest.fixture
def stranger():
    """A browser that has never been here."""
    return Client()


def link_of(page) -> str:
    """The link on the owner's page, without its host; none if it is not shared."""
    return (re.findall(r'value="http://testserver(/s/[^"]+)"', page.content.decode()) or [""])[0]


def test_a_thread_is_shared_and_revoked(alices, alice, stranger):
    first = make_answer(alice, "First <b>?", "One <script>.")
    make_answer(alice, "Second?", "Two.", follows=first.pk, days=1)
    make_answer(alice, "Another thread?", "Three.")
    address = f"/a/{first.pk}/share/"
    assert link_of(alices.get(address)) == ""
    page = alices.post(address, follow=True)
    link = link_of(page)
    assert re.fullmatch(r"/s/[\w-]{32}/", link)  # 24 bytes of chance
    assert "no-store" in page.headers["Cache-Control"]

    shared = stranger.get(link)
    html = shared.content.decode()
    assert shared.status_code == 200
    for text in ("First &lt;b&gt;?", "One &lt;script&gt;.", "Second?", "Two."):
        assert text in html
    for text in ("Another thread?", "alice", "<form", "csrfmiddlewaretoken"):
        assert text not in html
    assert html.index("First") < html.index("Second?")
    assert shared.headers["X-Robots-Tag"] == "noindex, nofollow, noarchive"
    assert '<meta name="robots" content="noindex' in html
    assert "no-store" in shared.headers["Cache-Control"]
    assert shared.headers["Referrer-Policy"] == "same-origin"  # the link is not told to where a reader goes
    assert not shared.cookies

    alices.post(address, {"revoke": ""})
    assert link_of(alices.get(address)) == ""
    revoked, unknown = stranger.get(link), stranger.get("/s/" + "x" * 32 + "/")
    assert revoked.status_code == unknown.status_code == 404
    tokens = re.compile(r"/s/[\w-]{32}/|%2Fs%2F[\w-]{32}%2F")
    assert tokens.sub("", revoked.content.decode()) == tokens.sub("", unknown.content.decode())
    assert link_of(alices.post(address, follow=True)) not in ("", link)  # a new one; the old stays revoked


def test_a_thread_has_one_link_whichever_of_its_answers_is_shared(alices, alice):
    first = make_answer(alice, "First?")
    second = make_answer(alice, "Second?", follows=first.pk, days=1)
    links = {link_of(alices.post(f"/a/{answer.pk}/share/", follow=True)) for answer in (first, second, first)}
    assert len(links) == 1
    assert "Shared" in alices.get("/history/").content.decode()


def test_what_is_asked_later_is_shown_and_what_is_deleted_is_not(alices, alice, stranger):
    first = make_answer(alice, "First?")
    link = link_of(alices.post(f"/a/{first.pk}/share/", follow=True))
    second = make_answer(alice, "Second?", follows=first.pk, days=1)
    assert "Second?" in stranger.get(link).content.decode()
    first.delete()
    assert "First?" not in stranger.get(link).content.decode()
    second.delete()
    assert stranger.get(link).status_code == 404


def test_a_deactivated_person_shares_nothing(alices, alice, stranger):
    link = link_of(alices.post(f"/a/{make_answer(alice, 'Why?').pk}/share/", follow=True))
    User.objects.update(is_active=False)
    assert stranger.get(link).status_code == 404


@pytest.mark.parametrize("token", ["x", "x" * 31, "x" * 33, "x" * 5000, "%00" * 32, "é" * 32, "." * 32])
def test_a_token_that_is_none_is_a_page_that_is_not_there(stranger, db, token):
    assert stranger.get(f"/s/{token}/").status_code == 404


def test_a_shared_page_takes_no_post(stranger, db):
    assert stranger.post("/s/" + "x" * 32 + "/").status_code == 405


# -- Over the websocket


def share(person: Person, answer: str, **fields: str) -> str:
    """The token of an answer's thread."""
    address = f"{person.url}/a/{answer}/share/"
    [token] = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', person.http.get(address).text)
    page = person.http.post(address, {"csrfmiddlewaretoken": token} | fields).text
    return (re.findall(r"/s/([\w-]{32})/", page) or [""])[0]


def test_a_stranger_reads_it_live_and_can_do_nothing_else(site, meet):
    site.api.behaviour = stall(["So far. "])
    alice = meet(site.url)
    own = alice.connect()
    id, other = own.ask("Shared?"), own.ask("Mine alone?")
    own.read_text(id, "So far. ")
    token = share(alice, id)
    stranger = Socket(site.url, {})  # no cookie at all
    try:
        stranger.texts[id] = ""
        stranger.say("answer.follow", answer=id, position=0, share=token)
        stranger.read_text(id, "So far. ")
        refused = [
            {"type": "answer.follow", "answer": other, "position": 0, "share": token},
            {"type": "answer.follow", "answer": str(uuid.uuid4()), "position": 0, "share": token},
            {"type": "answer.follow", "answer": id, "position": 0, "share": "x" * 32},
            {"type": "answer.follow", "answer": id, "position": 0, "share": ""},
            {"type": "answer.stop", "answer": id},
            {"type": "answer.stop", "answer": id, "share": token},
        ]
        for frame in refused:
            stranger.say(**frame)
            error = stranger.read_until("error")
            assert (error["code"], error["answer"]) == ("not_found", frame["answer"])
        stranger.say("answer.follow", answer=id, position=0)
        assert stranger.read_until("error")["code"] in ("no_session", "not_found")
        for bad in (7, [], "x" * 65, "é", {}):
            stranger.say("answer.follow", answer=id, position=0, share=bad)
            assert stranger.read_until("error")["code"] == "bad_frame"
        stranger.say("question.ask", answer=str(uuid.uuid4()), question="Mine?", follows=id, share=token)
        assert stranger.read_until("error")["code"] == "no_session"
        site.api.release()
        assert stranger.finish(id)["status"] == "complete"
        assert own.finish(id)["status"] == "complete"
    finally:
        stranger.close()
    assert "Traceback" not in site.log()


def test_readers_without_a_session_do_not_slow_each_other(site, meet):
    site.api.behaviour = stall(["So far. "])
    alice = meet(site.url)
    own = alice.connect()
    own.read_text(id := own.ask("Popular?"), "So far. ")
    token = share(alice, id)
    for _ in range(70):  # more than one session may say at once
        reader = Socket(site.url, {})
        reader.texts[id] = ""
        reader.say("answer.follow", answer=id, position=0, share=token)
        reader.read_text(id, "So far. ")
        reader.close()


@pytest.mark.django_db(transaction=True)
async def test_an_open_socket_loses_what_is_revoked(monkeypatch):
    monkeypatch.setattr(consumers, "FIRST_LOOK_SECONDS", 0.2)
    monkeypatch.setattr(consumers, "SESSION_SECONDS", 0.2)

    @database_sync_to_async
    def make() -> tuple[Answer, Share]:
        answer = make_answer(User.objects.create_user("alice"), "Why?", "So far. ", status=Status.RUNNING)
        return answer, Share.objects.create(user=answer.user, thread=answer.thread)

    answer, share = await make()
    headers = [(b"origin", b"http://localhost"), (b"host", b"localhost")]
    reader = WebsocketCommunicator(application, "/ws/answers/", headers=headers)
    try:
        assert (await reader.connect())[0]
        frame = {"type": "answer.follow", "answer": str(answer.pk), "position": 0, "share": share.token}
        await reader.send_json_to(frame)
        assert (await reader.receive_json_from())["type"] == "answer.started"
        assert (await reader.receive_json_from())["text"] == "So far. "
        assert await reader.receive_nothing(0.5)  # looked at, and still shared
        await database_sync_to_async(share.delete)()
        lost = await reader.receive_json_from(5)
        assert (lost["type"], lost["code"]) == ("error", "not_found")
        await database_sync_to_async(Answer.objects.update)(text="So far. And more.")
        assert await reader.receive_nothing(1.5)
    finally:
        await reader.disconnect()
        await close_workers()


def test_revoking_takes_less_than_a_minute():
    assert consumers.SESSION_SECONDS < 60


# -- In a browser


def test_ask_find_share_read_along_revoke_and_delete(shared_site: Site, open_tab: OpenTab) -> None:
    answer = dictated(shared_site, "Why is the ocean salty?")
    tab = open_tab(shared_site.url)
    tab.ask("Why is the ocean salty?")
    answer.say("Rivers carry ")
    tab.shows("Rivers carry ")
    expect(tab.last.locator(".rating")).to_be_hidden()  # not yet

    page = tab.page
    page.get_by_role("link", name="History").click()
    page.get_by_placeholder("Search").fill("ocean")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Why is the ocean salty?", exact=True).click()
    tab.shows("Rivers carry ")
    tab.is_answering()

    page.get_by_role("link", name="Share").click()
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_label("Link").input_value()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("#copied")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == link

    other = open_tab(link, may_log="404")
    expect(other.page.locator(".text")).to_have_js_property("textContent", "Rivers carry ")
    expect(other.page.locator(".progress")).to_contain_text("Answering", use_inner_text=True)
    answer.say("salt.")
    expect(other.page.locator(".text")).to_have_js_property("textContent", "Rivers carry salt.")
    other.page.reload()
    expect(other.page.locator(".text")).to_have_js_property("textContent", "Rivers carry salt.")
    answer.say(" Slowly.")
    expect(other.page.locator(".text")).to_have_js_property("textContent", "Rivers carry salt. Slowly.")
    answer.end()
    expect(other.page.locator("article")).to_have_attribute("data-status", "complete")
    expect(other.page.locator(".progress")).to_have_text("", use_inner_text=True)

    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("button", name="Make a link")).to_be_visible()
    other.page.reload()
    expect(other.page.get_by_role("heading", level=1)).to_have_text("Nothing here")
    assert requests.get(link, timeout=10).status_code == 404

    page.get_by_role("link", name="Back to the answer").click()
    tab.shows("Rivers carry salt. Slowly.")
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("You have not asked anything yet")).to_be_visible()


def test_a_shared_page_fits_a_phone_and_reads_without_javascript(
    shared_site: Site, open_tab: OpenTab
) -> None:
    shared_site.api.when(
        "Plain?", lambda exchange: (exchange.head(), exchange.chunk("Yes."), exchange.finish())
    )
    tab = open_tab(shared_site.url)
    tab.ask("Plain?")
    tab.shows("Yes.")
    tab.is_ready()
    tab.page.get_by_role("link", name="Share").click()
    tab.page.get_by_role("button", name="Make a link").click()
    link = tab.page.get_by_label("Link").input_value()
    phone = open_tab(link, java_script_enabled=False, viewport={"width": 360, "height": 640})
    expect(phone.page.locator(".text")).to_have_text("Yes.")
    box = phone.page.locator("main").bounding_box()
    assert box
    assert box["width"] <= 360
