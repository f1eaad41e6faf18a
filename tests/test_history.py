"""One's own answers: found, paged, exported and deleted, and nobody else's."""

import json
import re
import time
import uuid
from datetime import UTC, datetime, timedelta

import psutil
import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from answers.history import PAGE_ANSWERS
from answers.models import Answer, Share, Status, User
from tests.api_server import answer, stall
from tests.people import Person

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def make_answer(user: User, question: str, text: str = "", *, days: float = 0, **fields) -> Answer:
    answer = Answer.objects.ask(user, uuid.uuid4(), question, follows=fields.pop("follows", None))
    fields = {"text": text, "status": Status.COMPLETE, "asked_at": START + timedelta(days=days)} | fields
    Answer.objects.filter(pk=answer.pk).update(**fields)
    return Answer.objects.get(pk=answer.pk)


@pytest.fixture
def alice(db):
    return User.objects.create_user("alice")


@pytest.fixture
def bob(db):
    return User.objects.create_user("bob")


@pytest.fixture
def client_of():
    def make(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return make


@pytest.fixture
def alices(alice, client_of):
    """Alice's browser."""
    return client_of(alice)


def shown(page) -> list[str]:
    return [answer.asked for answer in page.context["page"].answers]


# -- What is shown


def test_the_newest_is_first_and_nobody_elses_is_there(alices, alice, bob):
    make_answer(alice, "Old?", "Yes.", days=0)
    make_answer(alice, "New <b>?", "<script>", days=1)
    make_answer(bob, "Bob's?", days=2)
    page = alices.get("/history/")
    assert shown(page) == ["New <b>?", "Old?"]
    html = page.content.decode()
    assert "New &lt;b&gt;?" in html
    assert "&lt;script&gt;" in html
    assert "no-store" in page.headers["Cache-Control"]
    assert reverse("history") in alices.get("/").content.decode()


def test_a_browser_without_answers_sees_an_empty_history(client, db):
    page = client.get("/history/")
    assert page.status_code == 200
    assert "You have not asked anything yet" in page.content.decode()
    assert client.get("/history/", {"q": "x", "status": "failed"}).status_code == 200


def test_the_list_reads_no_long_texts_and_asks_as_often_for_many(alices, alice):
    make_answer(alice, "Q" * 1000, "A" * 100_000)
    with CaptureQueriesContext(connection) as one:
        alices.get("/history/")
    for day in range(5):
        make_answer(alice, "Q" * 1000, "A" * 100_000, days=day)
    with CaptureQueriesContext(connection) as queries:
        page = alices.get("/history/")
    assert len(queries) == len(one)
    assert len(page.content) < 20_000
    assert not any(re.search(r'(?<!\()"answers_answer"\."text"', query["sql"]) for query in queries)


@pytest.mark.parametrize("same_moment", [False, True])
def test_pages_hold_each_answer_once_there_and_back(alices, alice, same_moment):
    number = 2 * PAGE_ANSWERS + 5
    for day in range(number):
        make_answer(alice, f"{day:02}", days=0 if same_moment else day)
    pages, address = [], "/history/"
    while address:
        page = alices.get(address)
        pages.append(shown(page))
        older = page.context["page"].older
        last, address = address, older and f"/history/?older={older}"
    seen = [question for page in pages for question in page]
    assert [len(page) for page in pages] == [PAGE_ANSWERS, PAGE_ANSWERS, 5]
    assert sorted(seen) == [f"{day:02}" for day in range(number)]
    if not same_moment:
        assert seen == sorted(seen, reverse=True)
    back = alices.get(f"/history/?newer={alices.get(last).context['page'].newer}")
    assert shown(back) == pages[1]
    back = alices.get(f"/history/?newer={back.context['page'].newer}")
    assert shown(back) == pages[0]
    assert not back.context["page"].newer


def test_a_question_that_is_asked_meanwhile_moves_nothing(alices, alice):
    for day in range(PAGE_ANSWERS + 1):
        make_answer(alice, f"{day:02}", days=day)
    older = alices.get("/history/").context["page"].older
    make_answer(alice, "new", days=100)
    assert shown(alices.get(f"/history/?older={older}")) == ["00"]


def test_a_page_keeps_its_filters(alices, alice):
    for day in range(PAGE_ANSWERS + 1):
        make_answer(alice, "Why & how?", status=Status.FAILED, days=day)
    page = alices.get("/history/", {"q": "why how", "status": "failed", "since": "2026-03-01"})
    [older] = re.findall(r'href="(\?[^"]*older=[^"]+)"', page.content.decode())
    page = alices.get("/history/" + older.replace("&amp;", "&"))
    assert len(shown(page)) == 1
    assert page.context["form"]["q"].value() == "why how"


@pytest.mark.parametrize("place", ["x", "1-", f"{'9' * 17}-{'0' * 32}", f"1-{'g' * 32}", "١-" + "0" * 32])
def test_a_place_that_is_none_is_a_page_that_is_not_there(alices, place):
    assert alices.get("/history/", {"older": place}).status_code == 404
    assert alices.get("/history/", {"newer": place}).status_code == 404


# -- Finding


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"q": "scattering"}, ["Why is the sky blue?"]),
        ({"q": "SKY blue"}, ["Why is the sky blue?"]),
        ({"q": '"sky blue"'}, ["Why is the sky blue?"]),
        ({"q": '"blue sky"'}, []),
        ({"q": "is -sky"}, ["Is 50% enough?"]),
        ({"q": "0% e"}, ["Is 50% enough?"]),
        ({"q": "50_"}, []),
        ({"q": "sky enough"}, []),
        ({"status": "failed"}, ["Is 50% enough?"]),
        ({"since": "2026-03-02"}, ["Is 50% enough?"]),
        ({"until": "2026-03-02"}, ["Why is the sky blue?"]),
        ({"since": "2026-03-01", "until": "2026-03-01"}, ["Why is the sky blue?"]),
        ({"since": "0001-01-01", "until": "9999-12-31"}, ["Is 50% enough?", "Why is the sky blue?"]),
        ({"q": "blue", "status": "failed"}, []),
        ({"q": "", "status": "", "since": "", "until": ""}, ["Is 50% enough?", "Why is the sky blue?"]),
    ],
)
def test_answers_are_found_by_words_status_and_date(alices, alice, bob, filters, found):
    make_answer(alice, "Why is the sky blue?", "Rayleigh scattering.")
    make_answer(alice, "Is 50% enough?", status=Status.FAILED, days=2)
    make_answer(bob, "Why is the sky blue, scattering, is, enough?", status=Status.FAILED, days=2)
    page = alices.get("/history/", filters)
    assert shown(page) == found
    if not found:
        assert "Nothing was found." in page.content.decode()


