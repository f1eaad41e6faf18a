"""A shared thread: anybody with the link can read it, live too, until it is revoked; and nothing else."""

import re
import uuid

import pytest
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.test import Client

from accounts.models import User
from answers.engine.runtime import close_runtime
from answers.live import session_check
from answers.models import Answer, Share, Status
from tests.support.answers import make_answer
from tests.support.api_server import stall
from tests.support.forms import share
from tests.support.people import PATIENCE_SECONDS, Socket


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
    """The browser of somebody else, without a session."""
    return Client()


def link_of(page) -> str:
    """Return the link on the owner's page, without its host, or "" if the thread is not shared."""
    return (re.findall(r'value="http://testserver(/s/[^"]+)"', page.content.decode()) or [""])[0]


def test_a_thread_is_shared_and_revoked(alices, alice, stranger):
    first = make_answer(alice, "First <b>?", "One <script>.")
    make_answer(alice, "Second?", "Two.", follows=first.pk, days=1)
    make_answer(alice, "Another thread?", "Three.")
    address = f"/a/{first.pk}/share/"
    assert link_of(alices.get(address)) == ""
    page = alices.post(address, follow=True)
    link = link_of(page)
    assert re.fullmatch(r"/s/[\w-]{32}/", link)  # 24 random bytes
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
    assert shared.headers["Referrer-Policy"] == "same-origin"  # other sites must not learn the link
    assert not shared.cookies

    alices.post(address, {"revoke": ""})
    assert link_of(alices.get(address)) == ""
    revoked, unknown = stranger.get(link), stranger.get("/s/" + "x" * 32 + "/")
    assert revoked.status_code == unknown.status_code == 404
    tokens = re.compile(r"/s/[\w-]{32}/|%2Fs%2F[\w-]{32}%2F")
    assert tokens.sub("", revoked.content.decode()) == tokens.sub("", unknown.content.decode())
    assert link_of(alices.post(address, follow=True)) not in (
        "",
        link,
    )  # a new link, and the old one stays revoked


def test_all_answers_of_a_thread_share_one_link(alices, alice):
    first = make_answer(alice, "First?")
    second = make_answer(alice, "Second?", follows=first.pk, days=1)
    links = {link_of(alices.post(f"/a/{answer.pk}/share/", follow=True)) for answer in (first, second, first)}
    assert len(links) == 1
    assert "Shared" in alices.get("/history/").content.decode()


def test_a_shared_thread_shows_later_questions_but_no_deleted_ones(alices, alice, stranger):
    first = make_answer(alice, "First?")
    link = link_of(alices.post(f"/a/{first.pk}/share/", follow=True))
    second = make_answer(alice, "Second?", follows=first.pk, days=1)
    assert "Second?" in stranger.get(link).content.decode()
    first.delete()
    assert "First?" not in stranger.get(link).content.decode()
    second.delete()
    assert stranger.get(link).status_code == 404


def test_two_people_share_threads_that_have_the_same_id(alices, alice, stranger):
    """A thread has the id of its first answer. Once that is deleted, somebody else's may have the same id."""
    first = make_answer(alice, "Alice's first?")
    second = make_answer(alice, "Alice's second?", follows=first.pk, days=1)
    alices_link = link_of(alices.post(f"/a/{first.pk}/share/", follow=True))
    alices.post(f"/a/{first.pk}/delete/")
    bob = User.objects.create_user("bob")
    bobs = Client()
    bobs.force_login(bob)
    Answer.objects.ask(bob, first.pk, "Bob's?")
    assert "Shared" not in bobs.get("/history/").content.decode()
    assert questions(bobs.get(f"/a/{first.pk}/")) == ["Bob's?"]
    bobs_link = link_of(bobs.post(f"/a/{first.pk}/share/", follow=True))
    assert bobs_link not in ("", alices_link)
    assert questions(stranger.get(bobs_link)) == ["Bob's?"]
    assert questions(stranger.get(alices_link)) == ["Alice's second?"]
    bobs.post(f"/a/{first.pk}/delete/")
    assert stranger.get(bobs_link).status_code == 404
    assert questions(stranger.get(alices_link)) == ["Alice's second?"]
    alices.post(f"/a/{second.pk}/delete/")
    assert not Share.objects.exists()


def questions(page) -> list[str]:
    return [entry.answer.question for entry in page.context["path"].entries]


def test_links_of_a_deactivated_person_do_not_work(alices, alice, stranger):
    link = link_of(alices.post(f"/a/{make_answer(alice, 'Why?').pk}/share/", follow=True))
    User.objects.update(is_active=False)
    assert stranger.get(link).status_code == 404


