"""The history lists threads: each once, by day, at its newest answer, however long it is."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from answers.models import Answer, Share, Status
from answers.pages import thread_list
from answers.pages.thread_list import MOST_COUNTED, PAGE_THREADS
from tests.support.answers import make_answer, questions_on


def make_thread(user, *questions: str, days: list[float], text: str = "") -> list[Answer]:
    """Save a thread whose questions were asked on these days."""
    answers: list[Answer] = []
    for question, day in zip(questions, days, strict=True):
        follows = answers[-1].pk if answers else None
        answers.append(make_answer(user, question, text, follows=follows, days=day))
    return answers


def words(page) -> str:
    """What a reader sees of a page."""
    html = re.sub(r"<head.*?</head>|<[^>]+>", " ", page.content.decode(), flags=re.DOTALL)
    return " ".join(unescape(html).split())


def test_a_thread_is_one_entry_that_leads_to_its_newest_answer(alices, alice):
    first, _, last = make_thread(alice, "Why?", "How?", "Where?", days=[0, 1, 2])
    Answer.objects.filter(pk=last.pk).update(text="## Here\n\n- *in* `this` [place](https://example.org)")
    make_answer(alice, "Alone?", days=1.5)
    page = alices.get("/history/")
    assert questions_on(page) == ["Why?", "Alone?"]
    html = page.content.decode()
    assert f'href="{last.get_absolute_url()}#a-{last.pk}">Why?</a>' in html
    assert str(first.pk) not in html
    assert ">Here in this place</p>" in html
    assert "3 questions" in html
    assert "1 question<" not in html
    assert "How?" not in html


def test_a_new_question_moves_its_thread_to_the_top(alices, alice):
    old = make_answer(alice, "Old?")
    make_answer(alice, "New?", days=1)
    assert questions_on(alices.get("/history/")) == ["New?", "Old?"]
    make_answer(alice, "Old again?", follows=old.pk, days=2)
    assert questions_on(alices.get("/history/")) == ["Old?", "New?"]


def test_threads_are_grouped_by_the_readers_days(alices, alice):
    now = timezone.now()
    for question, moment in (
        ("Now?", now),
        ("Yesterday?", now - timedelta(days=1)),
        ("Long ago?", datetime(2026, 3, 1, 23, 30, tzinfo=UTC)),
        ("Long ago, too?", datetime(2026, 3, 1, 12, tzinfo=UTC)),
    ):
        make_answer(alice, question, asked_at=moment)

    def headings() -> list[str]:
        html = alices.get("/history/").content.decode()
        return re.findall(r"<h2 id=[^>]*>(.*?)</h2>|<h3[^>]*><a[^>]*>(.*?)</a>", html)

    seen = ["".join(pair) for pair in headings()]
    assert seen == [
        *("Today", "Now?", "Yesterday", "Yesterday?"),
        *("Sunday, 1 March 2026", "Long ago?", "Long ago, too?"),
    ]
    alices.cookies["timezone"] = "Asia/Kathmandu"  # where the first is tomorrow's
    assert ("Monday, 2 March 2026", "") in headings()
    assert ("Sunday, 1 March 2026", "") in headings()


def test_only_what_is_not_complete_has_a_status(alices, alice):
    first = make_answer(alice, "Why?", "Because.", status=Status.FAILED)
    make_answer(alice, "Why now?", "Because.", follows=first.pk, days=1)
    assert 'class="status"' not in alices.get("/history/").content.decode()
    make_answer(alice, "And then?", status=Status.RUNNING, follows=first.pk, days=2)
    assert '<span class="status">Running</span>' in alices.get("/history/").content.decode()


def test_an_empty_history_says_what_to_do_and_offers_nothing_that_needs_answers(client, alices, db):
    for browser in (client, alices):
        html = browser.get("/history/").content.decode()
        assert "You haven't asked anything yet." in html
        assert '<a class="button primary" href="/">Ask a question</a>' in html
        assert "Export all" not in html
        assert 'role="search"' not in html
    assert "Delete my account" not in client.get("/history/").content.decode()
    assert "Delete my account" in alices.get("/history/").content.decode()


# -- Pages


def follow_pages(browser, name: str, address: str = "/history/") -> list[list[str]]:
    """Follow the link in this direction to its end, and return the threads on each page."""
    pages = []
    while True:
        page = browser.get(address)
        pages.append(questions_on(page))
        if not (cursor := getattr(page.context["page"], name)):
            return pages
        address = f"/history/?{name}={cursor}"


def test_each_thread_is_on_one_page_where_its_newest_answer_is(alices, alice):
    number = PAGE_THREADS + 5
    firsts = [make_answer(alice, f"{day:02}", days=day) for day in range(number)]
    for day, first in enumerate(firsts):  # those of one page have answers on the other
        make_answer(alice, "More?", follows=first.pk, days=2 * number - day)
    pages = follow_pages(alices, "older")
    assert [question for page in pages for question in page] == [f"{day:02}" for day in range(number)]
    assert [len(page) for page in pages] == [PAGE_THREADS, 5]
    last = alices.get(f"/history/?older={alices.get('/history/').context['page'].older}").context["page"]
    assert follow_pages(alices, "newer", f"/history/?newer={last.newer}") == pages[:1]


def test_a_page_reads_a_bounded_number_of_answers_of_a_long_thread(alices, alice, monkeypatch):
    monkeypatch.setattr(thread_list, "STEPS", (2, 3))
    make_answer(alice, "Older thread?")
    make_thread(alice, "Long?", *["More?"] * 11, days=list(range(1, 13)))
    with CaptureQueriesContext(connection) as queries:
        pages = follow_pages(alices, "older")
    assert pages == [["Long?"], [], ["Older thread?"]]
    assert all("LIMIT" in one["sql"] for one in queries if "is_entry" in one["sql"])
    oldest = alices.get("/history/").context["page"].older
    assert "No results found." not in words(alices.get(f"/history/?older={oldest}"))
    back = alices.get(f"/history/?older={oldest}").context["page"].newer
    assert follow_pages(alices, "newer", f"/history/?newer={back}")[-1] == ["Long?"]


def test_two_statements_read_a_page_however_many_threads_it_has(alices, alice):
    def statements() -> list[str]:
        with CaptureQueriesContext(connection) as queries:
            alices.get("/history/")
        return [one["sql"] for one in queries if '"answers_answer"' in one["sql"]]

    make_answer(alice, "Why?")
    assert len(statements()) == 2
    for day in range(PAGE_THREADS):
        make_thread(alice, "Why?", "How?", days=[day, day + 0.5])
    assert len(statements()) == 2


def test_the_questions_of_a_thread_are_counted_up_to_a_limit(alices, alice, monkeypatch):
    first = make_answer(alice, "Why?")
    more = [
        Answer(user=alice, thread=first.pk, follows=first, question="More?") for _ in range(MOST_COUNTED + 5)
    ]
    Answer.objects.bulk_create(more)
    assert f"{MOST_COUNTED} or more questions" in words(alices.get("/history/"))


# -- Searching


def test_a_search_leads_to_the_answer_that_matches_and_marks_the_words(alices, alice):
    first, found, _ = make_thread(alice, "Why <b>blue</b>?", "How blue?", "Where?", days=[0, 1, 2])
    Answer.objects.filter(pk=found.pk).update(text="x " * 200 + "<i>It is **Blue** & bright</i>")
    html = alices.get("/history/", {"q": "blue"}).content.decode()
    assert f'href="{found.get_absolute_url()}#a-{found.pk}"' in html
    assert ">Why &lt;b&gt;<mark>blue</mark>&lt;/b&gt;?</a>" in html
    assert ">How <mark>blue</mark>?</p>" in html
    assert "&lt;i&gt;It is <mark>Blue</mark> &amp; bright&lt;/i&gt;</p>" in html
    assert ">…x x" in html
    assert str(first.pk) not in html
    assert html.count("<mark>") == 3
    assert "<title>Search: blue · History" in html


def test_each_thread_is_found_once_at_its_newest_match(alices, alice):
    _, second, _ = make_thread(alice, "A sky?", "B sky?", "C?", days=[0, 1, 2])
    _, other = make_thread(alice, "D sky?", "E sky?", days=[0.5, 1.5])
    page = alices.get("/history/", {"q": "sky"}).context["page"]
    assert [answer.pk for answer in page.answers] == [other.pk, second.pk]


@pytest.mark.parametrize(
    ("filters", "number"),
    [
        ({"status": "failed"}, 1),
        ({"until": "2026-03-02"}, 1),
        ({"since": "2026-03-02"}, 2),
        ({"since": "2026-03-02", "until": "2026-03-02", "status": "failed"}, 1),
        ({"q": "number", "status": "failed", "until": "2026-03-02"}, 1),
    ],
)
def test_filters_find_a_thread_at_its_newest_answer_that_fits(alices, alice, filters, number):
    answers = make_thread(alice, "number 0", "number 1", "number 2", days=[0, 1, 2])
    Answer.objects.filter(pk__in=[answers[0].pk, answers[1].pk]).update(status=Status.FAILED)
    page = alices.get("/history/", filters).context["page"]
    assert [answer.pk for answer in page.answers] == [answers[number].pk]


def test_a_shared_thread_is_named_so_on_its_entry(alices, alice):
    _, last = make_thread(alice, "Why?", "How?", days=[0, 1])
    share = f'<a href="/a/{last.pk}/share/">Shared</a>'
    assert share not in alices.get("/history/").content.decode()
    Share.objects.create(user=alice, thread=last.thread)
    assert share in alices.get("/history/").content.decode()
