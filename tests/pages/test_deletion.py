"""Deleting one answer, all answers of a person, or the account with them."""

import re
import uuid

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse

from accounts.models import User
from answers.models import Answer, Share
from tests.support.answers import make_answer
from tests.support.api_server import stall
from tests.support.forms import Somebody
from tests.support.people import Person


def test_a_follow_up_survives_the_deletion_of_its_answer(alices, alice):
    first = make_answer(alice, "First?")
    second = make_answer(alice, "Second?", follows=first.pk, days=1)
    Share.objects.create(user=alice, thread=first.thread)
    address = reverse("delete_answer", args=[first.pk])
    assert "First?" in alices.get(address).content.decode()
    assert alices.post(address).headers["Location"] == "/history/"
    assert alices.get(first.get_absolute_url()).status_code == 404
    second.refresh_from_db()
    assert second.follows is None
    assert second.thread == first.pk
    assert Share.objects.exists()
    alices.post(reverse("delete_answer", args=[second.pk]))
    assert not Share.objects.exists()  # the link has nothing left to show


def test_deleting_all_answers_deletes_nobody_elses(alices, alice, bob, monkeypatch):
    for name in ("FIRST_ROWS", "MAX_ROWS"):
        monkeypatch.setattr(f"answers.models.batches.{name}", 2)
    first = make_answer(alice, "First?")
    for day in range(4):
        make_answer(alice, "More?", follows=first.pk, days=day)
    Share.objects.create(user=alice, thread=first.thread)
    make_answer(bob, "Bob's?")
    assert "5 questions" in alices.get("/history/delete/").content.decode()
    assert alices.post("/history/delete/").headers["Location"] == "/history/"
    assert [answer.question for answer in Answer.objects.all()] == ["Bob's?"]
    assert not Share.objects.exists()
    assert User.objects.filter(pk=alice.pk).exists()


def test_deleting_an_account_deletes_everything_of_it(alices, alice, bob, client_of):
    elsewhere, bobs = client_of(alice), client_of(bob)
    make_answer(alice, "Alice's?")
    make_answer(bob, "Bob's?")
    Share.objects.create(user=alice, thread=uuid.uuid4())
    assert "alice" in alices.get("/account/delete/").content.decode()
    assert "Nothing else about you is kept." in alices.post("/account/delete/").content.decode()
    assert list(User.objects.all()) == [bob]
    assert [answer.question for answer in Answer.objects.all()] == ["Bob's?"]
    assert not Share.objects.exists()
    keys = {bobs.session.session_key}
    assert {session.pk for session in Session.objects.all()} == keys
    assert elsewhere.get("/history/").status_code == 200
    assert bobs.get("/history/").context["page"].answers


def test_of_many_answers_only_some_are_counted_before_they_are_deleted(alices, alice, monkeypatch):
    monkeypatch.setattr("answers.pages.deletion.MOST_COUNTED", 2)
    for number in range(3):
        make_answer(alice, f"{number}?")
    assert "more than 2, will be" in alices.get("/history/delete/").content.decode()
    assert "including more than 2 questions" in alices.get("/account/delete/").content.decode()
    alices.post("/history/delete/")
    assert not Answer.objects.exists()


def test_a_guest_can_be_deleted_and_a_new_visitor_has_nothing_to_delete(client, db):
    guest = User.objects.create_user("guest-1", is_guest=True)
    client.force_login(guest)
    assert "guest-1" not in client.get("/account/delete/").content.decode()
    client.post("/account/delete/")
    assert not User.objects.exists()
    assert not Session.objects.exists()
    assert client.get("/account/delete/").headers["Location"] == "/history/"
    assert client.post("/account/delete/").headers["Location"] == "/history/"


def test_deleting_a_silent_answer_stops_it_and_notifies_its_pages(site):
    person = Person(site.url)
    try:
        site.api.behaviour = stall(["So far. "])
        socket = person.connect()
        id = socket.ask("Delete me")
        socket.read_text(id, "So far. ")
        page = person.http.get(f"{site.url}/a/{id}/delete/").text
        [token] = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        done = person.http.post(f"{site.url}/a/{id}/delete/", {"csrfmiddlewaretoken": token})
        assert done.url == f"{site.url}/history/"
        assert site.api.wait_for_requests(1).closed.wait(15)
        gone = socket.read_until("error", id)
        assert gone["code"] == "not_found"
        assert "deleted" in gone["message"]
        assert person.http.get(f"{site.url}/a/{id}/").status_code == 404
    finally:
        person.close()
    assert "Traceback" not in site.log()


