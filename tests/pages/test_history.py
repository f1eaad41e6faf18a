"""The history: a person's own answers, paged and searched, and nobody else's."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from answers.models import Status
from answers.pages.thread_list import PAGE_THREADS
from tests.support.answers import make_answer, questions_on
from tests.support.people import Person

# -- What is shown


def test_the_history_shows_own_answers_newest_first(alices, alice, bob):
    make_answer(alice, "Old?", "Yes.", days=0)
    make_answer(alice, "New <b>?", "<script>", days=1)
    make_answer(bob, "Bob's?", days=2)
    page = alices.get("/history/")
    assert questions_on(page) == ["New <b>?", "Old?"]
    html = page.content.decode()
    assert "New &lt;b&gt;?" in html
    assert "&lt;script&gt;" in html
    assert "no-store" in page.headers["Cache-Control"]
    assert reverse("history") in alices.get("/").content.decode()


def test_the_history_counts_the_sources_of_an_answer(alices, alice):
    source = {"url": "https://example.org/", "title": "Title"}
    one = make_answer(alice, "One?", sources=[source])
    make_answer(alice, "Two?", sources=[source] * 2)
    make_answer(alice, "None?")
    html = alices.get("/history/").content.decode()
    assert f'<a href="/a/{one.pk}/#s-{one.pk}">1 source</a>' in html
    assert sorted(re.findall(r">(\d+ sources?)<", html)) == ["1 source", "2 sources"]
    assert f'id="s-{one.pk}"' in alices.get(one.get_absolute_url()).content.decode()


def test_a_browser_without_answers_sees_an_empty_history(client, db):
    page = client.get("/history/")
    assert page.status_code == 200
    assert "You haven't asked anything yet" in page.content.decode()
    assert client.get("/history/", {"q": "x", "status": "failed"}).status_code == 200


def test_the_history_reads_no_long_texts_and_its_queries_do_not_grow(alices, alice):
    make_answer(alice, "Q" * 1000, "A" * 100_000)
    with CaptureQueriesContext(connection) as one:
        alices.get("/history/")
    for day in range(5):
        make_answer(alice, "Q" * 1000, "A" * 100_000, days=day)
    with CaptureQueriesContext(connection) as queries:
        page = alices.get("/history/")
    assert len(queries) == len(one)
    assert len(page.content) < 20_000
    column = r'(?<!\()"answers_answer"\."(text|reasoning|sources)"'
    assert not any(re.search(column, query["sql"]) for query in queries)


@pytest.mark.parametrize("same_moment", [False, True])
def test_paging_forward_and_back_shows_each_answer_once(alices, alice, same_moment):
    number = 2 * PAGE_THREADS + 5
    for day in range(number):
        make_answer(alice, f"{day:02}", days=0 if same_moment else day)
    pages, address = [], "/history/"
    while address:
        page = alices.get(address)
        pages.append(questions_on(page))
        older = page.context["page"].older
        last, address = address, older and f"/history/?older={older}"
    seen = [question for page in pages for question in page]
    assert [len(page) for page in pages] == [PAGE_THREADS, PAGE_THREADS, 5]
    assert sorted(seen) == [f"{day:02}" for day in range(number)]
    if not same_moment:
        assert seen == sorted(seen, reverse=True)
    back = alices.get(f"/history/?newer={alices.get(last).context['page'].newer}")
    assert questions_on(back) == pages[1]
    back = alices.get(f"/history/?newer={back.context['page'].newer}")
    assert questions_on(back) == pages[0]
    assert not back.context["page"].newer


def test_a_new_question_does_not_shift_the_pages(alices, alice):
    for day in range(PAGE_THREADS + 1):
        make_answer(alice, f"{day:02}", days=day)
    older = alices.get("/history/").context["page"].older
    make_answer(alice, "new", days=100)
    assert questions_on(alices.get(f"/history/?older={older}")) == ["00"]


def test_a_page_keeps_its_filters(alices, alice):
    for day in range(PAGE_THREADS + 1):
        make_answer(alice, "Why & how?", status=Status.FAILED, days=day)
    page = alices.get("/history/", {"q": "why how", "status": "failed", "since": "2026-03-01"})
    [older] = re.findall(r'href="(\?[^"]*older=[^"]+)"', page.content.decode())
    page = alices.get("/history/" + older.replace("&amp;", "&"))
    assert len(questions_on(page)) == 1
    assert page.context["form"]["q"].value() == "why how"


@pytest.mark.parametrize("place", ["x", "1-", f"{'9' * 17}-{'0' * 32}", f"1-{'g' * 32}", "١-" + "0" * 32])
def test_a_malformed_page_position_is_not_found(alices, place):
    assert alices.get("/history/", {"older": place}).status_code == 404
    assert alices.get("/history/", {"newer": place}).status_code == 404


@pytest.mark.parametrize("path", ["/history/", "/history/answers.json", "/history/answers.md"])
def test_read_only_pages_refuse_a_post(client, db, path):
    assert client.post(path).status_code == 405


# -- Searching


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
    assert questions_on(page) == found
    if not found:
        assert "No results found." in page.content.decode()


@pytest.mark.parametrize(
    ("words", "is_found"),
    [
        ("über", True),
        ("ÜBER", True),
        ("größe", True),
        ("GRÖßE", True),
        ('"die größe"', True),
        ("ελλάδα", True),
        ("ß", True),
        ("uber", False),
        ("grüße", False),
        ('"größe die"', False),
        ("wie -ÜBER", False),
        ("wie -grüße", True),
        ("ü%", False),
    ],
)
def test_upper_and_lower_case_are_the_same_in_all_languages(alices, alice, words, is_found):
    make_answer(alice, "Wie? Über die Größe", "ΕΛΛΆΔΑ")
    assert bool(questions_on(alices.get("/history/", {"q": words}))) is is_found


@pytest.mark.parametrize(
    ("filters", "sentence"),
    [
        ({"q": "x" * 201}, "Please search for at most 200 characters."),
        ({"q": "a\0b"}, "Null characters are not allowed."),
        ({"status": "done"}, "There is no such status."),
        ({"since": "yesterday"}, "Enter a valid date."),
        ({"since": "2026-03-02", "until": "2026-03-01"}, "The last day is before the first."),
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


def test_a_person_finds_exports_and_deletes_on_each_database(any_database_site):
    any_database_site.api.answer(["Rayleigh scattering."])
    person, stranger = Person(any_database_site.url), Person(any_database_site.url)
    try:
        socket = person.connect()
        ids = [socket.ask(question) for question in ("Why is the sky blue?", "Why not?")]
        socket.finish_all(*ids)

        def found(who: Person, **filters: str) -> list[str]:
            page = who.http.get(f"{any_database_site.url}/history/", params=filters)
            assert page.status_code == 200
            return re.findall(r'<h3 dir="auto" lang=""><a href="/a/([^/]+)/">', page.text)

        assert found(person) == ids[::-1]
        assert found(person, q="sky scattering") == ids[:1]
        assert found(person, q="scattering -sky", status="complete", since="2020-01-01") == ids[1:]
        assert found(person, q="nowhere") == found(stranger) == found(stranger, q="sky") == []
        is_slow = any_database_site.environment["DATABASE_URL"].startswith("sqlite")
        assert (
            "A search reads all your answers." in person.http.get(f"{any_database_site.url}/history/").text
        ) == is_slow
        assert len(person.http.get(f"{any_database_site.url}/history/answers.json").json()["answers"]) == 2

        address = f"{any_database_site.url}/account/delete/"
        [token] = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', person.http.get(address).text)
        done = person.http.post(address, {"csrfmiddlewaretoken": token})
        assert "Nothing else about you is kept." in done.text
        assert found(person) == []
        socket.follow(ids[0])
        assert socket.read_until("error")["code"] == "no_session"
    finally:
        person.close()
        stranger.close()
    assert "Traceback" not in any_database_site.log()
