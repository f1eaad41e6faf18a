"""What a page shows of an answer beside its text: reasoning, what happens before the text, errors."""

import re

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from answers.models import Answer, Share, Status
from answers.pages import noscript
from askme import overload
from tests.support.answers import make_answer

STATUS = '<a class="status-link" href="https://status.example.org/">Site status</a>'


def article(html: str) -> str:
    """The first answer on a page, with single spaces."""
    return " ".join(re.search(r"<article.*?</article>", html, re.DOTALL)[0].split())


@pytest.mark.parametrize(
    ("fields", "details", "activity"),
    [
        ({"text": "Yes."}, '<details class="reasoning" hidden>', ""),
        ({"text": "Yes.", "reasoning": "<b>Hm."}, '<details class="reasoning">', ""),
        ({"reasoning": "<b>Hm.", "status": Status.RUNNING}, '<details class="reasoning" open>', "thinking"),
        ({"reasoning": "<b>Hm.", "status": Status.STOPPED}, '<details class="reasoning" open>', ""),
        ({"status": Status.RUNNING}, '<details class="reasoning" open hidden>', ""),
    ],
)
def test_reasoning_is_open_until_there_is_text(alices, alice, fields, details, activity):
    answer = make_answer(alice, "Why?", edition=2, **fields)
    html = article(alices.get(answer.get_absolute_url()).content.decode())
    assert details in html
    assert f'data-edition="2" data-activity="{activity}"' in html
    assert ("&lt;b&gt;Hm." in html) == ("reasoning" in fields)


def test_a_shared_page_neither_reads_nor_shows_reasoning(alice):
    answer = make_answer(alice, "Why?", reasoning="A secret thought.", status=Status.RUNNING)
    link = Share.objects.create(thread=answer.thread, user=alice).get_absolute_url()
    with CaptureQueriesContext(connection) as queries:
        html = article(Client().get(link).content.decode())
    assert "secret" not in html
    assert "<details" not in html
    assert 'data-activity=""' in html
    assert not any('"answers_answer"."reasoning"' in query["sql"] for query in queries)


@pytest.mark.parametrize("code", ["busy", "", "too_large"])
def test_an_error_names_its_code_beside_the_link_to_the_status_page(alices, alice, settings, code):
    answer = make_answer(alice, "Why?", status=Status.FAILED, error_code=code, error_message="It failed.")
    link = Share.objects.create(thread=answer.thread, user=alice).get_absolute_url()
    for settings.ASKME_STATUS_URL in ("", "https://status.example.org/"):
        for address in (answer.get_absolute_url(), link):
            html = article(alices.get(address).content.decode())
            assert f'data-error-code="{code}"' in html  # answers.css shows the link if it fits
            assert (STATUS in html) == bool(settings.ASKME_STATUS_URL)


def test_the_pages_that_need_no_database_link_to_the_status_page(settings, rf):
    settings.ASKME_STATUS_URL = "https://status.example.org/"
    form = noscript._unavailable(rf.post("/ask/"), {"question": "Kept?"})
    site = overload.unavailable(rf.get("/"), OperationalError())
    for page in (form, site):
        assert page.status_code == 503
        assert 'data-error-code="unavailable"' in page.content.decode()
        assert STATUS in page.content.decode()


def test_the_length_limit_is_named_without_a_number_that_may_have_changed(alices, alice):
    answer = make_answer(alice, "Why?", "Because", finish_reason="length")
    html = article(alices.get(answer.get_absolute_url()).content.decode())
    assert '<span data-when="length">The answer reached the length limit.</span>' in html
    assert Answer.objects.get().finish_reason == "length"