def test_the_id_of_a_deleted_answer_is_given_to_nobody_else(site, meet):
    """Its process may still be reading the answer, and would pass the text on to whoever has its id."""
    site.api.behaviour = stall(["Secret. "])
    alice, bob = Somebody(site.url), meet(site.url)
    own = alice.connect()
    own.read_text(id := own.ask("Mine"), "Secret. ")
    alice.get(f"/a/{id}/delete/")
    assert alice.send("POST", f"/a/{id}/delete/").status_code == 302
    for person in (bob, alice):
        socket = person.connect()
        socket.ask("Mine now?", id)
        refused = socket.read_until("error")
        assert (refused["type"], refused.get("code"), refused["answer"]) == ("error", "not_found", id)
    alice.close()
    assert "Traceback" not in site.log()


# -- In a thread


def test_a_thread_is_deleted_with_its_link_and_no_other(alices, alice, bob):
    one, two = chain(alice, "1", "2")
    other = make_answer(alice, "Other?")
    Share.objects.create(user=alice, thread=one.thread)
    kept = Share.objects.create(user=alice, thread=other.thread)
    make_answer(bob, "Bob's?")
    address = reverse("delete_thread", args=[two.pk])
    html = alices.get(address).content.decode()
    assert "All 2 questions in this thread and their answers" in html
    assert "The link you've shared will stop working." in html
    assert ">1</blockquote>" in html
    assert alices.post(address).headers["Location"] == "/history/"
    assert {answer.question for answer in Answer.objects.all()} == {"Other?", "Bob's?"}
    assert list(Share.objects.all()) == [kept]
    assert alices.get(address).status_code == 404


def test_deleting_a_thread_stops_its_running_answers(site, meet):
    person = meet(site.url)
    site.api.answer(["Done."])
    socket = person.connect()
    socket.finish(first := socket.ask("First?"))
    site.api.behaviour = stall(["So far. "])
    id = str(uuid.uuid4())
    socket.say("question.ask", answer=id, question="Second?", follows=first)
    socket.read_text(id, "So far. ")
    page = person.http.get(f"{site.url}/a/{first}/thread/delete/").text
    assert "Answers that are still being written will be stopped." in page
    [token] = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    person.http.post(
        f"{site.url}/a/{first}/thread/delete/", {"csrfmiddlewaretoken": token}
    ).raise_for_status()
    assert site.api.wait_for_requests(2).closed.wait(15)
    assert socket.read_until("error", id)["code"] == "not_found"
    for answer in (first, id):
        assert person.http.get(f"{site.url}/a/{answer}/").status_code == 404
    assert "Traceback" not in site.log()


def chain(user, *questions):
    """Save answers that each follow the one before."""
    answers = []
    for day, question in enumerate(questions):
        follows = answers[-1].pk if answers else None
        answers.append(make_answer(user, question, f"To {question}", follows=follows, days=day))
    return answers


def path(client, answer):
    """Return the questions of the thread that the page of this answer shows."""
    page = client.get(answer.get_absolute_url())
    return [entry.answer.question for entry in page.context["path"].entries]


def delete(client, answer):
    assert client.post(reverse("delete_answer", args=[answer.pk])).status_code == 302


@pytest.mark.parametrize(
    ("number", "left"),
    [(0, ["2", "3", "4"]), (1, ["1", "3", "4"]), (2, ["1", "2", "4"]), (3, ["1", "2", "3"])],
)
def test_a_thread_stays_a_chain_when_any_of_its_answers_is_deleted(alices, alice, number, left):
    answers = chain(alice, "1", "2", "3", "4")
    delete(alices, answers.pop(number))
    for answer in answers:
        assert path(alices, answer) == left


def test_the_follow_up_of_a_deleted_version_becomes_a_version(alices, alice):
    first, second = chain(alice, "1", "2")
    other = make_answer(alice, "2, in other words", follows=first.pk, days=2)
    third = make_answer(alice, "3", follows=second.pk, days=3)
    delete(alices, second)
    assert path(alices, other) == ["1", "2, in other words"]
    assert path(alices, third) == ["1", "3"]


def test_a_whole_thread_can_be_deleted_from_either_end(alices, alice):
    make_answer(alice, "Mine?")
    for step in (1, -1):
        for answer in chain(alice, "1", "2", "3")[::step]:
            delete(alices, answer)
    assert [answer.question for answer in Answer.objects.all()] == ["Mine?"]


def test_a_deleted_answer_is_not_sent_to_the_model(site, meet):
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