@pytest.mark.parametrize(
    ("filters", "sentence"),
    [
        ({"q": "x" * 201}, "Please search for at most 200 characters."),
        ({"q": "a\0b"}, "Null characters are not allowed."),
        ({"status": "done"}, "There is no such status."),
        ({"since": "yesterday"}, "Enter a valid date."),
        ({"since": "2026-03-02", "until": "2026-03-01"}, "The last day lies before the first."),
    ],
)
def test_a_bad_filter_is_refused_with_a_sentence_and_stays_in_the_form(alices, alice, filters, sentence):
    make_answer(alice, "Why?")
    page = alices.get("/history/", {"q": "typed"} | filters)
    html = page.content.decode()
    assert page.status_code == 400
    assert sentence in html
    assert "not asked anything" not in html
    value = next(iter(({"q": "typed"} | filters).values()))
    assert f'value="{value}"' in html


# -- Changes


ADDRESSES = ["rate", "share", "delete_answer"]


@pytest.mark.parametrize("name", ADDRESSES)
def test_another_person_is_refused_and_cannot_tell_that_it_exists(client_of, client, alice, bob, name):
    answer = make_answer(alice, "Why?")
    for browser in (client_of(bob), client):
        contents = set()
        for pk in (answer.pk, uuid.uuid4()):
            address = reverse(name, args=[pk])
            for reply in (browser.get(address), browser.post(address, {"rating": 1})):
                assert reply.status_code == 404
                contents.add(reply.content.replace(str(pk).encode(), b""))
        assert len(contents) == 1
    answer.refresh_from_db()
    assert answer.rating is None
    assert not Share.objects.exists()


