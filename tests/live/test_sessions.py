"""People are logged out or deactivated, or their sessions expire, while their page is open."""

import asyncio
import uuid

import pytest
from channels.db import database_sync_to_async
from channels.sessions import CookieMiddleware
from channels.testing import WebsocketCommunicator
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts.models import User
from answers.asking.requester import SessionRequester
from answers.live import session_check
from answers.live.consumer import AnswerConsumer
from answers.protocol import Refused
from tests.support.accounts import guest_cookie_header
from tests.support.api_behaviours import Dictation
from tests.support.database import rows

END_SESSIONS = """
from django.contrib.sessions.models import Session
from django.utils import timezone
from accounts.models import GuestKey

Session.objects.filter(pk={logged_out!r}).delete()
Session.objects.filter(pk={expired!r}).update(expire_date=timezone.now())
GuestKey.objects.filter(user__answers__pk={expired_guest!r}).update(expires_at=timezone.now())
"""


def test_a_session_that_ends_during_an_answer_is_refused_at_the_next_frame(pair, visit):
    name = f"session {uuid.uuid4()}"
    feed = Dictation()
    pair.api.when(name, feed)
    people = {how: visit(pair) for how in ("logged_out", "expired", "expired_guest")}
    for how in ("logged_out", "expired"):
        people[how].sign_up(f"{how}@example.org")
    pages = {how: person.connect() for how, person in people.items()}
    answers = {how: page.ask(f"{name} {how}") for how, page in pages.items()}
    for how, page in pages.items():
        page.read_until("answer.started", answers[how])
    keys = {how: people[how].http.cookies["sessionid"] for how in ("logged_out", "expired")}
    script = END_SESSIONS.format(**(answers | keys))
    done = pair.manage("shell", "-c", script)
    assert done.returncode == 0, done.stderr
    for how, page in pages.items():
        for frame in ("answer.stop", "answer.follow"):
            page.say(frame, answer=answers[how])
            refused = page.read_until("error")
            assert (refused["code"], refused["answer"]) == ("no_session", answers[how])
        again = str(uuid.uuid4())
        page.ask("More?", again)
        assert page.read_until("error")["code"] == "no_session"
        assert rows(pair, again) == []
    feed.end()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["logged out", "expired", "deactivated"])
async def test_a_socket_whose_session_has_ended_is_closed(worker, monkeypatch, how):
    for name in ("FIRST_CHECK_SECONDS", "SESSION_SECONDS"):
        monkeypatch.setattr(session_check, name, 0.05)
    user, key = await log_in()
    application = CookieMiddleware(AnswerConsumer.as_asgi())
    headers = [(b"cookie", f"sessionid={key}".encode())]
    page = WebsocketCommunicator(application, "/ws/answers/", headers)
    assert (await page.connect())[0]
    await page.send_json_to({"type": "answer.stop", "answer": str(uuid.uuid4())})
    assert (await page.receive_json_from(20))["code"] == "not_found"  # now the socket knows its requester
    assert await page.receive_nothing(0.2)
    await end_session(user, key, how)
    assert (await page.receive_json_from(20))["code"] == "no_session"
    assert await page.receive_output(20) == {"type": "websocket.close", "code": session_check.LOGGED_OUT}
    await page.disconnect()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("who", "checks"), [("a visitor", 1), ("a member", 4)])
async def test_the_idle_page_of_a_visitor_is_looked_up_once(worker, monkeypatch, who, checks):
    looked_up, waits, require_login = [], [], session_check.require_login
    has_waited = asyncio.Event()

    async def wait(self, seconds):
        waits.append(seconds)
        if len(waits) == 5:
            has_waited.set()
            await asyncio.Event().wait()

    def noted(requester):
        looked_up.append(requester)
        return require_login(requester)

    monkeypatch.setattr(session_check.SessionCheck, "_wait", wait)
    monkeypatch.setattr(session_check, "require_login", noted)
    cookie = guest_cookie_header()
    if who == "a member":
        _user, key = await log_in()
        cookie = f"sessionid={key}".encode()
    application = CookieMiddleware(AnswerConsumer.as_asgi())
    page = WebsocketCommunicator(application, "/ws/answers/", [(b"cookie", cookie)])
    assert (await page.connect())[0]
    async with asyncio.timeout(20):
        await has_waited.wait()
    assert len(looked_up) == checks
    await page.disconnect()


@pytest.mark.django_db(transaction=True)
async def test_a_frame_of_somebody_who_was_deactivated_is_refused_before_the_socket_is_closed(
    worker, monkeypatch
):
    monkeypatch.setattr(session_check, "FIRST_CHECK_SECONDS", 60)
    user, key = await log_in()
    application = CookieMiddleware(AnswerConsumer.as_asgi())
    headers = [(b"cookie", f"sessionid={key}".encode())]
    page = WebsocketCommunicator(application, "/ws/answers/", headers)
    assert (await page.connect())[0]
    await end_session(user, key, "deactivated")
    answer = str(uuid.uuid4())
    await page.send_json_to({"type": "question.ask", "answer": answer, "question": "More?"})
    refused = await page.receive_json_from(20)
    assert (refused["code"], refused["answer"]) == ("no_session", answer)
    await page.disconnect()


@database_sync_to_async
def log_in():
    user = User.objects.create_user("alice")
    client = Client()
    client.force_login(user)
    return user, client.session.session_key


@database_sync_to_async
def end_session(user, key, how):
    session = Session.objects.filter(pk=key)
    if how == "logged out":
        session.delete()
    elif how == "expired":
        session.update(expire_date=timezone.now())
    else:
        User.objects.filter(pk=user.pk).update(is_active=False)


@pytest.mark.django_db
def test_an_expired_session_without_a_user_has_ended(client):
    session = client.session  # as one that keeps an invitation
    session["invitation"] = 1
    session.save()
    requester = SessionRequester(session.session_key)
    requester.require_session(None)
    Session.objects.update(expire_date=timezone.now())
    with pytest.raises(Refused) as refused:
        requester.require_session(None)
    assert refused.value.code == "no_session"