@pytest.mark.parametrize("token", ["x", "x" * 31, "x" * 33, "x" * 5000, "%00" * 32, "é" * 32, "." * 32])
def test_a_malformed_token_is_not_found(stranger, db, token):
    assert stranger.get(f"/s/{token}/").status_code == 404


def test_a_shared_page_takes_no_post(stranger, db):
    assert stranger.post("/s/" + "x" * 32 + "/").status_code == 405


# -- Over the websocket


def test_a_stranger_with_the_link_can_follow_but_nothing_else(site, meet):
    site.api.behaviour = stall(["So far. "])
    alice = meet(site.url)
    own = alice.connect()
    id, other = own.ask("Shared?"), own.ask("Mine alone?")
    own.read_text(id, "So far. ")
    token = share(alice, id)
    stranger = Socket(site.url, {})  # without any cookie
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


def test_a_reader_with_the_link_learns_neither_the_model_nor_the_figures(site, meet):
    """The shared page does not show them. The owner of the answer gets them, on any page."""
    site.api.behaviour = stall(["So far. "])
    alice = meet(site.url)
    own = alice.connect()
    own.read_text(id := own.ask("Shared?"), "So far. ")
    token = share(alice, id)
    live, late, again = Socket(site.url, {}), Socket(site.url, {}), alice.connect()
    try:
        live.texts[id] = late.texts[id] = ""
        live.say("answer.follow", answer=id, position=0, share=token)
        live.read_text(id, "So far. ")
        site.api.release()
        own.finish(id)
        live.finish(id)
        late.say("answer.follow", answer=id, position=0, share=token)
        late.finish(id)
        again.follow(id)
        again.finish(id)
    finally:
        live.close()
        late.close()
    for page, knows in ((live, False), (late, False), (own, True), (again, True)):
        [started] = [event for event in page.events if event["type"] == "answer.started"]
        finished = page.events[-1]
        figures = [finished[name] for name in ("usage", "seconds", "first_text_seconds")]
        models = [bool(event["model"]) for event in (started, finished)]
        assert [*models, *(one is not None for one in figures)] == [knows] * 5, page.events
        assert knows or finished["tokens_per_second"] is None


def test_readers_without_a_session_do_not_slow_each_other(site, meet):
    site.api.behaviour = stall(["So far. "])
    alice = meet(site.url)
    own = alice.connect()
    own.read_text(id := own.ask("Popular?"), "So far. ")
    token = share(alice, id)
    for _ in range(70):  # more than one session may send at once
        reader = Socket(site.url, {})
        reader.texts[id] = ""
        reader.say("answer.follow", answer=id, position=0, share=token)
        reader.read_text(id, "So far. ")
        reader.close()


@pytest.mark.django_db(transaction=True)
async def test_an_open_socket_loses_access_when_the_link_is_revoked(monkeypatch):
    from askme.asgi import application  # runs the system checks, which need the database on Django 6.1

    monkeypatch.setattr(session_check, "FIRST_CHECK_SECONDS", 0.2)
    monkeypatch.setattr(session_check, "SESSION_SECONDS", 0.2)

    @database_sync_to_async
    def make() -> tuple[Answer, Share]:
        answer = make_answer(User.objects.create_user("alice"), "Why?", "So far. ", status=Status.RUNNING)
        return answer, Share.objects.create(user=answer.user, thread=answer.thread)

    answer, share = await make()
    headers = [(b"origin", b"http://localhost"), (b"host", b"localhost")]
    reader = WebsocketCommunicator(application, "/ws/answers/", headers=headers)
    try:
        assert (await reader.connect(PATIENCE_SECONDS))[0]
        frame = {"type": "answer.follow", "answer": str(answer.pk), "position": 0, "share": share.token}
        await reader.send_json_to(frame)
        assert (await reader.receive_json_from(PATIENCE_SECONDS))["type"] == "answer.started"
        assert (await reader.receive_json_from(PATIENCE_SECONDS))["text"] == "So far. "
        assert await reader.receive_nothing(0.5)  # checked, and still shared
        await database_sync_to_async(share.delete)()
        lost = await reader.receive_json_from(PATIENCE_SECONDS)
        assert (lost["type"], lost["code"]) == ("error", "not_found")
        await database_sync_to_async(Answer.objects.update)(text="So far. And more.")
        assert await reader.receive_nothing(1.5)
    finally:
        await reader.disconnect(timeout=PATIENCE_SECONDS)
        await close_runtime()


def test_revoking_takes_less_than_a_minute():
    assert session_check.SESSION_SECONDS < 60
