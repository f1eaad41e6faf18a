"""An account is deleted only by whom it is; an answer is taken out of its thread.

tests/test_history.py has the rest, tests/test_accounts_site.py single sign-on.
"""

import re
import uuid

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.urls import reverse

from answers.models import Answer, User
from tests.test_history import make_answer

PASSWORD = "correct horse battery"
ADDRESS = "/account/delete/"
ASKED_AGAIN = f"/accounts/reauthenticate/?next={ADDRESS.replace('/', '%2F')}"


@pytest.fixture(autouse=True)
def _no_limits_from_other_tests():
    cache.clear()


@pytest.fixture
def alice(db):
    return User.objects.create_user("alice", "alice@example.org", PASSWORD)


@pytest.fixture
def alices(client, alice):
    """Alice's browser, in which she has just logged in."""
    client.post(reverse("account_login"), {"login": alice.email, "password": PASSWORD})
    make_answer(alice, "Mine?")
    return client


def grow_old(client, seconds=301):
    """So long ago was the last proof in this browser's session."""
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY][-1]["at"] -= seconds
    session.save()


# -- An account


def test_the_password_is_asked_for_again_before_an_account_is_deleted(alices, alice):
    assert alices.get(ADDRESS).url == ASKED_AGAIN
    assert "Enter your password" in alices.get(ASKED_AGAIN).content.decode()
    wrong = alices.post(ASKED_AGAIN, {"password": "wrong"})
    assert wrong.status_code == 200
    assert alices.get(ADDRESS).url == ASKED_AGAIN
    assert alices.post(ASKED_AGAIN, {"password": PASSWORD}).url == ADDRESS
    assert alice.email in alices.get(ADDRESS).content.decode()
    assert User.objects.exists()
    assert "keeps nothing of you" in alices.post(ADDRESS).content.decode()
    assert not User.objects.exists()
    assert not Answer.objects.exists()
    assert [session.get_decoded() for session in Session.objects.all()] == []


def test_who_hesitates_is_asked_once_more_and_then_it_is_done(alices):
    alices.post(ASKED_AGAIN, {"password": PASSWORD})
    assert alices.get(ADDRESS).status_code == 200
    grow_old(alices)
    assert alices.post(ADDRESS).url == ASKED_AGAIN
    assert User.objects.exists()
    assert "keeps nothing of you" in alices.post(ASKED_AGAIN, {"password": PASSWORD}).content.decode()
    assert not User.objects.exists()


def test_the_password_of_another_is_of_no_use(alices, alice):
    User.objects.create_user("bob", "bob@example.org", "another horse battery")
    alices.post(ASKED_AGAIN, {"password": "another horse battery"})
    assert alices.post(ADDRESS).url == ASKED_AGAIN
    assert User.objects.filter(pk=alice.pk).exists()


def test_passwords_are_not_tried_without_end(alices):
    for _ in range(10):
        alices.post(ASKED_AGAIN, {"password": "wrong"})
    assert alices.post(ASKED_AGAIN, {"password": PASSWORD}).status_code == 429
    assert alices.get(ADDRESS).url == ASKED_AGAIN


def test_who_has_a_second_factor_and_no_password_proves_it_by_that(client, db):
    alice = User.objects.create_user("alice", "alice@example.org")
    TOTP.activate(alice, generate_totp_secret())
    codes = RecoveryCodes.activate(alice)
    client.force_login(alice)
    asked = client.get(ADDRESS).url
    assert asked.startswith(reverse("mfa_reauthenticate"))
    assert client.post(asked, {"code": "000000"}).status_code == 200
    assert client.post(asked, {"code": codes.get_unused_codes()[0]}).url == ADDRESS
    client.post(ADDRESS)
    assert not User.objects.exists()


def test_a_guest_has_nothing_to_prove_it_by(client, db):
    guest = User.objects.create_user("guest-1", is_guest=True)
    client.force_login(guest)
    assert client.get(ADDRESS).status_code == 200
    client.post(ADDRESS)
    assert not User.objects.exists()


def test_who_was_given_neither_password_nor_provider_is_not_locked_in(client, db):
    client.force_login(User.objects.create_user("made-by-an-operator"))
    assert client.get(ADDRESS).status_code == 200
    client.post(ADDRESS)
    assert not User.objects.exists()


@pytest.mark.parametrize("name", ["account_email", "account_change_password", "mfa_index"])
def test_it_is_found_where_one_looks_after_the_account(alices, name):
    assert f'href="{ADDRESS}"' in alices.get(reverse(name)).content.decode()


# -- An answer


def chain(user, *questions):
    """Each follows the one before."""
    answers = []
    for day, question in enumerate(questions):
        follows = answers[-1].pk if answers else None
        answers.append(make_answer(user, question, f"To {question}", follows=follows, days=day))
    return answers


def way(client, answer):
    """What the page of this answer shows of its thread."""
    page = client.get(answer.get_absolute_url())
    return [exchange.answer.question for exchange in page.context["way"].exchanges]


def delete(client, answer):
    assert client.post(reverse("delete_answer", args=[answer.pk])).status_code == 302


@pytest.mark.parametrize(
    ("number", "left"),
    [(0, ["2", "3", "4"]), (1, ["1", "3", "4"]), (2, ["1", "2", "4"]), (3, ["1", "2", "3"])],
)
def test_a_thread_stays_a_chain_whichever_of_its_answers_is_deleted(alices, alice, number, left):
    answers = chain(alice, "1", "2", "3", "4")
    delete(alices, answers.pop(number))
    for answer in answers:
        assert way(alices, answer) == left


def test_what_followed_a_deleted_version_becomes_a_version_beside_the_others(alices, alice):
    first, second = chain(alice, "1", "2")
    other = make_answer(alice, "2, in other words", follows=first.pk, days=2)
    third = make_answer(alice, "3", follows=second.pk, days=3)
    delete(alices, second)
    assert way(alices, other) == ["1", "2, in other words"]
    assert way(alices, third) == ["1", "3"]


def test_all_of_a_thread_can_be_deleted_from_either_end(alices, alice):
    for step in (1, -1):
        for answer in chain(alice, "1", "2", "3")[::step]:
            delete(alices, answer)
    assert [answer.question for answer in Answer.objects.all()] == ["Mine?"]


def test_what_is_deleted_is_not_told_to_the_model_any_more(site, meet):
    person = meet(site.url)
    socket = person.connect()
    ids = []
    for question in ("One?", "Two?", "Three?"):
        ids.append(str(uuid.uuid4()))
        site.api.answer([f"To {question}"])
        socket.say("question.ask", answer=ids[-1], question=question, follows=(ids[-2:-1] or [None])[0])
        socket.finish(ids[-1])
    address = f"{site.url}/a/{ids[1]}/delete/"
    [token] = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', person.http.get(address).text)
    person.http.post(address, {"csrfmiddlewaretoken": token}).raise_for_status()
    ids.append(str(uuid.uuid4()))
    socket.say("question.ask", answer=ids[-1], question="Four?", follows=ids[2])
    socket.finish(ids[-1])
    told = [message["content"] for message in site.api.requests[-1].body["messages"]]
    assert told == ["One?", "To One?", "Three?", "To Three?", "Four?"]