@pytest.mark.parametrize("name", [*ADDRESSES, "delete_history", "delete_account"])
def test_a_get_changes_nothing_and_a_post_needs_its_token(alice, client_of, name):
    answer = make_answer(alice, "Why?")
    address = reverse(name, args=[answer.pk] if name in ADDRESSES else [])
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    assert browser.get(address).status_code in (200, 302)
    refused = browser.post(address, {"rating": 1})
    assert refused.status_code == 403
    assert "Nothing was changed." in refused.content.decode()
    answer.refresh_from_db()
    assert answer.rating is None
    assert not Share.objects.exists()


def test_one_answer_is_deleted_and_its_follow_up_stays(alices, alice):
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
    assert not Share.objects.exists()  # nothing is left that it could show


def test_all_answers_are_deleted_and_nobody_elses(alices, alice, bob, monkeypatch):
    monkeypatch.setattr("answers.deletion.AT_ONCE", 2)
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


def test_an_account_is_deleted_with_all_that_is_kept_of_it(alices, alice, bob, client_of):
    elsewhere, bobs = client_of(alice), client_of(bob)
    make_answer(alice, "Alice's?")
    make_answer(bob, "Bob's?")
    Share.objects.create(user=alice, thread=uuid.uuid4())
    assert "alice" in alices.get("/account/delete/").content.decode()
    assert "keeps nothing of you" in alices.post("/account/delete/").content.decode()
    assert list(User.objects.all()) == [bob]
    assert [answer.question for answer in Answer.objects.all()] == ["Bob's?"]
    assert not Share.objects.exists()
    keys = {bobs.session.session_key}
    assert {session.pk for session in Session.objects.all() if session.get_decoded()} == keys
    assert elsewhere.get("/history/").status_code == 200
    assert bobs.get("/history/").context["page"].answers


def test_a_guest_is_deleted_too_and_one_who_is_nobody_has_nothing_to_delete(client, db):
    guest = User.objects.create_user("guest-1", is_guest=True)
    client.force_login(guest)
    assert "guest-1" not in client.get("/account/delete/").content.decode()
    client.post("/account/delete/")
    assert not User.objects.exists()
    assert not Session.objects.exists()
    assert client.get("/account/delete/").headers["Location"] == "/history/"
    assert client.post("/account/delete/").headers["Location"] == "/history/"


@pytest.mark.parametrize("path", ["/history/", "/history/answers.json", "/history/answers.md"])
def test_what_only_shows_takes_no_post(client, db, path):
    assert client.post(path).status_code == 405


# -- Running sites


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def any_store(request, make_site, api_server):
    """The same site on each database."""
    if request.param == "SQLite":
        return make_site(api_server).start()
    server = request.getfixturevalue("postgres_server")
    return make_site(api_server, DATABASE_URL=server.create_database(f"history-{uuid.uuid4().hex}")).start()


def test_a_person_finds_exports_and_deletes_on_each_database(any_store):
    any_store.api.answer(["Rayleigh scattering."])
    person, stranger = Person(any_store.url), Person(any_store.url)
    try:
        socket = person.connect()
        ids = [socket.ask(question) for question in ("Why is the sky blue?", "Why not?")]
        for id in ids:
            socket.finish(id)

        def found(who: Person, **filters: str) -> list[str]:
            page = who.http.get(f"{any_store.url}/history/", params=filters)
            assert page.status_code == 200
            return re.findall(r'<h2 dir="auto"><a href="/a/([^/]+)/">', page.text)

        assert found(person) == ids[::-1]
        assert found(person, q="sky scattering") == ids[:1]
        assert found(person, q="scattering -sky", status="complete", since="2020-01-01") == ids[1:]
        assert found(person, q="nowhere") == found(stranger) == found(stranger, q="sky") == []
        assert len(person.http.get(f"{any_store.url}/history/answers.json").json()["answers"]) == 2

        address = f"{any_store.url}/account/delete/"
        [token] = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', person.http.get(address).text)
        done = person.http.post(address, {"csrfmiddlewaretoken": token})
        assert "keeps nothing of you" in done.text
        assert found(person) == []
        socket.follow(ids[0])
        assert socket.read_until("error")["code"] == "no_session"
    finally:
        person.close()
        stranger.close()
    assert "Traceback" not in any_store.log()


def test_a_silent_answer_that_is_deleted_is_stopped_and_its_pages_are_told(site):
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
        assert site.api.wait_for_requests(1).closed.wait(5)
        gone = socket.read_until("error", id)
        assert gone["code"] == "not_found"
        assert "deleted" in gone["message"]
        assert person.http.get(f"{site.url}/a/{id}/").status_code == 404
    finally:
        person.close()
    assert "Traceback" not in site.log()


def test_all_is_exported_whole_and_as_it_is_read(site):
    person = Person(site.url)
    try:
        site.api.answer(["Because.\n\nSo. 👍🏽 “é”"], usage={"prompt_tokens": 7, "completion_tokens": 3})
        socket = person.connect()
        ids = []
        for number in range(45):  # more than are read at once
            ids.insert(0, socket.ask(f"Why {number}?\nTell."))
            socket.finish(ids[0])
        reply = person.http.get(f"{site.url}/history/answers.json", stream=True)
        assert reply.headers["Content-Type"] == "application/json"
        assert re.fullmatch(
            r'attachment; filename="askme-\d{4}-\d\d-\d\d\.json"', reply.headers["Content-Disposition"]
        )
        assert "Content-Length" not in reply.headers
        assert "no-store" in reply.headers["Cache-Control"]
        answers = json.loads(reply.content)["answers"]
        assert [answer["id"] for answer in answers] == ids
        last = answers[0]
        assert last["question"] == "Why 44?\nTell."
        assert last["text"] == "Because.\n\nSo. 👍🏽 “é”"
        assert (last["status"], last["prompt_tokens"], last["follows"]) == ("complete", 7, None)
        assert last["thread"] == last["id"]
        assert "error_detail" not in last
        reply = person.http.get(f"{site.url}/history/answers.md")
        assert reply.headers["Content-Type"] == "text/markdown; charset=utf-8"
        assert reply.text.count("\n> Why ") == 45
        assert "> Why 44?\n> Tell.\n\nBecause.\n\nSo. 👍🏽 “é”\n" in reply.text
        stranger = Person(site.url)
        assert stranger.http.get(f"{site.url}/history/answers.json").json()["answers"] == []
        stranger.close()
    finally:
        person.close()
    assert "Traceback" not in site.log()


def test_an_export_waits_for_who_reads_slowly_and_is_whole(site):
    """40 MB: neither the process nor Daphne's buffer holds more than a few of its answers."""
    person = Person(site.url)
    site.api.behaviour = answer(["x" * 900_000])
    socket = person.connect()
    for _ in range(45):
        socket.finish(socket.ask("Long?"))
    memory = psutil.Process(site.processes[0].pid)
    small = person.http.get(f"{site.url}/history/answers.json", stream=True)  # warm: the first costs memory
    small.close()
    before = memory.memory_info().rss
    reply = person.http.get(f"{site.url}/history/answers.json", stream=True)
    first = reply.raw.read(1000)
    held = 0
    for _ in range(20):
        held = max(held, memory.memory_info().rss - before)
        time.sleep(0.1)
    rest = reply.raw.read(decode_content=True)
    assert len(json.loads(first + rest)["answers"]) == 45
    person.close()
    assert held < 60_000_000
